"""Children of this process that are let run, or killed at a random moment.

A child is forked from a process that has imported all that it will import, and computed nothing: a
session of a training then costs what it computes. Linux alone.
"""

import importlib
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Work = Callable[[], Any]

_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate")
"""What Python tells an audit hook before it changes a folder."""


@dataclass(frozen=True)
class End:
    """How a child ended.

    Attributes:
        code: its exit code; negative for a signal, None where it ran out of time and was killed.
        seconds: it ran.
        output: all that it printed.
        peak: of its resident memory, in MB.
    """

    code: int | None
    seconds: float
    output: str
    peak: float = 0.0

    @property
    def killed(self) -> bool:
        """Whether it was killed before its end."""
        return self.code == -signal.SIGKILL


def run_child(
    work: Work,
    log: Path,
    kill_after: float | None = None,
    most: float = 600.0,
    memory: int | None = None,
) -> End:
    """Run a function in a child, which leads a session of its own, and wait for its end.

    Args:
        work: its return value does not count; `SystemExit` gives the child's exit code.
        log: what it prints goes there.
        kill_after: seconds after which the child and its children are killed; None for never.
        most: seconds after which it is killed as one that hangs.
        memory: most bytes that it may have in addition to what this process has; None for any.
    """
    began = time.monotonic()
    pid = os.fork()
    if not pid:
        _be_child(work, log, memory)
    limit = most if kill_after is None else min(kill_after, most)
    status, usage = None, None
    while status is None:
        done, found, usage = os.wait4(pid, os.WNOHANG)
        if done:
            status = found
        elif time.monotonic() - began > limit:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
        else:
            time.sleep(0.002)
    hung = kill_after is None and time.monotonic() - began > most
    seconds = time.monotonic() - began
    peak = usage.ru_maxrss / 1024
    output = log.read_text(encoding="utf-8", errors="replace")
    return End(None if hung else os.waitstatus_to_exitcode(status), seconds, output, peak)


def _be_child(work: Work, log: Path, memory: int | None) -> None:
    code = 70
    try:
        os.setsid()
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        for stream in (1, 2):
            os.dup2(file, stream)
        if memory is not None:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            most = pages * os.sysconf("SC_PAGE_SIZE") + memory
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        work()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def command(*arguments: object) -> Work:
    """Return what calls a command of kwavegan, as its process would."""
    from kwavegan.cli.main import main

    return lambda: main([str(argument) for argument in arguments])


def killed_at(change: int, folder: Path, work: Work) -> Work:
    """Return work that kills its own process just before a change of files in `folder`.

    Args:
        change: its number, from 1; opening to write, renaming, deleting and making folders count.
        folder: changes elsewhere do not count.
        work: what to run.
    """

    def run() -> None:
        left = change

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal left
            if _changes(event, arguments, folder):
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        work()

    return run


def count_changes(folder: Path, work: Work, into: Path) -> Work:
    """Return work that writes to `into` how many changes of files in `folder` it has made."""

    def run() -> None:
        count = 0

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal count
            count += _changes(event, arguments, folder)

        sys.addaudithook(hook)
        try:
            work()
        finally:
            into.write_text(str(count))

    return run


def _changes(event: str, arguments: tuple[Any, ...], folder: Path) -> bool:
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        if not (flags or 0) & (os.O_WRONLY | os.O_RDWR) and not set(mode or "") & set("wax+"):
            return False
    elif event not in _CHANGES:
        return False
    path = arguments[0]
    path = os.fsdecode(path) if isinstance(path, bytes) else path
    return isinstance(path, str | os.PathLike) and os.path.abspath(path).startswith(str(folder))


def knows_its_modules(work: Work, into: Path) -> Work:
    """Return work that writes to `into` which modules it has imported."""

    def run() -> None:
        try:
            work()
        finally:
            into.write_text("\n".join(sys.modules))

    return run


def import_all(names: Path) -> None:
    """Import the modules that a child needed, so that later children find them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names.read_text().split():
            if name not in sys.modules and not name.startswith("__"):
                with suppress(Exception):
                    importlib.import_module(name)
