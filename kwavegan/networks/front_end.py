"""A discriminator in two parts: a front end without weights, and the critics behind it.

The front end turns audio into what the critics take: samples, log-mel spectrograms. Gradient
penalties are taken at the front end's *output*: the logarithm of a quiet spectrogram is steep, so a
penalty at the waveform would punish the critics for hearing anything soft. The front end has no
weights, so the discriminator's own update need not go back through it.
"""

import math
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from kwavegan.audio.mel import bands_of
from kwavegan.layers.log_spectrograms import LogMel, LogSpectrogram
from kwavegan.networks.architecture import Architecture
from kwavegan.networks.plan import spectral_windows
from kwavegan.types import Tensor, Tensors

CRITICS_MODEL = "critics"
"""Name of the nested model of all critics, in a discriminator that has a front end."""

_SHORT_BANDS = 32
"""Mel bands of the shortest window, where a whole attack is a few frames."""

_SHORT_SCALE = 3.0
"""A few frames of it differ between a sharp attack and a soft one, so they must weigh more."""

_FLOOR = 1e-8
"""Power of the floor of the longer windows: 80 dB below a sine of full scale.

A noise that is spread over hundreds of bins, as the tail of a sound or the room behind it, is at
-60 dB long before it is inaudible. What critics do not hear, a generator fills with whatever
comes about, and learns nothing of."""

_SHORT_FLOOR = 1e-6
"""Power of the floor of the shortest window, whose bands are few and wide. It hears how a sound
begins, and with a lower floor what is faint would count as much as that."""


@dataclass(frozen=True)
class Resolution:
    """A spectrogram that a critic takes.

    Attributes:
        window: samples in a window.
        hop: samples from one window to the next.
        bands: mel bands; 0 for every bin.
        width: filters of the critic's first layer, in widths of the architecture.
        scale: factor on the levels, in spectral scales of the architecture.
        floor: power that is added in every band; that of a sine of full scale is 1.
    """

    window: int
    hop: int
    bands: int
    width: int
    scale: float
    floor: float


def resolutions(rate: int, length: int) -> tuple[Resolution, ...]:
    """Return the spectrograms that the critics of sounds of `length` samples take.

    The shortest of `spectral_windows` is heard in mel bands; the two longer bin by bin, since mel
    bands do not distinguish noise from a pulse train.
    """
    short, middle, long = spectral_windows(rate, length)
    bands = bands_of(rate, short, _SHORT_BANDS)
    heard_by_bin = [Resolution(w, w // 4, 0, 4, 1.0, _FLOOR) for w in sorted({middle, long})]
    shortest = Resolution(short, short // 2, bands, 1, _SHORT_SCALE, _SHORT_FLOOR)
    return (shortest, *heard_by_bin)


def spectra(a: Architecture) -> dict[str, Resolution]:
    """Return the spectrograms that the critics of `a` take, by the names of their layers."""
    found = enumerate(resolutions(a.rate, a.length), start=1)
    return {f"spectrum_{number}": each for number, each in found}


def front_end_layers(a: Architecture) -> list[keras.Layer]:
    """Return the layers of the front end: samples and spectrograms, each on its own scale."""
    samples = keras.layers.Rescaling(a.waveform_scale, dtype="float32", name="samples")
    spectrograms = [_spectrogram(a, each, name) for name, each in spectra(a).items()]
    return [samples, *spectrograms] if a.critic == "both" else spectrograms


def _spectrogram(a: Architecture, each: Resolution, name: str) -> keras.Layer:
    how: dict[str, Any] = {
        "scale": each.scale * a.spectral_scale,
        "loudness": a.loudness,
        "floor": each.floor,
        "dtype": "float32",
        "name": name,
    }
    if each.bands:
        return LogMel(a.rate, each.window, each.hop, each.bands, **how)
    return LogSpectrogram(each.window, each.hop, **how)


class FrontEnd:
    """Splits a discriminator into its front end and its critics.

    A discriminator without a nested model `CRITICS_MODEL` has an empty front end: its features are
    the audio.

    Args:
        discriminator: as `WaveGAN` takes it. Where it has a nested model `CRITICS_MODEL`, the other
            layers are the front end: without weights, each from audio to the input of the critics
            that has the layer's name.

    Example:
        >>> import numpy as np
        >>> from kwavegan.networks import Architecture, FrontEnd, build_discriminator
        >>> a = Architecture(256, num_labels=2, width=2, rate=4096)
        >>> front_end = FrontEnd(build_discriminator(a))
        >>> sorted(front_end.layers), front_end.features(np.zeros((3, 256, 1))).shape[0]
        (['spectrum_1', 'spectrum_2', 'spectrum_3'], 3)
    """

    def __init__(self, discriminator: keras.Model):
        layers = {layer.name: layer for layer in discriminator.layers}
        self.critics = layers.get(CRITICS_MODEL, discriminator)
        inputs = self.critics.input.items()
        self.layers = {n: layers[n] for n, _ in inputs if n not in discriminator.input}
        self.shapes = {name: tuple(x.shape[1:]) for name, x in inputs if name in self.layers}

    def features(self, audio: Tensor) -> Tensor:
        """Return what scores are a function of.

        Args:
            audio: (batch, length, channels).

        Returns:
            (batch, features), the outputs of all front-end layers in one row an example; audio
            itself where there are none.
        """
        if not self.layers:
            return audio
        parts = [layer(audio) for layer in self.layers.values()]
        shapes = self.shapes.values()
        flat = [ops.reshape(x, (-1, math.prod(s))) for x, s in zip(parts, shapes, strict=True)]
        return ops.concatenate(flat, axis=-1)

    def heads(self, weights: list[Tensor], features: Tensor, label: Any, shifts: Any) -> Tensors:
        """Return the outputs of the critics, as a pure function of their weights.

        Args:
            weights: values of the discriminator's trainable variables.
            features: from `features`.
            label, shifts: as far as the discriminator takes them.
        """
        inputs = {"label": label, "shifts": shifts, **self._split(features)}
        given = {name: inputs[name] for name in self.critics.input}
        return functional_call(self.critics, weights, given)

    def _split(self, features: Tensor) -> Tensors:
        """Undo the concatenation of `features`."""
        if not self.layers:
            return {"audio": features}
        parts, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + math.prod(shape)
            parts[name] = ops.reshape(features[:, start:stop], (-1, *shape))
            start = stop
        return parts


def functional_call(network: keras.Model, weights: list[Tensor], inputs: Tensors) -> Any:
    """Call a network in training mode as a pure function of its trainable weights."""
    fixed = [variable.value for variable in network.non_trainable_variables]
    return network.stateless_call(weights, fixed, inputs, training=True)[0]
