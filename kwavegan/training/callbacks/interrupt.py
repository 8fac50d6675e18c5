"""Stop a training cleanly when the user or the system asks."""

from typing import Any

import keras

from kwavegan.runs.stop_signals import StopSignals


class InterruptHandler(keras.callbacks.Callback):
    """Ends the training after the current step when the user or the system asks for it.

    Use it as a context manager: it handles the signals of `StopSignals` within the block.

    Attributes:
        signal_name: the signal that came, such as `"SIGINT"`; empty for none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.signal_name = ""
        self._signals = StopSignals(self._note)

    def __enter__(self) -> "InterruptHandler":
        self._signals.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._signals.__exit__(*exception)

    def _note(self, name: str) -> None:
        self.signal_name = name

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.signal_name:
            self.model.stop_training = True
