"""Where the frames of an MP3 file lie, and how many they are.

A decoder takes the length of an MP3 from a tag in its first frame, or guesses it from the size of
the file: too short where the bitrate varies, and without all but the first of several files that
were joined. Walking from frame to frame tells, at a look at four bytes for each.

Source: ISO/IEC 11172-3, 2.4.1.3 (header of a frame); the tag is that of Xing and LAME, or that of
Fraunhofer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kwavegan.audio.file_parts import Bytes, Part

_BITRATES = {  # kbit/s, by MPEG-1 or not and layer
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}

_NEAR = 2
"""Frames by which a tag's count may differ: some programs count the tag's own frame."""

_SURE = 3
"""Frames in a row that tell frames from other bytes."""

_HEADER = re.compile(rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff][\x10-\xef]|ID3", re.DOTALL)
"""How a frame begins, or a tag of ID3v2."""

_TRIES = 20_000
"""Places that look like the start of a frame before the rest of a file counts as something else."""

_TAG = 200
"""Bytes from the start of a frame that hold its tag's count."""


@dataclass(frozen=True)
class Frame:
    """The header of a frame.

    Attributes:
        size: bytes of the frame.
        kind: what stays the same within a stream: version, layer and sample rate.
        mono: whether it has one channel.
        protected: whether a checksum of two bytes follows the header.
    """

    size: int
    kind: tuple[int, int, int]
    mono: bool
    protected: bool

    @property
    def side(self) -> int:
        """Bytes from the start of a layer III frame to what follows its side information."""
        if self.kind[0] == 3:
            return 4 + (17 if self.mono else 32)
        return 4 + (9 if self.mono else 17)


def read_frame(header: bytes) -> Frame | None:
    """Return what four bytes say, if they are the header of a frame of known size."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bits, rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer == 4 or bits in (0, 15) or rate == 3:
        return None
    hertz = _RATES[version][rate]
    speed = _BITRATES[version == 3, layer][bits] * 1000
    padding = header[2] >> 1 & 1
    if layer == 1:
        size = (12 * speed // hertz + padding) * 4
    else:
        size = (72 if layer == 3 and version != 3 else 144) * speed // hertz + padding
    return Frame(size, (version, layer, hertz), header[3] >> 6 == 3, not header[1] & 1)


@dataclass
class _Stream:
    """Frames of one kind in a row.

    Attributes:
        start, stop: in bytes of the file.
        header: the first four bytes.
        kind: that of its frames.
        count: frames that hold sound.
        tagged: frames that its tag states; None without one.
        bare: where the first frame after the tag begins.
    """

    start: int
    stop: int
    header: bytes
    kind: tuple[int, int, int]
    count: int
    tagged: int | None
    bare: int


def begins(data: Bytes, at: int = 0) -> bool:
    """Return whether frames of a known kind lie at `at`, one after the other."""
    kinds: set[tuple[int, int, int]] = set()
    for _ in range(_SURE):
        frame = read_frame(data.at(at, 4))
        if frame is None:
            return bool(kinds) and at == data.size
        kinds.add(frame.kind)
        at += frame.size
    return len(kinds) == 1


def find_parts(data: Bytes) -> tuple[Part, ...]:
    """Return the parts of an MP3 file; () where the decoder finds all of it by itself."""
    streams = list(_streams(data))
    if not streams or streams[0].kind[1] != 3:
        return ()  # layers I and II have no tag, and one bitrate
    [first, *others] = streams
    if not others and first.tagged is not None and first.tagged >= first.count - _NEAR:
        return ()
    disagrees = bool(others or first.tagged)
    return tuple(_part(stream, disagrees) for stream in streams)


def _part(stream: _Stream, disagrees: bool) -> Part:
    if stream.tagged is not None and stream.tagged >= stream.count - _NEAR:
        return Part(b"", stream.start, stream.stop, disagrees)
    return Part(_tag_frame(stream.header, stream.count), stream.bare, stream.stop, disagrees)


def _streams(data: Bytes) -> Iterator[_Stream]:
    stream = None
    at = _next(data, 0)
    while at is not None:
        header = data.at(at, 4)
        frame = read_frame(header)
        if frame is None:
            at = _next(data, at)
            continue
        after = at + frame.size
        if after > data.size:
            break
        tagged = _tagged(data, at, frame) if frame.kind[1] == 3 else None
        if stream is None or tagged is not None or frame.kind != stream.kind:
            if stream is not None and stream.count:
                yield stream
            count, bare = (1, at) if tagged is None else (0, after)
            stream = _Stream(at, after, header, frame.kind, count, tagged, bare)
        else:
            stream.stop, stream.count = after, stream.count + 1
        at = after
    if stream is not None and stream.count:
        yield stream


def _next(data: Bytes, at: int) -> int | None:
    """Return where the next frames begin; tags of ID3v2 may hold a picture, and are passed over."""
    tries = _TRIES
    while 0 <= at < data.size and tries:
        start = data.at(at, 10)
        if start[:3] == b"ID3" and len(start) == 10:
            size = sum((byte & 0x7F) << 7 * (3 - i) for i, byte in enumerate(start[6:10]))
            at += 10 + size
            continue
        if begins(data, at):
            return at
        at, tries = data.find(_HEADER, at + 1), tries - 1
    return None


def _tagged(data: Bytes, at: int, frame: Frame) -> int | None:
    """Return how many frames a tag states: 0 where it leaves that open, None without a tag."""
    content = data.at(at, min(frame.size, _TAG))
    for side in (frame.side, frame.side + 2 * frame.protected):
        if content[side : side + 4] in (b"Xing", b"Info"):
            stated = content[side + 7 : side + 8] and content[side + 7] & 1
            return int.from_bytes(content[side + 8 : side + 12], "big") if stated else 0
    if content[36:40] == b"VBRI":
        return int.from_bytes(content[50:54], "big")
    return None


def _tag_frame(header: bytes, count: int) -> bytes:
    """Return a frame of silence whose tag states `count` frames."""
    for bits in range(1, 15):
        # Without a checksum, and with room for the tag.
        bare = bytes((header[0], header[1] | 1, bits << 4 | header[2] & 0x0C, header[3]))
        frame = read_frame(bare)
        if frame is not None and frame.size >= frame.side + 12:
            tag = b"Xing" + (1).to_bytes(4, "big") + count.to_bytes(4, "big")
            return (bare + bytes(frame.side - 4) + tag).ljust(frame.size, b"\0")
    return b""
