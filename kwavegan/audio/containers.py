"""Sounds of formats that libsndfile does not know, and of video: FFmpeg's libraries decode them.

They come with PyAV, in the extra `formats`. Only demuxers of files with sound in them are allowed:
a playlist would make FFmpeg open other files, or the network.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kwavegan.audio.problems import AudioError
from kwavegan.storage.failures import reason

if TYPE_CHECKING:
    import av

_MP4 = "mov,mp4,m4a,3gp,3g2,mj2"

_DEMUXERS = f"""{_MP4},matroska,webm,asf,wv,amr,amrnb,amrwb,ac3,eac3,aac,loas,ape,tta,mp3,flac,ogg,
wav,w64,aiff,caf,au,dts,dtshd,truehd,mlp,avi,flv,rm,mpc,mpc8,dsf,iff,tak,mpeg,mpegts,mxf,shn,gsm"""

_STATED = (_MP4, "matroska,webm", "asf", "wv", "tta", "ape")
"""Demuxers whose duration is stated in the file, and not guessed from its size."""

_MISSING, _MISSING_S = 0.01, 0.2
"""Part and seconds of the stated sound that may be missing or too much."""

_PADDING = 4096
"""Samples by which the last packet of an MP4 file may reach past the end that is stated."""


@dataclass(frozen=True)
class Track:
    """The sound of an open file; the attributes are those of `kwavegan.audio.decoding.AudioFile`.

    Attributes:
        fine: whether its samples have more than 16 bits.
    """

    rate: int
    channels: int
    frames: int | None
    blocks: Callable[[int], Iterator[np.ndarray]]
    fine: bool
    notes: list[str] = field(default_factory=list)


def available() -> bool:
    """Return whether PyAV is installed."""
    return find_spec("av") is not None


@contextmanager
def open_track(path: Path) -> Iterator[Track]:
    """Open the first audio track of a file for a block.

    Raises:
        AudioError: it has none, or cannot be read.
    """
    import av

    with ExitStack() as stack:
        try:
            # An open file, as a name may look like an address to FFmpeg, or not be UTF-8.
            file = stack.enter_context(path.open("rb"))
            options = {"format_whitelist": "".join(_DEMUXERS.split())}
            container = stack.enter_context(
                av.open(file, "r", container_options=options, metadata_errors="ignore")
            )
            if not container.streams.audio:
                raise AudioError("empty", "has no sound track")
            stream = container.streams.audio[0]
            frames = container.decode(stream)
            first = next(frames, None)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise AudioError("not audio", f"cannot be decoded ({_said(error)})") from error
        stated = _stated(container, stream, first.sample_rate if first else stream.rate)
        if first is None and stated:
            raise AudioError("truncated", f"is cut short: 0 of {stated} frames decode")
        if first is None:
            raise AudioError("empty", "holds no sound")
        notes = ["unread"] * (len(container.streams.audio) > 1)

        def blocks(size: int) -> Iterator[np.ndarray]:
            sound = _samples(first, frames)
            if container.format.name == _MP4 and stated is not None:
                sound = _without_padding(sound, stated)
            return _gathered(_checked(sound, stated, first.sample_rate, notes), size)

        fine = stream.codec.lossless and first.format.bytes > 2
        channels = first.layout.nb_channels
        yield Track(first.sample_rate, channels, stated, blocks, fine, notes)


def _stated(
    container: "av.container.InputContainer", stream: "av.AudioStream", rate: int
) -> int | None:
    """Return the samples that a file states; None where it states none."""
    if container.format.name not in _STATED:
        return None
    if stream.duration and stream.time_base:
        return round(stream.duration * stream.time_base * rate)
    return round(container.duration / 1e6 * rate) if container.duration else None


def _samples(first: "av.AudioFrame", others: "Iterator[av.AudioFrame]") -> Iterator[np.ndarray]:
    """Yield float32 (any, channels) to the end of a track."""
    import av

    resampler = av.AudioResampler(format="fltp", layout=first.layout, rate=first.sample_rate)
    try:
        for frame in chain([first], others, [None]):  # None: give what is left
            for piece in resampler.resample(frame):
                block = np.ascontiguousarray(piece.to_ndarray().T)
                if not np.isfinite(block).all():
                    raise AudioError("not finite", "holds NaN or infinite samples")
                yield block
    except (av.FFmpegError, ValueError) as error:
        raise AudioError("truncated", f"is cut short or damaged ({_said(error)})") from error


def _without_padding(sound: Iterator[np.ndarray], stated: int) -> Iterator[np.ndarray]:
    """Cut off what an MP4 file's last packet holds past the stated end; keep more than that."""
    done, past = 0, []
    for block in sound:
        inside = max(0, stated - done)
        done += len(block)
        if inside:
            yield block[:inside]
        if inside < len(block):
            past.append(block[inside:])
    if done - stated > _PADDING:
        yield from past


def _checked(
    sound: Iterator[np.ndarray], stated: int | None, rate: int, notes: list[str]
) -> Iterator[np.ndarray]:
    """Pass the sound on, and compare its length with the stated one at the end."""
    done = 0
    for block in sound:
        done += len(block)
        yield block
    if stated is None:
        return
    slack = max(_MISSING * stated, _MISSING_S * rate)
    if stated - done > slack:
        raise AudioError("truncated", f"is cut short: {done} of {stated} frames decode")
    if done - stated > slack:
        notes.append("header")


def _gathered(sound: Iterator[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Put small blocks together to blocks of `size` samples."""
    held: list[np.ndarray] = []
    count = 0
    for block in sound:
        held.append(block)
        count += len(block)
        if count >= size:
            whole = np.concatenate(held)
            for start in range(0, count - size + 1, size):
                yield whole[start : start + size]
            held = [whole[count - count % size :]]
            count %= size
    if count:
        yield np.concatenate(held)


def _said(error: Exception) -> str:
    """Return what FFmpeg, or the system, says of an error, on one line."""
    if isinstance(error, OSError):
        return reason(error)
    return (getattr(error, "strerror", None) or str(error)).splitlines()[0][:200]
