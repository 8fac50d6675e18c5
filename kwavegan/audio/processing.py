"""Audio in memory: mix channels, trim silence, cut to length, normalise."""

import math

import numpy as np

from kwavegan.audio.problems import AudioError

SILENCE = 1e-4
"""A clip with a peak below this (-80 dBFS, three steps of 16 bits) is silent, unless its level is
raised: then three steps of its file are enough."""

TRIM_DB = 50.0
"""Trimming removes samples at both ends that lie this many dB below the recording's peak."""

PEAK = 0.95
"""The largest sample after peak normalisation."""

RMS = 0.1
"""Root mean square after RMS normalisation (-20 dBFS), if the peak then stays within 1."""

TAIL_DB = 60.0
"""A generated sound ends where it stays this many dB below its peak."""

TAIL_FADE_S = 0.005
"""Seconds over which what is left of it fades out, so that it does not click."""

FITS = ("pad", "crop", "slice")

NORMALIZATIONS = ("none", "peak", "rms")


_SIDES = {3: "LRC", 4: "LRLR", 5: "LRCLR", 6: "LRCCLR", 7: "LRCCCLR", 8: "LRCCLRLR"}
"""Where the channels of surround sound are, by their number, in the order of WAV files."""

_SHARE = math.sqrt(0.5)
"""Weight of what is not in front, left or right, in a stereo mix (ITU-R BS.775)."""


def mix(audio: np.ndarray, channels: int) -> np.ndarray:
    """Convert (time, any) to (time, channels).

    One channel is the mean of all. Two are mono twice, or a mix in which each channel is on its
    side and what is in the middle on both, scaled so that it cannot clip.
    """
    if audio.shape[1] == channels:
        return audio
    if channels == 1:
        return audio.mean(axis=1, keepdims=True, dtype=np.float32)
    if audio.shape[1] == 1:
        return np.repeat(audio, channels, axis=1)
    return audio @ _stereo_weights(audio.shape[1])


def _stereo_weights(count: int) -> np.ndarray:
    """Return (count, 2): how much of each channel is on the left, and on the right."""
    sides = _SIDES.get(count, "LR".ljust(count, "C"))
    weights = np.array([(side != "R", side != "L") for side in sides], np.float32)
    weights[2:] *= _SHARE
    return weights / weights.sum(axis=0)


def trim(audio: np.ndarray) -> np.ndarray:
    """Remove the samples at both ends that lie `TRIM_DB` below the peak; silence comes back whole.

    Args:
        audio: (time, channels).
    """
    level = np.abs(audio).max(axis=1)
    loud = np.flatnonzero(level > level.max(initial=0.0) * 10 ** (-TRIM_DB / 20))
    return audio[loud[0] : loud[-1] + 1] if len(loud) else audio


def without_tail(audio: np.ndarray, rate: int) -> np.ndarray:
    """Return a sound up to where it stays `TAIL_DB` below its peak, and a short fade to silence.

    A generator makes clips of one length, and its silence is only nearly silent. Silence comes
    back whole, and so does a sound that lasts to its end.

    Args:
        audio: float (time, channels).
        rate: sample rate in Hz.
    """
    level = np.abs(audio).max(axis=1)
    loud = np.flatnonzero(level > level.max(initial=0.0) * 10 ** (-TAIL_DB / 20))
    fade = round(TAIL_FADE_S * rate)
    end = loud[-1] + 1 + fade if len(loud) else len(audio)
    if end >= len(audio):
        return audio
    kept = audio[:end].copy()
    kept[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade, dtype=audio.dtype))[:, None] ** 2
    return kept


def fit(
    audio: np.ndarray, length: int, how: str = "pad", overlap: float = 0.0
) -> list[tuple[int, np.ndarray]]:
    """Cut or pad a sound to clips of exactly `length` samples.

    Args:
        audio: (time, channels).
        length: samples in a clip.
        how: "pad" appends silence to a short sound and cuts a long one at the end; "crop" cuts
            a long one and refuses a short one; "slice" lays windows over the whole recording.
            The last slice reaches past the end of the recording: it is padded if the recording
            fills at least half of it, else dropped.
        overlap: for "slice", the part of a window that the next one repeats, in [0, 1).

    Returns:
        (offset in samples, (length, channels)) of each clip; at least one.

    Raises:
        AudioError: kind "short": shorter than a clip for "crop", than half a clip for "slice".
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
    """Scale a sound to a level; zeros come back unchanged.

    Args:
        audio: (time, channels).
        how: "peak" scales the largest sample to `PEAK`; "rms" scales the root mean square to
            `RMS`, or to less where the peak would pass 1; "none" changes nothing.
    """
    peak = float(np.abs(audio).max(initial=0.0))
    if how == "none" or peak == 0:
        return audio
    if how == "peak":
        return audio * np.float32(PEAK / peak)
    rms = math.sqrt(float(np.mean(np.square(audio, dtype=np.float64))))
    return audio * np.float32(min(RMS / rms, 1.0 / peak))
