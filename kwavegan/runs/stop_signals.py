"""The signals by which the user or the system asks a long command to save and stop."""

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

_Handler = Callable[[int, FrameType | None], object] | int | None

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Ctrl-C; a system that shuts down; a terminal that closes, or a lost connection; on Windows, a
console that closes. A system has not all of them."""


ECHO = 1.0
"""Seconds after a signal in which others count as the same: a terminal and a cluster tell all
processes of a command, and those that watch others, as `torchrun` does, tell those once more."""


class StopSignals:
    """Calls a function at the first of `NAMES` that comes within its block.

    A second one, later than `ECHO`, acts as it would without: the handlers from before are put back
    then, or at the end of the block. A SIGHUP that is ignored, as under `nohup`, stays so. Outside
    the main thread, which alone may handle signals, it does nothing.

    Args:
        on_signal: called with the name of the signal.
    """

    def __init__(self, on_signal: Callable[[str], None]) -> None:
        self._on_signal = on_signal
        self._before: dict[int, _Handler] = {}
        self._first: float | None = None

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            for name in NAMES:
                number = getattr(signal, name, None)
                if number is not None and not _is_under_nohup(name, number):
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = now
            self._on_signal(signal.Signals(number).name)
        elif now - self._first > ECHO:
            self.__exit__()
            signal.raise_signal(number)


def _is_under_nohup(name: str, number: int) -> bool:
    return name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN
