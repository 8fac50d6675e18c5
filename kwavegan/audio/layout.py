"""Where the sound lies in a file, whatever its header claims."""

from collections.abc import Callable
from pathlib import Path

from kwavegan.audio import mpeg, riff, xiph
from kwavegan.audio.file_parts import Bytes, Part

_MPEG_SUFFIXES = {".mp1", ".mp2", ".mp3", ".mpga", ".mpa"}


def find_parts(path: Path) -> tuple[Part, ...]:
    """Return the stretches of a file to decode one after the other; () for the file as it is.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        data = Bytes(file)
        start = data.at(0, 4)
        if find := _BY_START.get(start):
            return find(data)
        tagged = start[:3] == b"ID3" and path.suffix.lower() != ".flac"
        if tagged or path.suffix.lower() in _MPEG_SUFFIXES or mpeg.begins(data):
            return mpeg.find_parts(data)
        return ()


def _caf_parts(data: Bytes) -> tuple[Part, ...]:
    """Give a Core Audio file that was written to a stream the size that its sound has."""
    at = 8
    while at + 12 <= data.size:
        name, size = data.at(at, 4), int.from_bytes(data.at(at + 4, 8), "big", signed=True)
        if name == b"data":
            stop = data.size
            if size > 0:
                return ()
            head = data.at(0, at + 4) + (stop - at - 12).to_bytes(8, "big")
            return (Part(head, at + 12, stop, disagrees=size == 0),)
        if size < 0:
            return ()
        at += 12 + size
    return ()


def _au_parts(data: Bytes) -> tuple[Part, ...]:
    """Read a Sun file to its end where it states less: nothing can follow its sound."""
    head = data.at(0, 24)
    start, stated = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
    if not 24 <= start < data.size or start + stated >= data.size:
        return ()
    return (Part(head[:8] + b"\xff" * 4 + data.at(12, start - 12), start, data.size),)


_BY_START: dict[bytes, Callable[[Bytes], tuple[Part, ...]]] = {
    **dict.fromkeys((b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM"), riff.find_parts),
    b"OggS": xiph.ogg_parts,
    b"fLaC": xiph.flac_parts,
    b"caff": _caf_parts,
    b".snd": _au_parts,
}
"""First four bytes of a file → what finds its parts."""
