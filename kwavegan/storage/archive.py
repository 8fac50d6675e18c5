"""Named arrays and a header in one `.npz` file, with a checksum: the format of checkpoints."""

import hashlib
import json
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kwavegan.storage.arrays import read_array
from kwavegan.storage.reading import parse_json
from kwavegan.storage.values import table, whole

VERSION = 1
"""Version of the format."""

_DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
)
"""What reading a damaged file raises."""

_MOST_TIMES, _ROOM = 16, 1 << 20
"""An archive holds at most so many times its size, and so many bytes: weights hardly compress."""


@dataclass(frozen=True)
class Checkpoint:
    """The content of a checkpoint.

    Attributes:
        step: number of steps done.
        arrays: numbers or booleans by name.
        meta: values that JSON can represent.
        problems: one line for each newer checkpoint that was damaged and passed over.
    """

    step: int
    arrays: dict[str, np.ndarray]
    meta: dict[str, Any]
    problems: tuple[str, ...] = ()


class DamagedError(Exception):
    """A checkpoint that is damaged, or of a newer format."""


def write_archive(
    path: Path, step: int, arrays: Mapping[str, np.ndarray], meta: dict[str, Any]
) -> None:
    """Write a checkpoint; not atomically, for which `files.atomic` gives a partial path.

    Args:
        path: the file; its name ends in `.npz`.
        step: number of steps done.
        arrays: numbers or booleans by name; names may contain "/".
        meta: values that JSON can represent.

    Raises:
        OSError: the disk is full or not writable.
        TypeError: an array needs pickle, such as bfloat16 (of ml_dtypes).
    """
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name}: {array.dtype} cannot be saved; cast it to float32")
    header = json.dumps({"version": VERSION, "step": step, "meta": meta}).encode()
    # `savez` also has an option of another type, so a type checker needs Any for its arrays.
    entries: dict[str, Any] = {f"arrays/{name}": array for name, array in arrays.items()}
    entries["header"] = np.frombuffer(header, np.uint8)
    entries["checksum"] = np.frombuffer(digest_of(entries), np.uint8)
    np.savez(path, **entries)


def read_archive(path: Path) -> Checkpoint:
    """Read a checkpoint whole, and verify its checksum.

    The checksum finds damage; whoever writes a file on purpose can compute it. So sizes are
    checked before anything is read, and types after.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedError: the file is damaged, larger than memory, or of a newer format.
    """
    try:
        entries = _read_entries(path)
        if entries.pop("checksum").tobytes() != digest_of(entries):
            raise ValueError("its checksum differs")
        header = table(parse_json(entries.pop("header").tobytes()))
        newer = whole(header["version"]) > VERSION
        step, meta = (0, {}) if newer else (whole(header["step"]), table(header["meta"]))
    except FileNotFoundError:
        raise
    except _DAMAGE as error:
        raise DamagedError(f"damaged ({error or type(error).__name__})") from error
    if newer:
        raise DamagedError("written by a newer kwavegan; upgrade")
    arrays = {name.removeprefix("arrays/"): array for name, array in entries.items()}
    return Checkpoint(step, arrays, meta)


def _read_entries(path: Path) -> dict[str, np.ndarray]:
    """Read the members of an archive, each of which is an array."""
    entries: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(path) as archive:
        _check_sizes(archive.infolist(), path.stat().st_size)
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if name in entries:
                raise ValueError(f"{name!r} is in it twice")
            with archive.open(member) as file:
                entries[name] = read_array(file, member.file_size)
                if file.read(1):  # so that zipfile reaches the end, and verifies its own checksum
                    raise ValueError(f"{name!r} is longer than it states")
    return entries


def _check_sizes(members: list[zipfile.ZipInfo], size: int) -> None:
    """Refuse members that cannot be weights: they hardly compress, and lie beside each other."""
    total = sum(member.file_size for member in members)
    if total > _MOST_TIMES * size + _ROOM or sum(m.compress_size for m in members) > size:
        raise ValueError("it states more than it can hold")
    if total > _memory():
        raise ValueError(f"its {total >> 20:,} MB are more than the memory of this machine")


def _memory() -> int:
    """Return the bytes of memory of this machine; what no machine has where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows
        return sys.maxsize


def digest_of(entries: Mapping[str, np.ndarray]) -> bytes:
    """Return the SHA-256 of names, types, shapes and contents of arrays, in any order."""
    digest = hashlib.sha256()
    for name in sorted(entries):
        array = np.ascontiguousarray(entries[name])
        digest.update(f"{name}\0{array.dtype.str}\0{entries[name].shape}\0".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.digest()
