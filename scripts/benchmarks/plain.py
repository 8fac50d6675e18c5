"""The reference: the benchmark's networks of Keras' own convolutions, written out plainly.

They have the weights and numbers of `kwavegan.networks` (cwgan, gated, waveform), in its order.
What Keras has no layers for, the phase shuffle and the joining of labels, is kwavegan's here too.
"""

import keras
from keras import layers

from kwavegan.layers.label_conditioning import LabelConcat, LabelGate
from kwavegan.layers.phase_shuffle import PhaseShuffle
from kwavegan.networks.architecture import FRAMES, TAPS, Architecture


def plain_generator(a: Architecture) -> keras.Model:
    """Build the generator of `a` from Dense and Conv1DTranspose."""
    latent = keras.Input((a.latent_dim,), name="latent")
    label = keras.Input((), name="label", dtype="int32")
    strides, filters = a.stages.strides[::-1], (a.channels, *a.stages.filters)[::-1]
    x = LabelConcat(a.num_labels, a.label_embedding)(latent, label)
    x = layers.Dense(FRAMES * filters[0])(x)
    x = layers.Reshape((FRAMES, filters[0]))(x)
    for stride, count in zip(strides, filters[1:], strict=True):
        x = layers.ReLU()(x)
        x = layers.Conv1DTranspose(count, TAPS, stride, padding="same")(x)
    x = layers.Activation("tanh")(x)
    return keras.Model({"latent": latent, "label": label}, x)


def plain_discriminator(a: Architecture) -> keras.Model:
    """Build the discriminator of `a` from Conv1D."""
    audio = keras.Input((a.length, a.channels), name="audio")
    label = keras.Input((), name="label", dtype="int32")
    shifts = keras.Input((a.shuffles,), name="shifts", dtype="int32")
    x = LabelGate(a.num_labels)(audio, label)
    for stage, (stride, count) in enumerate(zip(a.stages.strides, a.stages.filters, strict=True)):
        x = layers.Conv1D(count, TAPS, stride, padding="same")(x)
        x = layers.LeakyReLU(0.2)(x)
        if stage < a.shuffles:
            x = PhaseShuffle(a.phase_shuffle)(x, shifts[:, stage])
    x = layers.Conv1D(1, FRAMES, padding="valid")(x)
    inputs = {"audio": audio, "label": label, "shifts": shifts}
    return keras.Model(inputs, {"score": layers.Reshape((1,))(x)})
