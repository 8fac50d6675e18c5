"""A disk that fails once: the n-th change of files in a folder raises an error of the system."""

import builtins
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

_CHANGING = ("replace", "rename", "mkdir")
"""Functions of `os` whose first argument is the path that they change."""


class FailingDisk:
    """Counts the changes of files in a folder, and lets one fail.

    Opening to write, each write, fsync, rename and making a folder count.

    Args:
        folder: what happens elsewhere neither counts nor fails.
        at: the number of the change that fails, from 1; 0 for none.
        code: the error's number, such as `errno.ENOSPC`.

    Attributes:
        count: changes so far.
        failed: what failed, in a word; empty until then.
    """

    def __init__(self, folder: Path, at: int, code: int) -> None:
        self.folder, self.at, self.code = os.path.realpath(folder), at, code
        self.count, self.failed = 0, ""

    def change(self, what: str, path: Any = None) -> None:
        """Count a change; raise if it is the one that fails."""
        self.count += 1
        if self.count == self.at:
            self.failed = what
            name = None if path is None else os.fspath(path)
            raise OSError(self.code, os.strerror(self.code), name)

    def holds(self, path: Any) -> bool:
        """Whether a path lies in the folder."""
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        return os.path.realpath(os.fsdecode(path)).startswith(self.folder)

    @contextmanager
    def mounted(self) -> Iterator["FailingDisk"]:
        """Let the changes of this process go through this disk, for a block."""
        real = {name: getattr(os, name) for name in (*_CHANGING, "fsync")}

        def counted(name: str) -> Callable[..., Any]:
            def call(path: Any, *args: Any, **options: Any) -> Any:
                if self.holds(path):
                    self.change(name, path)
                return real[name](path, *args, **options)

            return call

        def fsync(number: int) -> None:
            self.change("fsync")
            real["fsync"](number)

        def opened(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            changes = set(mode) & set("wax+") and self.holds(file)
            if changes:
                self.change("open", file)
            made = _open(file, mode, *args, **options)
            return _Writing(made, self) if changes else made

        patches = [mock.patch.object(os, name, counted(name)) for name in _CHANGING]
        patches += [mock.patch.object(os, "fsync", fsync)]
        patches += [mock.patch.object(module, "open", opened) for module in (io, builtins)]
        for patch in patches:
            patch.start()
        try:
            yield self
        finally:
            for patch in patches:
                patch.stop()


_open = open


class _Writing:
    """A file whose writes count."""

    def __init__(self, file: Any, disk: FailingDisk) -> None:
        self._file, self._disk = file, disk

    def write(self, data: Any) -> Any:
        self._disk.change("write")
        return self._file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_Writing":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.__exit__(*error)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._file)
