"""The end of a generator of frames: tones, noise and sweeps, summed to a waveform.

A sound is partials, noise and attacks. A network cannot spell noise from a latent of a hundred
numbers: whatever it makes repeats. So noise comes from `LatentNoise`, and the network says how loud
it is in each band; partials come from bins that are on no common grid; sweeps from a few
oscillators (Serra & Smith 1990, spectral modelling synthesis; Engel et al. 2020, DDSP). Where
sounds have a voice, the noise shares its bands with `LatentPulses`. Each part is behind a gate that
opens faster than the frames, and its levels vary with the latent.
"""

from keras import layers, ops

from kwavegan.layers.broadcast_add import BroadcastAdd
from kwavegan.layers.detuned_bins import DetunedBins
from kwavegan.layers.frame_gate import FrameGate
from kwavegan.layers.inverse_stft import InverseSTFT
from kwavegan.layers.latent_levels import LatentLevels
from kwavegan.layers.latent_noise import LatentNoise
from kwavegan.layers.latent_pulses import LatentPulses
from kwavegan.layers.oscillators import Oscillators
from kwavegan.layers.rms_limit import RMSLimit
from kwavegan.layers.voicing import Voicing
from kwavegan.networks.architecture import Architecture
from kwavegan.networks.plan import FRAME_RMS, OSCILLATORS, PARTS, heads_of
from kwavegan.types import Tensor, Tensors


def synthesize(a: Architecture, latent: Tensor, frames: Tensor, hop: int, dtype: str) -> Tensor:
    """Return audio (batch, frames × hop, channels) made of a network's last frames.

    Args:
        a: the architecture.
        latent: (batch, latent_dim), from which noise and tuning are drawn.
        frames: (batch, frames, filters).
        hop: samples in a frame.
        dtype: Keras dtype policy of the layers with weights.
    """

    heads = _heads(a, frames, hop, dtype)
    levels = {
        part: LatentLevels(dtype="float32", name=f"{part}_of_latent")(
            heads[name], heads[f"{part}_variation"], latent
        )
        for part, name in PARTS.items()
    }
    parts = {
        "tones": _tones(a, latent, levels["tones"], heads, hop),
        "noise": _noise(a, latent, levels["noise"], heads, hop),
        "sweeps": _sweeps(a, levels["sweeps"], heads, hop),
    }
    gated = [
        FrameGate(hop, dtype="float32", name=f"{name}_gate")(audio, heads[f"{name}_openness"])
        for name, audio in parts.items()
    ]
    audio = layers.Add(dtype="float32", name="sum_of_parts")(gated)
    return audio if a.channels == 1 else _left_and_right(audio)


def _heads(a: Architecture, frames: Tensor, hop: int, dtype: str) -> Tensors:
    """Return the values (batch, frames, units) of each head of `heads_of`."""
    frames = RMSLimit(FRAME_RMS, dtype="float32", name="limited_frames")(frames)
    values: dict[str, Tensor] = {}
    for name, head in heads_of(a, hop).items():
        dense = layers.Dense(head.units, dtype=dtype, name=name)
        rescale = layers.Rescaling(head.scale, head.offset, dtype="float32", name=f"{name}_scaled")
        values[name] = rescale(dense(frames))
        if head.shared:
            add = BroadcastAdd(dtype="float32", name=f"{name}_and_{head.shared}")
            values[name] = add(values[name], values[head.shared])
    return values


def _tones(a: Architecture, latent: Tensor, levels: Tensor, heads: Tensors, hop: int) -> Tensor:
    synthesis = InverseSTFT(hop, a.channels, dtype="float32", name="tones")
    bins = DetunedBins(synthesis.bins, a.channels, dtype="float32", name="tuning")
    return synthesis(bins(heads["bins"], levels, heads["tone_spreads"], latent))


def _noise(a: Architecture, latent: Tensor, levels: Tensor, heads: Tensors, hop: int) -> Tensor:
    synthesis = InverseSTFT(hop, a.channels, dtype="float32", name="noise")
    noise = LatentNoise(synthesis.bins, a.channels, dtype="float32", name="latent_noise")
    if not a.pitch:
        return synthesis(noise(latent, levels))
    voicing = Voicing(dtype="float32", name="voiced_levels")
    breath, voice = voicing(levels, heads["voicing_in_bands"])
    pulses = LatentPulses(hop, a.rate, a.pitch, a.channels, dtype="float32", name="latent_pulses")
    both = [noise(latent, breath), pulses(latent, voice)]
    return synthesis(layers.Add(dtype="float32", name="noise_and_pulses")(both))


def _sweeps(a: Architecture, levels: Tensor, heads: Tensors, hop: int) -> Tensor:
    both = [heads["pitches"], levels]
    values = layers.Concatenate(dtype="float32", name="pitches_and_levels")(both)
    sweeps = Oscillators(hop, a.rate, OSCILLATORS, a.channels, dtype="float32", name="sweeps")
    # Driven into a tanh they get harmonics, as a drum does in a machine or on tape; the noise and
    # the tones beside them are spared.
    return layers.Activation("tanh", dtype="float32", name="driven_sweeps")(sweeps(values))


def _left_and_right(audio: Tensor) -> Tensor:
    """Return left and right of middle and side: so independent noise can sound from the middle."""
    middle, side = audio[:, :, :1], audio[:, :, 1:]
    return ops.concatenate([middle + side, middle - side], axis=-1)
