"""Directions of a run's latents: what each changes in a sound, measured on the run's own sounds."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from kwavegan.control.attributes import measure_attributes
from kwavegan.control.fitting import Fit, apart_from, fit_slope
from kwavegan.control.likeness import Likeness
from kwavegan.control.names import ATTRIBUTES, NAMES, PRINCIPAL
from kwavegan.control.normals import from_normals, moved, to_normals
from kwavegan.gan.sampling import BATCH
from kwavegan.generation.generator import SoundGenerator

SOUNDS = 400
"""Sounds of a label that directions are fitted to; four for each value of the usual latent."""

TRIED = 12
"""Sounds that each direction is tried on, a step forward and a step back."""

LEAST = 0.15
"""A direction that explains less of what it is named for, on other sounds, is of no use."""

_DEFINED = 0.5
"""Part of the sounds that must have an attribute, such as a pitch."""

_SEED = 4_294_967_295
"""Of the measured latents: the last that `generate` takes, so that they are nobody's sounds."""


@dataclass(frozen=True)
class Direction:
    """One direction of one label.

    Attributes:
        name: one of `NAMES`.
        step: (latent_dim,): what +1 adds to a sound's normal numbers.
        explained: share of the attribute's variance that the direction explains on sounds it was
            not fitted to.
        spread: standard deviation of the attribute over the label's sounds, in its unit; of a
            principal direction in dB of `Likeness`.
        effects: attribute → what +1 really changes, in standard deviations of the label's sounds,
            the mean over sounds of a step forward and a step back. A principal direction's own
            effect is under its name.

    Example:
        >>> import kwavegan
        >>> from kwavegan.control import directions_of
        >>> toms = directions_of(kwavegan.load_pretrained("drums"), ["tom"])["tom"]
        >>> toms["length"].useful, toms["length"].effects["length"] > 0.5
        (True, True)
    """

    name: str
    step: np.ndarray = field(repr=False)
    explained: float
    spread: float
    effects: dict[str, float]

    @property
    def useful(self) -> bool:
        """Whether it changes measurably what it is named for."""
        return self.explained >= LEAST


def measure_directions(
    generator: SoundGenerator,
    label: str | None = None,
    sounds: int = SOUNDS,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Direction]:
    """Measure the directions of a label, by name, on sounds made for that.

    Each attribute is fitted to the latents; the direction is the shortest step that raises it by
    one standard deviation and leaves the others alone as far as that goes. Principal directions
    follow the principal components of what `Likeness` hears (after GANSpace, Härkönen et al. 2020,
    who take those of a layer's activations).

    Args:
        generator: of a run, or pretrained.
        label: one of its labels; None for a run without labels.
        sounds: how many to measure.
        progress: called with sounds done and sounds in all.

    Raises:
        InputError: no such label.

    Example:
        >>> import kwavegan
        >>> from kwavegan.control import measure_directions
        >>> drums = kwavegan.load_pretrained("drums")
        >>> list(measure_directions(drums, "tom", sounds=40))[:3]
        ['loudness', 'brightness', 'length']
    """
    probe = _Probe(generator, label, sounds, progress)
    values, rows = probe.measure(probe.normals)
    basis = _principal(rows)
    fits = _fits(probe.normals, values, rows @ basis.T)
    steps = _steps(fits)
    attributes = {a.name: i for i, a in enumerate(ATTRIBUTES)}
    spreads = {n: _spread(values[:, i]) for n, i in attributes.items()}
    spreads |= {n: float((rows @ b).std()) for n, b in zip(PRINCIPAL, basis, strict=False)}
    found = {}
    for name, step in steps.items():
        if not step.any():
            found[name] = Direction(name, step, fits[name].explained, spreads[name], {})
            continue
        forward, backward = (probe.measure(moved(probe.tried, s * step)) for s in (1, -1))
        half = (forward[0] - backward[0]) / 2
        there = [n for n in attributes if n in fits and spreads[n] > 0]
        effects = {n: _mean(half[:, attributes[n]]) / spreads[n] for n in there}
        if name in PRINCIPAL:
            along = ((forward[1] - backward[1]) / 2) @ basis[PRINCIPAL.index(name)]
            step, effects = _up(step, effects)
            effects[name] = _mean(along) / spreads[name] if spreads[name] else 0.0
        fit = fits[name]
        found[name] = Direction(name, step, fit.explained, spreads[name], effects)
    return found


class _Probe:
    """The sounds of a label that are measured."""

    def __init__(
        self,
        generator: SoundGenerator,
        label: str | None,
        sounds: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        config = generator.config
        self.generator, self.label, self.progress = generator, label, progress
        self.distribution = config.latent_distribution
        self.normals = to_normals(generator.latents(sounds, _SEED), self.distribution)
        self.tried = self.normals[:TRIED]
        self.likeness = Likeness.of(config.rate, config.length)
        self.done, self.total = 0, sounds + 2 * len(NAMES) * len(self.tried)

    def measure(self, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return attributes (n, attributes) and features (n, features) of sounds."""
        values, rows = [], []
        for start in range(0, len(normals), BATCH):
            latents = from_normals(normals[start : start + BATCH], self.distribution)
            sounds = np.asarray(self.generator.generate(self.label, latents=latents))
            values.append(measure_attributes(sounds, self.generator.rate))
            rows.append(self.likeness.features(sounds))
            self.done += len(latents)
            if self.progress:
                self.progress(min(self.done, self.total), self.total)
        return np.concatenate(values), np.concatenate(rows)


def _principal(rows: np.ndarray) -> np.ndarray:
    """Return the first principal axes of features, (axes, features)."""
    centred = rows - rows.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    return axes[: len(PRINCIPAL)][sizes[: len(PRINCIPAL)] > 1e-6 * max(sizes[0], 1e-12)]


def _fits(normals: np.ndarray, values: np.ndarray, scores: np.ndarray) -> dict[str, Fit]:
    """Return the fit of each attribute that enough sounds have, and of each principal score."""
    columns = {a.name: values[:, i] for i, a in enumerate(ATTRIBUTES)}
    columns |= dict(zip(PRINCIPAL, scores.T, strict=False))
    fits = {}
    for name, column in columns.items():
        there = np.isfinite(column)
        if there.mean() >= _DEFINED:
            fits[name] = fit_slope(normals[there], column[there])
    return fits


def _steps(fits: dict[str, Fit]) -> dict[str, np.ndarray]:
    """Return the step of each direction: an attribute's leaves the other attributes alone."""
    steps = {}
    for name, fit in fits.items():
        others = [
            other
            for key, other in fits.items()
            if key not in (name, *PRINCIPAL) and other.explained >= LEAST
        ]
        useful = fit.explained >= LEAST and fit.gain > 0
        if useful:
            steps[name] = apart_from(fit, [] if name in PRINCIPAL else others)
        else:
            steps[name] = np.zeros_like(fit.slope)
    return steps


def _up(step: np.ndarray, effects: dict[str, float]) -> tuple[np.ndarray, dict[str, float]]:
    """Return a principal step in the sense in which what it changes most rises."""
    sign = np.sign(max(effects.values(), key=abs, default=1.0)) or 1.0
    return sign * step, {name: sign * change for name, change in effects.items()}


def _spread(column: np.ndarray) -> float:
    there = column[np.isfinite(column)]
    return float(there.std()) if len(there) > 1 else 0.0


def _mean(column: np.ndarray) -> float:
    there = column[np.isfinite(column)]
    return float(there.mean()) if len(there) else 0.0
