"""The end of a generator of frames: tones, noise and sweeps, summed to a waveform.

A sound is partials, noise and attacks. A network cannot spell noise from a latent of a hundred
numbers: whatever it makes repeats. So noise comes from `LatentNoise`, and the network says how loud
it is in each band; partials come from bins that are on no common grid; sweeps from a few
oscillators (Serra & Smith 1990, spectral modelling synthesis; Engel et al. 2020, DDSP). Each part
is behind a gate that opens faster than the frames.
"""

from collections.abc import Callable

from keras import layers, ops

from kwavegan.layers.detuned_bins import DetunedBins
from kwavegan.layers.frame_gate import FrameGate
from kwavegan.layers.inverse_stft import InverseSTFT
from kwavegan.layers.latent_noise import LatentNoise
from kwavegan.layers.oscillators import Oscillators
from kwavegan.networks.architecture import Architecture
from kwavegan.networks.plan import OSCILLATORS, heads_of
from kwavegan.types import Tensor

Head = Callable[[str], Tensor]
"""Name of a head of `heads_of` → (batch, frames, units), from the network's last frames."""


def synthesize(a: Architecture, latent: Tensor, frames: Tensor, hop: int, dtype: str) -> Tensor:
    """Return audio (batch, frames × hop, channels) made of a network's last frames.

    Args:
        a: the architecture.
        latent: (batch, latent_dim), from which noise and tuning are drawn.
        frames: (batch, frames, filters).
        hop: samples in a frame.
        dtype: Keras dtype policy of the layers with weights.
    """

    heads = heads_of(a, hop)

    def head(name: str) -> Tensor:
        dense = layers.Dense(heads[name].units, dtype=dtype, name=name)
        return layers.Rescaling(
            heads[name].scale, heads[name].offset, dtype="float32", name=f"{name}_scaled"
        )(dense(frames))

    parts = {
        "tones": _tones(a, latent, head, hop),
        "noise": _noise(a, latent, head, hop),
        "sweeps": _sweeps(a, head, hop),
    }
    gated = [
        FrameGate(hop, dtype="float32", name=f"{name}_gate")(audio, head(f"{name}_openness"))
        for name, audio in parts.items()
    ]
    audio = layers.Add(dtype="float32", name="sum_of_parts")(gated)
    return audio if a.channels == 1 else _left_and_right(audio)


def _tones(a: Architecture, latent: Tensor, head: Head, hop: int) -> Tensor:
    synthesis = InverseSTFT(hop, a.channels, dtype="float32", name="tones")
    bins = DetunedBins(synthesis.bins, a.channels, dtype="float32", name="tuning")
    levels = head("tone_levels"), head("tone_spreads")
    return synthesis(bins(head("bins"), *levels, latent))


def _noise(a: Architecture, latent: Tensor, head: Head, hop: int) -> Tensor:
    synthesis = InverseSTFT(hop, a.channels, dtype="float32", name="noise")
    noise = LatentNoise(synthesis.bins, a.channels, dtype="float32", name="latent_noise")
    return synthesis(noise(latent, head("noise_levels")))


def _sweeps(a: Architecture, head: Head, hop: int) -> Tensor:
    both = [head("pitches"), head("sweep_levels")]
    values = layers.Concatenate(dtype="float32", name="pitches_and_levels")(both)
    return Oscillators(hop, a.rate, OSCILLATORS, a.channels, dtype="float32", name="sweeps")(values)


def _left_and_right(audio: Tensor) -> Tensor:
    """Return left and right of middle and side: so independent noise can sound from the middle."""
    middle, side = audio[:, :, :1], audio[:, :, 1:]
    return ops.concatenate([middle + side, middle - side], axis=-1)
