"""Rows of numbers by step in a CSV file, which a killed training leaves readable."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from kwavegan.errors import InputError
from kwavegan.storage import files
from kwavegan.storage.csv_rows import csv_row
from kwavegan.storage.failures import reason
from kwavegan.storage.reading import read_text
from kwavegan.storage.values import LARGEST

MOST, MOST_ROWS = 128 << 20, 1_000_000
"""Bytes and rows of a file; a training of twenty million steps has as many by default."""


class MetricsLog:
    """Append rows of numbers by step to a CSV file, each in a single write.

    Args:
        path: the file; it need not exist.
        step: rows after this step, and unfinished ones, are removed.
    """

    def __init__(self, path: Path, step: int = 0) -> None:
        self.path = path
        rows = read_metrics(path)
        self._columns = list(dict.fromkeys(name for row in rows for name in row))
        if rows:
            self._rewrite([row for row in rows if row["step"] <= step])
        else:
            files.remove(path)

    def append(self, row: Mapping[str, float]) -> None:
        """Add a row, which must have a "step"; new names become columns of the whole file."""
        if new := [name for name in row if name not in self._columns]:
            self._columns += new
            self._rewrite(read_metrics(self.path))
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(self._line(row))
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written: {reason(error)}") from error

    def _line(self, row: Mapping[str, float]) -> str:
        values = {name: int(v) if name == "step" else float(v) for name, v in row.items()}
        return csv_row(values.get(name, "") for name in self._columns)

    def _rewrite(self, rows: list[dict[str, float]]) -> None:
        files.write_text(self.path, csv_row(self._columns) + "".join(map(self._line, rows)))


def read_metrics(path: Path) -> list[dict[str, float]]:
    """Read the rows of a `metrics.csv`; skip a line that a killed training left unfinished.

    A row has no entry for a blank value; a file that does not exist has no rows.

    Raises:
        InputError: the file is not readable, or larger than any log.
    """
    try:
        text = read_text(path, MOST, errors="replace")
        if text.count("\n") > MOST_ROWS + 1:
            raise ValueError(f"more than {MOST_ROWS:,} rows")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {reason(error)}") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}; remove the file") from error
    lines = csv.reader(io.StringIO(text[: text.rfind("\n") + 1]))
    header: list[str] = []
    rows = []
    while (line := _next(lines)) is not None:
        header = header or line
        try:
            row = {name: float(v) for name, v in zip(header, line, strict=True) if v}
            if 0 <= row["step"] <= LARGEST:
                rows.append({**row, "step": int(row["step"])})
        except (ValueError, KeyError):
            continue
    return rows


def _next(lines: Iterator[list[str]]) -> list[str] | None:
    """Return the next line, and [] for one that is no CSV; None at the end."""
    try:
        return next(lines, None)
    except csv.Error:
        return []
