"""The metrics' file: rows of numbers by step, in a CSV that a killed training cannot spoil."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from kwavegan.errors import InputError
from kwavegan.storage import files


class MetricsLog:
    """Rows of numbers by step in a CSV file, each written whole and at once.

    Args:
        path: the file; it need not exist.
        step: rows after this step, and unfinished ones, are dropped.
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
        """Add a row; it must hold "step". The first row's names make the header."""
        if new := [name for name in row if name not in self._columns]:
            self._columns += new
            self._rewrite(read_metrics(self.path))
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(self._line(row))
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written: {error.strerror}") from error

    def _line(self, row: Mapping[str, float]) -> str:
        text = io.StringIO()
        values = {name: int(v) if name == "step" else float(v) for name, v in row.items()}
        csv.DictWriter(text, self._columns, lineterminator="\n").writerow(values)
        return text.getvalue()

    def _rewrite(self, rows: list[dict[str, float]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(self._columns)
        files.write_text(self.path, text.getvalue() + "".join(map(self._line, rows)))


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The rows of a `metrics.csv`; a line that a killed training left unfinished is passed over.

    Blank values are left out of their row; a file that does not exist has no rows.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    lines = csv.reader(io.StringIO(text[: text.rfind("\n") + 1]))
    header = next(lines, [])
    rows = []
    for line in lines:
        try:
            row = {name: float(v) for name, v in zip(header, line, strict=True) if v}
            rows.append({**row, "step": int(row["step"])})
        except (ValueError, KeyError):
            continue
    return rows
