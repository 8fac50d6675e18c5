"""The table of latents beside generated sounds: with it, any one can be had again."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from kwavegan.errors import InputError
from kwavegan.generation.generator import Recipe

FIRST = ("file", "label")


def header(latent: int) -> str:
    """Return the first line of a table of latents of `latent` values."""
    return ",".join([*FIRST, *(f"z{i}" for i in range(latent))]) + "\n"


def line(recipe: Recipe, labels: Sequence[str]) -> str:
    """Return one sound as a line; nine digits give a float32 back exactly."""
    label = labels[recipe.label] if labels else ""
    text = io.StringIO()
    values = (f"{value:.9g}" for value in recipe.latent)
    csv.writer(text, lineterminator="\n").writerow([f"{recipe.name}.wav", label, *values])
    return text.getvalue()


def read(path: str | Path, latent: int, labels: Sequence[str]) -> list[Recipe]:
    """Read a table.

    Args:
        path: the CSV file.
        latent: values of a latent.
        labels: of the run.

    Raises:
        InputError: the file is missing, is not such a table, or belongs to another kind of run.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "not a CSV file"
        raise InputError(
            f"--latents: {path}: {reason}; name a latents.csv that generate wrote"
        ) from error
    if not rows or tuple(rows[0][:2]) != FIRST:
        raise InputError(f"--latents: {path}: its first line must begin with file,label")
    return [_recipe(path, number, row, latent, labels) for number, row in _numbered(rows)]


def _numbered(rows: list[list[str]]) -> Iterable[tuple[int, list[str]]]:
    return ((number, row) for number, row in enumerate(rows[1:], start=2) if row)


def _recipe(
    path: str | Path, number: int, row: list[str], latent: int, labels: Sequence[str]
) -> Recipe:
    where = f"--latents: {path}, line {number}"
    if len(row) != len(FIRST) + latent:
        raise InputError(
            f"{where}: {len(row) - len(FIRST)} values of a latent, but this run takes {latent}"
        )
    name, label = row[:2]
    if label and label not in labels:
        known = ", ".join(labels) or "none"
        raise InputError(f"{where}: {label!r} is not a label of this run; its labels: {known}")
    if labels and not label:
        raise InputError(f"{where}: no label; name one of {', '.join(labels)}")
    try:
        values = np.array(row[2:], "float32")
    except ValueError as error:
        raise InputError(f"{where}: not a number; repair or remove the line") from error
    if not np.isfinite(values).all():
        raise InputError(f"{where}: a value is not finite; repair or remove the line")
    return Recipe(values, labels.index(label) if label else 0, Path(name).stem)
