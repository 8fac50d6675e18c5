"""All random numbers of a training step, drawn in one place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from kwavegan.config.step import StepSettings
from kwavegan.layers.phase_shuffle import draw_shifts
from kwavegan.types import Tensors

Seeds = Iterator[Any]
"""A seed for each draw: a Keras `SeedGenerator` again and again, or one integer after another."""


_DTYPE = "float32"
"""Of all noise, whatever number format Keras takes by default."""


@dataclass(frozen=True)
class StepNoise:
    """What each update of a step draws.

    Args:
        settings: of the step.
        latent_dim: dimensions of a latent.
        shuffles: phase shuffles in the discriminator.
        audio_shape: (length, channels).
        interpolates: whether the discriminator's penalty needs interpolates.
        paired: whether the generator's loss needs real audio.

    Example:
        >>> from itertools import count
        >>> from kwavegan.config import StepSettings
        >>> from kwavegan.gan import StepNoise
        >>> noise = StepNoise(StepSettings(), 8, 0, (256, 1), False, True)
        >>> {name: tuple(x.shape) for name, x in noise.for_generator(4, count()).items()}
        {'latent': (4, 8)}
    """

    settings: StepSettings
    latent_dim: int
    shuffles: int
    audio_shape: tuple[int, int]
    interpolates: bool
    paired: bool

    def for_discriminator(self, batch: Any, seeds: Seeds) -> Tensors:
        """Draw the noise of one discriminator update; see `WaveGAN.draw_noise`."""
        drawn = self._common(batch, ("fake", "real"), seeds)
        if self.interpolates:
            drawn["mix"] = keras.random.uniform((batch, 1, 1), dtype=_DTYPE, seed=next(seeds))
            drawn.update(self._shifts(batch, "mixed", seeds))
        smoothing = self.settings.smoothing
        if smoothing != (1.0, 1.0):
            drawn["target"] = keras.random.uniform(
                (batch, 1), *smoothing, dtype=_DTYPE, seed=next(seeds)
            )
        return drawn

    def for_generator(self, batch: Any, seeds: Seeds) -> Tensors:
        """Draw the noise of one generator update; see `WaveGAN.draw_noise`."""
        return self._common(batch, ("fake", "real") if self.paired else ("fake",), seeds)

    def _common(self, batch: Any, sides: tuple[str, ...], seeds: Seeds) -> Tensors:
        drawn = {"latent": self._latent((batch, self.latent_dim), seeds)}
        for side in sides:
            drawn.update(self._shifts(batch, side, seeds))
            if self.settings.input_noise:
                drawn[f"noise_{side}"] = keras.random.normal(
                    (batch, *self.audio_shape),
                    stddev=self.settings.input_noise,
                    dtype=_DTYPE,
                    seed=next(seeds),
                )
        return drawn

    def _latent(self, shape: tuple[int, ...], seeds: Seeds) -> Any:
        if self.settings.latent_distribution == "uniform":
            return keras.random.uniform(shape, -1.0, 1.0, dtype=_DTYPE, seed=next(seeds))
        return keras.random.normal(shape, dtype=_DTYPE, seed=next(seeds))

    def _shifts(self, batch: Any, side: str, seeds: Seeds) -> Tensors:
        if not self.shuffles:
            return {}
        n, per = self.settings.phase_shuffle, self.settings.shuffle_per
        return {f"shifts_{side}": draw_shifts(batch, (self.shuffles,), n, per, next(seeds))}
