"""Where run folders are, and what they may be called."""

import os
import re
import time
from pathlib import Path

from kwavegan.errors import InputError

ENV = "KWAVEGAN_RUNS"

_NAME = re.compile(r"\w[\w .+=@-]{0,99}(?<![ .])")


def runs_folder(given: str | Path | None = None) -> Path:
    """Where the run folders are: `given`, else the environment's KWAVEGAN_RUNS, else ./runs."""
    return Path(given or os.environ.get(ENV) or "runs").expanduser()


def check_name(name: str) -> None:
    """Refuse what cannot name a folder.

    Raises:
        InputError: it is empty, too long, or holds signs that some systems have other uses for.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"--name: {name!r} cannot name a folder; use letters, digits, - and _")


def claim(base: Path, name: str | None, model: str) -> Path:
    """Make the folder of a run and return it: only one of two processes gets a name.

    Args:
        base: where run folders are.
        name: of the folder; None for the time and the model.
        model: that name's end.

    Raises:
        InputError: the name is taken or not allowed, or the place is not writable.
    """
    if name is not None:
        check_name(name)
    stem = name or f"{time.strftime('%Y%m%d-%H%M%S')}-{model}"
    path, again = base / stem, 1
    while True:
        try:
            base.mkdir(parents=True, exist_ok=True)
            path.mkdir()
            return path
        except OSError as error:
            if not path.exists():
                raise InputError(f"{path}: cannot be made: {error.strerror}") from error
            if name:
                raise InputError(
                    f"{path}: exists already; choose another --name, or go on with --resume {name}"
                ) from error
        again += 1
        path = base / f"{stem}-{again}"
