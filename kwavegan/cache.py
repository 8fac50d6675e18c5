"""The cache: where sets that were prepared on the way are kept, one writer at a time."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import platformdirs

from kwavegan.errors import InputError

ENV = "KWAVEGAN_CACHE"


def cache_folder() -> Path:
    """Where prepared sets are kept: the environment's KWAVEGAN_CACHE, or the user's cache."""
    given = os.environ.get(ENV)
    return Path(given).expanduser() if given else Path(platformdirs.user_cache_dir("kwavegan"))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock beside `path`, waiting for another process to let go of it.

    The system frees it when its holder ends, however it ends; the empty `.lock` file stays.

    Raises:
        InputError: the cache cannot be written.
    """
    name = path.with_name(f"{path.name}.lock")
    try:
        name.parent.mkdir(parents=True, exist_ok=True)
        file = name.open("a+b")
    except OSError as error:
        raise InputError(
            f"{name.parent}: cannot be written: {error.strerror}; set {ENV} to another folder"
        ) from error
    with file:
        _acquire(file)
        yield


if os.name == "nt":
    import msvcrt

    def _acquire(file: IO[bytes]) -> None:
        while True:
            try:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                return
            except OSError:
                time.sleep(0.2)

else:
    import fcntl

    def _acquire(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)
