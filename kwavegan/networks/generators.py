"""Generators: from a latent and a label to a waveform."""

import keras
from keras import layers

from kwavegan.backend.defaults import keras_defaults
from kwavegan.layers.label_conditioning import LabelConcat
from kwavegan.layers.soft_clip import SoftClip
from kwavegan.layers.strided_conv import StridedConv1DTranspose
from kwavegan.networks.architecture import FRAMES, TAPS, Architecture
from kwavegan.networks.label_axes import LabelAxis, mark
from kwavegan.networks.plan import FRAME_TAPS, FramePlan, linear_to, upward_stages
from kwavegan.networks.synthesis import synthesize
from kwavegan.types import Tensor, Tensors


@keras_defaults()
def build_generator(a: Architecture, dtype: str = "float32") -> keras.Model:
    """Build the generator of `a`.

    Args:
        a: the architecture.
        dtype: Keras dtype policy, `"float32"` or `"mixed_bfloat16"`.

    Returns:
        A model from `{"latent": (batch, latent_dim)}`, and `"label": (batch,)` if `a` is
        conditional, to audio (batch, length, channels), float32 in −1…1.

    Example:
        >>> from kwavegan.networks import Architecture, build_generator
        >>> build_generator(Architecture(256, num_labels=2, width=2, rate=4096)).output.shape
        (None, 256, 1)
    """
    inputs = {"latent": keras.Input((a.latent_dim,), name="latent", dtype="float32")}
    if a.conditional:
        inputs["label"] = keras.Input((), name="label", dtype="int32")
    body = _stft_frames if a.generator == "istft" else _upsample_stages
    x = body(a, inputs, dtype)
    # The last activation in float32: bfloat16 has 8 bits of precision, audible as noise.
    if linear_to(a):
        x = SoftClip(dtype="float32", name="audio")(x)
    else:
        x = layers.Activation("tanh", dtype="float32", name="audio")(x)
    if x.shape[1] > a.length:
        x = layers.Cropping1D((0, x.shape[1] - a.length), dtype="float32", name="crop")(x)
    return keras.Model(inputs, x, name="generator")


def _stft_frames(a: Architecture, inputs: Tensors, dtype: str) -> Tensor:
    """Double the first frames until there is one a hop, and synthesize a waveform of them."""
    plan = FramePlan.of(a)
    x = _label_and_dense(a, inputs, plan.filters[0], dtype, plan.first)
    x = layers.ReLU(dtype=dtype)(x)
    for stage, filters in enumerate(plan.filters[1:], start=1):
        up = StridedConv1DTranspose(filters, FRAME_TAPS, 2, dtype=dtype, name=f"up_{stage}")
        x = layers.ReLU(dtype=dtype)(up(x))
    return synthesize(a, inputs["latent"], x, plan.hop, dtype)


def _upsample_stages(a: Architecture, inputs: Tensors, dtype: str) -> Tensor:
    """Go up the stages of the discriminator: tables 2, 5 and 7 from their 16 frames on."""
    if a.conditional and a.generator == "dissertation":
        x = _frames_of_tables_5_and_7(a, inputs, dtype)
    else:
        x = _label_and_dense(a, inputs, a.stages.filters[-1], dtype)
    x = layers.ReLU(dtype=dtype)(x)
    upward = upward_stages(a)
    for stage, (stride, filters) in enumerate(upward, start=1):
        x = StridedConv1DTranspose(filters, TAPS, stride, dtype=dtype, name=f"up_{stage}")(x)
        if stage < len(upward):
            x = layers.ReLU(dtype=dtype)(x)
    return x


def _label_and_dense(
    a: Architecture, inputs: Tensors, deep: int, dtype: str, frames: int = FRAMES
) -> Tensor:
    """Return the latent with the embedding of its label, as frames of `deep` values."""
    x = inputs["latent"]
    if a.conditional:
        concat = LabelConcat(
            a.num_labels, a.label_embedding, codes=a.codes, dtype=dtype, name="label_concat"
        )
        x = mark(concat, embedding=LabelAxis(0))(x, inputs["label"])
    x = layers.Dense(frames * deep, dtype=dtype, name="dense")(x)
    return layers.Reshape((frames, deep), dtype=dtype)(x)


def _frames_of_tables_5_and_7(a: Architecture, inputs: Tensors, dtype: str) -> Tensor:
    """Dense and one-hot label joined on the channel axis, length 1, then 1 → 16 frames."""
    deep = a.stages.filters[-1]
    units = FRAMES * deep
    x = layers.Dense(units - a.label_units, dtype=dtype, name="dense")(inputs["latent"])
    concat = LabelConcat(a.num_labels, codes=a.codes, dtype=dtype, name="label_concat")
    x = concat(x, inputs["label"])
    x = layers.ReLU(dtype=dtype)(layers.Reshape((1, units), dtype=dtype)(x))
    # Stride 1 on a single frame, "valid": 16 frames come out.
    return layers.Conv1DTranspose(deep, FRAMES, padding="valid", dtype=dtype, name="up_0")(x)
