"""Frames whose size is bounded, as a Keras layer: what reads them cannot be swept away."""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.types import Shape, Tensor


@register
class RMSLimit(keras.layers.Layer):
    """Keep the root mean square of each frame below a limit, softly; no weights.

    A frame x of root mean square r becomes x / √(1 + r² / limit²): small frames stay as they are,
    large ones keep their direction. Without it the first steps of a training, in which all is
    turned down at once, let frames grow a thousandfold; pitches, levels and gates, which are linear
    in them, then lie far beyond their limits, where they have no gradient, and never come back.
    It is root mean square normalization (Zhang & Sennrich 2019) that leaves small frames alone.

    Args:
        limit: of the root mean square, positive.

    Call arguments:
        x: (batch, frames, filters).

    Returns:
        The shape of x.

    Raises:
        ValueError: limit is not positive.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import RMSLimit
        >>> frames = np.array([[[0.01, 0.01], [3.0, -4.0]]], "float32")
        >>> np.array(RMSLimit(limit=0.5)(frames)).round(2)
        array([[[ 0.01,  0.01],
                [ 0.42, -0.56]]], dtype=float32)
    """

    def __init__(self, limit: float, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        if not limit > 0:
            raise ValueError(f"RMSLimit: limit must be positive; got {limit}")
        self.limit = limit

    def call(self, x: Tensor) -> Tensor:
        x = ops.cast(x, "float32")
        squares = ops.mean(ops.square(x), axis=-1, keepdims=True)
        return ops.cast(x * ops.rsqrt(1.0 + squares / self.limit**2), self.compute_dtype)

    def compute_output_shape(self, x_shape: Shape) -> Shape:
        return x_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "limit": self.limit}
