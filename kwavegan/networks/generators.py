"""Generators: from a latent and a label to a waveform."""

import math

import keras
from keras import layers

from kwavegan.layers.inverse_stft import InverseFourier
from kwavegan.layers.label_conditioning import LabelConcat
from kwavegan.layers.strided_conv import StridedConv1DTranspose
from kwavegan.networks.architecture import FRAMES, TAPS, Architecture


def hop_of(rate: int, length: int) -> int:
    """Return the samples between frames of sounds of `length` samples, a power of two.

    1/64 s, that a window of four hops can tell the partials of a low voice apart; shorter where a
    sound would otherwise have fewer than 64 frames.
    """
    return 2 ** max(0, round(math.log2(min(rate, length) / 64)))


FRAME_WIDTHS = (16, 12, 8)
"""Times the width: filters of 16 frames, of 32, and of 64 or more, in a generator of frames."""

FRAME_TAPS = 9

BIN_TAPS = 5


def build_generator(a: Architecture, dtype: str = "float32") -> keras.Model:
    """Build the generator of `a`.

    Args:
        a: the architecture.
        dtype: Keras dtype policy, `"float32"` or `"mixed_bfloat16"`.

    Returns:
        A model from `{"latent": (batch, latent)}`, and `"label": (batch,)` if `a` is conditional,
        to audio (batch, length, channels), float32 in −1…1.
    """
    inputs = {"latent": keras.Input((a.latent,), name="latent", dtype="float32")}
    if a.conditional:
        inputs["label"] = keras.Input((), name="label", dtype="int32")
    body = _upward_by_frames if a.generator == "frames" else _upward_by_ladder
    x = body(a, inputs, dtype)
    # The last activation in float32: bfloat16 has 8 bits of precision, audible as noise.
    x = layers.Activation("tanh", dtype="float32", name="audio")(x)
    if x.shape[1] > a.length:
        x = layers.Cropping1D((0, x.shape[1] - a.length), dtype="float32", name="crop")(x)
    return keras.Model(inputs, x, name="generator")


def _upward_by_frames(a: Architecture, inputs: dict, dtype: str):
    """Double 16 frames until there is one each hop, and make spectra of them."""
    hop = hop_of(a.rate, a.ladder.length)
    x = _joined_and_dense(a, inputs, FRAME_WIDTHS[0] * a.width, dtype)
    x = layers.ReLU(dtype=dtype)(x)
    rung = 0
    while x.shape[1] * hop < a.ladder.length:
        rung += 1
        filters = FRAME_WIDTHS[min(rung, len(FRAME_WIDTHS) - 1)] * a.width
        up = StridedConv1DTranspose(filters, FRAME_TAPS, 2, dtype=dtype, name=f"up_{rung}")
        x = layers.ReLU(dtype=dtype)(up(x))
    synthesis = InverseFourier(hop, a.channels, dtype="float32", name="synthesis")
    bins = layers.Conv1D(synthesis.units, BIN_TAPS, padding="same", dtype=dtype, name="bins")
    return synthesis(bins(x))


def _upward_by_ladder(a: Architecture, inputs: dict, dtype: str):
    """Go the discriminator's ladder upward: tables 2, 5 and 7 from their 16 frames on."""
    ladder = a.ladder
    if a.conditional and a.generator == "dissertation":
        x = _frames_of_tables_5_and_7(a, inputs, dtype)
    else:
        x = _joined_and_dense(a, inputs, ladder.filters[-1], dtype)
    x = layers.ReLU(dtype=dtype)(x)
    upward = list(zip(ladder.strides, (a.channels, *ladder.filters), strict=False))[::-1]
    for rung, (stride, filters) in enumerate(upward, start=1):
        x = StridedConv1DTranspose(filters, TAPS, stride, dtype=dtype, name=f"up_{rung}")(x)
        if rung < len(upward):
            x = layers.ReLU(dtype=dtype)(x)
    return x


def _joined_and_dense(a: Architecture, inputs: dict, deep: int, dtype: str):
    """Return the latent, joined by the label's embedding, as 16 frames of `deep` values."""
    x = inputs["latent"]
    if a.conditional:
        joined = LabelConcat(a.labels, a.label_embedding, dtype=dtype, name="label_concat")
        x = joined(x, inputs["label"])
    x = layers.Dense(FRAMES * deep, dtype=dtype, name="dense")(x)
    return layers.Reshape((FRAMES, deep), dtype=dtype)(x)


def _frames_of_tables_5_and_7(a: Architecture, inputs: dict, dtype: str):
    """Dense and one-hot label joined on the channel axis, length 1, then 1 → 16 frames."""
    deep = a.ladder.filters[-1]
    units = FRAMES * deep
    x = layers.Dense(units - a.labels, dtype=dtype, name="dense")(inputs["latent"])
    x = LabelConcat(a.labels, dtype=dtype, name="label_concat")(x, inputs["label"])
    x = layers.ReLU(dtype=dtype)(layers.Reshape((1, units), dtype=dtype)(x))
    # Stride 1 on a single frame, "valid": 16 frames come out.
    return layers.Conv1DTranspose(deep, FRAMES, padding="valid", dtype=dtype, name="up_0")(x)
