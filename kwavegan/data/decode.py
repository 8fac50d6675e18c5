"""One audio file → its clips."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kwavegan.audio import pcm, processing, soundfiles
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
    """A file or slice without a clip: its offset, and the kind and reason of an `AudioError`."""

    offset: int
    kind: str
    reason: str


@dataclass(frozen=True)
class DecodedFile:
    """The result of one file.

    Attributes:
        checksum: SHA-256 of the file's bytes, in hex; "" for an unreadable file.
        clips: the clips, by offset.
        rejections: the file, or its slices, that give no clip.
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
    whole = settings.trim or settings.fit == "slice"
    # One sample more than a clip has tells whether the clip was cropped.
    sound = soundfiles.load_sound(path, rate, channels, None if whole else length + 1)
    audio, quiet = sound.audio, processing.SILENCE
    if settings.normalize != "none":
        quiet = min(quiet, 3 * sound.step)
    if sound.peak >= quiet > np.abs(audio).max(initial=0.0):
        raise AudioError("cancels", f"is silent in {channels} channel: its channels cancel out")
    if settings.trim:
        audio = processing.trim(audio)
    for offset, clip in processing.fit(audio, length, settings.fit, settings.overlap):
        peak = max(float(clip.max()), -float(clip.min()))  # NaN if any sample is
        if not peak < np.inf:
            raise AudioError("not finite", "overflows when resampled")
        if peak < quiet:
            start = f" from {offset / rate:.2f} s on" if offset else ""
            yield Rejection(offset, "silent", f"is silent{start}")
            continue
        marks = {
            "clipped": peak > 1.0 and settings.normalize == "none",
            "padded": len(audio) < offset + length,
            "cropped": len(audio) > length and settings.fit != "slice",
            "faint": peak < processing.SILENCE,
        }
        notes = (*(name for name, holds in marks.items() if holds), *sound.notes)
        clip = processing.normalize(clip, settings.normalize)
        samples = pcm.to_int16(clip) if settings.dtype == "int16" else np.clip(clip, -1, 1)
        digest = hashlib.blake2b(samples.tobytes(), digest_size=8).hexdigest()
        yield DecodedClip(samples, offset, digest, notes)


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
