"""The signals by which the user or the system asks a long command to save and stop."""

import signal
import threading
from collections.abc import Callable
from types import FrameType

_Handler = Callable[[int, FrameType | None], object] | int | None

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Ctrl-C; a system that shuts down; a terminal that closes, or a lost connection; on Windows, a
console that closes. A system has not all of them."""


class StopSignals:
    """Calls a function at the first of `NAMES` that comes within its block.

    The handlers from before are put back at the end of the block or at that signal, so that a
    second one acts at once. A SIGHUP that is ignored, as under `nohup`, stays so. Outside the main
    thread, which alone may handle signals, it does nothing.

    Args:
        on_signal: called with the name of the signal.
    """

    def __init__(self, on_signal: Callable[[str], None]) -> None:
        self._on_signal = on_signal
        self._before: dict[int, _Handler] = {}

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
        self.__exit__()
        self._on_signal(signal.Signals(number).name)


def _is_under_nohup(name: str, number: int) -> bool:
    return name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN
