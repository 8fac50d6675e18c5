"""Read `.npy` arrays of numbers, by their header alone: nothing is evaluated or unpickled.

NumPy's own reader parses the header as Python, and makes room for whatever shape it states.
"""

import re
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
