"""`latents.csv`: the latent and label of each generated file, enough to make it again."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from kwavegan.config.attributes import file_title
from kwavegan.errors import InputError, setting
from kwavegan.generation.recipes import Recipe
from kwavegan.storage import files
from kwavegan.storage.csv_rows import csv_row
from kwavegan.storage.failures import reason
from kwavegan.storage.reading import read_table

FIRST_COLUMNS = ("file", "label")


def read_latents(path: str | Path, latent_dim: int, labels: Sequence[str]) -> list[Recipe]:
    """Read the recipes of a table.

    Args:
        path: the CSV file.
        latent_dim: values of a latent.
        labels: of the run, in index order; () without labels.

    Raises:
        InputError: the file does not exist, is no such table, or belongs to another kind of run.
    """
    spelled = f"{setting('latents')}: {path}"
    rows = read_table(Path(path))
    try:
        if tuple(next(rows, [])[:2]) != FIRST_COLUMNS:
            raise InputError(f"{spelled}: its first line must begin with file,label")
        # A row at a time: as numbers they take a fraction of the memory that they take as text.
        return [
            _recipe(row, f"{spelled}, line {number}", latent_dim, labels)
            for number, row in enumerate(rows, start=2)
            if row
        ]
    except InputError:
        raise
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else "not a CSV file"
        raise InputError(f"{spelled}: {why}; name a latents.csv that generate wrote") from error


def _recipe(row: list[str], place: str, latent_dim: int, labels: Sequence[str]) -> Recipe:
    if len(row) != len(FIRST_COLUMNS) + latent_dim:
        raise InputError(
            f"{place}: {len(row) - len(FIRST_COLUMNS)} values of a latent, but this run takes"
            f" {latent_dim}"
        )
    name, label = row[:2]
    if label and label not in labels:
        known = ", ".join(labels) or "none"
        raise InputError(f"{place}: {label!r} is not a label of this run; its labels: {known}")
    if labels and not label:
        raise InputError(f"{place}: no label; name one of {', '.join(labels)}")
    try:
        with np.errstate(over="ignore"):  # infinite, and refused below
            latent = np.array(row[2:], "float32")
    except ValueError as error:
        raise InputError(f"{place}: not a number; repair or remove the line") from error
    stem = Path(name).stem
    if not stem:
        raise InputError(f"{place}: names no file; repair or remove the line")
    if not np.isfinite(latent).all():
        raise InputError(f"{place}: a value is not finite; repair or remove the line")
    return Recipe(latent, labels.index(label) if label else 0, file_title(stem))


@contextmanager
def merged_latents(
    path: Path, latent_dim: int, labels: Sequence[str]
) -> Iterator[Callable[[Recipe], None]]:
    """Yield a function that adds a recipe to a table; write the table when the block ends.

    The table keeps its earlier lines, except those of files that the block makes anew. It is
    written atomically: if the block raises, it stays as it was.

    Args:
        path: the CSV file; it need not exist.
        latent_dim: values of a latent.
        labels: of the run, in index order; () without labels.

    Raises:
        InputError: the disk is full, or the folder is not writable.
    """
    header = ",".join([*FIRST_COLUMNS, *(f"z{i}" for i in range(latent_dim))]) + "\n"
    names: set[str] = set()
    with files.atomic(path) as partial:
        fresh = partial.with_name(f"{partial.name}-fresh")  # on disk: latents may be many
        try:
            with fresh.open("w", encoding="utf-8", newline="") as lines:

                def add(recipe: Recipe) -> None:
                    names.add(_file_name(recipe))
                    lines.write(_line(recipe, labels))

                yield add
            with (
                partial.open("w", encoding="utf-8", errors="surrogateescape", newline="") as table,
                fresh.open(encoding="utf-8", newline="") as new,
            ):
                table.write(header)
                table.writelines(map(csv_row, _earlier_rows(path, names)))
                table.writelines(new)
        finally:
            files.remove(fresh)


def _earlier_rows(path: Path, names: set[str]) -> Iterator[list[str]]:
    """Yield the rows of a table below its header, but those of `names`."""
    rows = read_table(path, errors="surrogateescape")
    try:
        next(rows, None)
        yield from (row for row in rows if row and row[0] not in names)
    except FileNotFoundError:
        return
    except ValueError as error:
        raise InputError(f"{path}: {error}; remove it, or name another folder") from error


def _line(recipe: Recipe, labels: Sequence[str]) -> str:
    """Return the line of a sound; nine digits represent a float32 exactly."""
    label = labels[recipe.label] if labels else ""
    values = (f"{value:.9g}" for value in recipe.latent)
    return csv_row([_file_name(recipe), label, *values])


def _file_name(recipe: Recipe) -> str:
    return f"{recipe.name}.wav"
