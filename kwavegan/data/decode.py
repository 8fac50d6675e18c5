"""From files to clips: decode each file as the settings say, on every core, in order."""

import hashlib
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from kwavegan.audio import decoding, processing, soundfiles
from kwavegan.errors import InputError

CHUNK_FILES = 64

CHUNK_BYTES = 1 << 24
"""What one task for a worker holds at most: so many files, and no more once so many bytes."""

WINDOW = 2
"""Tasks per worker that may be under way or waiting to be collected: bounds the memory."""

_WORTH_A_POOL = 1 << 24  # bytes; starting workers takes as long as decoding about this much


@dataclass(frozen=True)
class ClipSettings:
    """What decides the samples of a clip, and nothing else: equal settings, equal clips.

    Attributes:
        rate: sample rate in Hz.
        length: samples in a clip.
        channels: 1 or 2.
        fit: "pad", "crop" or "slice", as `audio.fit`.
        overlap: of slices, in [0, 1).
        trim: whether silence is cut off both ends first.
        normalize: "none", "peak" or "rms", for each clip, as `audio.normalize`.
        dtype: "int16" or "float32".
    """

    rate: int
    length: int
    channels: int
    fit: str
    overlap: float
    trim: bool
    normalize: str
    dtype: str


@dataclass(frozen=True)
class LeftOut:
    """A file, or a slice of one, that gave no clip: its offset, and `audio.AudioError`'s words."""

    offset: int
    kind: str
    reason: str


@dataclass
class Decoded:
    """What one file gave.

    Attributes:
        checksum: SHA-256 of the file's bytes, in hex; "" if it cannot be read.
        samples: (clips, length, channels) in the settings' dtype.
        offsets: of each clip in the file, in samples at the settings' rate.
        notes: of each clip: some of "clipped", "padded", "cropped", joined by spaces.
        left_out: the file or its slices that gave no clip.
    """

    checksum: str
    samples: np.ndarray
    offsets: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def decode(path: Path, settings: ClipSettings) -> Decoded:
    """Decode one file to clips. Problems with the file are reported in the result, never raised."""
    clips: list[np.ndarray] = []
    decoded = Decoded(checksum(path), np.empty(0))
    try:
        whole = settings.trim or settings.fit == "slice"
        need = None if whole else settings.length + 1  # one more tells whether it was cropped
        sound = soundfiles.load(path, settings.rate, settings.channels, need)
        if settings.trim:
            sound = processing.trim(sound)
        for offset, clip in processing.fit(sound, settings.length, settings.fit, settings.overlap):
            _add(decoded, clips, offset, clip, len(sound), settings)
    except decoding.AudioError as problem:
        decoded.left_out.append(LeftOut(0, problem.kind, problem.reason))
    shape = (len(clips), settings.length, settings.channels)
    decoded.samples = np.stack(clips) if clips else np.empty(shape, settings.dtype)
    return decoded


def _add(
    decoded: Decoded,
    clips: list[np.ndarray],
    offset: int,
    clip: np.ndarray,
    total: int,
    settings: ClipSettings,
) -> None:
    peak = max(float(clip.max()), -float(clip.min()))  # NaN if any sample is
    if not peak < np.inf:
        raise decoding.AudioError("not finite", "overflows when resampled")
    if peak < processing.SILENCE:
        at = f" from {offset / settings.rate:.2f} s on" if offset else ""
        decoded.left_out.append(LeftOut(offset, "silent", f"is silent{at}"))
        return
    if settings.normalize != "none":
        clip = processing.normalize(clip, settings.normalize)
        peak = 0.0  # neither way of normalising leaves a sample outside [-1, 1]
    clips.append(processing.to_int16(clip) if settings.dtype == "int16" else np.clip(clip, -1, 1))
    decoded.offsets.append(offset)
    short, long = total < offset + settings.length, total > settings.length
    cropped = long and settings.fit != "slice"
    marks = (("clipped", peak > 1.0), ("padded", short), ("cropped", cropped))
    decoded.notes.append(" ".join(name for name, holds in marks if holds))


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex; "" if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb", buffering=0) as file:
            # hashlib.file_digest would clear 256 kB for every file, small ones too.
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError:
        return ""
    return digest.hexdigest()


def worker_count(size: int, jobs: int | None = None) -> int:
    """Return how many processes decode `size` bytes: `jobs`, else one per core where that pays."""
    if jobs is None:
        jobs = cores() if size > _WORTH_A_POOL else 1
    return jobs


def decode_all(
    files: Iterable[tuple[Path, int]], settings: ClipSettings, jobs: int = 1
) -> Iterator[Decoded]:
    """Decode files on several processes; yield in the order given, whatever the number of jobs.

    At most `WINDOW` chunks per worker are under way, however many files there are; of `files` no
    more than that is held. Workers are spawned: a script that calls this needs the usual
    `if __name__ == "__main__":` guard.

    Args:
        files: path and size in bytes of each.
        settings: what to make of them.
        jobs: worker processes, as `worker_count` gives them; 1 for none beside this one.

    Raises:
        InputError: a worker died.
    """
    if jobs <= 1:
        for path, _ in files:
            yield decode(path, settings)
        return
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_ignore_interrupt)
    try:
        for part in _bounded(pool, _chunks(files), settings, jobs * WINDOW):
            yield from part
    except BrokenProcessPool as error:
        raise InputError(
            "a worker process died: out of memory, or a script that lacks an"
            ' `if __name__ == "__main__":` guard; try --jobs 1'
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _bounded(
    pool: ProcessPoolExecutor, chunks: Iterable[list[Path]], settings: ClipSettings, window: int
) -> Iterator[list[Decoded]]:
    pending: deque[Future] = deque()
    for chunk in chunks:
        if len(pending) >= window:
            yield pending.popleft().result()
        pending.append(pool.submit(decode_chunk, chunk, settings))
    while pending:
        yield pending.popleft().result()


def _chunks(files: Iterable[tuple[Path, int]]) -> Iterator[list[Path]]:
    chunk: list[Path] = []
    total = 0
    for path, size in files:
        chunk.append(path)
        total += size
        if len(chunk) >= CHUNK_FILES or total >= CHUNK_BYTES:
            yield chunk
            chunk, total = [], 0
    if chunk:
        yield chunk


def decode_chunk(paths: list[Path], settings: ClipSettings) -> list[Decoded]:
    """A worker's task: `decode` for several files."""
    return [decode(path, settings) for path in paths]


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ignore_interrupt() -> None:
    # Ctrl-C reaches every process of the terminal; only the first one is to answer it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
