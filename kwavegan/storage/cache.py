"""The cache folder, for data sets prepared during a training; one writer at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from kwavegan.errors import InputError
from kwavegan.storage.locks import wait_for_lock

ENV = "KWAVEGAN_CACHE"


def cache_folder() -> Path:
    """Return the cache folder: KWAVEGAN_CACHE, else the user's cache."""
    folder = os.environ.get(ENV)
    return Path(folder).expanduser() if folder else Path(platformdirs.user_cache_dir("kwavegan"))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock beside `path`, after waiting until no other process holds it.

    The system releases it when its holder ends, also when it is killed; the empty `.lock` file
    stays.

    Raises:
        InputError: the cache is not writable.
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
