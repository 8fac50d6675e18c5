"""Discriminators: critics of the samples, of spectrograms, or both."""

import keras
from keras import layers

from kwavegan.backend.defaults import keras_defaults
from kwavegan.layers.label_conditioning import LabelConcat, LabelGate, LabelScore
from kwavegan.layers.phase_shuffle import PhaseShuffle
from kwavegan.layers.strided_conv import StridedConv1D
from kwavegan.networks.architecture import FRAMES, TAPS, Architecture
from kwavegan.networks.front_end import CRITICS_MODEL, front_end_layers, spectra
from kwavegan.networks.label_axes import LabelAxis, mark
from kwavegan.types import Tensor, Tensors

SPECTRAL_TAPS = 9
SPECTRAL_GROWTH = 4
"""Most filters of a layer of a spectral critic, in those of its first layer."""
SPECTRAL_FRAMES = 8


@keras_defaults()
def build_discriminator(a: Architecture, dtype: str = "float32") -> keras.Model:
    """Build the discriminator of `a`.

    Args:
        a: the architecture.
        dtype: Keras dtype policy, `"float32"` or `"mixed_bfloat16"`.

    Returns:
        A model from `{"audio": (batch, length, channels)}`, with `"label": (batch,)` for `cwgan`
        and `"shifts": (batch, a.shuffles)` integers where there are phase shuffles, to
        `{"score": (batch, 1)}`, float32 without bounds, and where it has a class head `"logits"`
        (batch, label_units): for `acgan`, and for `cwgan` with spectral critics behind a gate.

    Example:
        >>> from kwavegan.networks import Architecture, build_discriminator
        >>> a = Architecture(256, num_labels=2, model="acgan", width=2, rate=4096)
        >>> sorted(build_discriminator(a).output)
        ['logits', 'score']
    """
    audio = keras.Input((a.length, a.channels), name="audio", dtype="float32")
    inputs = {"audio": audio}
    if a.discriminator_sees_label:
        inputs["label"] = keras.Input((), name="label", dtype="int32")
    if a.shuffles:
        inputs["shifts"] = keras.Input((a.shuffles,), name="shifts", dtype="int32")
    if a.critic == "waveform":
        return keras.Model(inputs, _waveform_critic(a, inputs, dtype), name="discriminator")
    front_end = {layer.name: layer for layer in front_end_layers(a)}
    critics = _critics(a, inputs, front_end, dtype)
    given = {**inputs, **{name: layer(audio) for name, layer in front_end.items()}}
    heads = critics({name: given[name] for name in critics.input})
    return keras.Model(inputs, heads, name="discriminator")


def _critics(a: Architecture, outer: Tensors, front_end: Tensors, dtype: str) -> keras.Model:
    """Return all critics as one model, from the front end's outputs to the sums of their heads.

    A model in the model, so that a gradient penalty can take the features as its input: see
    `kwavegan.networks.front_end`.
    """
    labels = {
        name: keras.Input(x.shape[1:], name=name, dtype=x.dtype)
        for name, x in outer.items()
        if name != "audio"
    }
    features = {
        name: keras.Input(layer.compute_output_shape((None, a.length, a.channels))[1:], name=name)
        for name, layer in front_end.items()
    }
    widths = {name: each.width * a.width for name, each in spectra(a).items()}
    heads = [
        _waveform_critic(a, {**labels, "audio": x}, dtype)
        if name == "samples"
        else _spectral_critic(a, {**labels, name: x}, name, widths[name], dtype)
        for name, x in features.items()
    ]
    total = {name: _sum([each[name] for each in heads if name in each], name) for name in heads[-1]}
    return keras.Model({**labels, **features}, total, name=CRITICS_MODEL)


def _sum(tensors: list[Tensor], name: str) -> Tensor:
    if len(tensors) == 1:
        return tensors[0]
    return layers.Add(dtype="float32", name=f"sum_of_{name}")(tensors)


def _waveform_critic(a: Architecture, inputs: Tensors, dtype: str) -> Tensors:
    """Return the heads of tables 3, 4 and 6."""
    stages = a.stages
    x = inputs["audio"]
    if stages.length > a.length:
        pad = layers.ZeroPadding1D((0, stages.length - a.length), dtype=dtype, name="pad")
        x = pad(x)
    if a.discriminator_sees_label:
        x = _conditioning_layer(a, dtype)(x, inputs["label"])
    for stage, (stride, filters) in enumerate(zip(stages.strides, stages.filters, strict=True)):
        down = StridedConv1D(filters, TAPS, stride, dtype=dtype, name=f"down_{stage + 1}")
        if stage == 0 and a.discriminator_sees_label:
            # The layer after the label's: in a gate each label has its own channels, else its
            # planes come last.
            mark(down, kernel=LabelAxis(1, at_the_end=a.conditioning != "gate"))
        x = layers.LeakyReLU(0.2, dtype=dtype)(down(x))
        if stage < a.shuffles:
            shuffle = PhaseShuffle(a.phase_shuffle, dtype=dtype, name=f"phase_shuffle_{stage + 1}")
            x = shuffle(x, inputs["shifts"][:, stage])
    return _heads(a, x)


def _conditioning_layer(a: Architecture, dtype: str) -> keras.Layer:
    if a.conditioning == "gate":
        return LabelGate(a.num_labels, codes=a.codes, dtype=dtype, name="label_gate")
    planes = "learned" if a.conditioning == "learned" else "constant"
    return LabelConcat(a.num_labels, planes=planes, codes=a.codes, dtype=dtype, name="label_concat")


def _spectral_critic(
    a: Architecture, inputs: Tensors, name: str, filters: int, dtype: str
) -> Tensors:
    """Return the heads of a critic of one spectrogram: bands as channels, frames halved to 8.

    There is one layer at least, of however few frames.
    """
    x = inputs[name]
    if a.discriminator_sees_label and a.conditioning != "gate":
        concat = LabelConcat(a.num_labels, codes=a.codes, dtype=dtype, name=f"{name}_label_concat")
        x = concat(x, inputs["label"])
    most, stage = SPECTRAL_GROWTH * filters, 1
    while x.shape[1] > SPECTRAL_FRAMES or stage == 1:
        down = StridedConv1D(filters, SPECTRAL_TAPS, 2, dtype=dtype, name=f"{name}_down_{stage}")
        if stage == 1 and a.discriminator_sees_label and a.conditioning != "gate":
            mark(down, kernel=LabelAxis(1, at_the_end=True))
        x = layers.LeakyReLU(0.2, dtype=dtype)(down(x))
        filters, stage = min(2 * filters, most), stage + 1
    return _spectral_heads(a, x, inputs, name)


def _spectral_heads(a: Architecture, x: Tensor, inputs: Tensors, name: str) -> Tensors:
    """Return the score, and the class logits of `acgan` or behind a gate.

    Behind a gate the score has a part that all labels share and one for each label, as in a
    projection discriminator (Miyato & Koyama 2018): what makes a sound real is learned from all.
    The parts of the labels are the logits.
    """
    flat = layers.Flatten(dtype="float32", name=f"{name}_flat")(x)
    score = layers.Dense(1, dtype="float32", name=f"{name}_score")(flat)
    if not a.has_class_head:
        return {"score": score}
    logits = _logits(a, f"{name}_logits")(flat)
    if a.scores_each_label:
        pick = LabelScore(a.codes, dtype="float32", name=f"{name}_label_score")
        own = pick(logits, inputs["label"])
        score = layers.Add(dtype="float32", name=f"{name}_scores")([score, own])
    return {"score": score, "logits": logits}


def _heads(a: Architecture, x: Tensor) -> Tensors:
    """Return the score, and the class logits of `acgan`; both are computed in float32."""
    flat = layers.Flatten(dtype="float32")
    if not a.conditional:
        return {"score": layers.Dense(1, dtype="float32", name="score")(flat(x))}
    # A convolution as long as its input: the same sum as a dense layer, as tables 4 and 6 print.
    score = layers.Conv1D(1, FRAMES, padding="valid", dtype="float32", name="score")(x)
    heads = {"score": layers.Reshape((1,), dtype="float32")(score)}
    if a.model == "acgan":
        heads["logits"] = _logits(a, "logits")(flat(x))
    return heads


def _logits(a: Architecture, name: str) -> keras.Layer:
    dense = layers.Dense(a.label_units, dtype="float32", name=name)
    return mark(dense, kernel=LabelAxis(1), bias=LabelAxis(0))
