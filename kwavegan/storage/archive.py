"""Named arrays and a header in one `.npz` file, with a checksum: the format of checkpoints."""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

VERSION = 1
"""Version of the format."""

_DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
)
"""What reading a damaged file raises."""


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

    Raises:
        FileNotFoundError: there is no such file.
        DamagedError: the file is damaged, or of a newer format.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            # Whole members: zipfile verifies its own checksums before NumPy parses them.
            entries = {
                name.removesuffix(".npy"): np.lib.format.read_array(
                    io.BytesIO(archive.read(name)), allow_pickle=False
                )
                for name in archive.namelist()
            }
        if entries.pop("checksum").tobytes() != digest_of(entries):
            raise ValueError("its checksum differs")
        header = json.loads(entries.pop("header").tobytes())
    except FileNotFoundError:
        raise
    except _DAMAGE as error:
        raise DamagedError(f"damaged ({error or type(error).__name__})") from error
    if header["version"] > VERSION:
        raise DamagedError("written by a newer kwavegan; upgrade")
    arrays = {name.removeprefix("arrays/"): array for name, array in entries.items()}
    return Checkpoint(header["step"], arrays, header["meta"])


def digest_of(entries: Mapping[str, np.ndarray]) -> bytes:
    """Return the SHA-256 of names, types, shapes and contents of arrays, in any order."""
    digest = hashlib.sha256()
    for name in sorted(entries):
        array = np.ascontiguousarray(entries[name])
        digest.update(f"{name}\0{array.dtype.str}\0{entries[name].shape}\0".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.digest()
