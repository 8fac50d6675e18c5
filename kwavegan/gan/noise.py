"""All that is random in a training step, drawn in one place."""

from dataclasses import dataclass
from typing import Any

import keras

from kwavegan.layers.phase_shuffle import draw_shifts


@dataclass(frozen=True)
class StepNoise:
    """What one update draws, as a table of what it needs.

    Args:
        latent: values of a latent.
        distribution: `"uniform"` in −1…1 (Donahue et al. 2018), or `"normal"`.
        shuffles: phase shuffles in the discriminator.
        phase_shuffle: their largest shift, in samples.
        shuffle_per: `"example"` or `"batch"`.
        sound_shape: (length, channels).
        input_noise: standard deviation of noise on the discriminator's input; 0 for none.
        smoothing: (low, high), the range of targets of real audio.
        mixes: whether the discriminator's penalty needs interpolates.
        pairs: whether the generator's loss needs real audio.
        labels: number of labels that a wrong one is drawn from; 0 for none.
    """

    latent: int
    distribution: str
    shuffles: int
    phase_shuffle: int
    shuffle_per: str
    sound_shape: tuple[int, int]
    input_noise: float
    smoothing: tuple[float, float]
    mixes: bool
    pairs: bool
    labels: int

    def for_discriminator(self, batch: Any, seed: keras.random.SeedGenerator) -> dict:
        """Draw the noise of one discriminator update; see `WaveGAN.draw_noise`."""
        drawn = self._both(batch, ("fake", "real"), seed)
        if self.mixes:
            drawn["mix"] = keras.random.uniform((batch, 1, 1), seed=seed)
            drawn.update(self._shifts(batch, "mixed", seed))
        if self.smoothing != (1.0, 1.0):
            drawn["target"] = keras.random.uniform((batch, 1), *self.smoothing, seed=seed)
        if self.labels:
            away = keras.random.randint((batch,), 1, self.labels, dtype="int32", seed=seed)
            drawn["labels_away"] = away
        return drawn

    def for_generator(self, batch: Any, seed: keras.random.SeedGenerator) -> dict:
        """Draw the noise of one generator update; see `WaveGAN.draw_noise`."""
        return self._both(batch, ("fake", "real") if self.pairs else ("fake",), seed)

    def _both(self, batch: Any, sides: tuple[str, ...], seed: Any) -> dict:
        drawn = {"latent": self._latent((batch, self.latent), seed)}
        for side in sides:
            drawn.update(self._shifts(batch, side, seed))
            if self.input_noise:
                shape = (batch, *self.sound_shape)
                noise = keras.random.normal(shape, stddev=self.input_noise, seed=seed)
                drawn[f"noise_{side}"] = noise
        return drawn

    def _latent(self, shape: tuple, seed: Any) -> Any:
        if self.distribution == "uniform":
            return keras.random.uniform(shape, -1.0, 1.0, seed=seed)
        return keras.random.normal(shape, seed=seed)

    def _shifts(self, batch: Any, side: str, seed: Any) -> dict:
        if not self.shuffles:
            return {}
        shape = (self.shuffles,)
        shifts = draw_shifts(batch, shape, self.phase_shuffle, self.shuffle_per, seed)
        return {f"shifts_{side}": shifts}
