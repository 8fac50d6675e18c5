"""Labels from a table: a CSV file with a line for each sound, and a column for each attribute."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

from kwavegan.config.attributes import SEPARATOR
from kwavegan.data.labelling import Labelled, Place, checked_names, examples
from kwavegan.errors import InputError, setting
from kwavegan.storage.failures import reason
from kwavegan.storage.reading import read_bytes

_DELIMITERS = ",;\t"


class TableLabels:
    """A label is what a line of a CSV file says of a sound.

    The first line names the columns: the first is the file's, the others are attributes. A file is
    named by its path below the folder, or by its name alone where no other has it.

    Args:
        path: of the CSV file, in UTF-8; commas, semicolons or tabs divide it.
        attributes: the columns to take, in this order; () for all.

    Raises:
        InputError: the file cannot be read, lacks a column or a value, or names a sound twice.

    Example:
        >>> from pathlib import Path
        >>> from kwavegan.data.label_table import TableLabels
        >>> from kwavegan.data.labelling import Place
        >>> _ = Path("labels.csv").write_text("file,word,speaker\\na.wav,one,Ann\\n")
        >>> table = TableLabels("labels.csv")
        >>> table.attributes, table.label("sounds", [Place("x/a.wav", "x/a.wav")]).labels
        (('word', 'speaker'), {'x/a.wav': 'one/Ann'})
    """

    def __init__(self, path: str | Path, attributes: Sequence[str] = ()) -> None:
        self._path = Path(path)
        self._spelled = f"{setting('labels_from')}: {path}"
        lines = csv_lines(self._path, self._spelled)
        _, header = next(lines, (1, []))
        if len(header) < 2:
            raise InputError(
                f"{self._spelled}: needs a first line such as file,instrument,velocity: the file,"
                " then a column for each attribute"
            )
        columns = self._columns(header, attributes)
        self.attributes = tuple(header[column] for column in columns)
        self._rows: dict[str, tuple[int, str]] = {}
        for number, row in lines:
            if any(row):
                self._add(number, row, header, columns)

    def _columns(self, header: list[str], attributes: Sequence[str]) -> list[int]:
        missing = next((name for name in attributes if name not in header[1:]), None)
        if missing is not None:
            raise InputError(
                f"{setting('attributes')}: {self._path} has no column {missing!r}; it has"
                f" {', '.join(header[1:])}"
            )
        names = checked_names(tuple(attributes or header[1:]), self._spelled)
        return [header.index(name, 1) for name in names]

    def _add(self, number: int, row: list[str], header: list[str], columns: list[int]) -> None:
        place = f"{self._spelled}, line {number}"
        name = slashed(row[0])
        if not name:
            raise InputError(f"{place}, column {header[0]}: names no file")
        if name in self._rows:
            raise InputError(f"{place}: {name} is in line {self._rows[name][0]} already; keep one")
        values = [
            label_value(row[c] if c < len(row) else "", f"{place}, column {header[c]}", name)
            for c in columns
        ]
        self._rows[name] = number, SEPARATOR.join(values)

    def label(self, folder: str, places: Sequence[Place]) -> Labelled:
        """See `kwavegan.data.labelling.Labelling`."""
        known = {place.name for place in places}
        by_last: dict[str, list[str]] = {}
        for name in known:
            by_last.setdefault(name.rsplit("/", 1)[-1], []).append(name)
        labels: dict[str, str] = {}
        lines: dict[str, int] = {}
        absent = []
        for name, (number, label) in self._rows.items():
            found = [name] if name in known else sorted(by_last.get(name, ()))
            place = f"{self._spelled}, line {number}"
            if len(found) > 1:
                raise InputError(
                    f"{place}: {len(found)} sounds are called {name}, such as {found[0]} and"
                    f" {found[1]}; write which"
                )
            if not found:
                absent.append((f"line {number}", name))
            elif found[0] in labels:
                raise InputError(f"{place}: {name} is in line {lines[found[0]]} already; keep one")
            else:
                labels[found[0]], lines[found[0]] = label, number
        if not labels:
            said = f"; {absent[0][0]} names {absent[0][1]}" if absent else ""
            raise InputError(
                f"{self._spelled}: names none of the {len(places)} audio files of {folder}, such as"
                f" {places[0].name}{said}; a file is named by its path below {folder}"
            )
        rest = examples(sorted(known - labels.keys()))
        warned = absent_lines(absent, str(self._path), folder)
        return Labelled(labels, f"not in {self._path}{rest}", warned=warned)


def csv_lines(path: Path, spelled: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line's number and its cells, without spaces around them.

    Args:
        path: of a CSV file, which commas, semicolons or tabs divide.
        spelled: what an error begins with.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        # Names that are not UTF-8 pass through unchanged, as those of the system do.
        text = read_bytes(path).decode("utf-8-sig", "surrogateescape")
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else error
        raise InputError(f"{spelled}: {why}; name a CSV file with a line for each sound") from error
    first = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count))
    try:
        for row in reader:
            yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise InputError(f"{spelled}, line {reader.line_num}: {error}") from error


def slashed(name: str) -> str:
    """Return the path of a file as a table spells it, with / and from the folder on."""
    return name.replace("\\", "/").removeprefix("./")


def label_value(value: str, place: str, name: str) -> str:
    """Return what a table says of a sound, if it can be a label.

    Args:
        value: the text of a cell.
        place: of the cell, for the error.
        name: of the sound.

    Raises:
        InputError: it cannot.
    """
    if not value or value in (".", "..") or not set(value).isdisjoint("/\\\n"):
        what = f"{value!r} is no name for a value" if value else f"empty, for {name}"
        raise InputError(f"{place}: {what}; write one")
    return value


def absent_lines(absent: Sequence[tuple[str, str]], table: str, folder: str) -> tuple[str, ...]:
    """Return a line on the lines of a table (line, name) that name no sound; () for none."""
    if not absent:
        return ()
    line, name = absent[0]
    lines, names = ("line", "names") if len(absent) == 1 else ("lines", "name")
    return (
        f"{len(absent)} {lines} of {table} {names} no audio file of {folder} (such as"
        f" {line}: {name})",
    )
