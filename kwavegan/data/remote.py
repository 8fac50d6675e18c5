"""A folder elsewhere, through fsspec: what it holds, and the bytes of its files.

Whatever a protocol's package raises ends in one line, without the credentials that it may quote.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from kwavegan.errors import InputError
from kwavegan.storage.addresses import credentials_for, protocol_of, shown
from kwavegan.storage.failures import first_line

_PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "hf": "huggingface_hub"}
"""What the extra `remote` brings for each protocol."""

_BLOCK = 1 << 20

for _name in ("fsspec", "s3fs", "gcsfs", "huggingface_hub", "aiobotocore", "botocore", "asyncio"):
    # Where nobody asked for a log, what they warn of, with tracebacks, would go to stderr.
    logging.getLogger(_name).addHandler(logging.NullHandler())

_TOKENS = ("ETag", "etag", "md5Hash", "blob_id", "LastModified", "updated", "mtime", "created")
"""What tells that a file has changed, by the names that file systems give it; the surest first."""

_NO_CREDENTIALS = ("NoCredentials", "PartialCredentials", "DefaultCredentials", "TokenNotFound")
_NO_NETWORK = ("Connect", "Timeout", "gaierror", "ServerDisconnected", "EndpointConnection")
"""Parts of the names of errors."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file elsewhere.

    Attributes:
        name: its path below the folder, with /.
        path: what the file system calls it.
        size: in bytes; None where that is not known.
        token: another one where the file has changed; "" where that is not known.
    """

    name: str
    path: str
    size: int | None
    token: str


class RemoteFolder:
    """A folder elsewhere.

    Args:
        address: as `kwavegan.storage.addresses.checked_address` returns it.

    Raises:
        InputError: a package for its protocol is missing, or it cannot be reached.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        protocol = protocol_of(address)
        for package in filter(None, ("fsspec", _PACKAGES.get(protocol))):
            if find_spec(package) is None:
                raise InputError(f'{address}: needs {package}; run: pip install "kwavegan[remote]"')
        from fsspec.core import url_to_fs

        with self._asked():
            try:
                self._files, self._root = url_to_fs(address, skip_instance_cache=True)
            except ImportError as error:
                raise InputError(f"{address}: {first_line(error)}") from None

    def files(self) -> list[RemoteFile]:
        """Return all files in it, sorted by name.

        Raises:
            InputError: there is no such folder, or it cannot be listed.
        """
        with self._asked():
            self._files.invalidate_cache()
            found = self._found()
        root = self._root.rstrip("/")
        if root in found:
            raise InputError(f"{self._address}: is a file; give the folder it lies in")
        if not found:
            raise InputError(f"{self._address}: no such folder, or nothing in it")
        return [
            RemoteFile(path.removeprefix(f"{root}/"), path, _size(info), _token(info))
            for path, info in sorted(found.items())
            if path.startswith(f"{root}/") and not path.endswith("/")  # a mark of a folder
        ]

    def _found(self) -> dict[str, dict[str, Any]]:
        """Return what is known of each file, by its path."""
        if _lists_at_once(self._files):
            return self._files.find(self._root, detail=True)
        # Not fsspec's own walk, which passes in silence over a folder that it cannot list.
        found: dict[str, dict[str, Any]] = {}
        folders, seen = [self._root], {self._root.rstrip("/")}
        while folders:
            for info in self._files.ls(folders.pop(), detail=True):
                path = info["name"].rstrip("/")
                if info["type"] != "directory":
                    found[info["name"]] = info
                elif path not in seen:
                    seen.add(path)
                    folders.append(path)
        return found

    def blocks(self, file: RemoteFile) -> Iterator[bytes]:
        """Yield the bytes of a file.

        Raises:
            InputError: it cannot be read.
        """
        with self._asked(file.name):
            opened = self._files.open(file.path, "rb")
        try:
            while True:
                with self._asked(file.name):
                    block = opened.read(_BLOCK)
                if not block:
                    return
                yield block
        finally:
            opened.close()

    @contextmanager
    def _asked(self, name: str = "") -> Iterator[None]:
        """Turn whatever a file system raises into an `InputError`."""
        try:
            yield
        except InputError:
            raise
        except Exception as error:
            place = f"{self._address}/{name}" if name else self._address
            line = shown(f"{place}: {_why(error, protocol_of(self._address))}")
            raise InputError(line) from None  # which would quote it


def _lists_at_once(files: Any) -> bool:
    """Whether a file system has a way of its own to list a folder with all below it."""
    from fsspec.asyn import AsyncFileSystem
    from fsspec.spec import AbstractFileSystem

    kind = type(files)
    finds = getattr(kind, "_find", AsyncFileSystem._find)
    return kind.find is not AbstractFileSystem.find or finds is not AsyncFileSystem._find


def _why(error: Exception, protocol: str) -> str:
    """Say in words what a file system raises."""
    kinds = " ".join(kind.__name__ for kind in type(error).__mro__)
    said = f"{type(error).__name__}: {first_line(error)}"
    where = credentials_for(protocol)
    if any(part in kinds for part in _NO_CREDENTIALS):
        return f"no credentials; give them in {where}"
    if isinstance(error, FileNotFoundError):
        return "no such bucket or folder"
    if isinstance(error, PermissionError):
        return f"access denied ({first_line(error)}); check the credentials in {where}"
    if isinstance(error, ConnectionError | TimeoutError) or any(p in kinds for p in _NO_NETWORK):
        return f"cannot be reached ({said}); check the network, and the name"
    return f"cannot be read: {said}"


def _size(info: dict[str, Any]) -> int | None:
    size = info.get("size")
    return size if isinstance(size, int) and size >= 0 else None


def _token(info: dict[str, Any]) -> str:
    return next((str(info[name]) for name in _TOKENS if info.get(name)), "")
