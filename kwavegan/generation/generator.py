"""A run → sounds, by label, seed and latent; and walks from one sound to another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from kwavegan.config.networks import architecture_of
from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.gan.state import restore_sounding
from kwavegan.generation import sampling
from kwavegan.networks.generators import build_generator
from kwavegan.runs.run import Run


@dataclass(frozen=True)
class Recipe:
    """All that makes one sound: its latent and its label, and the name of its file."""

    latent: np.ndarray
    label: int
    name: str


@dataclass(frozen=True)
class Generator:
    """A run's generator, ready to make sounds.

    Attributes:
        run: where it comes from.
        config: the run's settings.
        step: of the checkpoint.
        problems: one line for each newer checkpoint that was damaged and passed over.
    """

    run: Run
    config: Config
    step: int
    problems: tuple[str, ...]
    network: keras.Model = field(repr=False)

    @property
    def which(self) -> str:
        """The checkpoint in words: "step 3500, the best" or "step 3600"."""
        return f"step {self.step}" + (", the best" if self.step == self.run.best_step() else "")

    @property
    def rate(self) -> int:
        """Sample rate in Hz."""
        return self.config.rate

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that sounds can be asked for; none for an unconditional run."""
        return self.config.labels if self.config.model != "wgan" else ()

    def label_index(self, label: str | None) -> int:
        """Return the index of a label; 0 for None in an unconditional run.

        Raises:
            InputError: the run has no such label, or has labels and none is named.
        """
        if label is None and not self.labels:
            return 0
        if label in self.labels:
            return self.labels.index(label)
        if not self.labels:
            raise InputError(
                f"--label: {label!r} cannot be asked for: {self.run.name} is unconditional "
                "(model wgan); leave the option out, or train a cwgan"
            )
        raise InputError(
            f"--label: {label!r} is not a label of {self.run.name}; "
            f"choose from {', '.join(self.labels)}"
        )

    def latents(self, n: int, seed: int = 0, first: int = 0) -> np.ndarray:
        """Return latents (n, latent) of sounds `first`, `first` + 1, … of a seed.

        The latent of a sound depends on its seed and index alone, on any backend, however many
        are asked for.
        """
        config = self.config
        return sampling.draw_latents(config.latent_distribution, config.latent, n, seed, first)

    def generate(
        self,
        label: str | None = None,
        n: int = 1,
        seed: int = 0,
        latents: np.ndarray | None = None,
    ) -> np.ndarray:
        """Make sounds of one label.

        Args:
            label: one of `labels`; None for an unconditional run.
            n: how many.
            seed: of their latents.
            latents: (n, latent) to use instead; then n and seed do not count.

        Returns:
            (n, length, channels), float32 in −1…1.

        Raises:
            InputError: no such label, or latents of the wrong shape.
        """
        index = self.label_index(label)
        z = self.latents(n, seed) if latents is None else np.asarray(latents, "float32")
        if z.ndim != 2 or z.shape[1] != self.config.latent:
            raise InputError(
                f"latents: must be (sounds, {self.config.latent}) for {self.run.name}; "
                f"got {z.shape}"
            )
        sounds = list(self.batches(z, np.full(len(z), index, "int32")))
        shape = (0, self.config.length, self.config.channels)
        return np.concatenate(sounds) if sounds else np.zeros(shape, "float32")

    def batches(self, latents: np.ndarray, labels: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield sounds of latents (n, latent) and label indices (n,), `sampling.BATCH` at once."""
        return sampling.sounds(self.network, latents, labels)

    def recipes(self, label: str | None, n: int, seed: int) -> Iterator[Recipe]:
        """Yield what makes n sounds of one label and seed, named `<label>_s<seed>_<index>`."""
        index, title = self.label_index(label), label or "sound"
        digits = max(4, len(str(n - 1)))
        for i in range(n):
            latent = self.latents(1, seed, i)[0]
            yield Recipe(latent, index, f"{title}_s{seed}_{i:0{digits}}")


def load_run(
    run: str | Path | None = None,
    checkpoint: int | None = None,
    runs_dir: str | Path | None = None,
) -> Generator:
    """Open a run's generator.

    Args:
        run: name or path; None for the latest run.
        checkpoint: step of the checkpoint; None for the best, or else the newest that is whole.
        runs_dir: where the run folders are; None for `KWAVEGAN_RUNS`, or `./runs`.

    Returns:
        The averaged generator of the run, if it keeps one; else the trained one.

    Raises:
        InputError: there is no such run or checkpoint, or it is damaged.

    Example:
        >>> kwavegan.load_run("runs/drums").generate("snare", n=8, seed=0).shape
        (8, 4096, 1)
    """
    opened = Run.open(run, runs_dir)
    config = opened.config()
    stored = opened.load_checkpoint(checkpoint) if checkpoint is not None else opened.best_or_last()
    network = build_generator(architecture_of(config))
    restore_sounding(network, stored.arrays, config.sounding)
    return Generator(opened, config, stored.step, stored.problems, network)


def walk(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Return latents on the line from `start` to `end`, both included: (steps, latent).

    Raises:
        InputError: fewer than two steps.
    """
    if steps < 2:
        raise InputError(f"--steps: a walk needs at least 2 sounds; got {steps}")
    share = np.linspace(0.0, 1.0, steps, dtype="float32")[:, None]
    return (1 - share) * start + share * end
