"""Find the audio files, labels and splits of a folder."""

import difflib
import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from kwavegan.audio.recognition import ending, is_audio
from kwavegan.config.attributes import SEPARATOR, Attributes
from kwavegan.data.labelling import FolderLabels, Labelling, Place
from kwavegan.data.members import Member, Stored
from kwavegan.data.metadata_labels import Metadata, find_metadata
from kwavegan.data.shards import ENDING, ShardLabels, read_shards
from kwavegan.data.split_folders import NAMES as SPLIT_NAMES
from kwavegan.data.split_folders import SplitFolders, find_split_folders, listed, meant_as_split
from kwavegan.errors import InputError, setting
from kwavegan.storage.failures import reason
from kwavegan.storage.reading import read_text

_MAX_FILES = 2**27 - 1
"""`MAX_NUM_WAVS_PER_CLASS` of Google's rule; it only sets how fine the percentages are."""

LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
"""The files of Speech Commands that say its splits."""


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
    for split, name in LISTS.items():
        try:
            text = read_text(folder / name)
        except (OSError, ValueError) as error:
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
        changed_ns: when its content, name or rights last changed, which no program can set.
        split: "train", "validation" or "test" where its folder says so; else "".
        archive: the tar archive that holds it, a path below the folder; "" for a file of its own.
        offset: where its bytes begin there.
    """

    name: str
    label: int
    size: int
    mtime_ns: int
    changed_ns: int
    split: str = ""
    archive: str = ""
    offset: int = 0

    def stored(self, folder: Path) -> Stored:
        """Return where its bytes are, in the folder that was scanned."""
        if not self.archive:
            return folder / self.name
        return Member(folder / self.archive, self.offset, self.size, self.name)


@dataclass(frozen=True)
class Scan:
    """The audio files of a folder.

    Attributes:
        labels: in index order; () for files without labels.
        sources: the files, sorted by label index, then by name.
        outside: number of audio files without a label beside those that have one; left out.
        others: files that are not audio, by the ending of their names.
        empty: label folders with files, none of which is audio.
        said: what was taken for what, in lines; see `kwavegan.data.split_folders`.
        attributes: what the parts of a label say; () for a label as a whole.
        why_outside: why those files have no label, in words.
        warned: what may surprise about the labels, in lines.
    """

    labels: tuple[str, ...]
    sources: tuple[Source, ...]
    outside: int
    others: Counter[str] = field(default_factory=Counter)
    empty: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    why_outside: str = ""
    warned: tuple[str, ...] = ()


def scan_folder(
    folder: str | Path, labels: Sequence[str] | None = None, labelling: Labelling | None = None
) -> Scan:
    """Find the audio files of a folder, and their labels.

    A label is a folder directly below `folder`; files deeper down belong to it. If there are no
    such folders with audio, the files have no labels. Folders `train` and `test` (or the like, and
    one for validation) are no labels but the split, with the labels inside, or within each label.
    The scan skips folders whose name starts with `_` or `.` (such as `_background_noise_`), files
    whose name starts with `.`, and files that are audio neither by name nor by content. Where a
    `metadata.csv` or `metadata.jsonl` says the labels, it is believed; see
    `kwavegan.data.metadata_labels`. Without audio in the folder, tar archives in it are looked
    into; see `kwavegan.data.shards`.

    Args:
        folder: a folder of label folders, or of files.
        labels: the labels to take, in index order; None for all, sorted. Where they name folders
            `train` and `test`, those are labels.
        labelling: tells the label of a file in another way; None for its folder.

    Raises:
        InputError: there is no such folder, no audio in it, no sound of one of `labels`, or none
            with a label; or two labels differ only by case.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file; give the folder it lies in" if folder.exists() else "no such folder"
        raise InputError(f"{folder}: {what}")
    by_folder = labelling is None
    found, labelling, metadata = _look(folder, labelling)
    by_folder = by_folder and isinstance(labelling, FolderLabels)
    files = [file for file in found if file.audio]
    if not files:
        raise InputError(f"{folder}: no audio in it (WAV, FLAC, OGG, MP3 or AIFF files)")
    tops = {file.inner.split("/", 1)[0] for file in files if "/" in file.inner}
    split = find_split_folders(file.inner for file in files)
    if split and split.depth == 0 and labels is not None and set(labels) <= set(map(spelled, tops)):
        split = None
    all_labels = by_folder and labels is None
    empty = _empty(found, tops, split) if all_labels else ()
    others = Counter(
        ending(file.name) for file in found if not file.audio and file.name not in metadata.used
    )
    del found  # of a million files, what is not needed further takes as much as what is
    labelled = labelling.label(
        str(folder), [Place(file.name, _without_split(file.inner, split)) for file in files]
    )
    names = _names(folder, sorted(set(labelled.labels.values())), labelling.attributes)
    chosen = tuple(sorted(names)) if labels is None else _checked_labels(folder, names, labels)
    Attributes.of(labelling.attributes, chosen)  # raises where they do not go together
    index = {names[label]: i for i, label in enumerate(chosen)}
    outside = len(files) - len(labelled.labels) if chosen else 0
    sources = [
        Source(
            file.name,
            index[labelled.labels[file.name]] if chosen else 0,
            *file.stat,
            split=_split_of_folder(file.inner, split),
            archive=file.archive,
            offset=file.offset,
        )
        for file in _taken_out(files)
        if not chosen or labelled.labels.get(file.name) in index
    ]
    sources.sort(key=lambda source: (source.label, source.name))
    return Scan(
        labels=chosen,
        sources=tuple(sources),
        outside=outside,
        others=others,
        empty=empty,
        said=(*(_said(split, tops, chosen) if all_labels or split else ()), *labelled.said),
        attributes=labelling.attributes,
        why_outside=labelled.outside,
        warned=(*metadata.warned, *labelled.warned),
    )


@dataclass(frozen=True, slots=True)
class _File:
    """A file below the folder: its name with /, size and times, and whether it is audio; where it
    lies in an archive."""

    name: str
    stat: tuple[int, int, int]
    audio: bool
    archive: str = ""
    offset: int = 0

    @property
    def inner(self) -> str:
        """Its path without the name of the archive."""
        above, slash, _ = self.archive.rpartition("/")
        return above + slash + self.name[len(self.archive) + 1 :] if self.archive else self.name


def _look(folder: Path, labelling: Labelling | None) -> tuple[list[_File], Labelling, Metadata]:
    """Return the files of a folder, or of the archives in one without other sounds; what tells
    their labels; and the metadata files.
    """
    found = list(_walk(folder, "", ()))
    by_folder = labelling is None or isinstance(labelling, FolderLabels)
    attributes = labelling.attributes if labelling and by_folder else ()
    archives = {file.name: file for file in found if ending(file.name) == ENDING}
    if archives and not any(file.audio for file in found):
        shards = read_shards(folder, list(archives), attributes)
        found = [file for file in found if file.name not in archives]
        for inner in shards.files:
            _, *times = archives[inner.archive].stat
            stat = inner.member.size, times[0], times[1]
            found.append(_File(inner.name, stat, inner.audio, inner.archive, inner.member.offset))
        if by_folder and shards.labels:
            return found, ShardLabels(shards, attributes), Metadata()
    metadata = Metadata()
    if by_folder:
        metadata = find_metadata(
            folder, [file.name for file in found if not file.archive], attributes
        )
    return found, metadata.labels or labelling or FolderLabels(), metadata


def _taken_out(files: list[_File]) -> Iterator[_File]:
    """Yield files in order, and leave none of them in the list: each is then free."""
    files.reverse()
    while files:
        yield files.pop()


def _without_split(name: str, split: SplitFolders | None) -> str:
    """Return a file's path without the folder that says its split."""
    parts = name.split("/")
    if split is None or len(parts) == 1:
        return name
    del parts[split.depth]
    return "/".join(parts)


def _split_of_folder(name: str, split: SplitFolders | None) -> str:
    """Return the split that a file's folder says; "" for none."""
    parts = name.split("/")
    return split.splits[parts[split.depth]] if split is not None and len(parts) > 1 else ""


def _said(split: SplitFolders | None, tops: set[str], folders: tuple[str, ...]) -> tuple[str, ...]:
    if split is not None:
        inside = " with the labels inside" if split.depth == 0 and folders else ""
        line = f"the folders {listed(list(split.splits))} are taken as the split{inside}"
        if split.depth == 0:
            names = ",".join(split.splits)
            line += f" ({setting('labels', names)} takes them as labels)"
        return (line,)
    if meant_as_split(tops):
        odd = sorted(name for name in tops if name.lower() not in SPLIT_NAMES)
        if odd:
            looks = sorted(tops.difference(odd))
            beside = spelled(odd[0])
            return (f"the folders {listed(looks)} are taken as labels, as {beside} is beside them",)
    return ()


def _empty(found: list[_File], tops: set[str], split: SplitFolders | None) -> tuple[str, ...]:
    """Return the folders where a label's would be that hold files, but no audio."""
    if split is not None or not tops:
        return ()
    all_tops = {file.name.split("/", 1)[0] for file in found if "/" in file.name}
    return tuple(map(spelled, sorted(all_tops - tops)))


def spelled(name: str) -> str:
    """Return a name as text: what is not UTF-8 in a name of the system is read as Windows-1252."""
    raw = os.fsencode(name)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _walk(folder: Path, prefix: str, above: tuple[str, ...]) -> Iterator[_File]:
    """Yield the files below a folder; follow linked folders, but not in circles."""
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {reason(error)}") from error
    for entry in entries:
        if entry.is_dir():
            if not entry.name.startswith(("_", ".")):
                yield from _walk(Path(entry.path), f"{prefix}{entry.name}/", (*above, real))
        elif not entry.name.startswith("."):
            yield _File(f"{prefix}{entry.name}", _stat(entry), is_audio(Path(entry.path)))


def _stat(entry: os.DirEntry[str]) -> tuple[int, int, int]:
    try:
        stat = entry.stat()
    except OSError:  # a broken link: decoding reports it
        return -1, -1, -1
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _names(folder: Path, raw: Sequence[str], attributes: Sequence[str]) -> dict[str, str]:
    """Return label → how the names of files spell it."""
    names: dict[str, str] = {}
    for name in raw:
        other = names.setdefault(spelled(name), name)
        if other != name:
            raise InputError(
                f"{folder}: two labels are called {spelled(name)!r}, in different encodings;"
                " join them or rename one"
            )
    parts = [label.split(SEPARATOR) if len(attributes) > 1 else [label] for label in names]
    for values in zip(*parts, strict=True):
        _check_case(folder, values)
    return names


def _check_case(folder: Path, names: Sequence[str]) -> None:
    by_folded_name: dict[str, str] = {}
    for name in names:
        other = by_folded_name.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            raise InputError(
                f"{folder}: the labels {other!r} and {name!r} differ only by case;"
                " join the two or rename one"
            )


def _checked_labels(folder: Path, names: Collection[str], labels: Sequence[str]) -> tuple[str, ...]:
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
            hint = [lower[name] for name in near] or list(names)[:8]
            raise InputError(
                f"{setting('labels')}: no sound of {folder} has the label {label!r};"
                f" did you mean {', '.join(map(repr, hint))}?"
            )
    return tuple(labels)
