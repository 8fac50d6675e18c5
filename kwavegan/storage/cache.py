"""The cache folder, for data sets prepared during a training; one writer at a time."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import platformdirs

from kwavegan.errors import InputError
from kwavegan.storage.failures import reason
from kwavegan.storage.locks import wait_for_lock

ENV = "KWAVEGAN_CACHE"


def cache_folder() -> Path:
    """Return the cache folder: KWAVEGAN_CACHE, else the user's cache.

    A user without a home folder, in a container for instance, gets one for this process.
    """
    try:
        folder = os.environ.get(ENV) or platformdirs.user_cache_dir("kwavegan")
        return Path(folder).expanduser()
    except RuntimeError:  # no home
        return process_folder()


@cache
def process_folder() -> Path:
    """Return a new folder that is removed when this process ends."""
    _holder.append(tempfile.TemporaryDirectory(prefix="kwavegan-", ignore_cleanup_errors=True))
    return Path(_holder[-1].name)


_holder: list[tempfile.TemporaryDirectory[str]] = []
"""Keeps the folder of the process."""


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
            f"{name.parent}: cannot be written: {reason(error)}; {ENV} names another folder"
        ) from error
    with file:
        wait_for_lock(file)
        yield
