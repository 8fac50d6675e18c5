"""Write files and folders atomically: whole, or not at all."""

import json
import math
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kwavegan.errors import InputError
from kwavegan.storage.failures import reason

PARTIAL = ".partial-"
"""Start of the name of every unfinished file or folder; such files are safe to delete."""


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a partial path beside `path`; rename it to `path` when the block ends.

    The block makes a file or a folder at the partial path; if it raises, that is deleted. An
    existing file is replaced; an existing folder is moved away, then deleted.

    Raises:
        InputError: the system refuses: the disk is full, the folder is not writable.
    """
    path = Path(path)
    partial = path.parent / f"{PARTIAL}{uuid.uuid4().hex[:12]}-{path.name}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        _replace(partial, path)
    except OSError as error:
        if not _is_of(error, path):
            raise
        raise InputError(f"{path}: cannot be written: {reason(error)}") from error
    finally:
        if path.parent.is_dir():
            with suppress(OSError):  # would hide what went wrong; such files are safe to leave
                remove(partial)


def _is_of(error: OSError, path: Path) -> bool:
    """Whether an error is that of writing to `path`, and not of what the block read meanwhile."""
    if not isinstance(error.filename, str):  # a full disk names no file
        return True
    ours, theirs = os.path.abspath(path.parent), os.path.abspath(error.filename)
    return theirs.startswith(ours) or ours.startswith(theirs)


def _replace(partial: Path, path: Path) -> None:
    if not partial.is_dir():
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
        return
    old = path.parent / f"{PARTIAL}{uuid.uuid4().hex[:12]}.old-{path.name}"
    if path.exists():
        path.rename(old)
    try:
        partial.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise
    remove(old)


def clear_unfinished(path: Path) -> None:
    """Delete what killed processes left unfinished of a file or folder; no other may write it now.

    A folder that was moved away, and whose successor never came, is put back.
    """
    start, name = rf"{re.escape(PARTIAL)}[0-9a-f]{{12}}", re.escape(path.name)
    unfinished = re.compile(rf"(?:{start}(?:\.old)?-)+{name}")  # or what one of them wrote anew
    moved_away = re.compile(rf"{start}\.old-{name}")
    for left in list(path.parent.iterdir()):
        if moved_away.fullmatch(left.name) and not path.exists():
            left.rename(path)
        elif unfinished.fullmatch(left.name):
            remove(left)


def clear_unfinished_in(folder: Path, *endings: str) -> None:
    """Delete the unfinished files in a folder that killed processes left; no other may write them.

    Args:
        folder: the folder itself, not those within it.
        endings: patterns, of which what follows `PARTIAL` in a name fits one.
    """
    for ending in endings:
        for left in list(folder.glob(f"{PARTIAL}{ending}")):
            remove(left)


def remove(path: Path) -> None:
    """Delete a file or a whole folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path`, atomically."""
    with atomic(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON to `path`, atomically; null stands for NaN and infinity."""
    write_text(path, json.dumps(without_nan(value), indent=2, ensure_ascii=False) + "\n")


def without_nan(value: Any) -> Any:
    """Return a value with None for each number that is not finite: JSON has none of these.

    Example:
        >>> from kwavegan.storage.files import without_nan
        >>> without_nan({"scores": (0.5, float("nan"))})
        {'scores': [0.5, None]}
    """
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
