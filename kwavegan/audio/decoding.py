"""Audio files → blocks of samples, or an `AudioError` that says why a file gives none.

libsndfile decodes (WAV, FLAC, OGG, MP3, AIFF, ...), and what it does not know the extra `formats`
(`kwavegan.audio.containers`). What a header claims is not the sound: where
the two disagree, `kwavegan.audio.layout` finds the sound, and the file is read to its end.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile as sf

from kwavegan.audio import containers
from kwavegan.audio.chatter import without_chatter
from kwavegan.audio.file_parts import Part, PartFile
from kwavegan.audio.layout import find_parts
from kwavegan.audio.pcm import to_float
from kwavegan.audio.plain_wav import SHORT, read_plain_wav
from kwavegan.audio.problems import AudioError, why_not_opened
from kwavegan.audio.riff import UNKNOWN_SIZE

RATES = (1_000, 768_000)
"""Lowest and highest sample rate in Hz. A header that claims another one counts as damaged."""

_SIZES = re.compile(r"^\s*(?:data|SSND|riff|Data Size)\s*: (\d+) \(should be (\d+)\)", re.M)

_FRAMES = re.compile(
    r"Calculated frame count (\d+) does not match value from 'ds64' chunk of (\d+)"
)

_MISSING = 0.01
"""Part of the stated sound that may be missing: a careless header, or a few lost samples."""

_MP3_SLACK = 4 * 1152
"""Samples by which an MP3's frame count may be wrong: the encoder's delay and padding."""

_INT16_SUBTYPES = ("PCM_16", "PCM_S8", "PCM_U8")

_WIDTHS = {"PCM_S8": 1, "PCM_U8": 1, "ULAW": 1, "ALAW": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4}
"""Bytes of a sample, where all are of one size."""

_MOST_PARTS = 10_000
"""Parts of a file that are read at most; the rest is noted."""

_REFUSED = (sf.SoundFileError, OSError, TypeError)

_FINE = ("PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAC_24", "ALAC_32")

STEP, FINE_STEP = 2.0**-15, 2.0**-23
"""The smallest step between two samples of 16 bits, and of 24."""


@dataclass(frozen=True)
class AudioFile:
    """An open audio file.

    Attributes:
        rate: sample rate in Hz.
        channels: number of channels in the file.
        frames: samples per channel; None where only reading to the end tells.
        blocks: takes a block size and yields float32 (up to that many, channels) to the end of
            the file; raises `AudioError` where decoding fails.
        step: the smallest step between two of its samples, at least `FINE_STEP`.
        notes: what does not agree, complete once the blocks have been read: "header" where the
            header states another length than the sound has, "unread" where the file holds more.
    """

    rate: int
    channels: int
    frames: int | None
    blocks: Callable[[int], Iterator[np.ndarray]]
    step: float = STEP
    notes: list[str] = field(default_factory=list)


@contextmanager
def open_audio(path: str | Path, short: int = SHORT) -> Iterator[AudioFile]:
    """Open an audio file; the `AudioFile` is valid inside the `with` block.

    Args:
        path: the file.
        short: the package's own parser takes 16-bit WAV files up to this size in bytes; 0 leaves
            every file to libsndfile.

    Raises:
        AudioError: the file does not open, is empty or truncated, or claims a rate outside `RATES`.
    """
    path = Path(path)
    plain = read_plain_wav(path, short) if path.suffix.lower() == ".wav" else None
    if plain and RATES[0] <= plain.rate <= RATES[1]:
        frames, channels = plain.samples.shape
        samples = plain.samples
        yield AudioFile(plain.rate, channels, frames, lambda size: _blocks_of(samples, size))
        return
    with ExitStack() as stack:
        try:
            parts = find_parts(path)
            first = stack.enter_context(_opened(path, parts[0] if parts else None))
        except _REFUSED as error:
            problem = why_not_opened(path, error)
            if problem.kind != "formats" or not containers.available():
                raise problem from error
            yield _track(stack.enter_context(containers.open_track(path)))
            return
        yield _joined(path, parts, first)


def _track(track: containers.Track) -> AudioFile:
    if not RATES[0] <= track.rate <= RATES[1]:
        raise AudioError("rate", f"claims an impossible sample rate of {track.rate} Hz")
    step = FINE_STEP if track.fine else STEP
    return AudioFile(track.rate, track.channels, track.frames, track.blocks, step, track.notes)


@contextmanager
def _opened(path: Path, part: Part | None) -> Iterator[sf.SoundFile]:
    # Bytes can hold names that are not UTF-8; Windows has only str.
    name = os.fsencode(path) if os.name == "posix" else str(path)
    with nullcontext(name) if part is None else PartFile(path, part) as source:
        with without_chatter():
            file = sf.SoundFile(source)
        with file:
            yield file


def _joined(path: Path, parts: tuple[Part, ...], first: sf.SoundFile) -> AudioFile:
    """Return a file's parts as one sound: the first, and all with its rate and channels."""
    notes = ["header"] if any(part.disagrees for part in parts) else []
    notes += _check_header(first, path)
    frames, alike = first.frames, []
    for part in parts[1:_MOST_PARTS]:
        try:
            with _opened(path, part) as file:  # one at a time: a system opens only so many
                if (file.samplerate, file.channels) == (first.samplerate, first.channels):
                    notes += _check_header(file, path)
                    frames += file.frames
                    alike.append(part)
        except _REFUSED:
            continue
    if len(alike) + 1 < len(parts) or (not parts and _holds_more(first, path)):
        notes.append("unread")

    def blocks(size: int) -> Iterator[np.ndarray]:
        yield from _decoded(first, size, notes)
        for part in alike:
            with _opened(path, part) as file:
                yield from _decoded(file, size, notes)

    step = FINE_STEP if first.subtype in _FINE else STEP
    return AudioFile(first.samplerate, first.channels, frames, blocks, step, notes)


def _blocks_of(samples: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(samples), size):
        yield to_float(samples[start : start + size])


def _check_header(file: sf.SoundFile, path: Path) -> list[str]:
    """Return notes on what a header claims; raise where the sound is cut short or none."""
    # Where a file ends early, libsndfile shortens the sound silently; only its log mentions it.
    log, notes = file.extra_info, []
    sizes = _SIZES.findall(log) + [(stated, actual) for actual, stated in _FRAMES.findall(log)]
    for stated, actual in sizes:
        if int(actual) < int(stated) < UNKNOWN_SIZE:
            notes = ["header"]
            if int(actual) < (1 - _MISSING) * int(stated):
                raise AudioError(
                    "truncated",
                    f"is cut short: its header states {stated}, the file holds {actual}",
                )
    if file.frames < 1:
        # libsndfile counts an Ogg's frames by its last page; a truncated one has lost that page.
        if file.format == "OGG" and path.stat().st_size > 4096:
            raise AudioError("truncated", "is cut short: its last page is missing")
        raise AudioError("empty", "holds no sound")
    if not RATES[0] <= file.samplerate <= RATES[1]:
        raise AudioError("rate", f"claims an impossible sample rate of {file.samplerate} Hz")
    return notes


def _holds_more(file: sf.SoundFile, path: Path) -> bool:
    """Return whether a file is much larger than the sound that its header states."""
    if file.format in ("WAV", "WAVEX", "RF64", "AIFF"):
        return False  # `kwavegan.audio.riff` has looked, and chunks may follow
    sound = file.frames * file.channels * _WIDTHS.get(file.subtype, 0)
    return 0 < sound < 0.8 * (path.stat().st_size - (1 << 16))


def _decoded(file: sf.SoundFile, size: int, notes: list[str]) -> Iterator[np.ndarray]:
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
    if done == 0 or file.frames - done > max(slack, _MISSING * file.frames):
        raise _cut_short(done, file.frames)
    if file.frames - done > slack:
        notes.append("header")


def _cut_short(done: int, frames: int) -> AudioError:
    return AudioError("truncated", f"is cut short or damaged: {done} of {frames} frames decode")
