"""Change the sample rate of audio, at once or as it streams."""

import threading
from collections.abc import Iterator

import numpy as np
import soxr

from kwavegan.audio.decoding import Sound
from kwavegan.audio.processing import mix

_resamplers = threading.local()


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


def resample(audio: np.ndarray, source: int, rate: int) -> np.ndarray:
    """Resample (time, channels) from `source` Hz to `rate` Hz; round(time·rate/source) samples."""
    if source == rate:
        return audio
    return soxr.resample(np.ascontiguousarray(audio, np.float32), source, rate, quality="HQ")
