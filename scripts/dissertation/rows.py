"""Results as CSV: a row for each finished run, and never half a row."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kwavegan.storage import files

RESULTS = Path(__file__).parents[2] / "docs" / "dissertation"


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table; none if there is no such file yet."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def append(path: Path, columns: Sequence[str], *found: dict[str, Any]) -> None:
    """Add rows to a table, all at once."""
    files.write_csv(path, columns, [*read(path), *found])


def keep(path: Path, **arrays: np.ndarray) -> None:
    """Write arrays as .npz, atomically."""
    with files.atomic(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)
