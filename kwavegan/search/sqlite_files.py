"""Connections to SQLite files that anyone may have made: bounded in memory and in time."""

import os
import sqlite3
from typing import Any

BUSY = 60.0
"""Seconds to wait while another process locks the file."""

_LARGEST, _LONGEST = 1 << 30, 16 << 20
"""Bytes of a file, and of a value in it; 100,000 trials take a third of a file's."""


class GuardedConnection(sqlite3.Connection):
    """A connection to a file that holds tables alone, none of them huge.

    A view or a trigger would run whatever was written into the file, for ever perhaps.

    Raises:
        sqlite3.DatabaseError: the file holds other things, or is larger than any study.
    """

    def __init__(self, database: Any, *args: Any, **options: Any) -> None:
        if os.path.isfile(database) and os.path.getsize(database) > _LARGEST:
            raise sqlite3.DatabaseError(f"larger than {_LARGEST >> 20} MB, which no study is")
        super().__init__(database, *args, **options)
        try:
            self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
            strange = "SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index') LIMIT 1"
            if self.execute(strange).fetchone():
                raise sqlite3.DatabaseError("holds views or triggers, which no study has")
        except sqlite3.Error:
            self.close()
            raise
