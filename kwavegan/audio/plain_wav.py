"""Short 16-bit WAV files, which most collections consist of, read three times as fast."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SHORT = 1 << 22
"""Bytes: files up to this size are parsed here, and read at once."""


@dataclass(frozen=True)
class PlainWav:
    """The sound of a file.

    Attributes:
        rate: in Hz.
        samples: int16 (time, channels).
    """

    rate: int
    samples: np.ndarray


def read_plain_wav(path: Path, short: int = SHORT) -> PlainWav | None:
    """Read a short 16-bit PCM WAV file whose header agrees with it; None for any other file."""
    try:
        with path.open("rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size > short:
                return None
            data = file.read()
    except OSError:
        return None
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    fields, start, size = None, 0, 0
    end = 12
    for name, at, length in _chunks(data):
        end = at + length + length % 2
        if name == b"fmt " and length >= 16:
            fields = struct.unpack_from("<HHIIHH", data, at)
        if name == b"data" and not start:
            start, size = at, length
        elif name in (b"data", b"RIFF"):  # a second sound, or a file that was joined to this one
            return None
    if fields is None or not start or end < len(data):
        return None
    tag, channels, rate, _, align, bits = fields
    frames = size // (2 * channels) if channels else 0
    if (tag, align, bits) != (1, 2 * channels, 16) or not frames:
        return None
    return PlainWav(
        rate, np.frombuffer(data, "<i2", frames * channels, start).reshape(frames, channels)
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, offset and size of each whole chunk: name, size, and so many bytes, padded."""
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + size > len(data):
            return
        yield name, at + 8, size
        at += 8 + size + size % 2
