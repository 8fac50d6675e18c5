"""A callback that knows the step of its run."""

from typing import Any

import keras


class StepCallback(keras.callbacks.Callback):
    """Counts the steps of a run, those of earlier sessions included, and calls `on_step`.

    Each callback counts for itself, so that none depends on another. The model has the same number
    in a variable, but reading that after every step would make JAX wait for the step to end, where
    it could prepare the next one.

    Args:
        start: steps done before this session.

    Attributes:
        step: steps done.
    """

    def __init__(self, start: int) -> None:
        super().__init__()
        self.step = start

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.step += 1
        self.on_step(self.step, logs or {})

    def on_step(self, step: int, logs: dict[str, Any]) -> None:
        """Act on the end of a step; does nothing by default.

        Args:
            step: the number of the step, from 1.
            logs: means of the metrics since the last row. Where the backend computes ahead, taking
                a number from them waits for the step.
        """
