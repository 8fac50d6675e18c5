"""Labels from the `metadata.csv` or `metadata.jsonl` of the Hugging Face audio-folder layout.

Such a file lies beside the sounds it tells of, or above them, and names each in its column
`file_name` by the path from its own folder.
"""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kwavegan.config.attributes import SEPARATOR
from kwavegan.data.label_table import absent_lines, csv_lines, label_value, slashed
from kwavegan.data.labelling import Labelled, Place, checked_names, examples
from kwavegan.data.split_folders import listed
from kwavegan.errors import InputError, setting
from kwavegan.storage.failures import reason
from kwavegan.storage.reading import open_plain, parse_json, read_bytes

NAMES = ("metadata.csv", "metadata.jsonl")

LABEL = "label"
"""The column, or field, that says a label as a whole."""

_FILE = "file_name"

_LONGEST_LINE = 1 << 20
"""Bytes of a first line that are looked at."""

_Row = tuple[int, dict[str, object]]
"""A line's number, and its values by column."""


@dataclass(frozen=True)
class MetadataTable:
    """A metadata file: its columns, and its rows."""

    columns: tuple[str, ...]
    rows: tuple[_Row, ...]


class MetadataLabels:
    """A label is what a line of a metadata file says of a sound.

    Args:
        folder: the folder of audio.
        tables: the columns and rows of each metadata file, by its name below the folder.
        attributes: the columns to take, in this order; () for `label`, as a whole.

    Raises:
        InputError: a line lacks a value, or a sound is in two lines.
    """

    def __init__(
        self, folder: Path, tables: dict[str, MetadataTable], attributes: Sequence[str] = ()
    ) -> None:
        self.attributes = checked_names(attributes, setting("attributes"))
        self._columns = tuple(attributes) or (LABEL,)
        self._folder, self._names = folder, list(tables)
        self._rows: dict[str, tuple[str, str]] = {}
        for name, table in tables.items():
            for number, values in table.rows:
                self._add(name, number, values)

    def _add(self, table: str, number: int, values: dict[str, object]) -> None:
        line = f"{table}, line {number}"
        place = f"{self._folder / table}, line {number}"
        name = slashed(str(values.get(_FILE) or ""))
        if not name:
            raise InputError(f"{place}, column {_FILE}: names no file")
        name = posixpath.normpath(posixpath.join(posixpath.dirname(table), name))
        if name in self._rows:
            raise InputError(f"{place}: {name} is in {self._rows[name][0]} already; keep one")
        label = SEPARATOR.join(
            as_label(values.get(column), f"{place}, column {column}", name)
            for column in self._columns
        )
        self._rows[name] = line, label

    def label(self, folder: str, places: Sequence[Place]) -> Labelled:
        """See `kwavegan.data.labelling.Labelling`."""
        known = {place.name for place in places}
        labels = {name: label for name, (_, label) in self._rows.items() if name in known}
        absent = [(line, name) for name, (line, _) in self._rows.items() if name not in known]
        few = len(self._names) <= 3
        tables = listed(self._names) if few else f"{len(self._names)} files {self._names[0]}, …"
        if not labels:
            said = f"; {absent[0][0]} names {absent[0][1]}" if absent else ""
            raise InputError(
                f"{self._folder / self._names[0]}: names none of the {len(places)} audio files of"
                f" {folder}, such as {places[0].name}{said}; {_FILE} is the path from the folder"
                " that the metadata lie in"
            )
        columns = f"column{'s' * (len(self._columns) > 1)} {listed(self._columns)}"
        rest = examples(sorted(known - labels.keys()))
        return Labelled(
            labels,
            f"not in {tables}{rest}",
            said=(f"labels are taken from {tables}, {columns}",),
            warned=absent_lines(absent, tables, folder),
        )


@dataclass(frozen=True)
class Metadata:
    """What the metadata files of a folder come to.

    Attributes:
        labels: what tells the labels; None where the folders do.
        used: the names of the files that tell them.
        warned: why a file tells none, in lines.
    """

    labels: MetadataLabels | None = None
    used: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()


def find_metadata(folder: Path, names: Sequence[str], attributes: Sequence[str] = ()) -> Metadata:
    """Find the metadata files of a folder that say its labels.

    Args:
        folder: the folder of audio.
        names: of the files in it, paths with /.
        attributes: the columns to take; () for `label`. Where no metadata file has any of them,
            they are the names of levels of folders.

    Raises:
        InputError: a metadata file cannot be read, or lacks some of the columns.

    Example:
        >>> import json
        >>> from pathlib import Path
        >>> from kwavegan.data.labelling import Place
        >>> from kwavegan.data.metadata_labels import find_metadata
        >>> line = json.dumps({"file_name": "a.wav", "label": "kick"})
        >>> _ = Path("metadata.jsonl").write_text(line)
        >>> found = find_metadata(Path("."), ["a.wav", "metadata.jsonl"])
        >>> found.labels.label(".", [Place("a.wav", "a.wav")]).labels
        {'a.wav': 'kick'}
    """
    asked = tuple(attributes) or (LABEL,)
    tables: dict[str, MetadataTable] = {}
    warned = []
    for name in names:
        base = posixpath.basename(name)
        if base == "metadata.parquet":
            warned.append(f"{name} is not read; write it as {NAMES[0]}")
        if base not in NAMES:
            continue
        table = _read(folder / name)
        missing = [column for column in asked if column not in table.columns]
        if _FILE not in table.columns:
            warned.append(f"{name} tells no labels: it has no column {_FILE}")
        elif not missing:
            tables[name] = table
        elif len(missing) < len(asked):
            raise InputError(
                f"{setting('attributes')}: {folder / name} has no column {missing[0]!r}; it has"
                f" {', '.join(table.columns)}"
            )
        elif not attributes:
            others = [column for column in table.columns if column != _FILE]
            takes = f" (it has {', '.join(others)}: {setting('attributes')} takes one)"
            warned.append(f"{name} tells no labels: no column {LABEL}{takes if others else ''}")
    if not tables:
        return Metadata(warned=tuple(warned))
    return Metadata(MetadataLabels(folder, tables, attributes), tuple(tables), tuple(warned))


def as_label(value: object, place: str, name: str) -> str:
    """Return a value of JSON or of a table as a label, or as a part of one.

    Args:
        value: a text or a whole number; None where there is none.
        place: where it stands, for the error.
        name: of the sound.

    Raises:
        InputError: it is neither, or can be no label.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        raise InputError(f"{place}: {value!r} is neither text nor a whole number; write one")
    return label_value("" if value is None else str(value).strip(), place, name)


def _read(path: Path) -> MetadataTable:
    if not _names_files(path):  # of another program, and of any form and size
        return MetadataTable((), ())
    if path.suffix == ".jsonl":
        return _read_jsonl(path)
    lines = csv_lines(path, str(path))
    _, header = next(lines, (1, []))
    rows: list[_Row] = [
        (number, dict(zip(header, row, strict=False))) for number, row in lines if any(row)
    ]
    return MetadataTable(tuple(header), tuple(rows))


def _names_files(path: Path) -> bool:
    """Whether the first line of a file speaks of names of files."""
    try:
        with open_plain(path) as file:
            return _FILE.encode() in file.readline(_LONGEST_LINE)
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else error
        raise InputError(f"{path}: {why}; mend it, or move it out of the folder") from error


def _read_jsonl(path: Path) -> MetadataTable:
    rows = tuple(_json_lines(path))
    return MetadataTable(tuple(rows[0][1]) if rows else (), rows)


def _json_lines(path: Path) -> Iterator[_Row]:
    number = 0
    try:
        for number, line in enumerate(read_bytes(path).splitlines(), 1):
            if line.strip():
                value = parse_json(line)
                if not isinstance(value, dict):
                    raise ValueError("no JSON object")
                yield number, value
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else error
        where = f"{path}, line {number}" if number else str(path)
        raise InputError(
            f'{where}: {why}; write lines such as {{"{_FILE}": "a.wav", "{LABEL}": "kick"}}'
        ) from error
