"""Locks on open files; the system releases them when their holder ends, also when it is killed."""

import sys
import time
from typing import IO


def try_lock(file: IO[bytes], shared: bool = False) -> bool:
    """Try to lock a file; return whether this process holds the lock now.

    Args:
        file: an open file; for an exclusive lock, open for writing.
        shared: whether others may share the lock; on Windows every lock is exclusive.
    """
    return _try_lock(file, shared)


def wait_for_lock(file: IO[bytes]) -> None:
    """Wait until no other process holds the lock of a file, which is open for writing; hold it."""
    while not try_lock(file):
        time.sleep(0.1)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes], shared: bool) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes], shared: bool) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_NB | (fcntl.LOCK_SH if shared else fcntl.LOCK_EX))
        except OSError as error:
            # Any other error means a file system without locks, which keeps no process out.
            return not isinstance(error, BlockingIOError)
        return True
