"""Layers that condition a network on a label: concatenation, gating, and a score of its own.

They take labels as (batch,) integers. Where labels have several attributes, as `kick/hard` has, an
argument `codes` says for each label the number of each of its values, the values of all attributes
being numbered in a row: a row of codes stands where else one number does.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.layers.codes import count_attributes, count_values
from kwavegan.types import Codes, Shape, Tensor

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
        codes: of labels with several attributes, (labels, attributes); () for labels as a whole.
            Then a label is as many ones, or embeddings in a row.

    Call arguments:
        x: (batch, features) or (batch, time, channels).
        label: (batch,) integers, 0 … num_labels − 1.

    Returns:
        (batch, features + width) or (batch, time, channels + width), where width is `units`, or
        `num_labels` without an embedding; with codes `units` for each attribute, or a value for
        each value.

    Raises:
        ValueError: unknown planes, learned planes with an embedding or with a vector, no labels.

    Example:
        >>> import numpy as np
        >>> from kwavegan import LabelConcat
        >>> audio, label = np.zeros((2, 8, 1), "float32"), np.array([0, 2])
        >>> tuple(LabelConcat(num_labels=3)(audio, label).shape)
        (2, 8, 4)
        >>> latent = np.zeros((2, 100), "float32")
        >>> tuple(LabelConcat(num_labels=3, units=16)(latent, label).shape)
        (2, 116)
        >>> codes = ((0, 2), (0, 3), (1, 2), (1, 3))
        >>> tuple(LabelConcat(num_labels=4, units=16, codes=codes)(latent, label).shape)
        (2, 132)
    """

    def __init__(
        self,
        num_labels: int,
        units: int | None = None,
        planes: str = "constant",
        codes: Sequence[Sequence[int]] = (),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        _check_labels("LabelConcat", num_labels)
        if planes not in ("constant", "learned"):
            raise ValueError(f"LabelConcat: planes must be constant or learned; got {planes!r}")
        if planes == "learned" and units is not None:
            raise ValueError("LabelConcat: learned planes are made of one-hot labels; omit units")
        self.num_labels, self.units, self.planes = num_labels, units, planes
        self.codes = _checked_codes("LabelConcat", codes, num_labels)
        self.values = count_values(num_labels, self.codes)

    def build(self, x_shape: Shape, label_shape: Shape | None = None) -> None:
        if self.planes == "learned" and len(x_shape) != 3:
            raise ValueError("LabelConcat: learned planes need audio: (batch, time, channels)")
        if self.units is not None:
            # As large as a latent, or larger: a network ignores a label of small values.
            normal = keras.initializers.RandomNormal(stddev=1.0)
            shape = (self.values, self.units)
            self.embedding = self.add_weight(shape, initializer=normal, name="embedding")
        if self.planes == "learned":
            kernel = (LEARNED_TAPS, self.values, self.values)
            self.kernel = self.add_weight(kernel, initializer="glorot_uniform", name="kernel")
            self.bias = self.add_weight((self.values,), initializer="zeros", name="bias")

    def call(self, x: Tensor, label: Tensor) -> Tensor:
        if self.units is None:
            values = hot(label, self.values, self.codes, dtype=self.compute_dtype)
        else:
            numbers = numbers_of(label, self.codes)
            values = one_hot(numbers, self.values, dtype=self.compute_dtype)
            values = ops.matmul(values, self.embedding)
            if self.codes:
                values = ops.reshape(values, (-1, count_attributes(self.codes) * self.units))
        if len(x.shape) == 3:
            values = self._fill_time(values, ops.shape(x)[0], x.shape[1])
        return ops.concatenate([x, values], axis=-1)

    def _fill_time(self, values: Tensor, batch: Tensor, time: int) -> Tensor:
        if self.planes == "constant":
            return ops.broadcast_to(values[:, None], (batch, time, values.shape[-1]))
        # The transposed convolution of a constant signal, written out: its stride is longer than
        # its kernel, so every period is one stroke of the kernel followed by silence.
        kernel = ops.reshape(self.kernel, (LEARNED_TAPS * self.values, self.values))
        stroke = ops.matmul(values, ops.transpose(kernel))
        stroke = ops.reshape(stroke, (-1, LEARNED_TAPS, self.values))
        period = ops.pad(stroke, ((0, 0), (0, LEARNED_PERIOD - LEARNED_TAPS), (0, 0)))
        planes = ops.tile(period, (1, -(-time // LEARNED_PERIOD), 1))[:, :time]
        return planes + self.bias

    def compute_output_shape(self, x_shape: Shape, label_shape: Shape | None = None) -> Shape:
        embeddings = count_attributes(self.codes)
        width = self.values if self.units is None else embeddings * self.units
        return (*x_shape[:-1], x_shape[-1] + width)

    def get_config(self) -> dict[str, Any]:
        config = {"num_labels": self.num_labels, "units": self.units, "planes": self.planes}
        return {**super().get_config(), **config, "codes": self.codes}


@register
class LabelGate(keras.layers.Layer):
    """Multiply audio by its label planes: each class enters in channels of its own.

    The 'novel method' of Hill 2018 (3.2.1, last paragraph): the channels of other classes are zero,
    so the next layer has filters of its own for every class and cannot ignore the label.

    Args:
        num_labels: number of labels.
        codes: of labels with several attributes, (labels, attributes); () for labels as a whole.
            Then each value has channels of its own, and those of all values of the label are open.

    Call arguments:
        x: (batch, time, channels).
        label: (batch,) integers, 0 … num_labels − 1.

    Returns:
        (batch, time, num_labels × channels), or as many times as there are values; class k has
        channels k·channels to (k + 1)·channels − 1.

    Raises:
        ValueError: no labels.

    Example:
        >>> import numpy as np
        >>> from kwavegan import LabelGate
        >>> gated = LabelGate(num_labels=3)(np.ones((1, 8, 1), "float32"), np.array([1]))
        >>> np.asarray(gated)[0, 0].tolist()
        [0.0, 1.0, 0.0]
    """

    def __init__(self, num_labels: int, codes: Sequence[Sequence[int]] = (), **kwargs: Any):
        super().__init__(**kwargs)
        _check_labels("LabelGate", num_labels)
        self.num_labels = num_labels
        self.codes = _checked_codes("LabelGate", codes, num_labels)
        self.values = count_values(num_labels, self.codes)

    def call(self, x: Tensor, label: Tensor) -> Tensor:
        gate = hot(label, self.values, self.codes, dtype=self.compute_dtype)[:, None, :, None]
        gated = ops.expand_dims(x, 2) * gate
        return ops.reshape(gated, (-1, x.shape[1], self.values * x.shape[2]))

    def compute_output_shape(self, x_shape: Shape, label_shape: Shape | None = None) -> Shape:
        return (*x_shape[:-1], self.values * x_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_labels": self.num_labels, "codes": self.codes}


@register
class LabelScore(keras.layers.Layer):
    """Pick the score of a label from the scores of all: the end of a projection discriminator.

    Projecting features on an embedding of the label (Miyato & Koyama 2018) is the same as a dense
    layer with a score for each label, of which one counts.

    Args:
        codes: of labels with several attributes, (labels, attributes); () for labels as a whole.
            Then the scores are those of values, and the sum over a label's values counts.

    Call arguments:
        scores: (batch, num_labels), or a score for each value.
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

    def __init__(self, codes: Sequence[Sequence[int]] = (), **kwargs: Any):
        super().__init__(**kwargs)
        self.codes = _checked_codes("LabelScore", codes)

    def call(self, scores: Tensor, label: Tensor) -> Tensor:
        # A sum of products, whose gradients are the quickest on every backend.
        own = hot(label, scores.shape[-1], self.codes, dtype=self.compute_dtype)
        return ops.sum(scores * own, axis=-1, keepdims=True)

    def compute_output_shape(self, scores_shape: Shape, label_shape: Shape | None = None) -> Shape:
        return (*scores_shape[:-1], 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "codes": self.codes}


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


def numbers_of(label: Tensor, codes: Codes) -> Tensor:
    """Return the numbers of the values of labels (batch,), in a row: (batch × attributes,).

    Without codes they are the labels themselves.
    """
    if not codes:
        return label
    table = np.asarray(codes, "int32")
    return ops.reshape(ops.take(table, ops.cast(label, "int32"), axis=0), (-1,))


def hot(label: Tensor, values: int, codes: Codes, dtype: str = "float32") -> Tensor:
    """Return labels (batch,) as rows of zeros with a one for each attribute, (batch, values).

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers.label_conditioning import hot
        >>> np.asarray(hot(np.array([1, 0]), 4, codes=((0, 2), (1, 2), (0, 3)))).tolist()
        [[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0]]
    """
    ones = one_hot(numbers_of(label, codes), values, dtype)
    return ops.sum(ops.reshape(ones, (-1, len(codes[0]), values)), axis=1) if codes else ones


def find_codes(*networks: keras.Model) -> Codes:
    """Return the codes that the label layers of networks have; () for labels as a whole."""
    layers = (layer for network in networks for layer in network._flatten_layers())
    return next((found for layer in layers if (found := getattr(layer, "codes", ()))), ())


def _checked_codes(
    layer: str, codes: Sequence[Sequence[int]], num_labels: int | None = None
) -> Codes:
    # Keras gives lists back.
    checked = tuple(tuple(int(number) for number in row) for row in codes)
    if checked and num_labels not in (None, len(checked)):
        raise ValueError(f"{layer}: codes of {len(checked)} labels; there are {num_labels}")
    if len({len(row) for row in checked}) > 1:
        raise ValueError(f"{layer}: each label's codes must be as many")
    return checked


def _check_labels(layer: str, num_labels: int) -> None:
    if num_labels < 1:
        raise ValueError(f"{layer}: needs at least one label; got {num_labels}")
