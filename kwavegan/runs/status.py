"""`status.json` of a run: how far its training is."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kwavegan.errors import InputError
from kwavegan.storage import files
from kwavegan.storage.reading import read_json
from kwavegan.storage.values import number, table, text, whole

STATES = ("running", "stopped", "stalled", "finished", "diverged", "failed")


@dataclass(frozen=True)
class Status:
    """The progress of a run.

    Attributes:
        state: one of `STATES`; "stopped" before the first step.
        step: number of steps done.
        steps: number of steps of the whole training.
        backend: of the last training session.
        versions: of its packages, see `kwavegan.backend.selection.versions`.
        started: ISO 8601 time, UTC.
        updated: likewise, of the last change.
        seconds: of training, over all sessions.
        message: the reason for the state; may be empty.
        data: digest of the data it was trained on, see `kwavegan.data.dataset.data_digest`.
    """

    state: str = "stopped"
    step: int = 0
    steps: int = 0
    backend: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    started: str = ""
    updated: str = ""
    seconds: float = 0.0
    message: str = ""
    data: str = ""


def _versions(value: Any) -> dict[str, str]:
    return {name: text(version) for name, version in table(value).items()}


_OF_TYPE: dict[Any, Callable[[Any], Any]] = {
    str: text,
    int: whole,
    float: number,
    dict[str, str]: _versions,
}

_CHECKS = {each.name: _OF_TYPE[each.type] for each in fields(Status)}
"""Field → what checks its value."""


def read_status(path: Path) -> Status:
    """Read a `status.json`.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        stored = table(read_json(path))
        status = Status(
            **{name: check(stored[name]) for name, check in _CHECKS.items() if name in stored}
        )
        if status.state not in STATES:
            raise ValueError("unknown state")
        datetime.fromisoformat(status.started).astimezone()
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: missing or damaged; train again under another name") from error
    return status


def write_status(path: Path, status: Status) -> Status:
    """Write a `status.json` atomically; return the status with the time of the change."""
    status = replace(status, updated=now())
    files.write_json(path, asdict(status))
    return status


def now_after(folder: Path) -> str:
    """Return the time, or one after the start of every run in a folder.

    The run that began last is the one that commands take: its order matters more than its date,
    and a clock may have been ahead.
    """
    latest = datetime.now(UTC)
    for path in folder.glob("*/status.json"):
        with suppress(InputError, OverflowError):
            began = datetime.fromisoformat(read_status(path).started).astimezone(UTC)
            latest = max(latest, began + timedelta(milliseconds=1))
    return _spelled(latest)


def now() -> str:
    """Return the time in UTC, ISO 8601 with milliseconds."""
    return _spelled(datetime.now(UTC))


def _spelled(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
