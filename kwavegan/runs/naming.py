"""The place and the names of run folders."""

import os
import re
import time
from pathlib import Path

from kwavegan.errors import InputError, setting, shell_command
from kwavegan.storage.failures import reason

ENV = "KWAVEGAN_RUNS"

_NAME = re.compile(r"\w[\w .+=@-]{0,99}(?<![ .])")


def runs_folder(runs_dir: str | Path | None = None) -> Path:
    """Return the folder of the run folders: `runs_dir`, else KWAVEGAN_RUNS, else `./runs`."""
    return Path(runs_dir or os.environ.get(ENV) or "runs").expanduser()


def check_name(name: str) -> None:
    """Refuse a name that is not fit for a run folder.

    Raises:
        InputError: the name is empty, too long, or has characters that some file systems refuse.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{setting('name')}: {name!r} cannot name a folder; use letters, digits, - and _"
        )


def create_run_folder(base: Path, name: str | None, model: str) -> Path:
    """Create the folder of a run and return it; of two processes, only one gets a name.

    Args:
        base: the folder of the run folders.
        name: of the folder; None for the time and the model.
        model: the end of that name.

    Raises:
        InputError: the name exists already or is not allowed, or `base` is not writable.
    """
    if name is not None:
        check_name(name)
    elsewhere = base if base != runs_folder() else None
    stem = name or f"{time.strftime('%Y%m%d-%H%M%S')}-{model}"
    path, count = base / stem, 1
    while True:
        try:
            base.mkdir(parents=True, exist_ok=True)
            path.mkdir()
            return path
        except OSError as error:
            if not path.exists():
                raise InputError(f"{path}: cannot be made: {reason(error)}") from error
            if name:
                raise InputError(
                    f"{path}: exists already; choose another {setting('name')}, or go on with it: "
                    f"{shell_command('train', resume=name, runs_dir=elsewhere)}"
                ) from error
        count += 1
        path = base / f"{stem}-{count}"
