"""Noise with a spectrum as a Keras layer: what a network cannot spell from a latent."""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.layers.checks import require_positive
from kwavegan.layers.tables import (
    NOISE_FRAMES,
    NOISE_LIMITS,
    SHORTEST,
    bands_to_bins,
    noise_tables,
)
from kwavegan.types import Shape, Tensor


@register
class LatentNoise(keras.layers.Layer):
    """Turn levels in bands into complex Gaussian bins; no weights.

    Each value of the noise is the latent's direction, a unit vector, times a fixed normal vector of
    its own. It is Gaussian, independent from bin to bin and from frame to frame, another for
    another latent, and a smooth function of the latent that is alike on every backend: a sound
    stays a pure function of latent and label.

    Args:
        bins: complex bins of a frame, as `InverseSTFT` takes them.
        channels: of the audio.

    Call arguments:
        latent: (batch, latent_dim).
        levels: (batch, frames, channels × bands): natural logarithms of the standard deviation in
            each band, at least 2 bands; a bin between the middles of two bands is interpolated.

    Returns:
        (batch, frames, channels × 2 × bins): for each channel real parts, then imaginary parts.

    Raises:
        ValueError: bins or channels are not positive.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import LatentNoise
        >>> latent = np.random.default_rng(0).normal(size=(3, 10)).astype("float32")
        >>> tuple(LatentNoise(bins=32)(latent, np.zeros((3, 12, 8), "float32")).shape)
        (3, 12, 64)
    """

    def __init__(self, bins: int, channels: int = 1, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        require_positive("LatentNoise", bins=bins, channels=channels)
        self.bins, self.channels = bins, channels

    def call(self, latent: Tensor, levels: Tensor) -> Tensor:
        frames = levels.shape[1]
        sizes = sizes_of_bins(levels, self.channels, self.bins)
        noise = self._unit_noise(direction_of(latent), frames)
        bins = ops.reshape(noise * sizes, (-1, frames, self.channels * 2 * self.bins))
        return ops.cast(bins, self.compute_dtype)

    def _unit_noise(self, direction: Tensor, frames: int) -> Tensor:
        """Return noise of variance 1: (batch, frames, channels, 2, bins)."""
        rows = min(NOISE_FRAMES, frames)
        values = self.channels * 2 * self.bins
        table, signs = noise_tables(direction.shape[1], rows * values, -(-frames // rows))
        # A whole table for every frame would take 100 MB for a second at 44.1 kHz.
        exchanged = [
            ops.multiply(ops.roll(direction, turn, axis=-1), each)
            for turn, each in enumerate(signs)
        ]
        blocks = ops.matmul(ops.stack(exchanged, axis=1), ops.convert_to_tensor(table))
        shape = (-1, len(signs) * rows, self.channels, 2, self.bins)
        return ops.reshape(blocks, shape)[:, :frames]

    def compute_output_shape(self, latent_shape: Shape, levels_shape: Shape) -> Shape:
        return latent_shape[0], levels_shape[1], self.channels * 2 * self.bins

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bins": self.bins, "channels": self.channels}


def sizes_of_bins(levels: Tensor, channels: int, bins: int) -> Tensor:
    """Return factors on bins, (batch, frames, channels, 1, bins), of levels in bands.

    Args:
        levels: (batch, frames, channels × bands), natural logarithms.
        channels: of the audio.
        bins: complex bins of a frame.
    """
    frames, bands = levels.shape[1], levels.shape[2] // channels
    levels = ops.reshape(ops.cast(levels, "float32"), (-1, frames, channels, 1, bands))
    sizes = ops.exp(ops.clip(levels, *NOISE_LIMITS))
    if bands == bins:
        return sizes
    return ops.matmul(sizes, ops.convert_to_tensor(bands_to_bins(bands, bins)))


def direction_of(latent: Tensor) -> Tensor:
    """Return latents (batch, latent_dim) with length 1, float32."""
    latent = ops.cast(latent, "float32")
    return latent * ops.rsqrt(ops.sum(ops.square(latent), axis=-1, keepdims=True) + SHORTEST)
