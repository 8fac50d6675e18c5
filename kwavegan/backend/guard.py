"""A process that outlives a training, and says in a line why a library has ended it.

Where one of JAX's processes dies, its runtime ends the others by `abort`, from a thread that no
handler of Python's reaches, after pages of its own on stderr; so it does where they do not meet.
`torchrun` watches its processes itself.
"""

import mmap
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from kwavegan.errors import InputError

_LONGEST = 4096
"""Bytes of the last words."""

_FATAL = b"distributed service detected fatal errors"
"""What JAX's runtime writes where it aborts for the sake of another process."""

_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP")

_HANDED = 102
"""Exit code of a process whose last words its guard is to say."""

_words: mmap.mmap | None = None
"""Shared by both processes; None in one that has no guard."""


def set_last_words(line: str) -> None:
    """Set what the guard says should the runtime abort this process; nothing without a guard.

    Args:
        line: as the message of an `InputError`.
    """
    if _words is not None:
        words = InputError(line).for_command_line().encode(errors="replace")[: _LONGEST - 1]
        _words[: len(words) + 1] = words + b"\0"


def end_with(line: str) -> None:
    """Exit with a line for the user and code 2; return at once without a guard.

    The guard says it: were it said here, the runtime could abort before or after, and it would be
    said twice, or not at all.
    """
    if _words is not None:
        set_last_words(line)
        _leave(_HANDED)


def stand_guard() -> None:
    """Go on in a child process; the parent waits for its end, and exits as it does.

    What libraries write to the streams past Python is kept from them, but shown where the child
    crashes in another way. Call it before a library is imported. On Windows it does nothing.
    """
    global _words
    if not hasattr(os, "fork"):
        return
    _words = mmap.mmap(-1, _LONGEST)
    native, path = tempfile.mkstemp()
    os.unlink(path)
    ours, theirs = os.pipe()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    child = os.fork()
    if child:
        os.close(ours)
        os._exit(_watch(child, native))
    os.close(theirs)
    threading.Thread(target=_end_with, args=(ours,), daemon=True).start()
    _keep_apart(native)


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """End a guarded process with its block, before JAX at exit waits for the others or aborts."""
    try:
        yield
    except BaseException as error:
        if _words is None:
            raise
        if not isinstance(error, SystemExit):
            traceback.print_exc()
        code = error.code if isinstance(error, SystemExit) else 1
        _leave(code if isinstance(code, int) else int(code is not None))


def _leave(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _watch(child: int, native: int) -> int:
    """Wait for the child, with the signals handed on to it; return the exit code."""

    def forward(number: int, frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)

    for name in _FORWARDED:
        if signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
            signal.signal(getattr(signal, name), forward)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code >= 0 and code != _HANDED:
        return code
    os.lseek(native, 0, os.SEEK_SET)
    with os.fdopen(native, "rb") as file:
        written = file.read()
    words = _words[:].partition(b"\0")[0] if _words is not None else b""
    if code == _HANDED or (code == -signal.SIGABRT and words and _FATAL in written):
        os.write(2, b"kwavegan: " + words + b"\n")
        return 2
    os.write(2, written)
    return 128 - code


def _end_with(guard: int) -> None:
    """End this process where the guard is killed: it holds the other end of the pipe."""
    os.read(guard, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def _keep_apart(native: int) -> None:
    """Let Python alone write to the streams, and all else to a file."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        own = os.fdopen(os.dup(number), "w", 1, stream.encoding, stream.errors)
        setattr(sys, name, own)
        os.dup2(native, number)
