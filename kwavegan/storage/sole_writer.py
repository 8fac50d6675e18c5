"""One writer at a time for a file or folder; what killed ones left unfinished is cleared away."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from kwavegan.errors import InputError
from kwavegan.storage.failures import reason
from kwavegan.storage.files import clear_unfinished
from kwavegan.storage.locks import try_lock


class BusyError(InputError):
    """Another process writes a file or folder."""


@contextmanager
def only_writer_of(path: str | Path, wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Keep other processes from writing a file or folder in this way, for a block.

    An empty file beside it, `.<name>.lock`, is there for the block. The system releases its lock
    when this process ends, also when it is killed. Where nothing can be written beside `path`,
    nobody is kept out: whoever writes is refused then.

    Args:
        path: the file or folder; it need not exist.
        wait: called with a line where another process has to be waited for, as what adds to `path`
            does. None where that is refused: of two that replace it, one would be lost.

    Raises:
        BusyError: another process writes it.
        InputError: the system makes no lock.
    """
    path = Path(os.path.abspath(path))
    held = _held(path, wait)
    if held is None:
        yield
        return
    with held:
        try:
            with suppress(OSError):  # such files are safe to leave
                clear_unfinished(path)
            yield
        finally:
            with suppress(OSError):  # Windows, where this file is open
                _lock_of(path).unlink()


def unannounced(line: str) -> None:
    """For `wait`, where nobody is told."""


def _held(path: Path, wait: Callable[[str], None] | None) -> IO[bytes] | None:
    """Return the lock's file, held; None where nobody can write beside `path`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path.parent, os.W_OK):
            return None
        waited = False
        while True:
            file = _lock_of(path).open("a+b")
            locked = try_lock(file)
            if locked and _is_still(file, _lock_of(path)):
                return file
            file.close()
            if locked:
                continue
            if wait is None:
                raise BusyError(
                    f"{path}: another kwavegan is writing it; wait for it to end, or choose another"
                    " place"
                )
            if not waited:
                wait(f"{path}: another kwavegan is writing it; waiting for it to end")
                waited = True
            time.sleep(0.05)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {reason(error)}") from error


def _is_still(file: IO[bytes], name: Path) -> bool:
    """Whether an open file has its name yet: who held the lock before may have removed it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), name.stat())
    except FileNotFoundError:
        return False


def _lock_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")
