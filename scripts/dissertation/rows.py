"""Results as CSV: a row for each finished run, and never half a row."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kwavegan import files

RESULTS = Path(__file__).parents[2] / "docs" / "dissertation"


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table; none if there is no such file yet."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, columns: Sequence[str], found: list[dict[str, Any]]) -> None:
    """Write a table, atomically."""
    with files.atomic(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(found)


def append(path: Path, columns: Sequence[str], row: dict[str, Any]) -> None:
    """Add a row to a table, atomically."""
    write(path, columns, [*read(path), row])
