"""Keras layers for audio GANs, usable in any model on any backend.

All take audio as (batch, time, channels) and labels as (batch,) integers.
"""

from typing import Any

import keras
from keras import ops

from kwavegan.convolutions import chosen_form, folded_conv, folded_conv_transpose
from kwavegan.types import Tensor

register = keras.saving.register_keras_serializable("kwavegan")

LEARNED_PERIOD = 64
"""Samples between two strokes of a learned label plane (dissertation F.1, `_altMakeYFill`)."""

LEARNED_TAPS = 16
"""Samples that each stroke of a learned label plane lasts (the same listing)."""


@register
class PhaseShuffle(keras.layers.Layer):
    """Shift audio by a few samples at random, filling the gap by reflection, in training only.

    Transposed convolutions leave artefacts at fixed phases, by which a discriminator could tell
    generated audio without hearing it; the shift hides them (Donahue et al. 2018, section 3.3;
    dissertation 3.1.4). A shift of +1 delays the signal by one sample.

    Args:
        n: largest shift, in samples; 0 turns the layer off.
        per: `"example"` draws a shift for each example, `"batch"` one for all.
        seed: integer seed of the shifts that the layer draws itself.

    Call arguments:
        x: (batch, time, channels), time > n.
        shift: optional integers (batch,) in −n…n, used as given, in training or not. Without it
            the layer draws its own when `training`, and is the identity otherwise.

    Returns:
        The shape of `x`.

    Raises:
        ValueError: n is negative, `per` is unknown, or the signal is not longer than n.
    """

    def __init__(self, n: int = 2, per: str = "example", seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if n < 0:
            raise ValueError(f"PhaseShuffle: n must be 0 or more samples; got {n}")
        if per not in ("example", "batch"):
            raise ValueError(f"PhaseShuffle: per must be 'example' or 'batch'; got {per!r}")
        self.n, self.per, self.seed = n, per, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, x_shape: tuple, shift_shape: tuple | None = None) -> None:
        if x_shape[1] is not None and x_shape[1] <= self.n:
            raise ValueError(
                f"PhaseShuffle: a signal of {x_shape[1]} samples cannot be reflected by "
                f"{self.n}; it must be longer"
            )

    def call(self, x: Tensor, shift: Tensor = None, training: bool = False) -> Tensor:
        if self.n == 0 or (shift is None and not training):
            return x
        if shift is None:
            shift = draw_shifts(ops.shape(x)[0], (), self.n, self.per, self.seed_generator)
        return shift_reflected(x, shift)

    def compute_output_shape(self, x_shape: tuple, shift_shape: tuple | None = None) -> tuple:
        return x_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "n": self.n, "per": self.per, "seed": self.seed}


def draw_shifts(batch: Tensor, shape: tuple, n: int, per: str, seed: Tensor) -> Tensor:
    """Draw integers in −n…n: (batch, *shape), alike along the batch for `per="batch"`."""
    rows = batch if per == "example" else 1
    shifts = keras.random.randint((rows, *shape), -n, n + 1, dtype="int32", seed=seed)
    return shifts if per == "example" else ops.broadcast_to(shifts, (batch, *shape))


def shift_reflected(x: Tensor, shift: Tensor) -> Tensor:
    """Shift each example of x (batch, time, channels) by shift (batch,) samples, reflecting."""
    batch, (time, channels) = ops.shape(x)[0], x.shape[1:]
    index = ops.expand_dims(ops.arange(time, dtype="int32"), 0) - ops.expand_dims(shift, 1)
    index = (time - 1) - ops.abs((time - 1) - ops.abs(index))
    # Whole rows of one flat array: several times faster than take_along_axis on every backend.
    rows = index + time * ops.expand_dims(ops.arange(batch, dtype="int32"), 1)
    flat = ops.take(ops.reshape(x, (-1, channels)), ops.reshape(rows, (-1,)), axis=0)
    return ops.reshape(flat, (-1, time, channels))


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


@register
class StridedConv1D(keras.layers.Conv1D):
    """`keras.layers.Conv1D` with `padding="same"`: the same weights, the faster form.

    See `kwavegan.convolutions`. The folded form needs a length that the stride divides; other
    lengths take Keras' own.
    """

    def __init__(self, filters: int, kernel_size: int, strides: int = 1, **kwargs: Any):
        super().__init__(filters, kernel_size, strides, **{"padding": "same", **kwargs})

    def call(self, inputs: Tensor) -> Tensor:
        if inputs.shape[1] % self.strides[0] or not _foldable(self):
            return super().call(inputs)
        return _finish(self, folded_conv(inputs, self.kernel, self.strides[0]))


@register
class StridedConv1DTranspose(keras.layers.Conv1DTranspose):
    """`keras.layers.Conv1DTranspose` with `padding="same"`: the same weights, the faster form."""

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


def _finish(layer: keras.Layer, y: Tensor):
    if layer.use_bias:
        y = y + layer.bias
    return layer.activation(y) if layer.activation is not None else y
