"""Run the trials of an experiment: each once, whatever is killed and given again.

A *trial* is one training and its measurement. Its rows go to a CSV table when it is done, all at
once; a trial that has rows is not run again. Two processes with the same table share the trials.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from kwavegan.storage import files
from kwavegan.storage.cache import locked
from kwavegan.storage.locks import try_lock

DOCS = Path(__file__).parents[2] / "docs"

Key = tuple[str, ...]
"""What tells a trial from others, spelled as the table spells it."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class ResultTable:
    """A CSV file with a row, or several, for each finished trial.

    Args:
        path: the file; it need not exist.
        columns: its header.
        key: the columns that tell a trial from others.
    """

    path: Path
    columns: tuple[str, ...]
    key: tuple[str, ...]

    def rows(self) -> list[dict[str, str]]:
        """Return all rows."""
        return read_rows(self.path)

    def finished(self) -> set[Key]:
        """Return the keys of the finished trials."""
        return {tuple(row[name] for name in self.key) for row in self.rows()}

    def append(self, rows: Iterable[Row]) -> None:
        """Add rows, all or none of them; the file never holds half a row."""
        text = io.StringIO()
        table = csv.DictWriter(text, self.columns, lineterminator="\n")
        table.writeheader()
        table.writerows([*self.rows(), *rows])
        files.write_text(self.path, text.getvalue())


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table; none if there is no such file yet."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def file_name(key: Key) -> str:
    """Return a name for a trial's files."""
    return "-".join(key).replace(", ", "-").replace(" ", "-")


def run_all(
    trials: Mapping[Key, Callable[[], list[Row]]],
    table: ResultTable,
    work: Path,
    shown: Iterable[str] = (),
) -> None:
    """Run the trials that have no row in `table` yet, and add their rows.

    Trials that another process runs, with the same `work`, are left to it.

    Args:
        trials: what runs each trial and returns its rows, in the order to run them.
        table: where the rows go.
        work: folder for locks; trials keep there what they resume from.
        shown: columns of the last row to print when a trial is done.
    """
    finished = table.finished()
    left = [key for key in trials if key not in finished]
    click.echo(f"{len(trials) - len(left)} trials done, {len(left)} to go")
    work.mkdir(parents=True, exist_ok=True)
    for key in left:
        with (work / f"{file_name(key)}.lock").open("ab") as lock:
            # Another process may have finished the trial since `left` was made.
            if not try_lock(lock) or key in table.finished():
                continue
            rows = trials[key]()
            with locked(work / "table"):
                table.append(rows)
            values = " ".join(f"{name}={rows[-1][name]}" for name in shown)
            click.echo(f"{file_name(key)} {values}")
