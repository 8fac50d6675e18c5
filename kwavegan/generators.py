"""Generators: from a latent and a label to a waveform."""

import keras
from keras import layers

from kwavegan.architecture import FRAMES, TAPS, Architecture
from kwavegan.layers import LabelConcat, StridedConv1DTranspose
from kwavegan.types import Tensor


def build_generator(a: Architecture, dtype: str = "float32") -> keras.Model:
    """Build the generator of `a`.

    Args:
        a: the architecture.
        dtype: Keras dtype policy, `"float32"` or `"mixed_bfloat16"`.

    Returns:
        A model from `{"latent": (batch, latent)}`, and `"label": (batch,)` if `a` is conditional,
        to audio (batch, length, channels), float32 in −1…1.
    """
    ladder = a.ladder
    deep = ladder.filters[-1]
    latent = keras.Input((a.latent,), name="latent", dtype="float32")
    inputs = {"latent": latent}
    if a.conditional:
        inputs["label"] = keras.Input((), name="label", dtype="int32")
    if not a.conditional:
        x = _frames_of(latent, deep, dtype)
    elif a.generator == "lean":
        joined = LabelConcat(a.labels, a.label_embedding, dtype=dtype, name="label_concat")
        x = _frames_of(joined(latent, inputs["label"]), deep, dtype)
    else:
        x = _frames_of_tables_5_and_7(latent, inputs["label"], a.labels, deep, dtype)
    x = layers.ReLU(dtype=dtype)(x)
    upward = list(zip(ladder.strides, (a.channels, *ladder.filters), strict=False))[::-1]
    for rung, (stride, filters) in enumerate(upward, start=1):
        up = StridedConv1DTranspose(filters, TAPS, stride, dtype=dtype, name=f"up_{rung}")
        x = up(x)
        if rung < len(upward):
            x = layers.ReLU(dtype=dtype)(x)
    # The last activation in float32: bfloat16 has 8 bits of precision, audible as noise.
    x = layers.Activation("tanh", dtype="float32", name="audio")(x)
    if ladder.length > a.length:
        x = layers.Cropping1D((0, ladder.length - a.length), dtype="float32", name="crop")(x)
    return keras.Model(inputs, x, name="generator")


def _frames_of(x: Tensor, deep: int, dtype: str):
    x = layers.Dense(FRAMES * deep, dtype=dtype, name="dense")(x)
    return layers.Reshape((FRAMES, deep), dtype=dtype)(x)


def _frames_of_tables_5_and_7(latent: Tensor, label: Tensor, labels: int, deep: int, dtype: str):
    """Dense and one-hot label joined on the channel axis, length 1, then 1 → 16 frames."""
    units = FRAMES * deep
    x = layers.Dense(units - labels, dtype=dtype, name="dense")(latent)
    x = LabelConcat(labels, dtype=dtype, name="label_concat")(x, label)
    x = layers.ReLU(dtype=dtype)(layers.Reshape((1, units), dtype=dtype)(x))
    # Stride 1 on a single frame, "valid": 16 frames come out.
    return layers.Conv1DTranspose(deep, FRAMES, padding="valid", dtype=dtype, name="up_0")(x)
