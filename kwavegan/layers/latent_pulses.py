"""A train of pulses with a pitch as a Keras layer: what the throat is to a voice."""

import math
from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.layers.checks import require_positive
from kwavegan.layers.frame_gate import interpolated
from kwavegan.layers.latent_noise import direction_of, sizes_of_bins
from kwavegan.layers.oscillators import turns_of
from kwavegan.layers.tables import (
    OVERLAP,
    pitch_limits,
    pitch_table,
    pulse_sharpness,
    pulse_turns,
)
from kwavegan.types import Shape, Tensor


@register
class LatentPulses(keras.layers.Layer):
    """Turn levels in bands into the complex bins of pulses whose pitch the latent has; no weights.

    The overtones of a voice glide together. A tone that keeps to its own bin cannot glide, and a
    network that is asked for a voice whispers. Here, as in a vocoder (Morise et al. 2016, WORLD),
    a train of pulses goes through bands; its pitch is a fixed normal function of the latent's
    direction, as `LatentNoise` is: other sounds have another pitch, which strays as that of a
    spoken word does.

    The pitch is not learned. The phase of a high overtone turns by thousands of radians in a sound,
    so its gradient drowns all others: with it ten digits did not come to be words.

    Args:
        hop: samples in a frame.
        rate: sample rate in Hz.
        pitch: median pitch in Hz, 40 to 1,000.
        channels: of the audio.

    Call arguments:
        latent: (batch, latent_dim).
        levels: (batch, frames, channels × bands): natural logarithms of factors in each band.

    Returns:
        (batch, frames, channels × 2 × bins), as `InverseSTFT` takes them; as sound 7 dB louder than
        `LatentNoise` at the same levels, since neighbouring frames agree.

    Raises:
        ValueError: an argument is not positive.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import LatentPulses
        >>> latent, levels = np.ones((2, 10), "float32"), np.zeros((2, 12, 8), "float32")
        >>> tuple(LatentPulses(hop=64, rate=4096, pitch=125.0)(latent, levels).shape)
        (2, 12, 256)
    """

    def __init__(self, hop: int, rate: int, pitch: float, channels: int = 1, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        require_positive("LatentPulses", hop=hop, rate=rate, pitch=pitch, channels=channels)
        self.hop, self.rate, self.pitch, self.channels = hop, rate, pitch, channels
        self.bins = OVERLAP * hop // 2

    def call(self, latent: Tensor, levels: Tensor) -> Tensor:
        frames = levels.shape[1]
        sizes = sizes_of_bins(levels, self.channels, self.bins)
        real, imaginary = ops.rfft(self._windows(self._pulses(direction_of(latent), frames)))
        real, imaginary = real[..., 1:], imaginary[..., 1:]  # nothing at 0 Hz
        cos, sin = (ops.convert_to_tensor(t) for t in pulse_turns(frames, self.hop, self.rate))
        turned = ops.stack([real * cos - imaginary * sin, real * sin + imaginary * cos], axis=2)
        bins = ops.expand_dims(turned, 2) * sizes
        bins = ops.reshape(bins, (-1, frames, self.channels * 2 * self.bins))
        return ops.cast(bins, self.compute_dtype)

    def _pulses(self, direction: Tensor, frames: int) -> Tensor:
        """Return a train of pulses of power 1, (batch, frames, hop)."""
        table = pitch_table(direction.shape[1], frames, self.hop / self.rate)
        own = ops.matmul(direction, ops.convert_to_tensor(table))
        own = ops.clip(own, *pitch_limits(self.rate, self.pitch))
        cycles = ops.exp(own)[:, :, None] * (self.pitch / self.rate)
        turns = turns_of(cycles, self.hop)[..., 0]
        period = 1 / interpolated(cycles, self.hop)[..., 0]
        # exp(κ cos x) has overtones that fall off like a Gaussian, so that none is aliased.
        sharpness = ops.square(period) * pulse_sharpness(self.rate)
        peaks = ops.exp(-2 * sharpness * ops.square(ops.sin(math.pi * turns)))
        return peaks * ops.sqrt(ops.sqrt(4 * math.pi * sharpness))

    @staticmethod
    def _windows(x: Tensor) -> Tensor:
        """Return windows (batch, frames, 4 × hop), each begun two hops before its own frame."""
        frames, late = x.shape[1], OVERLAP // 2
        padded = ops.pad(x, ((0, 0), (late, OVERLAP - 1 - late), (0, 0)))
        return ops.concatenate([padded[:, i : i + frames] for i in range(OVERLAP)], axis=-1)

    def compute_output_shape(self, latent_shape: Shape, levels_shape: Shape) -> Shape:
        return levels_shape[0], levels_shape[1], self.channels * 2 * self.bins

    def get_config(self) -> dict[str, Any]:
        names = ("hop", "rate", "pitch", "channels")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
