"""Keras layers for audio GANs, usable in any model on any backend.

All take audio as (batch, time, channels) and labels as (batch,) integers.
"""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.types import Tensor

LEARNED_PERIOD = 64
"""Samples between two strokes of a learned label plane (dissertation F.1, `_altMakeYFill`)."""

LEARNED_TAPS = 16
"""Samples that each stroke of a learned label plane lasts (the same listing)."""


@register
class LabelConcat(keras.layers.Layer):
    """Join a label to a vector, or to audio as planes (dissertation 3.2.1, tables 4, 5 and 7).

    Args:
        labels: number of labels.
        units: size of a learned embedding of the label; None joins the label one-hot.
        planes: how the label fills time when the input is audio. `"constant"` repeats it at every
            sample; `"learned"` sends the one-hot label through a transposed convolution of 16 taps
            at stride 64, as the dissertation's listing F.1 does.

    Call arguments:
        x: (batch, features) or (batch, time, channels).
        label: (batch,) integers, 0 … labels − 1.

    Returns:
        (batch, features + width) or (batch, time, channels + width), where width is `units`, or
        `labels` without an embedding.

    Raises:
        ValueError: unknown planes, learned planes with an embedding or with a vector, no labels.
    """

    def __init__(
        self, labels: int, units: int | None = None, planes: str = "constant", **kwargs: Any
    ):
        super().__init__(**kwargs)
        _check_labels("LabelConcat", labels)
        if planes not in ("constant", "learned"):
            raise ValueError(f"LabelConcat: planes must be constant or learned; got {planes!r}")
        if planes == "learned" and units is not None:
            raise ValueError("LabelConcat: learned planes are made of one-hot labels; omit units")
        self.labels, self.units, self.planes = labels, units, planes

    def build(self, x_shape: tuple, label_shape: tuple | None = None) -> None:
        if self.planes == "learned" and len(x_shape) != 3:
            raise ValueError("LabelConcat: learned planes need audio: (batch, time, channels)")
        if self.units is not None:
            # As loud as a latent, or louder: a label that whispers is one that is overlooked.
            loud = keras.initializers.RandomNormal(stddev=1.0)
            shape = (self.labels, self.units)
            self.embedding = self.add_weight(shape, initializer=loud, name="embedding")
        if self.planes == "learned":
            shape = (LEARNED_TAPS, self.labels, self.labels)
            self.kernel = self.add_weight(shape, initializer="glorot_uniform", name="kernel")
            self.bias = self.add_weight((self.labels,), initializer="zeros", name="bias")

    def call(self, x: Tensor, label: Tensor) -> Tensor:
        values = ops.one_hot(label, self.labels, dtype=self.compute_dtype)
        if self.units is not None:
            values = ops.matmul(values, self.embedding)
        if len(x.shape) == 3:
            values = self._fill_time(values, ops.shape(x)[0], x.shape[1])
        return ops.concatenate([x, values], axis=-1)

    def _fill_time(self, values: Tensor, batch: Tensor, time: int):
        if self.planes == "constant":
            return ops.broadcast_to(values[:, None], (batch, time, values.shape[-1]))
        # The transposed convolution of a constant signal, written out: its stride is longer than
        # its kernel, so every period is one stroke of the kernel followed by silence.
        kernel = ops.reshape(self.kernel, (LEARNED_TAPS * self.labels, self.labels))
        stroke = ops.matmul(values, ops.transpose(kernel))
        stroke = ops.reshape(stroke, (-1, LEARNED_TAPS, self.labels))
        period = ops.pad(stroke, ((0, 0), (0, LEARNED_PERIOD - LEARNED_TAPS), (0, 0)))
        planes = ops.tile(period, (1, -(-time // LEARNED_PERIOD), 1))[:, :time]
        return planes + self.bias

    def compute_output_shape(self, x_shape: tuple, label_shape: tuple | None = None) -> tuple:
        width = self.labels if self.units is None else self.units
        return (*x_shape[:-1], x_shape[-1] + width)

    def get_config(self) -> dict:
        config = {"labels": self.labels, "units": self.units, "planes": self.planes}
        return {**super().get_config(), **config}


@register
class LabelGate(keras.layers.Layer):
    """Multiply audio by its label planes: each class enters in channels of its own.

    The 'novel method' of the dissertation (3.2.1, last paragraph): the channels of other classes
    are silent, so the next layer has filters of its own for every class and cannot overlook the
    label.

    Args:
        labels: number of labels.

    Call arguments:
        x: (batch, time, channels).
        label: (batch,) integers, 0 … labels − 1.

    Returns:
        (batch, time, labels × channels); class k holds channels k·channels … (k + 1)·channels − 1.

    Raises:
        ValueError: no labels.
    """

    def __init__(self, labels: int, **kwargs: Any):
        super().__init__(**kwargs)
        _check_labels("LabelGate", labels)
        self.labels = labels

    def call(self, x: Tensor, label: Tensor) -> Tensor:
        gate = ops.one_hot(label, self.labels, dtype=self.compute_dtype)[:, None, :, None]
        gated = ops.expand_dims(x, 2) * gate
        return ops.reshape(gated, (-1, x.shape[1], self.labels * x.shape[2]))

    def compute_output_shape(self, x_shape: tuple, label_shape: tuple | None = None) -> tuple:
        return (*x_shape[:-1], self.labels * x_shape[-1])

    def get_config(self) -> dict:
        return {**super().get_config(), "labels": self.labels}


def _check_labels(layer: str, labels: int) -> None:
    if labels < 1:
        raise ValueError(f"{layer}: needs at least one label; got {labels}")
