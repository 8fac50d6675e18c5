"""Read `.npy` arrays of numbers, by their header alone: nothing is evaluated or unpickled.

NumPy's own reader parses the header as Python, and makes room for whatever shape it states.
"""

import mmap
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Literal

import numpy as np

from kwavegan.storage.reading import open_plain

_MAGIC = b"\x93NUMPY"

_HEADER = re.compile(
    rb"\{'descr': '([<>|=]?[biuf]\d{1,2})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,19}(?:, ?|(?=\))))*)\),? ?\} *\n?"
)
"""What NumPy writes for numbers and booleans, and no more of Python than that."""

_MOST_AXES = 32


@dataclass(frozen=True)
class ArrayHeader:
    """What the header of a `.npy` file says.

    Attributes:
        dtype: of numbers or booleans.
        shape: of the array.
        fortran: whether its first axis is the fastest.
        offset: bytes before the first number.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    fortran: bool
    offset: int

    @property
    def end(self) -> int:
        """Bytes of the whole file."""
        return self.offset + prod(self.shape) * self.dtype.itemsize


def read_header(file: IO[bytes]) -> ArrayHeader:
    """Read the header of a `.npy` file from its start.

    Raises:
        ValueError: it is none, or of something else than numbers and booleans.
    """
    start = file.read(8)
    if start[:6] != _MAGIC or start[6:] not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise ValueError("no array")
    wide = 2 if start[6] == 1 else 4
    length = int.from_bytes(file.read(wide), "little")
    found = _HEADER.fullmatch(file.read(length)) if length <= 1 << 16 else None
    if found is None:
        raise ValueError("no array of numbers")
    shape = tuple(map(int, re.findall(rb"\d+", found[3])))
    if len(shape) > _MOST_AXES:
        raise ValueError("an array of too many axes")
    try:
        dtype = np.dtype(found[1].decode())
    except TypeError as error:
        raise ValueError("no array of numbers") from error
    return ArrayHeader(dtype, shape, found[2] == b"True", len(start) + wide + length)


def read_array(file: IO[bytes], size: int) -> np.ndarray:
    """Read an array of a stated size.

    Args:
        file: at the start of a `.npy` file.
        size: of that file in bytes; an array that does not fill it is refused unread.

    Raises:
        ValueError: it is no array of numbers, or of another size.
    """
    header = read_header(file)
    if header.end != size:
        raise ValueError("an array of another size than its file")
    data = bytearray(size - header.offset)
    view, filled = memoryview(data), 0
    while filled < len(data):
        part = file.read(min(len(data) - filled, 1 << 24))
        if not part:
            raise ValueError("an array that is cut short")
        view[filled : filled + len(part)] = part
        filled += len(part)
    flat = np.frombuffer(data, header.dtype)
    return flat.reshape(header.shape, order="F" if header.fortran else "C")


def open_array(path: Path, mapped: bool) -> np.ndarray:
    """Open an array of numbers in a file.

    Args:
        path: of the `.npy` file.
        mapped: whether to map it into memory, read-only; one without numbers cannot be.

    Raises:
        OSError: the file does not exist, or is not readable.
        ValueError: it is no array of numbers, or of another size than it states.
    """
    size = path.stat().st_size
    with open_plain(path) as file:
        if not mapped:
            return read_array(file, size)
        header = read_header(file)
    if header.end != size:
        raise ValueError("an array of another size than its file")
    order: Literal["C", "F"] = "F" if header.fortran else "C"
    return np.memmap(path, header.dtype, "r", header.offset, header.shape, order)


def will_need(array: np.ndarray, rows: Iterable[int]) -> None:
    """Ask the system to read rows of a mapped array from its disk, all at once, and go on.

    Without, it reads them one after the other as they are touched, and much around each. Nothing
    happens where the array is not mapped, or the system cannot be asked.

    Args:
        array: mapped by `open_array`, or any other.
        rows: indices on its first axis.
    """
    mapped = array.base
    if not isinstance(array, np.memmap) or not isinstance(mapped, mmap.mmap) or _WILL_NEED is None:
        return
    size = array[0].nbytes if len(array) else 0
    start = array.offset % mmap.ALLOCATIONGRANULARITY  # the map begins at a multiple of that
    for row in rows:
        first = start + int(row) % len(array) * size
        page = first - first % mmap.PAGESIZE
        with suppress(OSError):
            mapped.madvise(_WILL_NEED, page, first + size - page)


_WILL_NEED: int | None = getattr(mmap, "MADV_WILLNEED", None)
