"""Rest Python's garbage collector while networks are built and traced."""

import gc
from typing import Any

import keras


class RestingCollector(keras.callbacks.Callback):
    """Keeps the garbage collector off from the block's beginning to the end of the first step.

    Tracing makes objects by the hundred thousand, nearly all of which stay: looking through them
    again and again takes a fifth of the time.
    """

    def __enter__(self) -> "RestingCollector":
        self._rests = gc.isenabled()
        gc.disable()
        return self

    def __exit__(self, *error: object) -> None:
        self._wake()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._wake()

    def _wake(self) -> None:
        if self._rests:
            gc.enable()
            self._rests = False
