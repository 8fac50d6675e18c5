"""A file of TensorBoard events, each on the disk when its call returns.

tensorboardX has a thread of its own write them: where the disk is full, that thread ends with a
traceback, and the training waits for it for ever.
"""

import re
import socket
import struct
import time
from pathlib import Path
from typing import Any

from kwavegan.errors import InputError
from kwavegan.storage.failures import reason

_START = "events.out.tfevents."

_TIME = re.compile(rf"{re.escape(_START)}(\d{{10}}\.\d{{1,6}})\.")


def _after_others(folder: Path) -> float:
    """Return the time, or one after all files of a log: the clock may have gone back since then."""
    found = (_TIME.match(path.name) for path in folder.glob(f"{_START}*"))
    return max([time.time(), *(float(match[1]) + 1e-6 for match in found if match)])


class EventLog:
    """Appends events to a new file of a TensorBoard log.

    Args:
        folder: of the log.
        purge: TensorBoard hides what earlier files have from this step on; None for nothing.

    Raises:
        InputError: the file cannot be written; so do all methods.
    """

    def __init__(self, folder: Path, purge: int | None = None) -> None:
        from tensorboardX.proto import event_pb2

        self._events = event_pb2
        # TensorBoard reads the files of a log in the order of their names.
        self.path = folder / f"{_START}{_after_others(folder):.6f}.{socket.gethostname()}"
        self._write(file_version="brain.Event:2")
        if purge is not None:
            start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
            self._write(step=purge, session_log=start)

    def add(self, summary: Any, step: int) -> None:
        """Append a summary, which `tensorboardX.summary` makes of a value."""
        self._write(step=step, summary=summary)

    def _write(self, **fields: Any) -> None:
        event = self._events.Event(wall_time=time.time(), **fields)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(_record(event.SerializeToString()))
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written: {reason(error)}") from error


def _record(data: bytes) -> bytes:
    """Return a TFRecord: length, its checksum, data, its checksum."""
    from tensorboardX.record_writer import masked_crc32c

    length = struct.pack("<Q", len(data))
    checksums = (struct.pack("<I", masked_crc32c(part)) for part in (length, data))
    return b"".join((length, next(checksums), data, next(checksums)))
