"""What happens beside the training: metrics, checkpoints, the loss bound, and a clean stop."""

import math
import time
from collections.abc import Callable

import keras

from kwavegan.runs.run import Run
from kwavegan.storage.csv_log import MetricsLog

Report = Callable[[dict[str, float]], None]


class Recorder(keras.callbacks.Callback):
    """Write a row of metrics every `every` steps: means over the steps since the last row.

    Stops the training where a loss passed `bound` or is not finite; `diverged` then says how.

    Args:
        run: its status is kept up to date.
        log: where rows go.
        start: steps done before this training.
        total: steps to do in all.
        every: steps between rows.
        bound: largest |loss|; 0 for none.
        report: called with each row, which also holds `steps_per_second`.
    """

    def __init__(
        self,
        run: Run,
        log: MetricsLog,
        start: int,
        total: int,
        every: int,
        bound: float,
        report: Report,
    ):
        super().__init__()
        self.run, self.log, self.report = run, log, report
        self.step, self.total, self.every = start, total, every
        self.bound = bound or math.inf
        self.diverged = ""
        self.before = run.status().seconds

    @property
    def due(self) -> bool:
        """Whether a row is due now."""
        return self.step % self.every == 0 or self.step == self.total

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.began = self.last = time.perf_counter()
        self.last_step = self.step

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.step += 1
        if not self.due:
            return
        means = {name: float(value) for name, value in (logs or {}).items()}
        now = time.perf_counter()
        rate = (self.step - self.last_step) / (now - self.last)
        self.last, self.last_step = now, self.step
        row = {"step": self.step, "seconds": self.before + now - self.began, **means}
        self.log.append(row)
        self.run.update(step=self.step, seconds=row["seconds"])
        self.report({**row, "steps_per_second": rate})
        if not self.sound(means):
            self.model.stop_training = True
        self.model.reset_metrics()

    def sound(self, logs: dict) -> bool:
        """Whether the losses since the last row kept the bound; if not, `diverged` says how."""
        peak = float(logs["peak_loss"])
        if not self.diverged and not (math.isfinite(peak) and peak <= self.bound):
            self.diverged = _how(peak, self.bound, self.step)
        return not self.diverged


def _how(peak: float, bound: float, step: int) -> str:
    if not math.isfinite(peak):
        return f"a loss was not finite by step {step}"
    return f"a loss reached {peak:.4g}, past the bound of {bound:g}, by step {step}"
