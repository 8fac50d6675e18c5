"""Change the sample rate of audio in memory, or of a file block by block (soxr, quality HQ)."""

import threading
from collections.abc import Iterator

import numpy as np
import soxr

from kwavegan.audio.decoding import AudioFile
from kwavegan.audio.processing import mix

_resamplers = threading.local()


def resampled_blocks(sound: AudioFile, rate: int, channels: int, size: int) -> Iterator[np.ndarray]:
    """Yield an open file mixed to `channels` and resampled to `rate` Hz, (any, channels) each.

    Args:
        sound: the file.
        rate: in Hz.
        channels: 1 or 2.
        size: samples per channel that are decoded at a time.
    """
    blocks = (mix(block, channels) for block in sound.blocks(size))
    if sound.rate == rate:
        yield from blocks
        return
    stream = _resampler(sound.rate, rate, channels)
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block))
    yield stream.resample_chunk(np.empty((0, channels), np.float32), last=True)


def _resampler(source: int, rate: int, channels: int) -> soxr.ResampleStream:
    """Return a cleared resampler.

    Each thread caches 16 of them: the design of the filter takes half the time of a short file.
    """
    cache = _resamplers.__dict__
    key = f"{source} {rate} {channels}"
    if key not in cache:
        if len(cache) >= 16:
            cache.clear()
        cache[key] = soxr.ResampleStream(source, rate, channels, dtype="float32", quality="HQ")
    cache[key].clear()
    return cache[key]


def resample(audio: np.ndarray, source: int, rate: int) -> np.ndarray:
    """Resample (time, channels) from `source` to `rate` Hz: round(time · rate / source) samples."""
    if source == rate:
        return audio
    return soxr.resample(np.ascontiguousarray(audio, np.float32), source, rate, quality="HQ")
