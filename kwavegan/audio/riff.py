"""Where the sound of a WAV or AIFF file lies, whatever its header claims.

Both are chunks: a name, a size, and that many bytes, padded to an even number. A recorder writes
the sizes last, and not at all where it loses power; sizes of 32 bits wrap at 4 GB; programs append
to a file and leave the header; and people join files end to end. What follows the claimed sound
decides: other chunks, and the claim holds; anything else is sound.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from kwavegan.audio.file_parts import Bytes, Part

_LONGEST_ABOUT = 1 << 16
"""Bytes of the chunk that describes the samples; those that there are have less than 100."""

UNKNOWN_SIZE = 0x7FFF0000
"""Data sizes from here up mean "not known yet": the file was written to a stream."""

_WRAP = 1 << 32

_PADDING = 1 << 20
"""Bytes: no more zeros than this behind the sound are padding."""


@dataclass(frozen=True)
class _Family:
    """One way to write chunks.

    Attributes:
        order: of bytes, as `struct` names it.
        about: name of the chunk that describes the sound.
        sound: name of the chunk that holds it.
    """

    order: str
    about: bytes
    sound: bytes


_WAV = _Family("<", b"fmt ", b"data")
_RIFX = _Family(">", b"fmt ", b"data")
_AIFF = _Family(">", b"COMM", b"SSND")

_FAMILIES = {
    (b"RIFF", b"WAVE"): _WAV,
    (b"RF64", b"WAVE"): _WAV,
    (b"BW64", b"WAVE"): _WAV,
    (b"RIFX", b"WAVE"): _RIFX,
    (b"FORM", b"AIFF"): _AIFF,
    (b"FORM", b"AIFC"): _AIFF,
}


@dataclass(frozen=True)
class _Sound:
    """What the chunks of one file, or of one of several that were joined, say.

    Attributes:
        about: the bytes of the chunk that describes the sound.
        start: where the samples begin.
        stated: their size in bytes; 0 or `UNKNOWN_SIZE` and more where it is not known.
        stop: where the samples end.
        end: where the next joined file begins; the file's size for the last.
    """

    kind: tuple[bytes, bytes]
    about: bytes
    start: int
    stated: int
    stop: int
    end: int

    @property
    def agrees(self) -> bool:
        """Whether a decoder that goes by the header reads all of the sound."""
        family, size = _FAMILIES[self.kind], self.stop - self.start
        if self.kind[0] == b"BW64" or (family is _AIFF and self.about[2:6] == bytes(4)):
            return False
        streamed = family is not _AIFF and self.stated >= UNKNOWN_SIZE and size < _WRAP
        return size == self.stated or streamed


def find_parts(data: Bytes) -> tuple[Part, ...]:
    """Return the parts of a WAV or AIFF file; () where its own header holds or is too short."""
    sounds = list(_joined(data))
    if len(sounds) == 1:
        [sound] = sounds
        # What is cut short is for the decoder to report.
        if sound.agrees or data.size < sound.start + sound.stated < sound.start + UNKNOWN_SIZE:
            return ()
    return tuple(Part(_head(sound), sound.start, sound.stop) for sound in sounds)


def _joined(data: Bytes) -> Iterator[_Sound]:
    at = 0
    while at < data.size:
        sound = _sound(data, at)
        if sound is None:
            return
        yield sound
        at = sound.end


def _family(data: Bytes, at: int) -> tuple[tuple[bytes, bytes], _Family] | None:
    start = data.at(at, 12)
    kind = start[:4], start[8:12]
    family = _FAMILIES.get(kind)
    return (kind, family) if family else None


def _sound(data: Bytes, at: int) -> _Sound | None:
    found = _family(data, at)
    if found is None:
        return None
    kind, family = found
    about, large = b"", None
    at += 12
    while at + 8 <= data.size:
        name, size = struct.unpack(f"{family.order}4sI", data.at(at, 8))
        at += 8
        if name == b"ds64":
            large = int.from_bytes(data.at(at + 8, 8), "little")
        if name == family.about:
            about = data.at(at, min(size, _LONGEST_ABOUT))
        if name == family.sound:
            if not about:
                return None
            if family is _AIFF:
                at, size = at + 8, max(0, size - 8)
            elif size == _WRAP - 1 and large is not None and kind[0] != b"RIFF":
                size = large
            stop, end = _extent(data, at, size, family)
            return _Sound(kind, about, at, size, stop, end)
        at += size + size % 2
    return None


def _extent(data: Bytes, start: int, stated: int, family: _Family) -> tuple[int, int]:
    """Return where the samples from `start` on end, and where the next joined file begins."""
    if stated == 0:  # a file without sound may have chunks behind it
        end = _after_chunks(data, start, family)
        return (data.size, data.size) if end is None else (start, end)
    stop = start + stated
    while stop <= data.size:  # as it is stated, and then as if the size had wrapped
        end = data.size if _padding(data, stop) else _after_chunks(data, stop, family)
        if end is not None:
            return stop, end
        stop += _WRAP
    return data.size, data.size


def _after_chunks(data: Bytes, at: int, family: _Family) -> int | None:
    """Walk chunks from `at` on; return where they end, None where there is something else.

    They end at the end of the file or where another file begins that was joined to this one.
    """
    if data.size - at <= 1:
        return data.size
    at += _odd(data, at)
    while at + 8 <= data.size:
        if _family(data, at):
            return at
        name, size = struct.unpack(f"{family.order}4sI", data.at(at, 8))
        if name[:3] == b"TAG" and data.size - at == 128:
            return data.size
        if not all(0x20 <= byte < 0x7F for byte in name) or at + 8 + size > data.size + 1:
            return None
        at += 8 + size
        at += _odd(data, at)
    return data.size


def _odd(data: Bytes, at: int) -> int:
    """Return 1 where the byte at `at` pads a chunk."""
    return int(data.at(at, 1) == b"\0")


def _padding(data: Bytes, at: int) -> bool:
    """Return whether nothing but a few zeros follows."""
    return data.size - at <= _PADDING and not any(data.at(at, _PADDING))


def _align(about: bytes, family: _Family) -> int:
    """Return the bytes of a frame, or of a block of compressed ones."""
    if family is _AIFF:
        if len(about) < 8:
            return 1
        channels, _, bits = struct.unpack_from(">hIh", about)
        return max(1, channels * -(-bits // 8))
    return max(1, struct.unpack_from(f"{family.order}H", about, 12)[0]) if len(about) >= 14 else 1


def _head(sound: _Sound) -> bytes:
    """Return a header that states what there is."""
    family, size = _FAMILIES[sound.kind], sound.stop - sound.start
    if family is _AIFF:
        frames = size // _align(sound.about, family)
        about = sound.about[:2] + struct.pack(">I", min(frames, _WRAP - 1)) + sound.about[6:]
        chunks = _chunk(">", b"COMM", about) + struct.pack(">4sIII", b"SSND", size + 8, 0, 0)
        return struct.pack(">4sI4s", b"FORM", 4 + len(chunks) + size, sound.kind[1]) + chunks
    about = _chunk(family.order, b"fmt ", sound.about)
    if size < UNKNOWN_SIZE:
        outer = b"RIFX" if family is _RIFX else b"RIFF"
        data = struct.pack(f"{family.order}4sI", b"data", size)
        total = struct.pack(f"{family.order}4sI4s", outer, 4 + len(about) + 8 + size, b"WAVE")
        return total + about + data
    frames = size // _align(sound.about, family)
    large = _chunk("<", b"ds64", struct.pack("<QQQI", 72 + len(about) + size, size, frames, 0))
    full = _WRAP - 1
    return (
        struct.pack("<4sI4s", b"RF64", full, b"WAVE")
        + large
        + about
        + struct.pack("<4sI", b"data", full)
    )


def _chunk(order: str, name: bytes, content: bytes) -> bytes:
    return struct.pack(f"{order}4sI", name, len(content)) + content + bytes(len(content) % 2)
