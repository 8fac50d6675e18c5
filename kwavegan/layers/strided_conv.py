"""Strided convolutions in the fastest form for the backend."""

from typing import Any

import keras

from kwavegan.backend.serialization import register
from kwavegan.layers.polyphase import chosen_form, folded_conv, folded_conv_transpose
from kwavegan.types import Tensor


@register
class StridedConv1D(keras.layers.Conv1D):
    """`keras.layers.Conv1D` with `padding="same"`: the same weights, the faster form.

    See `kwavegan.layers.polyphase`. The folded form needs a length that the stride divides; other
    lengths take Keras' own form.

    Args:
        filters, kernel_size, strides: as in Keras.
        **kwargs: Keras' other arguments.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import StridedConv1D
        >>> tuple(StridedConv1D(8, 25, strides=4)(np.zeros((1, 64, 1), "float32")).shape)
        (1, 16, 8)
    """

    def __init__(self, filters: int, kernel_size: int, strides: int = 1, **kwargs: Any):
        super().__init__(filters, kernel_size, strides, **{"padding": "same", **kwargs})

    def call(self, inputs: Tensor) -> Tensor:
        if inputs.shape[1] % self.strides[0] or not _foldable(self):
            return super().call(inputs)
        return _finish(self, folded_conv(inputs, self.kernel, self.strides[0]))


@register
class StridedConv1DTranspose(keras.layers.Conv1DTranspose):
    """`keras.layers.Conv1DTranspose` with `padding="same"`: the same weights, the faster form.

    Args:
        filters, kernel_size, strides: as in Keras.
        **kwargs: Keras' other arguments.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import StridedConv1DTranspose
        >>> tuple(StridedConv1DTranspose(8, 25, strides=4)(np.zeros((1, 16, 1), "float32")).shape)
        (1, 64, 8)
    """

    def __init__(self, filters: int, kernel_size: int, strides: int = 1, **kwargs: Any):
        super().__init__(filters, kernel_size, strides, **{"padding": "same", **kwargs})

    def call(self, inputs: Tensor) -> Tensor:
        if not _foldable(self):
            return super().call(inputs)
        return _finish(self, folded_conv_transpose(inputs, self.kernel, self.strides[0]))


def _foldable(layer: keras.Layer) -> bool:
    plain = layer.padding == "same" and layer.dilation_rate == (1,)
    plain = plain and layer.data_format == "channels_last" and getattr(layer, "groups", 1) == 1
    return chosen_form() != "stock" and plain and layer.kernel_size[0] >= layer.strides[0]


def _finish(layer: keras.Layer, y: Tensor) -> Tensor:
    if layer.use_bias:
        y = y + layer.bias
    return layer.activation(y) if layer.activation is not None else y
