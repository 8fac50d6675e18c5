"""Layers that condition a network on a label: concatenation, gating, and a score of its own.

They take labels as (batch,) integers.
"""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.types import Shape, Tensor

LEARNED_PERIOD = 64
"""Samples between strokes of a learned label plane (Hill 2018, F.1, `_altMakeYFill`)."""

LEARNED_TAPS = 16
"""Length in samples of each stroke of a learned label plane (the same listing)."""


@register
class LabelConcat(keras.layers.Layer):
    """Concatenate a label to a vector, or to audio as planes (Hill 2018, 3.2.1, tables 4, 5, 7).

    Args:
        num_labels: number of labels.
        units: dimensions of a learned embedding of the label; None for the one-hot label.
        planes: how the label fills time when the input is audio. `"constant"` repeats it at every
            sample; `"learned"` sends the one-hot label through a transposed convolution of 16 taps
            at stride 64 (Hill 2018, listing F.1).

    Call arguments:
        x: (batch, features) or (batch, time, channels).
        label: (batch,) integers, 0 … num_labels − 1.

    Returns:
        (batch, features + width) or (batch, time, channels + width), where width is `units`, or
        `num_labels` without an embedding.

    Raises:
        ValueError: unknown planes, learned planes with an embedding or with a vector, no labels.

    Example:
        >>> import numpy as np
        >>> from kwavegan import LabelConcat
        >>> audio, label = np.zeros((2, 8, 1), "float32"), np.array([0, 2])
        >>> tuple(LabelConcat(num_labels=3)(audio, label).shape)
        (2, 8, 4)
        >>> tuple(LabelConcat(num_labels=3, units=16)(np.zeros((2, 100), "float32"), label).shape)
        (2, 116)
    """

    def __init__(
        self, num_labels: int, units: int | None = None, planes: str = "constant", **kwargs: Any
    ):
        super().__init__(**kwargs)
        _check_labels("LabelConcat", num_labels)
        if planes not in ("constant", "learned"):
            raise ValueError(f"LabelConcat: planes must be constant or learned; got {planes!r}")
        if planes == "learned" and units is not None:
            raise ValueError("LabelConcat: learned planes are made of one-hot labels; omit units")
        self.num_labels, self.units, self.planes = num_labels, units, planes

    def build(self, x_shape: Shape, label_shape: Shape | None = None) -> None:
        if self.planes == "learned" and len(x_shape) != 3:
            raise ValueError("LabelConcat: learned planes need audio: (batch, time, channels)")
        if self.units is not None:
            # As large as a latent, or larger: a network ignores a label of small values.
            normal = keras.initializers.RandomNormal(stddev=1.0)
            shape = (self.num_labels, self.units)
            self.embedding = self.add_weight(shape, initializer=normal, name="embedding")
        if self.planes == "learned":
            kernel = (LEARNED_TAPS, self.num_labels, self.num_labels)
            self.kernel = self.add_weight(kernel, initializer="glorot_uniform", name="kernel")
            self.bias = self.add_weight((self.num_labels,), initializer="zeros", name="bias")

    def call(self, x: Tensor, label: Tensor) -> Tensor:
        values = one_hot(label, self.num_labels, dtype=self.compute_dtype)
        if self.units is not None:
            values = ops.matmul(values, self.embedding)
        if len(x.shape) == 3:
            values = self._fill_time(values, ops.shape(x)[0], x.shape[1])
        return ops.concatenate([x, values], axis=-1)

    def _fill_time(self, values: Tensor, batch: Tensor, time: int) -> Tensor:
        if self.planes == "constant":
            return ops.broadcast_to(values[:, None], (batch, time, values.shape[-1]))
        # The transposed convolution of a constant signal, written out: its stride is longer than
        # its kernel, so every period is one stroke of the kernel followed by silence.
        kernel = ops.reshape(self.kernel, (LEARNED_TAPS * self.num_labels, self.num_labels))
        stroke = ops.matmul(values, ops.transpose(kernel))
        stroke = ops.reshape(stroke, (-1, LEARNED_TAPS, self.num_labels))
        period = ops.pad(stroke, ((0, 0), (0, LEARNED_PERIOD - LEARNED_TAPS), (0, 0)))
        planes = ops.tile(period, (1, -(-time // LEARNED_PERIOD), 1))[:, :time]
        return planes + self.bias

    def compute_output_shape(self, x_shape: Shape, label_shape: Shape | None = None) -> Shape:
        width = self.num_labels if self.units is None else self.units
        return (*x_shape[:-1], x_shape[-1] + width)

    def get_config(self) -> dict[str, Any]:
        config = {"num_labels": self.num_labels, "units": self.units, "planes": self.planes}
        return {**super().get_config(), **config}


@register
class LabelGate(keras.layers.Layer):
    """Multiply audio by its label planes: each class enters in channels of its own.

    The 'novel method' of Hill 2018 (3.2.1, last paragraph): the channels of other classes are zero,
    so the next layer has filters of its own for every class and cannot ignore the label.

    Args:
        num_labels: number of labels.

    Call arguments:
        x: (batch, time, channels).
        label: (batch,) integers, 0 … num_labels − 1.

    Returns:
        (batch, time, num_labels × channels); class k has channels k·channels to
        (k + 1)·channels − 1.

    Raises:
        ValueError: no labels.

    Example:
        >>> import numpy as np
        >>> from kwavegan import LabelGate
        >>> gated = LabelGate(num_labels=3)(np.ones((1, 8, 1), "float32"), np.array([1]))
        >>> np.asarray(gated)[0, 0].tolist()
        [0.0, 1.0, 0.0]
    """

    def __init__(self, num_labels: int, **kwargs: Any):
        super().__init__(**kwargs)
        _check_labels("LabelGate", num_labels)
        self.num_labels = num_labels

    def call(self, x: Tensor, label: Tensor) -> Tensor:
        gate = one_hot(label, self.num_labels, dtype=self.compute_dtype)[:, None, :, None]
        gated = ops.expand_dims(x, 2) * gate
        return ops.reshape(gated, (-1, x.shape[1], self.num_labels * x.shape[2]))

    def compute_output_shape(self, x_shape: Shape, label_shape: Shape | None = None) -> Shape:
        return (*x_shape[:-1], self.num_labels * x_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_labels": self.num_labels}


@register
class LabelScore(keras.layers.Layer):
    """Pick the score of a label from the scores of all: the end of a projection discriminator.

    Projecting features on an embedding of the label (Miyato & Koyama 2018) is the same as a dense
    layer with a score for each label, of which one counts.

    Call arguments:
        scores: (batch, num_labels).
        label: (batch,) integers, 0 … num_labels − 1.

    Returns:
        (batch, 1).

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import LabelScore
        >>> scores = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32")
        >>> np.asarray(LabelScore()(scores, np.array([2, 0]))).tolist()
        [[3.0], [4.0]]
    """

    def call(self, scores: Tensor, label: Tensor) -> Tensor:
        # A sum of products, whose gradients are the quickest on every backend.
        own = one_hot(label, scores.shape[-1], dtype=self.compute_dtype)
        return ops.sum(scores * own, axis=-1, keepdims=True)

    def compute_output_shape(self, scores_shape: Shape, label_shape: Shape | None = None) -> Shape:
        return (*scores_shape[:-1], 1)


def one_hot(label: Tensor, num_labels: int, dtype: str = "float32") -> Tensor:
    """Return labels (batch,) as rows of zeros with a one, (batch, num_labels).

    Keras' own looks at the values of the labels on PyTorch, so a step with it cannot be recorded.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers.label_conditioning import one_hot
        >>> np.asarray(one_hot(np.array([1, 0]), 3)).tolist()
        [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    numbers = ops.arange(num_labels, dtype="int32")
    return ops.cast(ops.equal(ops.cast(label, "int32")[:, None], numbers), dtype)


def _check_labels(layer: str, num_labels: int) -> None:
    if num_labels < 1:
        raise ValueError(f"{layer}: needs at least one label; got {num_labels}")
