"""Locks on open files, which the system frees when their holder ends, however it ends."""

import os
import time
from typing import IO


def try_lock(file: IO[bytes], shared: bool = False) -> bool:
    """Lock a file if nobody else holds it; return whether it is held now.

    Args:
        file: open; for a lock of its own, for writing.
        shared: let others share it too; Windows knows no such locks, and takes it alone.
    """
    return _try_lock(file, shared)


def wait_for_lock(file: IO[bytes]) -> None:
    """Lock a file, open for writing, as soon as nobody else holds it."""
    while not try_lock(file):
        time.sleep(0.1)


if os.name == "nt":
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
            # Any other error: a file system without locks, which keeps nobody out.
            return not isinstance(error, BlockingIOError)
        return True
