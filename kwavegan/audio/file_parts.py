"""The bytes of a file: looked at in passing, or put together anew for a decoder."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

_BLOCK = 1 << 20
"""Bytes that `Bytes` holds at a time."""


_SEARCHED, _LONGEST = 1 << 14, 8
"""Bytes that are searched at a time, and the longest that is searched for."""


class Bytes:
    """Random access to an open file, fast where each look is a little further than the last.

    Not a memory map: a file that shrinks meanwhile would end the process.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, io.SEEK_END)
        self._start, self._block = 0, b""

    def at(self, start: int, size: int) -> bytes:
        """Return `size` bytes from `start` on, fewer at the end of the file."""
        # A size that a damaged header states is no reason to make room for it.
        size = min(size, max(0, self.size - start))
        offset = start - self._start
        if offset < 0 or offset + size > len(self._block):
            self._file.seek(start)
            self._start, self._block, offset = start, self._file.read(max(size, _BLOCK)), 0
        return self._block[offset : offset + size]

    def find(self, wanted: re.Pattern[bytes], start: int) -> int:
        """Return where a pattern of up to `_LONGEST` bytes matches from `start` on; else -1."""
        while start < self.size:
            block = self.at(start, min(_SEARCHED, self.size - start))
            found = wanted.search(block)
            if found:
                return start + found.start()
            start += max(1, len(block) - _LONGEST + 1)
        return -1


@dataclass(frozen=True)
class Part:
    """A stretch of a file that is decoded as a file of its own.

    Attributes:
        head: bytes before it, such as a header whose sizes are right.
        start, stop: the stretch, in bytes of the file.
        disagrees: whether the file states another length than that of all its parts.
    """

    head: bytes
    start: int
    stop: int
    disagrees: bool = True


class PartFile(io.RawIOBase):
    """A `Part` as a file to read; closing it closes the file below."""

    def __init__(self, path: Path, part: Part) -> None:
        super().__init__()
        self._below, self._part, self._at = path.open("rb", buffering=_BLOCK), part, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        part = self._part
        size = len(part.head) + part.stop - part.start
        self._at = max(
            0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: size}[whence]
        )
        return self._at

    def readinto(self, buffer: Any) -> int:
        head, start, stop = self._part.head, self._part.start, self._part.stop
        if self._at < len(head):
            piece = head[self._at : self._at + len(buffer)]
        else:
            place = start + self._at - len(head)
            self._below.seek(place)
            piece = self._below.read(max(0, min(len(buffer), stop - place)))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._below.close()
        super().close()
