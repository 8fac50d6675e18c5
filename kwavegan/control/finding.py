"""The latent and the label of a run's sound that is nearest to a given one, without a gradient."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kwavegan.control.likeness import Likeness
from kwavegan.control.normals import from_normals, to_normals, with_lengths
from kwavegan.generation.generator import SoundGenerator

HEAT = 16
"""Sounds that each label still in question makes before half of them are dropped."""

ENSEMBLE = 192
"""Sounds of the label that the search begins with."""

MEMBERS = 96
"""The nearest of them, which move towards the sound together."""

ROUNDS = 5

_NOISE = 0.04
"""Variance in dB² that a distance is trusted to: a smaller one makes longer steps."""


@dataclass(frozen=True)
class Found:
    """The sound of a run that is nearest to a given one.

    Attributes:
        label: index of its label; 0 in a run without labels.
        latent: (latent_dim,), float32.
        distance: to the given sound, in dB; see `Likeness`.
        usual: median distance of the label's sounds, which nobody chose, to the given one.

    Example:
        >>> import kwavegan
        >>> from kwavegan.control import Found
        >>> drums = kwavegan.load_pretrained("drums")
        >>> found = Found(label=2, latent=drums.latents(1)[0], distance=1.5, usual=3.5)
        >>> drums.generate(found.label, latents=found.latent[None]).shape
        (1, 16384, 1)
    """

    label: int
    latent: np.ndarray
    distance: float
    usual: float


class Finder:
    """Finds sounds; what it makes of labels on the way serves all that are looked for.

    The label is that of the nearest of a few sounds, from which the worse half of the labels is
    dropped in each heat. Then the nearest sounds of the label move towards the one looked for, by
    ensemble Kalman inversion (Iglesias, Law & Stuart 2013): each learns from all how features
    follow latents. That takes no gradient and no backend, and noise in a sound does not mislead it.

    Args:
        generator: of a run, or pretrained.
        seed: of the latents it begins with.

    Example:
        >>> import kwavegan
        >>> from kwavegan.control import Finder
        >>> drums = kwavegan.load_pretrained("drums")
        >>> finder = Finder(drums)
        >>> target = finder.likeness.features(drums.generate("snare", seed=3))[0]
        >>> drums.labels[finder.nearest_label(target)]
        'snare'
    """

    def __init__(self, generator: SoundGenerator, seed: int = 0) -> None:
        self.generator, self.seed = generator, seed
        self.likeness = Likeness.of(generator.rate, generator.config.length)
        self._rows: dict[int, np.ndarray] = {}

    def find(self, sound: np.ndarray, label: int | None = None) -> Found:
        """Return the run's sound that is nearest to a given one.

        Args:
            sound: (length, channels), of the run's length, rate and channels, at any level.
            label: index of the label to stay in; None for the nearest.
        """
        target = self.likeness.features(sound[None])[0]
        if label is None:
            label = self.nearest_label(target)
        rows = self._made(label, ENSEMBLE)
        apart = self.likeness.distances(rows, target)
        usual = float(np.median(apart))
        nearest = np.argsort(apart, kind="stable")
        best, distance = self._normals[nearest[0]], float(apart[nearest[0]])
        members = _drawn_nearer(self._normals[:ENSEMBLE], rows, target)[nearest[:MEMBERS]]
        for turn in range(ROUNDS):
            rows = self._features(label, members)
            apart = self.likeness.distances(rows, target)
            if apart.min() < distance:
                best, distance = members[apart.argmin()], float(apart.min())
            if turn < ROUNDS - 1:
                members = _drawn_nearer(members, rows, target)
        latent = from_normals(best, self.generator.config.latent_distribution)
        return Found(label, latent, distance, usual)

    def nearest_label(self, target: np.ndarray) -> int:
        """Return the index of the label that has the nearest sounds to features (features,)."""
        left = list(range(max(1, len(self.generator.labels))))
        made = 0
        while len(left) > 1:
            made = min(made + HEAT, ENSEMBLE)
            apart = {i: self.likeness.distances(self._made(i, made), target).min() for i in left}
            left = sorted(left, key=apart.__getitem__)[: (len(left) + 1) // 2]
        return left[0]

    @cached_property
    def _normals(self) -> np.ndarray:
        latents = self.generator.latents(ENSEMBLE, self.seed)
        return to_normals(latents, self.generator.config.latent_distribution)

    def _made(self, label: int, count: int) -> np.ndarray:
        """Return features of a label's first sounds, (at least count, features)."""
        rows = self._rows.get(label)
        done = 0 if rows is None else len(rows)
        if done < count:
            more = self._features(label, self._normals[done:count])
            self._rows[label] = more if rows is None else np.concatenate([rows, more])
        return self._rows[label]

    def _features(self, label: int, normals: np.ndarray) -> np.ndarray:
        latents = from_normals(normals, self.generator.config.latent_distribution)
        name = label if self.generator.labels else None
        return self.likeness.features(np.asarray(self.generator.generate(name, latents=latents)))


def _drawn_nearer(normals: np.ndarray, rows: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return normal numbers (n, latent_dim) after one step of ensemble Kalman inversion.

    They keep the length that such numbers have.

    Args:
        normals: (n, latent_dim) of the members.
        rows: (n, features) of their sounds.
        target: (features,).
    """
    rows = rows.astype("float64")
    apart, spread = rows - rows.mean(axis=0), normals - normals.mean(axis=0)
    noise = _NOISE * (len(rows) - 1) * np.eye(len(rows))
    weights = np.linalg.solve(apart @ apart.T + noise, apart @ (target - rows).T)
    return with_lengths(normals + weights.T @ spread, np.sqrt(normals.shape[1]))
