"""The layers without weights, in NumPy: tones, noise, sweeps and their gates.

Each function is the layer of `kwavegan.layers` that its docstring names, which explains it; the
numbers of both come from `kwavegan.layers.tables`.
"""

import math

import numpy as np

from kwavegan.layers import tables
from kwavegan.layers.tables import OVERLAP
from kwavegan.player.layers import sigmoid


def rms_limited(x: np.ndarray, limit: float) -> np.ndarray:
    """Return the frames (batch, frames, filters) of `RMSLimit`."""
    squares = np.square(x).mean(axis=-1, keepdims=True)
    return x / np.sqrt(1 + squares / np.float32(limit**2))


def direction_of(latent: np.ndarray) -> np.ndarray:
    """Return latents (batch, latent_dim) with length 1."""
    squares = np.square(latent).sum(axis=-1, keepdims=True)
    return latent / np.sqrt(squares + np.float32(tables.SHORTEST))


def varied(levels: np.ndarray, variations: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return the levels of `LatentLevels`, (batch, frames, values).

    Args:
        levels: (batch, frames, values), natural logarithms.
        variations: (batch, frames, draws), what each number of the latent's own is worth.
        direction: (batch, latent_dim), of length 1.
    """
    own = direction @ tables.variations_table(direction.shape[1], variations.shape[-1])
    return levels + (variations * own[:, None]).sum(axis=-1, keepdims=True)


def detuned(
    x: np.ndarray,
    levels: np.ndarray,
    spreads: np.ndarray,
    direction: np.ndarray,
    channels: int,
) -> np.ndarray:
    """Return the complex bins of `DetunedBins`, (batch, frames, channels, bins).

    Args:
        x: (batch, frames, channels × 3 × bins).
        levels: (batch, frames, channels × bins), natural logarithms.
        spreads: (batch, frames, channels), of what the latent adds to the levels.
        direction: (batch, latent_dim), of length 1.
        channels: of the audio.
    """
    batch, frames, values = x.shape
    bins = values // (3 * channels)
    x = x.reshape(batch, frames, channels, 3, bins)
    table = tables.tones_table(direction.shape[1], channels * bins)
    own = (direction @ table).reshape(batch, 1, 2, channels, bins)
    tuning, loudness = own[:, :, 0], own[:, :, 1]
    speed = np.tanh(x[:, :, :, 2] + tuning) * np.float32(tables.FARTHEST_BINS / OVERLAP)
    turns = np.cumsum(speed, axis=1) + tuning
    turns -= np.floor(turns)
    levels = levels.reshape(turns.shape) + loudness * spreads[..., None]
    sizes = np.exp(np.clip(levels, *tables.TONE_LIMITS))
    return _complex(sizes * (1 + x[:, :, :, 0]), sizes * x[:, :, :, 1]) * _turned_by(turns)


def latent_noise(levels: np.ndarray, direction: np.ndarray, channels: int, bins: int) -> np.ndarray:
    """Return the complex bins of `LatentNoise`, (batch, frames, channels, bins).

    Args:
        levels: (batch, frames, channels × bands), natural logarithms.
        direction: (batch, latent_dim), of length 1.
        channels: of the audio.
        bins: complex bins of a frame.
    """
    batch, frames = levels.shape[:2]
    sizes = _sizes_of_bins(levels, channels, bins)
    rows = min(tables.NOISE_FRAMES, frames)
    latent_dim = direction.shape[1]
    table, signs = tables.noise_tables(latent_dim, rows * channels * 2 * bins, -(-frames // rows))
    exchanged = [np.roll(direction, turn, axis=-1) * each for turn, each in enumerate(signs)]
    noise = np.stack(exchanged, axis=1).reshape(-1, latent_dim) @ table
    noise = noise.reshape(batch, -1, channels, 2, bins)[:, :frames]
    return _complex(noise[:, :, :, 0], noise[:, :, :, 1]) * sizes


def voicing(levels: np.ndarray, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the levels of noise and of pulses of `Voicing`; all (batch, frames, values)."""
    limit = np.float32(tables.VOICING_LIMIT)
    limited = limit * np.tanh(logits / limit)
    return levels - np.logaddexp(0, limited), levels - np.logaddexp(0, -limited)


def latent_pulses(
    levels: np.ndarray, direction: np.ndarray, channels: int, hop: int, rate: int, pitch: float
) -> np.ndarray:
    """Return the complex bins of `LatentPulses`, (batch, frames, channels, bins).

    Args:
        levels: (batch, frames, channels × bands), natural logarithms.
        direction: (batch, latent_dim), of length 1.
        channels: of the audio.
        hop: samples in a frame.
        rate: sample rate in Hz.
        pitch: median in Hz.
    """
    frames, late = levels.shape[1], OVERLAP // 2
    sizes = _sizes_of_bins(levels, channels, OVERLAP * hop // 2)
    padded = np.pad(
        _pulses(direction, frames, hop, rate, pitch), ((0, 0), (late, late - 1), (0, 0))
    )
    windows = np.concatenate([padded[:, i : i + frames] for i in range(OVERLAP)], axis=-1)
    cos, sin = tables.pulse_turns(frames, hop, rate)
    spectrum = np.fft.rfft(windows)[..., 1:].astype("complex64", copy=False)
    return (spectrum * _complex(cos, sin))[:, :, None] * sizes


def inverse_stft(x: np.ndarray, hop: int) -> np.ndarray:
    """Return the waveform of `InverseSTFT`, (batch, frames × hop, channels).

    Args:
        x: complex bins (batch, frames, channels, 2 × hop).
        hop: samples from one frame to the next.
    """
    batch, frames, channels, bins = x.shape
    spectrum = np.zeros((batch, frames, channels, 1 + bins), "complex64")  # nothing at 0 Hz
    cos, sin = tables.frame_turns(frames, 1 + bins)
    np.multiply(x, (cos + 1j * sin)[..., 1:], out=spectrum[..., 1:])
    windows = np.fft.irfft(spectrum, OVERLAP * hop).astype("float32", copy=False)
    windows *= tables.taper_of(hop)
    windows = windows.reshape(batch, frames, channels, OVERLAP, hop)
    # Each window begins two hops before its own frame.
    hops = np.zeros((batch, frames + OVERLAP - 1, channels, hop), "float32")
    for late in range(OVERLAP):
        hops[:, late : late + frames] += windows[:, :, :, late]
    own = hops[:, OVERLAP // 2 : OVERLAP // 2 + frames]
    return own.swapaxes(2, 3).reshape(batch, frames * hop, channels)


def sweeps(
    pitches: np.ndarray, levels: np.ndarray, channels: int, hop: int, rate: int
) -> np.ndarray:
    """Return the waveform of `Oscillators` through a tanh, (batch, frames × hop, channels).

    Args:
        pitches: (batch, frames, count), logits.
        levels: (batch, frames, channels × count), natural logarithms.
        channels: of the audio.
        hop: samples in a frame.
        rate: sample rate in Hz.
    """
    batch, frames, count = pitches.shape
    waves = np.sin(_angles(pitches, hop, rate))
    levels = np.exp(np.clip(levels, *tables.SWEEP_LIMITS))
    levels[:, :-1] = np.maximum(levels[:, :-1], levels[:, 1:])
    levels = interpolated(levels, hop)
    levels = levels.reshape(batch, frames, hop, channels, count)
    audio = np.einsum("bfhkn,bfhn->bfhk", levels, waves)
    return np.tanh(audio.reshape(batch, frames * hop, channels))


def gated(audio: np.ndarray, logits: np.ndarray, hop: int) -> np.ndarray:
    """Return the audio of `FrameGate`, in place.

    Args:
        audio: (batch, frames × hop, channels).
        logits: (batch, frames, values).
        hop: samples in a frame.
    """
    logits = np.clip(logits, -tables.FARTHEST_LOGIT, tables.FARTHEST_LOGIT)
    line = interpolated(logits.reshape(len(logits), -1, 1), hop // logits.shape[2])
    np.clip(line, -tables.CLOSED_LOGIT, tables.CLOSED_LOGIT, out=line)
    audio *= sigmoid(line).reshape(len(audio), -1, 1)
    return audio


def within_one(x: np.ndarray, linear_to: float) -> np.ndarray:
    """Return samples within 1: those of `SoftClip`, or for `linear_to` 0 of a tanh."""
    straight, rest = np.clip(x, -linear_to, linear_to), np.float32(1 - linear_to)
    return straight + rest * np.tanh((x - straight) / rest)


def interpolated(x: np.ndarray, hop: int) -> np.ndarray:
    """Return values (batch, frames, n) at every sample, (batch, frames, hop, n)."""
    return x[:, :, None] + _to_next_frame(x)[:, :, None] * tables.frame_shares(hop)


def _to_next_frame(x: np.ndarray) -> np.ndarray:
    return np.diff(x, axis=1, append=x[:, -1:])


def _angles(logits: np.ndarray, hop: int, rate: int) -> np.ndarray:
    """Return the phases (batch, frames, hop, count) in radians."""
    lowest, span = tables.pitch_range(rate)
    places = sigmoid(logits + tables.first_pitches(logits.shape[-1]))
    cycles = np.exp(np.float32(span) * places) * np.float32(lowest)
    return np.float32(2 * math.pi) * _turns_of(cycles, hop)


def _turns_of(cycles: np.ndarray, hop: int) -> np.ndarray:
    """Return the phase at every sample (batch, frames, hop, n) in turns, but for whole ones."""
    step = _to_next_frame(cycles)
    of_frame = (cycles + step / 2) * hop
    of_frame -= np.round(of_frame)
    before = np.cumsum(of_frame, axis=1) - of_frame
    shares = tables.frame_shares(hop)
    within = cycles[:, :, None] * (shares * hop) + step[:, :, None] * (shares**2 * (hop / 2))
    return before[:, :, None] + within


def _pulses(direction: np.ndarray, frames: int, hop: int, rate: int, pitch: float) -> np.ndarray:
    """Return a train of pulses of power 1, (batch, frames, hop)."""
    own = direction @ tables.pitch_table(direction.shape[1], frames, hop / rate)
    own = np.clip(own, *tables.pitch_limits(rate, pitch))
    cycles = np.exp(own)[:, :, None] * np.float32(pitch / rate)
    turns = _turns_of(cycles, hop)[..., 0]
    period = 1 / interpolated(cycles, hop)[..., 0]
    sharpness = np.square(period) * np.float32(tables.pulse_sharpness(rate))
    peaks = np.exp(-2 * sharpness * np.square(np.sin(np.float32(math.pi) * turns)))
    return peaks * np.sqrt(np.sqrt(np.float32(4 * math.pi) * sharpness))


def _sizes_of_bins(levels: np.ndarray, channels: int, bins: int) -> np.ndarray:
    """Return factors on bins, (batch, frames, channels, bins), of levels in bands."""
    batch, frames, values = levels.shape
    sizes = np.exp(np.clip(levels, *tables.NOISE_LIMITS))
    sizes = sizes.reshape(batch, frames, channels, values // channels)
    return (
        sizes if values == channels * bins else sizes @ tables.bands_to_bins(sizes.shape[-1], bins)
    )


def _turned_by(turns: np.ndarray) -> np.ndarray:
    """Return the complex number of length 1 that turns a phase by so many turns."""
    angle = np.float32(2 * math.pi) * turns
    return _complex(np.cos(angle), np.sin(angle))


def _complex(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
    joined = np.empty(real.shape, "complex64")
    joined.real, joined.imag = real, imaginary
    return joined
