"""The end of a generator: samples within full scale, and what is not loud left as it is."""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.layers.tables import LINEAR_TO
from kwavegan.types import Shape, Tensor


@register
class SoftClip(keras.layers.Layer):
    """Leave samples up to 0.75 as they are, and bend louder ones to stay within 1; no weights.

    A tanh bends every sample: of two tones it makes a third and a fourth, and of the noise of a
    hat low noise, where a recording has silence; the louder a sound, the louder they are. Here the
    curve is straight for all but peaks, and has no corner.

    Call arguments:
        x: audio of any shape.

    Returns:
        The shape of x, float32 in −1…1.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import SoftClip
        >>> np.array(SoftClip()(np.array([0.5, -0.75, 1.0, 9.0], "float32"))).round(3)
        array([ 0.5 , -0.75,  0.94,  1.  ], dtype=float32)
    """

    def __init__(self, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)

    def call(self, x: Tensor) -> Tensor:
        x = ops.cast(x, "float32")
        straight, rest = ops.clip(x, -LINEAR_TO, LINEAR_TO), 1.0 - LINEAR_TO
        return ops.cast(straight + rest * ops.tanh((x - straight) / rest), self.compute_dtype)

    def compute_output_shape(self, x_shape: Shape) -> Shape:
        return x_shape
