"""Sound in and out: decode, mix, resample, trim, fit to length, normalise, write. NumPy only.

Audio is float32 shaped (time, channels), nominally in [-1, 1], unless a function says otherwise.
Resampling is soxr's, at quality HQ.
"""

import math
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from kwavegan.decoding import RATES as RATES
from kwavegan.decoding import AudioError, Sound, opened
from kwavegan.decoding import to_float as to_float
from kwavegan.files import atomic

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

_BLOCK = 1 << 20  # samples decoded at a time, all channels together: bounds the memory
_resamplers = threading.local()


def read(path: str | Path) -> tuple[np.ndarray, int]:
    """Decode a whole file.

    Returns:
        float32 (time, channels) as the file has it, and its sample rate in Hz.

    Raises:
        AudioError: it cannot be opened, is empty or cut short, holds NaN or infinity, or claims
            a sample rate outside `RATES`.
    """
    with opened(path) as sound:
        return np.concatenate(list(sound.blocks(_BLOCK // sound.channels))), sound.rate


def load(path: str | Path, rate: int, channels: int = 1, need: int | None = None) -> np.ndarray:
    """Decode a file, mix it to `channels` and resample it from its own rate to `rate` Hz.

    It goes block by block, so that an hour-long recording takes no more memory than its result.
    With `need`, decoding stops once that many samples are there: at least `need` are returned
    unless the file is shorter, and damage further on goes unnoticed.

    Returns:
        float32 (time, channels) at `rate`.

    Raises:
        AudioError: as `read`.
    """
    with opened(path) as sound:
        ratio = sound.rate / rate
        size = max(1, _BLOCK // sound.channels)
        if need is not None:
            # A little more than needed: the resampler's filter delays its output.
            size = min(size, math.ceil(need * ratio) + math.ceil(4096 * max(1.0, ratio)))
        parts = []
        done = 0
        for part in _resampled(sound, rate, channels, size):
            parts.append(part)
            done += len(part)
            if need is not None and done >= need:
                break
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _resampled(sound: Sound, rate: int, channels: int, size: int) -> Iterator[np.ndarray]:
    blocks = (mix(block, channels) for block in sound.blocks(size))
    if sound.rate == rate:
        yield from blocks
        return
    stream = _resampler(sound.rate, rate, channels)
    done = 0
    for block in blocks:
        done += len(block)
        yield stream.resample_chunk(np.ascontiguousarray(block), last=done >= sound.frames)
    if done < sound.frames:  # an MP3 may hold a little less than it says
        yield stream.resample_chunk(np.empty((0, channels), np.float32), last=True)


def _resampler(source: int, rate: int, channels: int) -> soxr.ResampleStream:
    """A cleared resampler, kept per thread: designing its filter costs half of a short file."""
    kept = _resamplers.__dict__
    key = f"{source} {rate} {channels}"
    if key not in kept:
        if len(kept) >= 16:
            kept.clear()
        kept[key] = soxr.ResampleStream(source, rate, channels, dtype="float32", quality="HQ")
    kept[key].clear()
    return kept[key]


def mix(audio: np.ndarray, channels: int) -> np.ndarray:
    """(time, any) → (time, channels): the mean for one; for two, mono doubled or the first two."""
    if audio.shape[1] == channels:
        return audio
    if channels == 1:
        return audio.mean(axis=1, keepdims=True, dtype=np.float32)
    return np.repeat(audio, channels, axis=1) if audio.shape[1] == 1 else audio[:, :channels]


def resample(audio: np.ndarray, source: int, rate: int) -> np.ndarray:
    """Resample (time, channels) from `source` Hz to `rate` Hz; round(time·rate/source) samples."""
    if source == rate:
        return audio
    return soxr.resample(np.ascontiguousarray(audio, np.float32), source, rate, quality="HQ")


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


def write_wav(path: str | Path, audio: np.ndarray, rate: int) -> None:
    """Write a PCM_16 WAV file, atomically: it appears whole, or not at all.

    Args:
        path: where; its folder is made.
        audio: float in [-1, 1] (clipped beyond) or int16, shaped (time,) or (time, channels).
        rate: sample rate in Hz.

    Raises:
        InputError: the disk is full, or the place is not writable.
    """
    with atomic(path) as partial:
        write_wav_in_place(partial, audio, rate)


def write_wav_in_place(path: Path, audio: np.ndarray, rate: int) -> None:
    """As `write_wav`, but not atomic: for a folder that is itself not yet in place."""
    samples = audio if audio.dtype == np.int16 else to_int16(audio)
    with path.open("wb") as file:  # an OSError here tells why; libsndfile's would not
        sf.write(file, samples, rate, format="WAV", subtype="PCM_16")
