"""Trim, fit, normalize and convert audio that is in memory."""

import math

import numpy as np

from kwavegan.audio.decoding import AudioError

SILENCE = 1e-4
"""A clip whose peak is below this (-80 dBFS, three steps of 16 bits) is silent."""

TRIM_DB = 50.0
"""Trimming cuts what lies this far below the recording's own peak, at both ends."""

PEAK = 0.95
"""Where peak normalisation puts the largest sample."""

RMS = 0.1
"""Where RMS normalisation puts the root mean square (-20 dBFS), if the peak then stays within 1."""

FITS = ("pad", "crop", "slice")

NORMALIZATIONS = ("none", "peak", "rms")


def mix(audio: np.ndarray, channels: int) -> np.ndarray:
    """(time, any) → (time, channels): the mean for one; for two, mono doubled or the first two."""
    if audio.shape[1] == channels:
        return audio
    if channels == 1:
        return audio.mean(axis=1, keepdims=True, dtype=np.float32)
    return np.repeat(audio, channels, axis=1) if audio.shape[1] == 1 else audio[:, :channels]


def trim(audio: np.ndarray) -> np.ndarray:
    """Cut what is `TRIM_DB` below the peak off both ends; a silent sound stays as it is."""
    loud = np.abs(audio).max(axis=1)
    where = np.flatnonzero(loud > loud.max(initial=0.0) * 10 ** (-TRIM_DB / 20))
    return audio[where[0] : where[-1] + 1] if len(where) else audio


def fit(
    audio: np.ndarray, length: int, how: str = "pad", overlap: float = 0.0
) -> list[tuple[int, np.ndarray]]:
    """Cut or pad a sound to clips of exactly `length` samples.

    Args:
        audio: (time, channels).
        length: samples in a clip.
        how: "pad" appends silence to a short sound and cuts a long one at the end; "crop" cuts
            a long one and refuses a short one; "slice" lays windows over the whole recording.
            The slice that reaches past the end is padded if the recording fills at least half
            of it, dropped otherwise; nothing starts after it, so nothing is only a repetition.
        overlap: for "slice", the part of a window that the next one repeats, in [0, 1).

    Returns:
        (offset in samples, (length, channels)) of each clip; never empty.

    Raises:
        AudioError: kind "short": "crop" and shorter than a clip, or "slice" and than half of it.
    """
    if how == "slice":
        clips = _slices(audio, length, max(1, round(length * (1.0 - overlap))))
    else:
        clips = [(0, audio[:length])] if how == "pad" or len(audio) >= length else []
    if not clips:
        needed = (length + 1) // 2 if how == "slice" else length
        raise AudioError(
            "short", f"is too short: {len(audio)} samples at the wanted rate, {needed} needed"
        )
    return [(offset, _padded(clip, length)) for offset, clip in clips]


def _slices(audio: np.ndarray, length: int, hop: int) -> list[tuple[int, np.ndarray]]:
    clips = []
    for offset in range(0, len(audio), hop):
        clip = audio[offset : offset + length]
        if 2 * len(clip) >= length:
            clips.append((offset, clip))
        if offset + length >= len(audio):
            break
    return clips


def _padded(audio: np.ndarray, length: int) -> np.ndarray:
    if len(audio) == length:
        return audio
    padded = np.zeros((length, audio.shape[1]), np.float32)
    padded[: len(audio)] = audio
    return padded


def normalize(audio: np.ndarray, how: str) -> np.ndarray:
    """Scale a sound: "peak" to `PEAK`, "rms" to `RMS` (or less, so that it peaks at 1), "none".

    Silence (a peak below `SILENCE`) is returned as it is.
    """
    peak = float(np.abs(audio).max(initial=0.0))
    if how == "none" or peak < SILENCE:
        return audio
    if how == "peak":
        return audio * np.float32(PEAK / peak)
    rms = math.sqrt(float(np.mean(np.square(audio, dtype=np.float64))))
    return audio * np.float32(min(RMS / rms, 1.0 / peak))


def to_int16(audio: np.ndarray) -> np.ndarray:
    """Float in [-1, 1] → int16, rounded; what lies outside is clipped. Undone by `to_float`."""
    scaled = audio * np.float32(32768)
    np.rint(scaled, out=scaled)
    return np.clip(scaled, -32768, 32767, out=scaled).astype(np.int16)
