"""Many audio files → their clips, on several processes, in order."""

import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import TypeVar

from kwavegan.backend.cores import usable_cores
from kwavegan.data.decode import DecodedFile, decode_file
from kwavegan.data.members import Stored, as_file
from kwavegan.data.prepare_settings import ClipSettings
from kwavegan.data.workers import WorkerContext
from kwavegan.errors import InputError, setting

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK_FILES = 64
"""Most files in one task for a worker."""

CHUNK_BYTES = 1 << 24
"""A task takes no further file once its files hold this many bytes."""

WINDOW = 2
"""Tasks per worker that run or wait to be collected: bounds the memory."""

_WORTH_A_POOL = 1 << 24
"""Bytes: workers start in about the time in which one process decodes this much."""


def decode_files(
    files: Iterable[tuple[Stored, int]], settings: ClipSettings, jobs: int = 1
) -> Generator[DecodedFile, None, None]:
    """Decode files; yield the results in the given order, whatever the number of jobs.

    At most `WINDOW` chunks of files per worker are in memory.

    Args:
        files: where each is, and its size in bytes.
        settings: of the clips.
        jobs: worker processes, see `worker_count`; 1 decodes in this process.

    Raises:
        InputError: a worker died.
    """
    if jobs <= 1:
        yield from (_decode(stored, settings) for stored, _ in files)
        return
    pool = ProcessPoolExecutor(jobs, mp_context=WorkerContext(), initializer=ignore_interrupts)
    work = partial(_decode_chunk, settings=settings)
    try:
        for results in bounded_map(pool, work, chunked(files), jobs * WINDOW):
            yield from results
    except BrokenProcessPool as error:
        raise InputError(
            "a worker process died: memory ran out, or it was killed; close other programs, or "
            f"prepare the folder with {setting('jobs', 1)}"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def worker_count(size: int, jobs: int | None = None) -> int:
    """Return how many processes decode `size` bytes: `jobs`, else one per core where that pays."""
    if jobs is not None:
        return jobs
    return usable_cores() if size > _WORTH_A_POOL else 1


def chunked(files: Iterable[tuple[Item, int]]) -> Iterator[list[Item]]:
    """Group files (place, bytes) into lists of up to `CHUNK_FILES` files and `CHUNK_BYTES` bytes.

    A file of more bytes than that is a list of its own.
    """
    chunk: list[Item] = []
    total = 0
    for item, size in files:
        chunk.append(item)
        total += size
        if len(chunk) >= CHUNK_FILES or total >= CHUNK_BYTES:
            yield chunk
            chunk, total = [], 0
    if chunk:
        yield chunk


def bounded_map(
    pool: Executor, work: Callable[[Item], Result], items: Iterable[Item], window: int
) -> Iterator[Result]:
    """Yield `work(item)` of each item in order; at most `window` items are submitted at a time."""
    pending: deque[Future[Result]] = deque()
    for item in items:
        if len(pending) >= window:
            yield pending.popleft().result()
        pending.append(pool.submit(work, item))
    while pending:
        yield pending.popleft().result()


def ignore_interrupts() -> None:
    """Leave Ctrl-C, which reaches every process of the terminal, to the first process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _decode_chunk(chunk: list[Stored], settings: ClipSettings) -> list[DecodedFile]:
    return [_decode(stored, settings) for stored in chunk]


def _decode(stored: Stored, settings: ClipSettings) -> DecodedFile:
    with as_file(stored) as path:
        return decode_file(path, settings)
