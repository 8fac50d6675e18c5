"""Levels shared out between noise and pulses, as a Keras layer."""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.layers.tables import VOICING_LIMIT
from kwavegan.types import Shape, Tensor


@register
class Voicing(keras.layers.Layer):
    """Share out levels between noise and pulses; no weights.

    A voice is one sound: what shapes its pulses shapes its breath. Where pulses had levels and a
    gate of their own, they were heard as a faint whine in silence.

    Call arguments:
        levels: (batch, frames, values): natural logarithms.
        logits: (batch, frames, values): of the share of pulses, limited softly to ±6.

    Returns:
        The levels of the noise and those of the pulses, each the shape of levels, float32.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import Voicing
        >>> noise, pulses = Voicing()(np.zeros((2, 12, 8)), np.full((2, 12, 8), 2.0))
        >>> round(float(noise[0, 0, 0]), 2), round(float(pulses[0, 0, 0]), 2)
        (-2.06, -0.14)
    """

    def __init__(self, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)

    def call(self, levels: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
        levels, logits = ops.cast(levels, "float32"), ops.cast(logits, "float32")
        limited = VOICING_LIMIT * ops.tanh(logits / VOICING_LIMIT)
        shared = levels - ops.softplus(limited), levels - ops.softplus(-limited)
        return ops.cast(shared[0], self.compute_dtype), ops.cast(shared[1], self.compute_dtype)

    def compute_output_shape(self, levels_shape: Shape, logits_shape: Shape) -> tuple[Shape, Shape]:
        return levels_shape, levels_shape
