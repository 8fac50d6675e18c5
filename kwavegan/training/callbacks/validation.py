"""Score the generator on validation sounds, mark the best checkpoint, stop a stall."""

import time
from collections.abc import Callable

import keras
import numpy as np

from kwavegan.evaluation.results import rank
from kwavegan.evaluation.validation import Examiner, Validation
from kwavegan.runs.run import Run
from kwavegan.storage.csv_log import MetricsLog, read_metrics
from kwavegan.training.callbacks.checkpoints import Checkpoints


class Validator(keras.callbacks.Callback):
    """Examine the generator every `every` steps, mark the best checkpoint, and stop a stall.

    The evaluations, and the seconds each took, are kept in `validation.csv` of the run. `stalled`
    says why it stopped.

    Args:
        run: its best checkpoint is marked.
        log: where evaluations go.
        examiner: what measures.
        checkpoints: what saves the checkpoint that is examined.
        every: steps between evaluations.
        patience: evaluations without a better one before it stops; 0 for any number.
        report: called with each `Validation`.
    """

    def __init__(
        self,
        run: Run,
        log: MetricsLog,
        examiner: Examiner,
        checkpoints: Checkpoints,
        every: int,
        patience: int,
        report: Callable[[Validation], None],
    ):
        super().__init__()
        self.run, self.log, self.examiner, self.checkpoints = run, log, examiner, checkpoints
        self.every, self.patience, self.report = every, patience, report
        self.stalled = ""
        ranks = [rank(row) for row in read_metrics(log.path)]
        self.best = max(ranks, default=-np.inf)
        self.since = len(ranks) - 1 - ranks.index(self.best) if ranks else 0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        step = self.checkpoints.recorder.step
        if step % self.every == 0 and self.checkpoints.save(logs or {}):
            self._examine(step)

    def _examine(self, step: int) -> None:
        gan, began = self.model, time.perf_counter()
        found = self.examiner.examine(gan.sounding_generator, step)
        found = Validation(**{**vars(found), "best": found.rank >= self.best})
        numbers = {name: value for name, value in vars(found).items() if name != "best"}
        spent = time.perf_counter() - began
        self.log.append({**numbers, "score": found.score, "seconds": spent})
        self.since = 0 if found.rank > self.best else self.since + 1
        if found.best:
            self.best = found.rank
            self.run.mark_best(**numbers, score=found.score)
        self.report(found)
        if self.patience and self.since >= self.patience:
            self.stalled = f"no better evaluation in {self.since}; the best is kept"
            gan.stop_training = True
