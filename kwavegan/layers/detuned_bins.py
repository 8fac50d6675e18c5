"""Bins with a frequency of their own as a Keras layer: partials that are on no common grid."""

import math
from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.layers.checks import require_positive
from kwavegan.layers.latent_noise import direction_of
from kwavegan.layers.tables import FARTHEST_BINS, OVERLAP, TONE_LIMITS, tones_table
from kwavegan.types import Shape, Tensor


@register
class DetunedBins(keras.layers.Layer):
    """Make a steady tone of each bin, detuned and as loud as a latent has it; no weights.

    Before `InverseSTFT` a constant bin is a tone at the bin's centre, and all constant bins
    together are a pulse train with the window's period: a network whose outputs vary slowly makes
    a buzz. Here the tone of each bin lies up to 0.75 bins away from the centre, and begins at a
    phase of its own, at first by a fixed normal function of the latent's direction, so that no two
    sounds begin with a common grid.

    A tone that is much quieter than the noise around it changes a spectrum by its square alone:
    nothing pulls it up. So the levels, logarithms, differ from bin to bin and from latent to latent
    by another such function, times a spread. A few tones then stand out of the noise, as partials
    do, and most are far below it: where there are no partials, little has to be turned down.

    Args:
        bins: complex bins of a frame.
        channels: of the audio.

    Call arguments:
        x: (batch, frames, channels × 3 × bins): for each channel the real parts, less 1, the
            imaginary parts and the speeds before a tanh.
        levels: (batch, frames, channels × bins): natural logarithms of factors on the bins.
        spreads: (batch, frames, channels): standard deviation of what the latent adds to `levels`.
        latent: (batch, latent_dim).

    Returns:
        (batch, frames, channels × 2 × bins), as `InverseSTFT` takes them.

    Raises:
        ValueError: bins or channels are not positive.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import DetunedBins
        >>> x, latent = np.ones((2, 12, 96), "float32"), np.ones((2, 10), "float32")
        >>> levels, spreads = np.zeros((2, 12, 32), "float32"), np.ones((2, 12, 1), "float32")
        >>> tuple(DetunedBins(bins=32)(x, levels, spreads, latent).shape)
        (2, 12, 64)
    """

    def __init__(self, bins: int, channels: int = 1, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        require_positive("DetunedBins", bins=bins, channels=channels)
        self.bins, self.channels = bins, channels

    def call(self, x: Tensor, levels: Tensor, spreads: Tensor, latent: Tensor) -> Tensor:
        frames, values = x.shape[1], self.channels * self.bins
        x = ops.reshape(ops.cast(x, "float32"), (-1, frames, self.channels, 3, self.bins))
        table = ops.convert_to_tensor(tones_table(latent.shape[1], values))
        own = ops.reshape(
            ops.matmul(direction_of(latent), table), (-1, 1, 2, self.channels, self.bins)
        )
        tuning, loudness = own[:, :, 0], own[:, :, 1]
        # A tone a bin away turns by a quarter from one frame to the next. Only the distance from
        # the centre adds up, a few turns a sound, so that backends agree.
        speed = ops.tanh(x[:, :, :, 2] + tuning) * (FARTHEST_BINS / OVERLAP)
        turns = ops.cumsum(speed, axis=1) + tuning
        angle = (2 * math.pi) * (turns - ops.stop_gradient(ops.floor(turns)))
        levels = ops.reshape(
            ops.cast(levels, "float32"), (-1, frames, self.channels, self.bins)
        ) + loudness * ops.expand_dims(ops.cast(spreads, "float32"), -1)
        sizes = ops.exp(ops.clip(levels, *TONE_LIMITS))
        cos, sin = sizes * ops.cos(angle), sizes * ops.sin(angle)
        real, imaginary = 1 + x[:, :, :, 0], x[:, :, :, 1]
        turned = ops.stack([real * cos - imaginary * sin, real * sin + imaginary * cos], axis=3)
        return ops.cast(ops.reshape(turned, (-1, frames, 2 * values)), self.compute_dtype)

    def compute_output_shape(
        self, x_shape: Shape, levels_shape: Shape, spreads_shape: Shape, latent_shape: Shape
    ) -> Shape:
        return (*x_shape[:2], self.channels * 2 * self.bins)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bins": self.bins, "channels": self.channels}
