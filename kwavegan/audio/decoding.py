"""Audio files → blocks of samples, and a clear word for every file that gives none.

libsndfile decodes (WAV, FLAC, OGG, MP3, AIFF, ...). Short 16-bit WAV files, which most collections
are made of, are taken apart here, three times as fast; whatever is unusual about one goes to
libsndfile after all.
"""

import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf

RATES = (1_000, 768_000)
"""Lowest and highest sample rate, in Hz, that a header may claim; others are taken for damage."""

_SIZES = re.compile(r"^\s*(?:data|SSND|riff|Data Size)\s*: (\d+) \(should be (\d+)\)", re.M)

_FRAMES = re.compile(
    r"Calculated frame count (\d+) does not match value from 'ds64' chunk of (\d+)"
)

_UNKNOWN = 0x7FFF0000  # a data size from here up is a stream writer's 'not known yet'

_MP3_SLACK = 4 * 1152  # an MP3's frame count may be off by encoder delay and padding

_SIXTEEN_BITS = ("PCM_16", "PCM_S8", "PCM_U8")

_SHORT = 1 << 22  # bytes of a WAV file that is read at once


class AudioError(Exception):
    """One file or clip that cannot be used.

    Attributes:
        kind: "not audio", "empty", "truncated", "rate", "not finite", "silent", "short",
            "permission", "missing" or "unreadable"; what a summary counts by.
        reason: the rest of a sentence that starts with the file's name.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@dataclass(frozen=True)
class Sound:
    """An opened file.

    Attributes:
        rate: sample rate in Hz.
        channels: as the file has them.
        frames: samples per channel, as the header says.
        blocks: block size → iterator over float32 (up to that many, channels), to the end;
            raises `AudioError` where decoding fails.
    """

    rate: int
    channels: int
    frames: int
    blocks: Callable[[int], Iterator[np.ndarray]]


@contextmanager
def opened(path: str | Path) -> Iterator[Sound]:
    """Open an audio file; what it yields is valid within the block.

    Raises:
        AudioError: it cannot be opened, is empty or cut short, or claims a rate outside `RATES`.
    """
    path = Path(path)
    plain = _plain_wav(path) if path.suffix.lower() == ".wav" else None
    if plain:
        yield plain
        return
    # Bytes carry names that are not UTF-8; Windows has only str.
    name = os.fsencode(path) if os.name == "posix" else str(path)
    try:
        file = sf.SoundFile(name)
    except (sf.SoundFileError, OSError, TypeError) as error:
        raise _why_not_opened(path, error) from error
    with file:
        _check_header(file, path)
        yield Sound(file.samplerate, file.channels, file.frames, lambda size: _decoded(file, size))


def _plain_wav(path: Path) -> Sound | None:
    """A short and sound 16-bit PCM WAV file; None for anything else, however close."""
    try:
        with path.open("rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size > _SHORT:
                return None
            data = file.read()
    except OSError:
        return None
    found = _wav_chunks(data)
    if found is None:
        return None
    (tag, channels, rate, _, align, bits), start, size = found
    frames = size // (2 * channels) if channels else 0
    if (tag, align, bits) != (1, 2 * channels, 16) or not frames:
        return None
    if not RATES[0] <= rate <= RATES[1]:
        return None
    samples = np.frombuffer(data, "<i2", frames * channels, start).reshape(frames, channels)
    return Sound(rate, channels, frames, lambda size: _cut(samples, size))


def _wav_chunks(data: bytes) -> tuple[tuple[int, ...], int, int] | None:
    """The `fmt ` fields of a WAV file, and where its `data` starts and how many bytes it has.

    RIFF chunks: a name, a size, and so many bytes, padded to an even number.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    fields = None
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8
        if at + size > len(data):
            return None
        if name == b"fmt " and size >= 16:
            fields = struct.unpack_from("<HHIIHH", data, at)
        if name == b"data":
            return (fields, at, size) if fields else None
        at += size + size % 2
    return None


def _cut(samples: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(samples), size):
        yield to_float(samples[start : start + size])


def _why_not_opened(path: Path, error: Exception) -> AudioError:
    """libsndfile says only 'system error': ask the system itself."""
    try:
        if isinstance(error, OSError):
            raise error
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        return AudioError("missing", "is not there (a broken link?)")
    except PermissionError:
        return AudioError("permission", "may not be read: permission denied")
    except OSError as cause:
        return AudioError("unreadable", f"cannot be read: {cause.strerror or cause}")
    if empty:
        return AudioError("empty", "is an empty file")
    if "SF_INFO" in str(error):  # libsndfile's words for a rate or channel count of nonsense
        return AudioError("rate", "claims an impossible sample rate or number of channels")
    return AudioError(
        "not audio", "is not audio that can be read; convert it to WAV, FLAC, OGG, MP3 or AIFF"
    )


def _check_header(file: sf.SoundFile, path: Path) -> None:
    # libsndfile quietly shortens the sound when the file ends early; its log tells.
    log = file.extra_info
    for promised, there in _SIZES.findall(log) + [(b, a) for a, b in _FRAMES.findall(log)]:
        if int(there) < int(promised) < _UNKNOWN:
            raise AudioError(
                "truncated", f"is cut short: {promised} promised by its header, {there} there"
            )
    if file.frames < 1:
        # An Ogg that lost its end has no last page to count frames by.
        if file.format == "OGG" and path.stat().st_size > 4096:
            raise AudioError("truncated", "is cut short: its last page is missing")
        raise AudioError("empty", "holds no sound")
    if not RATES[0] <= file.samplerate <= RATES[1]:
        raise AudioError("rate", f"claims an impossible sample rate of {file.samplerate} Hz")


def _decoded(file: sf.SoundFile, size: int) -> Iterator[np.ndarray]:
    """Yield float32 (up to `size`, channels) until the end, or until decoding fails."""
    # Sixteen bits are read as they are: libsndfile's own conversion to float is slower.
    whole = file.subtype in _SIXTEEN_BITS
    done = 0
    while done < file.frames:
        try:
            block = file.read(size, dtype="int16" if whole else "float32", always_2d=True)
        except sf.SoundFileError as error:
            raise _cut_short(done, file.frames) from error
        if not len(block):
            break
        done += len(block)
        if whole:
            block = to_float(block)
        elif not np.isfinite(block).all():
            raise AudioError("not finite", "holds NaN or infinite samples")
        yield block
    slack = _MP3_SLACK if file.format == "MP3" else 0
    if done == 0 or file.frames - done > slack:
        raise _cut_short(done, file.frames)


def _cut_short(done: int, frames: int) -> AudioError:
    return AudioError("truncated", f"is cut short or damaged: {done} of {frames} frames decode")


def to_float(audio: np.ndarray) -> np.ndarray:
    """int16 → float32 in [-1, 1), divided by 32,768; float comes back as float32."""
    if audio.dtype == np.int16:
        return np.multiply(audio, np.float32(1 / 32768), dtype=np.float32)
    return audio.astype(np.float32, copy=False)
