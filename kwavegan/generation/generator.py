"""A run, or a pretrained model → sounds, by label, seed and latent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kwavegan.audio.sounds import Sounds
from kwavegan.config.attributes import Attributes, file_title
from kwavegan.config.settings import Config
from kwavegan.gan import sampling
from kwavegan.generation.recipes import Recipe
from kwavegan.networks.architecture import Architecture
from kwavegan.player import Player, misfit
from kwavegan.player.weights import refuse_unfit, weights_of
from kwavegan.runs.pretrained import find_pretrained
from kwavegan.runs.run import Run

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class SoundGenerator:
    """The generator of a run, ready to make sounds; see `load_generator` and `load_pretrained`.

    NumPy plays the networks of kwavegan, so that no backend is needed and nothing is compiled; a
    network of one's own is played by Keras.

    Attributes:
        run: the run that trained it.
        config: the run's settings.
        step: of the checkpoint.
        problems: one line for each newer checkpoint that was damaged and passed over.
        player: what makes the sounds: a `kwavegan.player.Player`, or a Keras model.

    Example:
        >>> import kwavegan
        >>> drums = kwavegan.load_pretrained("drums")
        >>> drums.labels
        ('clap', 'closed-hat', 'kick', 'open-hat', 'snare', 'tom')
        >>> drums.generate("snare", n=2, seed=7).shape
        (2, 16384, 1)
    """

    run: Run
    config: Config
    step: int
    problems: tuple[str, ...]
    player: sampling.Network = field(repr=False)

    @cached_property
    def network(self) -> "keras.Model":
        """The generator as a Keras model, to train on or to save; the first use imports Keras."""
        return _in_keras(self.player) if isinstance(self.player, Player) else self.player

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
        """The labels of the sounds it learned from, in index order; () for an unconditional run."""
        return self.combinations[: self.attributes.heard]

    @cached_property
    def attributes(self) -> Attributes:
        """What the parts of the labels say: instrument and velocity in `kick/hard`."""
        return self.config.label_attributes

    @property
    def combinations(self) -> tuple[str, ...]:
        """All labels that it can make: `labels`, then the combinations it never heard."""
        return self.attributes.labels

    def label_name(self, index: int) -> str:
        """Return the label of an index in `combinations`; "" in a run without labels."""
        return self.combinations[index] if self.labels else ""

    def label_index(self, label: sampling.Label) -> int:
        """Return the index of a label in `combinations`; 0 for None in an unconditional run.

        Args:
            label: name, index, or value by attribute.

        Raises:
            InputError: the run has no such label, or has labels and `label` is None.
        """
        known = self.combinations
        return sampling.label_index(label, known, len(known), self.run.name, self.attributes.names)

    def latents(self, n: int, seed: int = 0, first: int = 0) -> np.ndarray:
        """Draw latents (n, latent_dim) as the training did; see `sampling.draw_latents`."""
        config = self.config
        return sampling.draw_latents(config.latent_distribution, config.latent_dim, n, seed, first)

    def generate(
        self,
        label: sampling.Label = None,
        n: int = 1,
        seed: int = 0,
        latents: np.ndarray | None = None,
    ) -> Sounds:
        """Generate sounds of one label.

        Args:
            label: one of `combinations`, by name, index or value of each attribute:
                `{"instrument": "kick", "velocity": "hard"}`; None for an unconditional run.
            n: number of sounds.
            seed: of their latents; a sound depends on its seed and index alone.
            latents: (n, latent_dim) to use instead; then n and seed do not count.

        Returns:
            (n, length, channels), float32 in −1…1, with the sample rate.

        Raises:
            InputError: no such label, or latents of the wrong shape.
        """
        index = self.label_index(label)
        z = self.latents(n, seed) if latents is None else latents
        return Sounds(sampling.generate(self.player, z, index, self.config.latent_dim), self.rate)

    def recipes(self, label: str | None, n: int, seed: int) -> Iterator[Recipe]:
        """Yield the recipes of n sounds of one label and seed, named `<label>_s<seed>_<index>`.

        Raises:
            InputError: as `label_index`.
        """
        index, title = self.label_index(label), file_title(label or "sound")
        digits = max(4, len(str(n - 1)))
        for i in range(n):
            latent = self.latents(1, seed, i)[0]
            yield Recipe(latent, index, f"{title}_s{seed}_{i:0{digits}}")


def load_generator(
    run: str | Path | None = None,
    checkpoint: int | None = None,
    runs_dir: str | Path | None = None,
    *,
    in_keras: bool = False,
) -> SoundGenerator:
    """Load the generator of a run: the EMA of the weights, if the run has one.

    Args:
        run: name or path; None for the latest run.
        checkpoint: step of the checkpoint; None for the best, or else the newest undamaged one.
        runs_dir: the folder of the run folders; None for `KWAVEGAN_RUNS`, or `./runs`.
        in_keras: whether to play it with Keras in any case; the sounds are the same to −80 dB.

    Raises:
        InputError: there is no such run or checkpoint, or it is damaged.

    Example:
        >>> import kwavegan
        >>> from kwavegan.runs import pretrained_models
        >>> run = pretrained_models()[0].run  # or the name of one of your own runs
        >>> kwavegan.load_generator(run.path).generate("kick", n=8, seed=0).shape
        (8, 16384, 1)
    """
    return _load(Run.open(run, runs_dir), checkpoint, in_keras)


def load_pretrained(name: str) -> SoundGenerator:
    """Load a pretrained model of the package; `kwavegan presets` lists them.

    Args:
        name: of the model, such as `"drums"`.

    Raises:
        InputError: there is no model of that name.

    Example:
        >>> import kwavegan
        >>> sounds = kwavegan.load_pretrained("drums").generate("kick", n=4, seed=0)
        >>> sounds.shape, sounds.rate
        ((4, 16384, 1), 44100)
    """
    return _load(find_pretrained(name).run, None)


def _load(run: Run, checkpoint: int | None, in_keras: bool = False) -> SoundGenerator:
    config = run.config()
    stored = run.load_checkpoint(checkpoint) if checkpoint is not None else run.best_or_last()
    architecture = config.architecture
    weights = weights_of(stored.arrays, config.inference_part)
    refuse_unfit(run.path, architecture, weights)
    player: sampling.Network
    if in_keras or misfit(architecture, weights):
        player = _restored(architecture, weights)
    else:
        player = Player(architecture, weights)
    return SoundGenerator(run, config, stored.step, stored.problems, player)


def _in_keras(player: Player) -> "keras.Model":
    return _restored(player.architecture, player.weights)


def _restored(architecture: Architecture, weights: Mapping[str, np.ndarray]) -> "keras.Model":
    """Return a generator in Keras.

    Raises:
        InputError: the weights do not fit it, or no backend is installed.
    """
    from kwavegan.backend.selection import select_backend, start_backend

    select_backend()
    start_backend()
    from kwavegan.gan.state import restore_generator
    from kwavegan.networks.generators import build_generator

    network = build_generator(architecture)
    restore_generator(network, {f"generator/{name}": w for name, w in weights.items()}, "generator")
    return network
