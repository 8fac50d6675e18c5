"""Sound in and out: decode, mix, resample, trim, fit to length, normalise, write. NumPy only.

Audio is float32 shaped (time, channels), nominally in [-1, 1], unless a function says otherwise.
Resampling is soxr's, at quality HQ.
"""

import math
from pathlib import Path

import numpy as np
import soundfile as sf

from kwavegan.audio.decoding import opened
from kwavegan.audio.processing import to_int16
from kwavegan.audio.resampling import _resampled
from kwavegan.storage.files import atomic

_BLOCK = 1 << 20  # samples decoded at a time, all channels together: bounds the memory


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
