"""Find the sounds, labels and splits of a folder of audio."""

import difflib
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kwavegan.errors import InputError

# The second line is not readable here, but meant as sound: better a problem than passed over.
SUFFIXES = re.compile(
    r"\.(wav|wave|flac|ogg|oga|opus|mp3|aif|aiff|aifc|au|snd|caf|w64|rf64"
    r"|m4a|aac|mp4|wma)$",
    re.IGNORECASE,
)
"""What the names of the files end with that a scan takes for audio."""

_MAX_SOUNDS = 2**27 - 1  # of Google's rule; it only sets how fine the percentages are

_LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}


def speaker_of(name: str) -> str:
    """The part of a file name before `_nohash_`: who speaks; empty if the name has none."""
    base = PurePosixPath(name).name
    return base.split("_nohash_")[0] if "_nohash_" in base else ""


def split_of(name: str, validation: float = 5.0, test: float = 20.0) -> str:
    """The split of a file, from its name alone: "validation", "test" or "train".

    The rule of Google's Speech Commands (Warden 2018, `which_set`): the SHA-1 of the file name,
    with everything from `_nohash_` on removed, gives a percentage; the first `validation` per
    cent, then the next `test` per cent. Adding files never moves another, and all the takes of
    one speaker land on the same side. A name without `_nohash_` is hashed whole, suffix included.

    Args:
        name: file name, with or without folders before it.
        validation: per cent of names for validation, in [0, 100).
        test: per cent of names for the test, in [0, 100).
    """
    base = re.sub(r"_nohash_.*$", "", PurePosixPath(name).name)
    digest = hashlib.sha1(os.fsencode(base), usedforsecurity=False).hexdigest()
    percent = (int(digest, 16) % (_MAX_SOUNDS + 1)) * (100.0 / _MAX_SOUNDS)
    if percent < validation:
        return "validation"
    return "test" if percent < validation + test else "train"


def read_lists(folder: Path) -> dict[str, str]:
    """The splits that Speech Commands lists: path below the folder → "validation" or "test".

    Raises:
        InputError: `validation_list.txt` or `testing_list.txt` is missing or unreadable.
    """
    splits = {}
    for split, name in _LISTS.items():
        try:
            text = (folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"{folder / name}: cannot be read; --lists needs validation_list.txt and"
                " testing_list.txt, as Speech Commands has them; leave --lists out"
            ) from error
        splits.update({line.strip(): split for line in text.splitlines() if line.strip()})
    return splits


@dataclass(frozen=True, slots=True)
class Source:
    """One audio file: path below the scanned folder (with /), label index, size, time changed."""

    name: str
    label: int
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Scan:
    """What a folder holds.

    Attributes:
        labels: in index order; () when the files lie flat.
        sources: sorted by label index, then by name.
        outside: how many audio files lie beside the label folders, and are left out.
    """

    labels: tuple[str, ...]
    sources: tuple[Source, ...]
    outside: int


def scan(folder: str | Path, labels: Sequence[str] | None = None) -> Scan:
    """Find the audio files of a folder, and their labels.

    A label is a folder directly below `folder`; files deeper down belong to it. If there are no
    such folders with audio, the files are unlabelled. Folders whose name starts with `_` or `.`
    (such as `_background_noise_`) and files whose name starts with `.` are passed over, and so is
    every file that does not match `SUFFIXES`.

    Args:
        folder: where to look.
        labels: the labels wanted, in index order; None for all, sorted.

    Raises:
        InputError: no such folder, no audio in it, two labels that differ only by case, or a
            label asked for that is no folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file; give the folder it lies in" if folder.exists() else "no such folder"
        raise InputError(f"{folder}: {what}")
    found = list(_walk(folder, "", ()))
    names = sorted({name.split("/", 1)[0] for name, *_ in found if "/" in name})
    if not found:
        raise InputError(f"{folder}: no audio in it (WAV, FLAC, OGG, MP3 or AIFF files)")
    _check_case(folder, names)
    chosen = tuple(names) if labels is None else _chosen(folder, names, labels)
    if not chosen:
        return Scan((), tuple(Source(name, 0, *stat) for name, *stat in sorted(found)), 0)
    index = {label: i for i, label in enumerate(chosen)}
    sources = [
        Source(name, index[name.split("/", 1)[0]], *stat)
        for name, *stat in found
        if "/" in name and name.split("/", 1)[0] in index
    ]
    sources.sort(key=lambda source: (source.label, source.name))
    return Scan(chosen, tuple(sources), sum("/" not in name for name, *_ in found))


def _walk(folder: Path, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
    """Yield (name below the root, size, mtime_ns); linked folders are followed, circles are not."""
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {error.strerror}") from error
    for entry in entries:
        if entry.is_dir():
            if not entry.name.startswith(("_", ".")):
                yield from _walk(Path(entry.path), f"{prefix}{entry.name}/", (*above, real))
        elif not entry.name.startswith(".") and SUFFIXES.search(entry.name):
            yield f"{prefix}{entry.name}", *_size_and_time(entry)


def _size_and_time(entry: os.DirEntry) -> tuple[int, int]:
    try:
        stat = entry.stat()
    except OSError:  # a broken link: reading it will say so
        return -1, -1
    return stat.st_size, stat.st_mtime_ns


def _check_case(folder: Path, names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            raise InputError(
                f"{folder}: the labels {other!r} and {name!r} differ only by case;"
                " join the two folders or rename one"
            )


def _chosen(folder: Path, names: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    if not names:
        raise InputError(f"{folder}: has no label folders with audio; leave --labels out")
    for i, label in enumerate(labels):
        if label in labels[:i]:
            raise InputError(f"--labels: {label!r} is given twice")
        if label not in names:
            lower = {name.casefold(): name for name in names}
            near = difflib.get_close_matches(label.casefold(), lower, n=3, cutoff=0.5)
            hint = [lower[name] for name in near] or names[:8]
            raise InputError(
                f"--labels: no folder {label!r} with audio in {folder};"
                f" did you mean {', '.join(map(repr, hint))}?"
            )
    return tuple(labels)
