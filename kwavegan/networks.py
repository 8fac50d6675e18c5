"""Generators and discriminators of the dissertation's tables 2–7, at any length and width.

A network is a ladder of layers of stride 4 between 16 frames and the waveform: 1,024 samples take
three, 4,096 four, 16,384 five (Donahue et al. 2018, appendix D; dissertation, appendix C). Twice
such a length takes one more layer of stride 2 at the 16-frame end; any other length is made by the
next longer ladder and cropped, and padded with silence before the discriminator.

All randomness comes in as inputs (the latent, the phase shifts), so a network is a pure function
of its weights and inputs.
"""

import math
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from kwavegan.errors import InputError
from kwavegan.hearing import CRITICS
from kwavegan.layers import (
    LabelConcat,
    LabelGate,
    PhaseShuffle,
    StridedConv1D,
    StridedConv1DTranspose,
)
from kwavegan.spectra import LogMel, resolutions
from kwavegan.types import Tensor

FRAMES = 16
STRIDE = 4
TAPS = 25
SPECTRAL_TAPS = 9
SPECTRAL_WIDTH = 4  # times the width: filters of a spectral critic's first layer
SPECTRAL_FRAMES = 8
SHORTEST, LONGEST = 64, FRAMES * STRIDE**8
MODELS = ("wgan", "cwgan", "acgan")
CONDITIONINGS = ("gate", "concat", "learned")
GENERATORS = ("lean", "dissertation")
KINDS_OF_CRITIC = ("wave", "spectral", "both")


@dataclass(frozen=True)
class Ladder:
    """The strided layers between the waveform and the 16 frames at its deep end."""

    length: int
    """Samples that the ladder makes: 16·4ⁿ or 32·4ⁿ, at least as many as asked for."""
    strides: tuple[int, ...]
    """From the waveform to the deep end."""
    filters: tuple[int, ...]
    """Filters after each of `strides`, in the discriminator's direction."""

    @classmethod
    def of(cls, length: int, width: int) -> "Ladder":
        """Return the shortest ladder that reaches `length` samples; its first layer has `width`."""
        rungs = 1
        while 2 * FRAMES * STRIDE**rungs < length:
            rungs += 1
        filters = tuple(width * 2**rung for rung in range(rungs))
        if length <= FRAMES * STRIDE**rungs:
            return cls(FRAMES * STRIDE**rungs, (STRIDE,) * rungs, filters)
        strides = ((STRIDE,) * rungs) + (2,)
        return cls(2 * FRAMES * STRIDE**rungs, strides, (*filters, filters[-1]))


@dataclass(frozen=True)
class Architecture:
    """What two networks are made of.

    Args:
        length: samples of a sound, 64 … 1,048,576.
        channels: 1 (mono) or 2 (stereo).
        labels: number of labels; 0 for `wgan`, at least 2 for the others.
        model: `"wgan"` (tables 2 and 3), `"cwgan"` (4 and 5) or `"acgan"` (6 and 7).
        conditioning: how the label enters `cwgan`'s discriminator: `"gate"` (the waveform times
            the label planes), `"concat"` (constant planes beside it) or `"learned"` planes.
        generator: `"lean"` joins a label embedding to the latent; `"dissertation"` joins the
            one-hot label to 16 frames' worth of units before one large transposed convolution.
        width: filters of the layer next to the waveform, the tables' d.
        latent: values of a latent.
        label_embedding: values of the lean generator's label embedding.
        phase_shuffle: largest shift between the discriminator's layers, in samples; 0 for none.
        critic: what the discriminator judges by: `"wave"`, the samples (the tables); `"spectral"`,
            log-mel spectrograms of them at two resolutions; or `"both"`, whose scores are added.
        rate: sample rate in Hz, by which spectrograms have mel bands.
        wave_scale: factor on the samples, with `"both"`; a larger one lets the waveform's critic
            react more sharply under the same penalty.
        spectral_scale: the same for the spectrograms' levels.

    Raises:
        InputError: a value out of range, or a combination that cannot be built.
    """

    length: int
    channels: int = 1
    labels: int = 0
    model: str = "cwgan"
    conditioning: str = "gate"
    generator: str = "lean"
    width: int = 32
    latent: int = 100
    label_embedding: int = 16
    phase_shuffle: int = 2
    critic: str = "wave"
    rate: int = 16_000
    wave_scale: float = 0.2
    spectral_scale: float = 0.1

    def __post_init__(self) -> None:
        _check(self)

    @property
    def ladder(self) -> Ladder:
        return Ladder.of(self.length, self.width)

    @property
    def conditional(self) -> bool:
        """Whether the generator takes a label."""
        return self.model != "wgan"

    @property
    def discriminator_sees_label(self) -> bool:
        return self.model == "cwgan"

    @property
    def shuffles(self) -> int:
        """Number of phase shuffles in the discriminator: after every strided layer but the last."""
        if self.critic == "spectral" or not self.phase_shuffle:
            return 0
        return len(self.ladder.strides) - 1


def _check(a: Architecture) -> None:
    choices = (
        ("--model", a.model, MODELS),
        ("--conditioning", a.conditioning, CONDITIONINGS),
        ("--generator", a.generator, GENERATORS),
        ("--critic", a.critic, KINDS_OF_CRITIC),
    )
    for option, value, allowed in choices:
        if value not in allowed:
            raise InputError(f"{option}: {value!r} is unknown; choose from {', '.join(allowed)}")
    ranges = (
        ("--length", a.length, SHORTEST, LONGEST),
        ("--channels", a.channels, 1, 2),
        ("--width", a.width, 1, 1024),
        ("--latent", a.latent, 1, 4096),
        ("--label-embedding", a.label_embedding, 1, 1024),
        ("--phase-shuffle", a.phase_shuffle, 0, FRAMES - 1),
    )
    for option, value, low, high in ranges:
        if not low <= value <= high:
            raise InputError(f"{option}: {value} is out of range; choose {low} to {high}")
    if a.conditional and a.labels < 2:
        raise InputError(
            f"--model {a.model}: needs at least two labels, and there are {a.labels}; "
            "give a folder for each label, or take --model wgan"
        )
    deep_units = FRAMES * a.ladder.filters[-1]
    if a.conditional and a.generator == "dissertation" and a.labels >= deep_units:
        raise InputError(
            f"--generator dissertation: {a.labels} labels leave no room in {deep_units} units; "
            "take a larger --width or --generator lean"
        )


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


def _senses(a: Architecture) -> list[keras.Layer]:
    """Return how audio is heard: samples and spectrograms, each on its own scale."""
    samples = keras.layers.Rescaling(a.wave_scale, dtype="float32", name="samples")
    spectrograms = [
        LogMel(**vars(mel), scale=a.spectral_scale, dtype="float32", name=f"spectrum_{number}")
        for number, mel in enumerate(resolutions(a.rate, a.length), start=1)
    ]
    return [samples, *spectrograms] if a.critic == "both" else spectrograms


def _critics(a: Architecture, outer: dict, senses: dict, dtype: str) -> keras.Model:
    """Return all critics as one model, from what is heard to the sums of their heads.

    A model in the model, so that a penalty on slopes can take what is heard as its input: see
    `kwavegan.hearing`.
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


def build(
    a: Architecture, seed: int = 0, dtype: str = "float32"
) -> tuple[keras.Model, keras.Model]:
    """Build generator and discriminator with weights drawn from `seed`, alike on every backend."""
    generator, discriminator = build_generator(a, dtype), build_discriminator(a, dtype)
    generator_seed, discriminator_seed = np.random.SeedSequence(seed).spawn(2)
    initialize(generator, generator_seed)
    initialize(discriminator, discriminator_seed)
    return generator, discriminator


def initialize(network: keras.Model, seed: int | np.random.SeedSequence) -> None:
    """Draw new weights: Glorot-uniform kernels, zero biases, standard normal embeddings.

    NumPy draws them, so that a seed means the same network on all three backends, which Keras'
    own initializers do not promise.
    """
    rng = np.random.default_rng(seed)
    for weight in network.trainable_weights:
        shape = tuple(weight.shape)
        if len(shape) < 2:
            value = np.zeros(shape)
        elif weight.name == "embedding":
            value = rng.standard_normal(shape)
        else:
            fans = math.prod(shape[:-2]) * (shape[-2] + shape[-1])
            limit = math.sqrt(6 / fans)  # Glorot & Bengio 2010, equation 16
            value = rng.uniform(-limit, limit, shape)
        weight.assign(value.astype("float32"))
