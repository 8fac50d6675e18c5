"""Discriminators: critics of the samples, of spectrograms, or both."""

import keras
from keras import layers

from kwavegan.layers.label_conditioning import LabelConcat, LabelGate
from kwavegan.layers.phase_shuffle import PhaseShuffle
from kwavegan.layers.strided_conv import StridedConv1D
from kwavegan.networks.architecture import FRAMES, TAPS, Architecture
from kwavegan.networks.front_end import CRITICS, _senses
from kwavegan.types import Tensor

SPECTRAL_TAPS = 9

SPECTRAL_WIDTH = 4  # times the width: filters of a spectral critic's first layer

SPECTRAL_FRAMES = 8


def build_discriminator(a: Architecture, dtype: str = "float32") -> keras.Model:
    """Build the discriminator of `a`.

    Args:
        a: the architecture.
        dtype: Keras dtype policy, `"float32"` or `"mixed_bfloat16"`.

    Returns:
        A model from `{"audio": (batch, length, channels)}`, with `"label": (batch,)` for `cwgan`
        and `"shifts": (batch, a.shuffles)` integers where there are phase shuffles, to
        `{"score": (batch, 1)}`, float32 without bounds, and for `acgan` `"logits"` (batch, labels).
    """
    audio = keras.Input((a.length, a.channels), name="audio", dtype="float32")
    inputs = {"audio": audio}
    if a.discriminator_sees_label:
        inputs["label"] = keras.Input((), name="label", dtype="int32")
    if a.shuffles:
        inputs["shifts"] = keras.Input((a.shuffles,), name="shifts", dtype="int32")
    if a.critic == "wave":
        return keras.Model(inputs, _waveform_critic(a, inputs, dtype), name="discriminator")
    senses = {sense.name: sense for sense in _senses(a)}
    critics = _critics(a, inputs, senses, dtype)
    given = {**inputs, **{name: sense(audio) for name, sense in senses.items()}}
    heads = critics({name: given[name] for name in critics.input})
    return keras.Model(inputs, heads, name="discriminator")


def _critics(a: Architecture, outer: dict, senses: dict, dtype: str) -> keras.Model:
    """Return all critics as one model, from what is heard to the sums of their heads.

    A model in the model, so that a penalty on slopes can take what is heard as its input: see
    `kwavegan.networks.front_end`.
    """
    labels = {
        name: keras.Input(x.shape[1:], name=name, dtype=x.dtype)
        for name, x in outer.items()
        if name != "audio"
    }
    heard = {
        name: keras.Input(sense.compute_output_shape((None, a.length, a.channels))[1:], name=name)
        for name, sense in senses.items()
    }
    heads = [
        _waveform_critic(a, {**labels, "audio": x}, dtype)
        if name == "samples"
        else _spectral_critic(a, {**labels, name: x}, name, dtype)
        for name, x in heard.items()
    ]
    total = {name: _sum([each[name] for each in heads], name) for name in heads[0]}
    return keras.Model({**labels, **heard}, total, name=CRITICS)


def _sum(tensors: list, name: str) -> Tensor:
    if len(tensors) == 1:
        return tensors[0]
    return layers.Add(dtype="float32", name=f"sum_of_{name}")(tensors)


def _waveform_critic(a: Architecture, inputs: dict, dtype: str) -> dict:
    """Return the heads of tables 3, 4 and 6."""
    ladder = a.ladder
    x = inputs["audio"]
    if ladder.length > a.length:
        pad = layers.ZeroPadding1D((0, ladder.length - a.length), dtype=dtype, name="pad")
        x = pad(x)
    if a.discriminator_sees_label:
        x = _conditioning_layer(a, dtype)(x, inputs["label"])
    for rung, (stride, filters) in enumerate(zip(ladder.strides, ladder.filters, strict=True)):
        down = StridedConv1D(filters, TAPS, stride, dtype=dtype, name=f"down_{rung + 1}")
        x = layers.LeakyReLU(0.2, dtype=dtype)(down(x))
        if rung < a.shuffles:
            shuffle = PhaseShuffle(a.phase_shuffle, dtype=dtype, name=f"phase_shuffle_{rung + 1}")
            x = shuffle(x, inputs["shifts"][:, rung])
    return _heads(a, x)


def _conditioning_layer(a: Architecture, dtype: str) -> keras.Layer:
    if a.conditioning == "gate":
        return LabelGate(a.labels, dtype=dtype, name="label_gate")
    planes = "learned" if a.conditioning == "learned" else "constant"
    return LabelConcat(a.labels, planes=planes, dtype=dtype, name="label_concat")


def _spectral_critic(a: Architecture, inputs: dict, name: str, dtype: str) -> dict:
    """Return the heads of a critic of one spectrogram: bands as channels, frames halved to 8."""
    x = inputs[name]
    if a.discriminator_sees_label and a.conditioning != "gate":
        x = LabelConcat(a.labels, dtype=dtype, name=f"{name}_label_concat")(x, inputs["label"])
    filters, rung = SPECTRAL_WIDTH * a.width, 1
    while x.shape[1] > SPECTRAL_FRAMES:
        down = StridedConv1D(filters, SPECTRAL_TAPS, 2, dtype=dtype, name=f"{name}_down_{rung}")
        x = layers.LeakyReLU(0.2, dtype=dtype)(down(x))
        filters, rung = min(2 * filters, 4 * SPECTRAL_WIDTH * a.width), rung + 1
    return _spectral_heads(a, x, inputs, name)


def _spectral_heads(a: Architecture, x: Tensor, inputs: dict, name: str) -> dict:
    """Return the score, one for each label behind a gate, and the class logits of `acgan`."""
    flat = layers.Flatten(dtype="float32", name=f"{name}_flat")(x)
    heads = {}
    if a.model == "acgan":
        logits = layers.Dense(a.labels, dtype="float32", name=f"{name}_logits")
        heads["logits"] = logits(flat)
    if a.discriminator_sees_label and a.conditioning == "gate":
        row = layers.Reshape((1, -1), dtype="float32")(flat)
        gate = LabelGate(a.labels, dtype="float32", name=f"{name}_label_gate")
        flat = layers.Flatten(dtype="float32")(gate(row, inputs["label"]))
    return {"score": layers.Dense(1, dtype="float32", name=f"{name}_score")(flat), **heads}


def _heads(a: Architecture, x: Tensor) -> dict:
    """Return the score, and the class logits of `acgan`; both are computed in float32."""
    flat = layers.Flatten(dtype="float32")
    if not a.conditional:
        return {"score": layers.Dense(1, dtype="float32", name="score")(flat(x))}
    # A convolution as long as its input: the same sum as a dense layer, as tables 4 and 6 print.
    score = layers.Conv1D(1, FRAMES, padding="valid", dtype="float32", name="score")(x)
    heads = {"score": layers.Reshape((1,), dtype="float32")(score)}
    if a.model == "acgan":
        heads["logits"] = layers.Dense(a.labels, dtype="float32", name="logits")(flat(x))
    return heads
