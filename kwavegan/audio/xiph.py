"""Where the sound of a FLAC or Ogg file lies, and how long a FLAC stream without a length is."""

import re
from collections.abc import Iterator
from dataclasses import replace

from kwavegan.audio.file_parts import Bytes, Part

_FLAC = re.compile(rb"fLaC")
_PAGE = re.compile(rb"OggS")
_STREAMINFO = 42
"""Bytes of the mark and of the block that describes a FLAC stream, which is the first."""

_TAIL = 1 << 20
"""Bytes at the end among which the last frame of a FLAC stream begins."""


def flac_parts(data: Bytes) -> tuple[Part, ...]:
    """Return the parts of a FLAC file: streams that were joined, or one that states no length.

    FLAC that was written to a pipe states a length of 0, and libsndfile then loses its end.
    """
    # A stream begins with its mark and a STREAMINFO block of 34 bytes, the last block or not.
    starts = [at for at in _all(data, _FLAC) if data.at(at + 5, 3) == b"\0\0\x22"]
    stops = [*starts, data.size][1:]
    parts = [_flac_part(data, *place) for place in zip(starts, stops, strict=True)]
    if len(parts) == 1:
        return tuple(replace(part, disagrees=False) for part in parts if part.head)
    return tuple(parts)


def _all(data: Bytes, wanted: re.Pattern[bytes]) -> Iterator[int]:
    at = data.find(wanted, 0)
    while at >= 0:
        yield at
        at = data.find(wanted, at + 1)


def _flac_part(data: Bytes, start: int, stop: int) -> Part:
    head = data.at(start, _STREAMINFO)
    if len(head) < _STREAMINFO:
        return Part(b"", start, stop)
    about = int.from_bytes(head[18:26], "big")  # rate, channels, bits, and 36 bits of the length
    if about & (1 << 36) - 1:
        return Part(b"", start, stop)
    block = int.from_bytes(head[8:10], "big")
    length = _flac_length(data, start + _STREAMINFO, stop, block)
    if not length:
        return Part(b"", start, stop)
    head = head[:18] + (about | length).to_bytes(8, "big") + head[26:]
    return Part(head, start + _STREAMINFO, stop)


def _flac_length(data: Bytes, start: int, stop: int, block: int) -> int:
    """Return the samples up to the end of the last frame, which its header tells."""
    start = max(start, stop - _TAIL)
    tail = data.at(start, stop - start)
    at = tail.rfind(b"\xff")
    while at >= 0:
        length = _frame_end(tail[at : at + 16], block)
        if length:
            return length
        at = tail.rfind(b"\xff", 0, at)
    return 0


def _frame_end(header: bytes, block: int) -> int:
    """Return the samples up to the end of a frame; 0 where the bytes are no header of one.

    Source: RFC 9639, section 9.1.
    """
    if len(header) < 6 or header[1] & 0xFE != 0xF8 or header[3] & 1:
        return 0
    size_code, rate_code = header[2] >> 4, header[2] & 15
    coded = header[4]
    more = 0 if coded < 0x80 else 8 - (coded ^ 0xFF).bit_length() - 1  # bytes after the first
    if not 0 <= more <= 6 or (coded >= 0x80 and more == 0) or size_code == 0 or rate_code == 15:
        return 0
    number = coded if more == 0 else coded & (0x3F >> more)
    for byte in header[5 : 5 + more]:
        number = number << 6 | byte & 0x3F
    at = 5 + more
    if size_code in (6, 7):
        width = size_code - 5
        size = int.from_bytes(header[at : at + width], "big") + 1
        at += width
    elif size_code == 1:
        size = 192
    else:
        size = 576 << size_code - 2 if size_code < 6 else 256 << size_code - 8
    at += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if len(header) <= at or _crc8(header[:at]) != header[at]:
        return 0
    return (number if header[1] & 1 else number * block) + size


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def ogg_parts(data: Bytes) -> tuple[Part, ...]:
    """Return the parts of an Ogg file whose streams follow one another; () for one alone.

    A stream begins with a page that says so; streams side by side all begin before any goes on.
    """
    starts: list[int] = []
    at, beginning = 0, False
    while 0 <= at < data.size:
        page = data.at(at, 27)
        if len(page) < 27 or page[:4] != b"OggS":
            at = data.find(_PAGE, at + 1)
            continue
        first = bool(page[5] & 2)
        if first and not beginning:
            starts.append(at)
        beginning = first
        at += 27 + page[26] + sum(data.at(at + 27, page[26]))
    if len(starts) < 2:
        return ()
    stops = [*starts, data.size][1:]
    return tuple(Part(b"", start, stop) for start, stop in zip(starts, stops, strict=True))
