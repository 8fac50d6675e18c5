"""Audio files → blocks of samples, or an `AudioError` that says why a file gives none.

libsndfile decodes (WAV, FLAC, OGG, MP3, AIFF, ...). Most collections consist of short 16-bit WAV
files: this module parses those itself, three times as fast, and leaves every unusual one to
libsndfile.
"""

import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf

from kwavegan.audio.chatter import without_chatter
from kwavegan.audio.pcm import to_float

RATES = (1_000, 768_000)
"""Lowest and highest sample rate in Hz. A header that claims another one counts as damaged."""

_SIZES = re.compile(r"^\s*(?:data|SSND|riff|Data Size)\s*: (\d+) \(should be (\d+)\)", re.M)

_FRAMES = re.compile(
    r"Calculated frame count (\d+) does not match value from 'ds64' chunk of (\d+)"
)

_UNKNOWN_SIZE = 0x7FFF0000
"""Data sizes from here up mean "not known yet": the file was written to a stream."""

_MP3_SLACK = 4 * 1152
"""Samples by which an MP3's frame count may be wrong: the encoder's delay and padding."""

_INT16_SUBTYPES = ("PCM_16", "PCM_S8", "PCM_U8")

SHORT = 1 << 22
"""Bytes: this module parses WAV files up to this size, and reads each of them at once."""


class AudioError(Exception):
    """A file or clip that is not usable.

    Attributes:
        kind: "not audio", "empty", "truncated", "rate", "not finite", "silent", "short",
            "permission", "missing" or "unreadable". Summaries count files by it.
        reason: the rest of a sentence that starts with the file's name.

    Example:
        >>> from kwavegan.audio import AudioError, read_audio
        >>> try:
        ...     read_audio("nowhere.wav")
        ... except AudioError as error:
        ...     print(error.kind, "-", error.reason)
        missing - is not there (a broken link?)
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@dataclass(frozen=True)
class AudioFile:
    """An open audio file.

    Attributes:
        rate: sample rate in Hz.
        channels: number of channels in the file.
        frames: samples per channel that the header states.
        blocks: takes a block size and yields float32 (up to that many, channels) to the end of
            the file; raises `AudioError` where decoding fails.
    """

    rate: int
    channels: int
    frames: int
    blocks: Callable[[int], Iterator[np.ndarray]]


@contextmanager
def open_audio(path: str | Path, short: int = SHORT) -> Iterator[AudioFile]:
    """Open an audio file; the `AudioFile` is valid inside the `with` block.

    Args:
        path: the file.
        short: this module's own parser takes 16-bit WAV files up to this size in bytes; 0 leaves
            every file to libsndfile.

    Raises:
        AudioError: the file does not open, is empty or truncated, or claims a rate outside `RATES`.
    """
    path = Path(path)
    plain = _plain_wav(path, short) if path.suffix.lower() == ".wav" else None
    if plain:
        yield plain
        return
    # Bytes can hold names that are not UTF-8; Windows has only str.
    name = os.fsencode(path) if os.name == "posix" else str(path)
    try:
        with without_chatter():
            file = sf.SoundFile(name)
    except (sf.SoundFileError, OSError, TypeError) as error:
        raise _why_not_opened(path, error) from error
    with file:
        _check_header(file, path)
        yield AudioFile(
            file.samplerate, file.channels, file.frames, lambda size: _decoded(file, size)
        )


def _plain_wav(path: Path, short: int) -> AudioFile | None:
    """Open a short, undamaged 16-bit PCM WAV file; return None for any other file."""
    try:
        with path.open("rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size > short:
                return None
            data = file.read()
    except OSError:
        return None
    chunks = _wav_chunks(data)
    if chunks is None:
        return None
    (tag, channels, rate, _, align, bits), start, size = chunks
    frames = size // (2 * channels) if channels else 0
    if (tag, align, bits) != (1, 2 * channels, 16) or not frames:
        return None
    if not RATES[0] <= rate <= RATES[1]:
        return None
    samples = np.frombuffer(data, "<i2", frames * channels, start).reshape(frames, channels)
    return AudioFile(rate, channels, frames, lambda size: _blocks_of(samples, size))


def _wav_chunks(data: bytes) -> tuple[tuple[int, ...], int, int] | None:
    """Return the `fmt ` fields of a WAV file, the offset of its `data` and its size in bytes.

    A RIFF chunk is a name, a size, and that many bytes, padded to an even number.
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


def _blocks_of(samples: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(samples), size):
        yield to_float(samples[start : start + size])


def _why_not_opened(path: Path, error: Exception) -> AudioError:
    """Ask the system why a file does not open: libsndfile says only "system error"."""
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
    if "SF_INFO" in str(error):  # libsndfile's message for an absurd rate or channel count
        return AudioError("rate", "claims an impossible sample rate or number of channels")
    return AudioError(
        "not audio", "is not audio that can be read; convert it to WAV, FLAC, OGG, MP3 or AIFF"
    )


def _check_header(file: sf.SoundFile, path: Path) -> None:
    # Where a file ends early, libsndfile shortens the sound silently; only its log mentions it.
    log = file.extra_info
    sizes = _SIZES.findall(log) + [(stated, actual) for actual, stated in _FRAMES.findall(log)]
    for stated, actual in sizes:
        if int(actual) < int(stated) < _UNKNOWN_SIZE:
            raise AudioError(
                "truncated", f"is cut short: its header states {stated}, the file holds {actual}"
            )
    if file.frames < 1:
        # libsndfile counts an Ogg's frames by its last page; a truncated one has lost that page.
        if file.format == "OGG" and path.stat().st_size > 4096:
            raise AudioError("truncated", "is cut short: its last page is missing")
        raise AudioError("empty", "holds no sound")
    if not RATES[0] <= file.samplerate <= RATES[1]:
        raise AudioError("rate", f"claims an impossible sample rate of {file.samplerate} Hz")


def _decoded(file: sf.SoundFile, size: int) -> Iterator[np.ndarray]:
    """Yield float32 (up to `size`, channels) until the end, or until decoding fails."""
    # libsndfile's own conversion of 16 bits to float is slower than `to_float`.
    integer = file.subtype in _INT16_SUBTYPES
    done = 0
    while done < file.frames:
        try:
            with without_chatter() if file.format == "MP3" else nullcontext():
                block = file.read(size, dtype="int16" if integer else "float32", always_2d=True)
        except sf.SoundFileError as error:
            raise _cut_short(done, file.frames) from error
        if not len(block):
            break
        done += len(block)
        if integer:
            block = to_float(block)
        elif not np.isfinite(block).all():
            raise AudioError("not finite", "holds NaN or infinite samples")
        yield block
    slack = _MP3_SLACK if file.format == "MP3" else 0
    if done == 0 or file.frames - done > slack:
        raise _cut_short(done, file.frames)


def _cut_short(done: int, frames: int) -> AudioError:
    return AudioError("truncated", f"is cut short or damaged: {done} of {frames} frames decode")
