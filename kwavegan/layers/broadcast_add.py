"""A sum of two tensors of which one has fewer values, as a Keras layer."""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.types import Shape, Tensor


@register
class BroadcastAdd(keras.layers.Layer):
    """Add to values what is the same for all of them, or as many others; no weights.

    `keras.layers.Add` on TensorFlow takes a summand (1, n, 1) for a bias of n channels: where there
    are n values too, it is added along the wrong axis, and a sound that is made alone is another
    than among others.

    Call arguments:
        x: (batch, frames, values).
        shared: (batch, frames, 1) or (batch, frames, values).

    Returns:
        The shape of x.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import BroadcastAdd
        >>> x, shared = np.zeros((1, 2, 2), "float32"), np.array([[[1.0], [2.0]]], "float32")
        >>> np.array(BroadcastAdd()(x, shared))
        array([[[1., 1.],
                [2., 2.]]], dtype=float32)
    """

    def __init__(self, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)

    def call(self, x: Tensor, shared: Tensor) -> Tensor:
        # An operator, for `ops.add` is what errs.
        total = ops.cast(x, "float32") + ops.cast(shared, "float32")
        return ops.cast(total, self.compute_dtype)

    def compute_output_shape(self, x_shape: Shape, shared_shape: Shape) -> Shape:
        return x_shape
