"""Stop a training cleanly when the user or the system asks."""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

import keras

_Handler = Callable[[int, FrameType | None], object] | int | None


class InterruptHandler(keras.callbacks.Callback):
    """Ends the training after the current step when the user or the system asks for it.

    Use it as a context manager: it handles SIGINT (Ctrl-C) and SIGTERM within the block, and puts
    the handlers from before back at its end or at the first signal; so a second one acts at once.

    Attributes:
        signal_name: the signal that came, such as `"SIGINT"`; empty for none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.signal_name = ""
        self._handlers_before: dict[int, _Handler] = {}

    def __enter__(self) -> "InterruptHandler":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._handlers_before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exception: object) -> None:
        self._put_back()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.signal_name = signal.Signals(number).name
        self._put_back()

    def _put_back(self) -> None:
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        self._handlers_before = {}

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.signal_name:
            self.model.stop_training = True
