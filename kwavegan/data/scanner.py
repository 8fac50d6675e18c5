"""Find the audio files, labels and splits of a folder."""

import difflib
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kwavegan.errors import InputError, setting

# libsndfile cannot read the second line's formats; they are here so that `prepare` reports them.
SUFFIXES = re.compile(
    r"\.(wav|wave|flac|ogg|oga|opus|mp3|aif|aiff|aifc|au|snd|caf|w64|rf64"
    r"|m4a|aac|mp4|wma)$",
    re.IGNORECASE,
)
"""Endings of the names that count as audio files."""

_MAX_FILES = 2**27 - 1
"""`MAX_NUM_WAVS_PER_CLASS` of Google's rule; it only sets how fine the percentages are."""

_LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}


def speaker_of(name: str) -> str:
    """Return the speaker: the part of a file name before `_nohash_`, or "" for other names."""
    base = PurePosixPath(name).name
    return base.split("_nohash_")[0] if "_nohash_" in base else ""


def split_of(name: str, validation: float = 5.0, test: float = 20.0) -> str:
    """Return the split of a file, which follows from its name: "validation", "test" or "train".

    This is the rule of Google's Speech Commands (Warden 2018, `which_set`): the SHA-1 of the file
    name, up to `_nohash_`, gives a percentage; the lowest `validation` per cent are for validation,
    the next `test` per cent for the test. A new file never moves another one, and all takes of a
    speaker are in the same split. A name without `_nohash_` is hashed whole, suffix included.

    Args:
        name: file name, with or without folders before it.
        validation: per cent of names for validation, in [0, 100).
        test: per cent of names for the test, in [0, 100).
    """
    base = re.sub(r"_nohash_.*$", "", PurePosixPath(name).name)
    digest = hashlib.sha1(os.fsencode(base), usedforsecurity=False).hexdigest()
    percent = (int(digest, 16) % (_MAX_FILES + 1)) * (100.0 / _MAX_FILES)
    if percent < validation:
        return "validation"
    return "test" if percent < validation + test else "train"


def read_lists(folder: Path) -> dict[str, str]:
    """Read the lists of Speech Commands: path below the folder → "validation" or "test".

    Raises:
        InputError: `validation_list.txt` or `testing_list.txt` is missing or unreadable.
    """
    splits = {}
    for split, name in _LISTS.items():
        try:
            text = (folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"{folder / name}: cannot be read; {setting('lists')} needs validation_list.txt and"
                f" testing_list.txt, as Speech Commands has them; leave {setting('lists')} out"
            ) from error
        splits.update({line.strip(): split for line in text.splitlines() if line.strip()})
    return splits


@dataclass(frozen=True, slots=True)
class Source:
    """One audio file.

    Attributes:
        name: path below the folder, with /.
        label: index of its label.
        size: in bytes; -1 for a broken link.
        mtime_ns: when it last changed, in nanoseconds of the system's clock.
    """

    name: str
    label: int
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Scan:
    """The audio files of a folder.

    Attributes:
        labels: in index order; () for files without label folders.
        sources: the files, sorted by label index, then by name.
        outside: number of audio files beside the label folders, which are left out.
    """

    labels: tuple[str, ...]
    sources: tuple[Source, ...]
    outside: int


def scan_folder(folder: str | Path, labels: Sequence[str] | None = None) -> Scan:
    """Find the audio files of a folder, and their labels.

    A label is a folder directly below `folder`; files deeper down belong to it. If there are no
    such folders with audio, the files have no labels. The scan skips folders whose name starts
    with `_` or `.` (such as `_background_noise_`), files whose name starts with `.`, and files
    that do not match `SUFFIXES`.

    Args:
        folder: a folder of label folders, or of files.
        labels: the labels to take, in index order; None for all, sorted.

    Raises:
        InputError: there is no such folder, no audio in it, or no folder for one of `labels`; or
            two labels differ only by case.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file; give the folder it lies in" if folder.exists() else "no such folder"
        raise InputError(f"{folder}: {what}")
    files = list(_walk(folder, "", ()))
    names = sorted({name.split("/", 1)[0] for name, *_ in files if "/" in name})
    if not files:
        raise InputError(f"{folder}: no audio in it (WAV, FLAC, OGG, MP3 or AIFF files)")
    _check_case(folder, names)
    folders = tuple(names) if labels is None else _checked_labels(folder, names, labels)
    if not folders:
        return Scan((), tuple(Source(name, 0, *stat) for name, *stat in sorted(files)), 0)
    index = {label: i for i, label in enumerate(folders)}
    sources = [
        Source(name, index[name.split("/", 1)[0]], *stat)
        for name, *stat in files
        if "/" in name and name.split("/", 1)[0] in index
    ]
    sources.sort(key=lambda source: (source.label, source.name))
    return Scan(folders, tuple(sources), sum("/" not in name for name, *_ in files))


def _walk(folder: Path, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
    """Yield (name below the root, size, mtime_ns); follow linked folders, but not in circles."""
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


def _size_and_time(entry: os.DirEntry[str]) -> tuple[int, int]:
    try:
        stat = entry.stat()
    except OSError:  # a broken link: decoding reports it
        return -1, -1
    return stat.st_size, stat.st_mtime_ns


def _check_case(folder: Path, names: Sequence[str]) -> None:
    by_folded_name: dict[str, str] = {}
    for name in names:
        other = by_folded_name.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            raise InputError(
                f"{folder}: the labels {other!r} and {name!r} differ only by case;"
                " join the two folders or rename one"
            )


def _checked_labels(folder: Path, names: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    if not names:
        raise InputError(
            f"{folder}: has no label folders with audio; leave {setting('labels')} out"
        )
    for i, label in enumerate(labels):
        if label in labels[:i]:
            raise InputError(f"{setting('labels')}: {label!r} is given twice")
        if label not in names:
            lower = {name.casefold(): name for name in names}
            near = difflib.get_close_matches(label.casefold(), lower, n=3, cutoff=0.5)
            hint = [lower[name] for name in near] or names[:8]
            raise InputError(
                f"{setting('labels')}: no folder {label!r} with audio in {folder};"
                f" did you mean {', '.join(map(repr, hint))}?"
            )
    return tuple(labels)
