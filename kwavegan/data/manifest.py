"""`manifest.csv` of a prepared folder: the origin of each clip, and the files without one."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

from kwavegan.storage.csv_rows import csv_row
from kwavegan.storage.reading import read_table
from kwavegan.storage.values import LARGEST

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRow:
    """One clip, or one file or slice that gives none.

    Attributes:
        source: path of the file below the source folder, with /.
        label: name; "" without labels.
        split: "train", "validation" or "test".
        speaker: the part of the file name before `_nohash_`, or "".
        offset: of the clip in the file, in samples at the prepared rate.
        row: index in the split's arrays; -1 for a file or slice without a clip, and for a clip
            that is not written yet.
        notes: some of "clipped", "padded", "cropped", "faint" (raised from below -80 dBFS), "mixed"
            (from more than two channels), "header" (its file's header states another length) and
            "unread" (its file holds more than could be read); the CSV joins them by spaces.
        problem: why there is no clip, a kind of `AudioError`; "" for a clip.
        sound: 16 hexadecimal digits, alike for equal clips; "" without a clip.
        checksum: SHA-256 of the file; "" for an unreadable one.
        size: of the file, in bytes.
        mtime_ns: when the file last changed, in nanoseconds of the system's clock.
    """

    source: str
    label: str
    split: str
    speaker: str
    offset: int
    row: int = -1
    notes: tuple[str, ...] = ()
    problem: str = ""
    sound: str = ""
    checksum: str
    size: int
    mtime_ns: int


_COLUMNS = tuple(column.name for column in fields(ManifestRow))

_SOUND = re.compile("(?:[0-9a-f]{16})?")

_NUMBERS = tuple(column.name for column in fields(ManifestRow) if column.type is int)


class ManifestWriter:
    """Write `manifest.csv` row by row; a context manager."""

    def __init__(self, path: Path) -> None:
        # Names that are not UTF-8 pass through unchanged.
        with ExitStack() as stack:
            self._file = stack.enter_context(
                path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
            )
            self._file.write(csv_row(_COLUMNS))
            stack.pop_all()

    def __enter__(self) -> "ManifestWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, row: ManifestRow) -> None:
        """Append a row."""
        values = {name: getattr(row, name) for name in _COLUMNS}
        self._file.write(csv_row({**values, "notes": " ".join(row.notes)}.values()))


def read_manifest(path: Path) -> Iterator[ManifestRow]:
    """Yield the rows of a `manifest.csv`.

    Raises:
        ValueError: the file is damaged, or names a file outside the source folder.
        OSError: the file is unreadable.
    """
    rows = read_table(path, errors="surrogateescape")
    if tuple(next(rows, ())) != _COLUMNS:
        raise ValueError(f"{path}: unknown columns")
    for cells in rows:
        if len(cells) != len(_COLUMNS):
            raise ValueError(f"{path}: incomplete row")
        yield _row(dict(zip(_COLUMNS, cells, strict=True)), path)


def _row(values: dict[str, str], path: Path) -> ManifestRow:
    numbers = {name: int(values[name]) for name in _NUMBERS}
    if not all(-LARGEST <= number < 2**63 for number in numbers.values()) or numbers["row"] < -1:
        raise ValueError(f"{path}: a number out of range")
    if values["split"] not in SPLITS or not _SOUND.fullmatch(values["sound"]):
        raise ValueError(f"{path}: an unknown split or sound")
    if not is_below(values["source"]):
        raise ValueError(f"{path}: {values['source']!r} is no path below a folder")
    columns: dict[str, Any] = {**values, **numbers, "notes": tuple(values["notes"].split())}
    return ManifestRow(**columns)


def is_below(source: str) -> bool:
    """Whether a path with / stays in the folder that it is below."""
    path = PurePosixPath(source)
    outside = path.is_absolute() or Path(source).is_absolute() or ".." in Path(source).parts
    return bool(source) and "\0" not in source and not outside
