"""Stop a training cleanly when the user or the system asks."""

import signal
from types import FrameType

import keras


class Stopper(keras.callbacks.Callback):
    """End the training after the step in hand when the user, or the system, asks for it.

    Use it as a context manager: it takes SIGINT (Ctrl-C) and SIGTERM, and gives them back. A
    second signal acts at once, as if nobody had taken it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked = ""
        self._kept: dict[int, object] = {}

    def __enter__(self) -> "Stopper":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._kept[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *exception: object) -> None:
        self._give_back()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = signal.Signals(number).name
        self._give_back()

    def _give_back(self) -> None:
        for number, handler in self._kept.items():
            signal.signal(number, handler)
        self._kept = {}

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self.asked:
            self.model.stop_training = True
