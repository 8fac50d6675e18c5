"""Why a file gives no sound: an `AudioError`, and what the first bytes of a file say about it."""

import re
from pathlib import Path

from kwavegan.audio.recognition import is_foreign
from kwavegan.storage.failures import reason


class AudioError(Exception):
    """A file or clip that is not usable.

    Attributes:
        kind: "not audio", "formats", "pointer", "download", "empty", "truncated", "rate",
            "not finite", "silent", "cancels", "short", "steady" (it has only noise), "scrap" (a
            piece that is no sound), "permission", "missing" or "unreadable".
            Summaries count files by it.
        reason: the rest of a sentence that starts with the file's name.

    Example:
        >>> from kwavegan.audio import AudioError, read_audio
        >>> try:
        ...     read_audio("nowhere.wav")
        ... except AudioError as error:
        ...     print(error.kind, "-", error.reason)
        missing - is not there (a broken link?)
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


_CONVERT = "convert it to WAV, FLAC, OGG, MP3 or AIFF"

_SAID = (
    (
        rb"version https://git-lfs\.github\.com/spec/",
        "pointer",
        "is a pointer of Git LFS, not the sound; fetch it with: git lfs pull",
    ),
    (
        rb"[^\n]{0,200}[/\\]annex[/\\]objects[/\\]",
        "pointer",
        "is a pointer of git-annex, not the sound; fetch it with: git annex get",
    ),
    (
        rb"(?i)\s*(?:<!doctype html|<html)",
        "download",
        "is a web page, not a sound; download it again",
    ),
    (
        rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!|BZh|\xfd7zXZ",
        "download",
        "is an archive, not a sound; unpack it",
    ),
)
"""What the first bytes match, the kind of the problem, and its reason."""


def why_not_opened(path: Path, error: Exception) -> AudioError:
    """Ask the system, and the file's first bytes, why a file does not open.

    Args:
        path: the file.
        error: what libsndfile or the system raised; libsndfile says only "system error".
    """
    try:
        if isinstance(error, OSError):
            raise error
        with path.open("rb") as file:
            start = file.read(512)
    except FileNotFoundError:
        return AudioError("missing", "is not there (a broken link?)")
    except PermissionError:
        return AudioError("permission", "may not be read: permission denied")
    except OSError as cause:
        return AudioError("unreadable", f"cannot be read: {reason(cause)}")
    if not start:
        return AudioError("empty", "is an empty file")
    for pattern, kind, why in _SAID:
        if re.match(pattern, start):
            return AudioError(kind, why)
    if "SF_INFO" in str(error):  # libsndfile's message for an absurd rate or channel count
        return AudioError("rate", "claims an impossible sample rate or number of channels")
    if is_foreign(path, start) or "unimplemented" in str(error):
        return AudioError(
            "formats", "is of a format that needs more: pip install 'kwavegan[formats]'"
        )
    return AudioError("not audio", f"is not audio that can be read; {_CONVERT}")
