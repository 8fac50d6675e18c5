"""One audio file → its clips."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kwavegan.audio import cutting, pcm, processing, soundfiles
from kwavegan.audio.problems import AudioError
from kwavegan.data.prepare_settings import ClipSettings


@dataclass(frozen=True)
class DecodedClip:
    """A clip of a file.

    Attributes:
        samples: (length, channels) in the settings' dtype.
        offset: of the clip in the file, in samples at the settings' rate.
        sound: 16 hexadecimal digits, alike for equal samples.
        notes: some of those of `kwavegan.data.manifest.ManifestRow`.
    """

    samples: np.ndarray
    offset: int
    sound: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Rejection:
    """A file, slice or piece without a clip: its offset, and an `AudioError`'s kind and reason."""

    offset: int
    kind: str
    reason: str


@dataclass(frozen=True)
class DecodedFile:
    """The result of one file.

    Attributes:
        checksum: SHA-256 of the file's bytes, in hex; "" for an unreadable file.
        clips: the clips, by offset.
        rejections: the file, or its slices or pieces, that give no clip.
    """

    checksum: str
    clips: tuple[DecodedClip, ...]
    rejections: tuple[Rejection, ...]


def decode_file(path: Path, settings: ClipSettings) -> DecodedFile:
    """Decode a file to clips; the result reports problems with the file, none is raised."""
    digest = checksum(path)
    clips: list[DecodedClip] = []
    rejections: list[Rejection] = []
    try:
        for part in _cut_to_clips(path, settings):
            if isinstance(part, Rejection):
                rejections.append(part)
            else:
                clips.append(part)
    except AudioError as problem:
        rejections.append(Rejection(0, problem.kind, problem.reason))
    return DecodedFile(digest, tuple(clips), tuple(rejections))


def _cut_to_clips(path: Path, settings: ClipSettings) -> Iterator[DecodedClip | Rejection]:
    """Load, trim, cut to length, normalise and convert: the recipe of a clip."""
    rate, length, channels = settings.decided
    whole = settings.trim or settings.cut or settings.fit == "slice"
    # One sample more than a clip has tells whether the clip was cropped.
    sound = soundfiles.load_sound(path, rate, channels, None if whole else length + 1)
    audio, quiet = sound.audio, processing.SILENCE
    if settings.normalize != "none":
        quiet = min(quiet, 3 * sound.step)
    if sound.peak >= quiet > np.abs(audio).max(initial=0.0):
        raise AudioError("cancels", f"is silent in {channels} channel: its channels cancel out")
    if settings.cut:
        for piece in _pieces(audio, rate):
            if piece.scrap:
                yield Rejection(piece.start, "scrap", f"is no sound{_from(piece.start, rate)}")
                continue
            try:
                yield from _fitted(
                    cutting.faded(audio, piece, rate), piece.start, settings, quiet, sound.notes
                )
            except AudioError as problem:
                yield Rejection(piece.start, problem.kind, problem.reason)
        return
    if settings.trim:
        audio = processing.trim(audio)
    yield from _fitted(audio, 0, settings, quiet, sound.notes)


def _pieces(audio: np.ndarray, rate: int) -> list[cutting.Piece]:
    pieces = cutting.find_pieces(audio, rate)
    if not pieces:
        raise AudioError("steady", "holds nothing that stands out from its noise floor")
    return pieces


def _from(offset: int, rate: int) -> str:
    return f" from {offset / rate:.2f} s on" if offset else ""


def _fitted(
    audio: np.ndarray,
    start: int,
    settings: ClipSettings,
    quiet: float,
    sound_notes: tuple[str, ...],
) -> Iterator[DecodedClip | Rejection]:
    """Cut a sound to length, normalise and convert it.

    Args:
        audio: the sound, (time, channels).
        start: where it begins in its file, in samples.
        settings: of the clips.
        quiet: a clip whose peak is below this is silent.
        sound_notes: what is to be said of its file.
    """
    rate, length, _ = settings.decided
    for offset, clip in processing.fit(audio, length, settings.fit, settings.overlap):
        peak = max(float(clip.max()), -float(clip.min()))  # NaN if any sample is
        if not peak < np.inf:
            raise AudioError("not finite", "overflows when resampled")
        if peak < quiet:
            where = _from(start + offset, rate)
            yield Rejection(start + offset, "silent", f"is silent{where}")
            continue
        marks = {
            "clipped": peak > 1.0 and settings.normalize == "none",
            "padded": len(audio) < offset + length,
            "cropped": len(audio) > length and settings.fit != "slice",
            "faint": peak < processing.SILENCE,
        }
        notes = (*(name for name, holds in marks.items() if holds), *sound_notes)
        clip = processing.normalize(clip, settings.normalize)
        samples = pcm.to_int16(clip) if settings.dtype == "int16" else np.clip(clip, -1, 1)
        digest = hashlib.blake2b(samples.tobytes(), digest_size=8).hexdigest()
        yield DecodedClip(samples, start + offset, digest, notes)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex; "" for an unreadable file."""
    digest = hashlib.sha256()
    try:
        with path.open("rb", buffering=0) as file:
            # hashlib.file_digest clears 256 kB for every file, which is slow for small ones.
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError:
        return ""
    return digest.hexdigest()
