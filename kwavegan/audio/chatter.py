"""Keep remarks of libmpg123, which libsndfile decodes MP3 with, out of the user's terminal.

It writes them to stderr by itself, past Python, though the sound is read or its fault is reported.
"""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHATTER = re.compile(
    rb"^(\[\S*libmpg123\S*\] |(Note|Warning): |\s*Note: |Can't rewind stream|mpg123).*\n?", re.M
)
"""Lines of libmpg123, on an ID3 tag, a header or a stream that it finds odd."""

_lock = threading.RLock()


@contextmanager
def without_chatter() -> Iterator[None]:
    """Hold back what is written to stderr within the block; let out what is not libmpg123's."""
    with _lock:
        try:
            saved = os.dup(2)
        except OSError:  # there is no stderr
            yield
            return
        with tempfile.TemporaryFile() as held:
            _flush()
            os.dup2(held.fileno(), 2)
            try:
                yield
            finally:
                _flush()
                os.dup2(saved, 2)
                os.close(saved)
                held.seek(0)
                _let_out(held.read())


def _flush() -> None:
    with suppress(OSError, ValueError, AttributeError):  # a stream that is closed, or is none
        sys.stderr.flush()


def _let_out(text: bytes) -> None:
    if rest := _CHATTER.sub(b"", text):
        with suppress(OSError):
            os.write(2, rest)
