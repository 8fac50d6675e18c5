"""Bins with a frequency of their own as a Keras layer: partials that are on no common grid."""

import math
from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.layers.checks import require_positive
from kwavegan.layers.latent_noise import direction_of
from kwavegan.layers.tables import FARTHEST_BINS, OVERLAP, TONE_LIMITS, tuning_table
from kwavegan.types import Shape, Tensor


@register
class DetunedBins(keras.layers.Layer):
    """Give each bin a level, and turn its phase, frame by frame, at a speed of its own; no weights.

    Before `InverseSTFT` a constant bin is a tone at the bin's centre, and all constant bins
    together are a pulse train with the window's period: a network whose outputs vary slowly makes
    a buzz. Here the tone of each bin lies up to 0.75 bins away from the centre, at first by a fixed
    normal function of the latent's direction, so that no two sounds begin with a common grid.

    Levels are logarithms, as those of noise are, so that they are learned as fast. Partials are few
    bins among many: a factor on each lets a few stand out, where sums of many values are all alike.

    Args:
        bins: complex bins of a frame.
        channels: of the audio.

    Call arguments:
        x: (batch, frames, channels × 3 × bins): for each channel the real parts, the imaginary
            parts and the speeds before a tanh.
        levels: (batch, frames, channels × bins): natural logarithms of factors on the bins.
        latent: (batch, latent_dim).

    Returns:
        (batch, frames, channels × 2 × bins), as `InverseSTFT` takes them.

    Raises:
        ValueError: bins or channels are not positive.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import DetunedBins
        >>> x, latent = np.ones((2, 12, 96), "float32"), np.ones((2, 10), "float32")
        >>> levels = np.zeros((2, 12, 32), "float32")
        >>> tuple(DetunedBins(bins=32)(x, levels, latent).shape)
        (2, 12, 64)
    """

    def __init__(self, bins: int, channels: int = 1, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        require_positive("DetunedBins", bins=bins, channels=channels)
        self.bins, self.channels = bins, channels

    def call(self, x: Tensor, levels: Tensor, latent: Tensor) -> Tensor:
        frames, values = x.shape[1], self.channels * self.bins
        x = ops.reshape(ops.cast(x, "float32"), (-1, frames, self.channels, 3, self.bins))
        table = ops.convert_to_tensor(tuning_table(latent.shape[1], values))
        own = ops.reshape(
            ops.matmul(direction_of(latent), table), (-1, 1, self.channels, self.bins)
        )
        # A tone a bin away turns by a quarter from one frame to the next. Only the distance from
        # the centre adds up, a few turns a sound, so that backends agree.
        speed = ops.tanh(x[:, :, :, 2] + own) * (FARTHEST_BINS / OVERLAP)
        turns = ops.cumsum(speed, axis=1)
        angle = (2 * math.pi) * (turns - ops.stop_gradient(ops.floor(turns)))
        sizes = ops.exp(ops.clip(ops.cast(levels, "float32"), *TONE_LIMITS))
        sizes = ops.reshape(sizes, (-1, frames, self.channels, self.bins))
        cos, sin = sizes * ops.cos(angle), sizes * ops.sin(angle)
        real, imaginary = x[:, :, :, 0], x[:, :, :, 1]
        turned = ops.stack([real * cos - imaginary * sin, real * sin + imaginary * cos], axis=3)
        return ops.cast(ops.reshape(turned, (-1, frames, 2 * values)), self.compute_dtype)

    def compute_output_shape(
        self, x_shape: Shape, levels_shape: Shape, latent_shape: Shape
    ) -> Shape:
        return (*x_shape[:2], self.channels * 2 * self.bins)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bins": self.bins, "channels": self.channels}
