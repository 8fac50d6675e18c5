"""A discriminator in two parts: how it hears audio, and what judges what is heard.

A penalty on the slope of a score must know what the score is a function of. The logarithm in a
spectrogram is steep where a sound is quiet, so as a function of samples alone a spectral critic
would be punished for hearing anything soft. Therefore spectra count as input, beside the samples: a
*sound* here is all that the discriminator judges by, one flat row an example. Senses have no
weights, so the discriminator's own update need not go back through them.
"""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kwavegan.audio.mel import MelSettings, bands_of
from kwavegan.layers.log_mel import LogMel
from kwavegan.networks.architecture import Architecture
from kwavegan.types import Tensor

_FRAMES = (128, 32)  # in a sound: one spectrogram is sharp in time, the other in frequency

_BANDS = 32

_OVERLAP = 4  # windows over each sample

_WINDOWS = (16, 2048)


def resolutions(rate: int, length: int) -> tuple[MelSettings, ...]:
    """Return the spectrograms in which sounds of `length` samples are heard.

    One of about 128 frames and one of about 32, in windows that overlap fourfold; of at least 16
    and at most 2,048 samples, so that very short sounds have fewer frames and long ones more.
    """
    found = []
    for frames in _FRAMES:
        window = 2 ** round(math.log2(_OVERLAP * length / frames))
        window = int(np.clip(window, *_WINDOWS))
        settings = MelSettings(rate, window, window // _OVERLAP, bands_of(rate, window, _BANDS))
        if settings not in found:
            found.append(settings)
    return tuple(found)


def _senses(a: Architecture) -> list[keras.Layer]:
    """Return how audio is heard: samples and spectrograms, each on its own scale."""
    samples = keras.layers.Rescaling(a.wave_scale, dtype="float32", name="samples")
    spectrograms = [
        LogMel(**vars(mel), scale=a.spectral_scale, dtype="float32", name=f"spectrum_{number}")
        for number, mel in enumerate(resolutions(a.rate, a.length), start=1)
    ]
    return [samples, *spectrograms] if a.critic == "both" else spectrograms


CRITICS = "critics"
"""Name of the nested model that judges, in a discriminator that has senses."""


class Hearing:
    """The two parts of a discriminator; one without a model called "critics" in it is left whole.

    Args:
        discriminator: as `WaveGAN` takes it. Where it has a nested model `CRITICS`, its other
            layers are senses: without weights, each from audio to what the critics take by that
            layer's name.
    """

    def __init__(self, discriminator: keras.Model):
        layers = {layer.name: layer for layer in discriminator.layers}
        self.core = layers.get(CRITICS, discriminator)
        inputs = self.core.input.items()
        self.senses = {n: layers[n] for n, _ in inputs if n not in discriminator.input}
        self.shapes = {name: tuple(x.shape[1:]) for name, x in inputs if name in self.senses}

    def sound(self, audio: Tensor) -> Tensor:
        """Return all that scores are a function of: (batch, …), audio itself without senses."""
        if not self.senses:
            return audio
        parts = [sense(audio) for sense in self.senses.values()]
        shapes = self.shapes.values()
        flat = [ops.reshape(x, (-1, math.prod(s))) for x, s in zip(parts, shapes, strict=True)]
        return ops.concatenate(flat, axis=-1)

    def judge(self, weights: list, sound: Tensor, label: Any, shifts: Any) -> dict:
        """Return the discriminator's heads, as a pure function of its weights.

        Args:
            weights: values of the discriminator's trainable variables.
            sound: of `sound`.
            label, shifts: as far as the discriminator takes them.
        """
        inputs = {"label": label, "shifts": shifts, **self._parts(sound)}
        return run(self.core, weights, {name: inputs[name] for name in self.core.input})

    def _parts(self, sound: Tensor) -> dict:
        if not self.senses:
            return {"audio": sound}
        parts, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + math.prod(shape)
            parts[name] = ops.reshape(sound[:, start:stop], (-1, *shape))
            start = stop
        return parts


def run(network: keras.Model, weights: list, inputs: dict) -> Any:
    """Run a network as a pure function of its weights; it has no other state that changes."""
    fixed = [variable.value for variable in network.non_trainable_variables]
    return network.stateless_call(weights, fixed, inputs, training=True)[0]
