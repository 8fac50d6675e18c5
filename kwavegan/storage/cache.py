"""The cache: where sets that were prepared on the way are kept, one writer at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from kwavegan.errors import InputError
from kwavegan.storage.locks import wait_for_lock

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
        wait_for_lock(file)
        yield
