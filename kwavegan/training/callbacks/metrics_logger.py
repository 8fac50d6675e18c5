"""Write a row of metrics now and then, and stop a training whose losses pass their bound."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from kwavegan.gan.state import restore_metrics
from kwavegan.monitoring.listener import Listener
from kwavegan.runs.run import Run
from kwavegan.storage.csv_log import MetricsLog
from kwavegan.training.callbacks.loss_bound import LossBound
from kwavegan.training.callbacks.pauses import Pauses
from kwavegan.training.callbacks.step import StepCallback


class MetricsLogger(StepCallback):
    """Writes a row of metrics every `every` steps and at the last: means since the last row.

    Stops the training at a row by which a loss has passed its bound.

    Args:
        run: its status follows the rows.
        log: the file of rows.
        start: steps done before this session.
        total: steps to do in all.
        every: steps between rows.
        bound: of the losses.
        listener: receives each row, with its `steps_per_second`.
        pauses: of the training, which are no part of that.
        means: running means that the session before left, from `gan.state.capture_metrics`: the
            first row covers the steps of that session too.
    """

    def __init__(
        self,
        run: Run,
        log: MetricsLog,
        start: int,
        total: int,
        every: int,
        bound: LossBound,
        listener: Listener,
        pauses: Pauses,
        means: Mapping[str, np.ndarray],
    ) -> None:
        super().__init__(start)
        self.means = means
        self.run, self.log, self.bound, self.listener = run, log, bound, listener
        self.pauses = pauses
        self.first, self.total, self.every = start + 1, total, every
        self.seconds_before = run.status().seconds

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.began = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        restore_metrics(self.model, self.means)
        self.means = {}

    def on_step(self, step: int, logs: dict[str, Any]) -> None:
        if step % self.every == 0 or step == self.total:
            self._write(step, logs)
        elif step == self.first:
            # The first step compiles: the speed of the first row is that of the steps after it.
            self.last, self.last_step = self._stepping(time.perf_counter()), step

    def _write(self, step: int, logs: dict[str, Any]) -> None:
        means = {name: float(value) for name, value in logs.items()}
        now = time.perf_counter()
        row = {"step": step, "seconds": self.seconds_before + now - self.began, **means}
        self.log.append(row)
        self.run.update(step=step, seconds=row["seconds"])
        speed = {}
        stepping = self._stepping(now)
        if step != self.first:
            speed["steps_per_second"] = (step - self.last_step) / (stepping - self.last)
        self.last, self.last_step = stepping, step
        with self.pauses.during("row"):
            self.listener.row({**row, **speed})
        if not self.bound.keeps(step, means):
            self.model.stop_training = True
        self.model.reset_metrics()

    def _stepping(self, now: float) -> float:
        """Return a time that stands still during pauses."""
        return now - self.pauses.seconds
