"""The checkpoint's file: named arrays and a header in an `.npz`, with a sum over all of it."""

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
"""Of the checkpoint format."""

_DAMAGE = (OSError, ValueError, EOFError, KeyError, TypeError, RuntimeError)

_DAMAGE += (zipfile.BadZipFile, zlib.error, struct.error)


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds.

    Attributes:
        step: of the training, when it was saved.
        arrays, meta: as given to `write`.
        problems: one line for each newer checkpoint that was passed over.
    """

    step: int
    arrays: dict[str, np.ndarray]
    meta: dict[str, Any]
    problems: tuple[str, ...] = ()


class DamagedError(Exception):
    """Why a checkpoint cannot be read."""


def write(path: Path, step: int, arrays: Mapping[str, np.ndarray], meta: dict[str, Any]) -> None:
    """Write a checkpoint, as it is: `files.atomic` is the caller's part.

    Args:
        path: the file, ending in `.npz`.
        step: steps done.
        arrays: numbers or truth values by name; names may hold "/".
        meta: values that JSON can hold.

    Raises:
        OSError: the disk is full or not writable.
        TypeError: an array that would need pickle, such as bfloat16 (of ml_dtypes).
    """
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name}: {array.dtype} cannot be saved; cast it to float32")
    header = json.dumps({"version": VERSION, "step": step, "meta": meta}).encode()
    entries = {f"arrays/{name}": array for name, array in arrays.items()}
    entries["header"] = np.frombuffer(header, np.uint8)
    entries["checksum"] = np.frombuffer(_digest(entries), np.uint8)
    np.savez(path, **entries)


def read(path: Path) -> Checkpoint:
    """Read a checkpoint whole, and check its sum.

    Raises:
        FileNotFoundError: there is none.
        DamagedError: it is damaged, or of a newer format.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            # Members are read whole, so the zip's own sums are checked before NumPy parses them.
            entries = {
                name.removesuffix(".npy"): np.lib.format.read_array(
                    io.BytesIO(archive.read(name)), allow_pickle=False
                )
                for name in archive.namelist()
            }
        if entries.pop("checksum").tobytes() != _digest(entries):
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


def _digest(entries: Mapping[str, np.ndarray]) -> bytes:
    """The SHA-256 of names, types, shapes and contents."""
    digest = hashlib.sha256()
    for name in sorted(entries):
        array = np.ascontiguousarray(entries[name])
        digest.update(f"{name}\0{array.dtype.str}\0{entries[name].shape}\0".encode())
        digest.update(array.reshape(-1).view(np.uint8))
    return digest.digest()
