"""Score the generator on validation sounds, mark the best checkpoint, stop a stalled run."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from kwavegan.evaluation.validation import ValidationResult, ValidationScorer
from kwavegan.runs.run import Run
from kwavegan.storage.csv_log import MetricsLog, read_metrics
from kwavegan.training.callbacks.checkpoints import Checkpoints
from kwavegan.training.callbacks.pauses import Pauses
from kwavegan.training.callbacks.step import StepCallback

AS_GOOD = 0.93
"""Share of the best score from which a later checkpoint is the better one.

Of other latents the score of one generator differs by 6 to 8 % (standard deviation, drums, 256
sounds), so the highest of many is a lucky one. Of the drums it was that of step 2,600, whose kicks
took 9.7 ms to begin, where those of steps 3,200 to 3,500 took 2.9; with eight draws of latents step
3,500 scored 13 % higher.
"""


def is_due(step: int, every: int, last: int) -> bool:
    """Whether a step is scored: each `every`th, and the last one of a training that long."""
    return step % every == 0 or step == last > every


class ValidationCallback(StepCallback):
    """Scores the generator as it learns, marks the best checkpoint, stops a stalled run.

    It does so every `every` steps and at the last one. The results, and the seconds that each took,
    are rows of `validation.csv` in the run. A step is scored only if its checkpoint is saved.

    Args:
        run: its best checkpoint is marked.
        log: the file of results.
        make_scorer: makes what measures the generator, at the first evaluation: it may train a
            classifier, and nothing is to be heard of a training before its first steps.
        checkpoints: saves the checkpoint that is scored.
        start: steps done before this session.
        every: steps between evaluations.
        last: step of the training, which is scored too.
        patience: evaluations without a better one before the run stops; 0 for any number.
        report: called with each `ValidationResult`.
        pauses: of the training; an evaluation is one.

    Attributes:
        stalled: why the run stopped; "" while it goes on.
    """

    def __init__(
        self,
        run: Run,
        log: MetricsLog,
        make_scorer: Callable[[], ValidationScorer],
        checkpoints: Checkpoints,
        start: int,
        every: int,
        last: int,
        patience: int,
        report: Callable[[ValidationResult], None],
        pauses: Pauses,
    ) -> None:
        super().__init__(start)
        self.run, self.log, self.checkpoints = run, log, checkpoints
        self.make_scorer = make_scorer
        self.scorer: ValidationScorer | None = None
        self.every, self.last = every, last
        self.patience, self.report, self.pauses = patience, report, pauses
        self.stalled = ""
        rows = [row for row in read_metrics(log.path) if "score" in row]
        self.scored = {row["step"] for row in rows}
        scores = [row["score"] for row in rows]
        self.best = max(scores, default=-np.inf)
        self.since_best = len(scores) - 1 - scores.index(self.best) if scores else 0

    def on_step(self, step: int, logs: dict[str, Any]) -> None:
        if is_due(step, self.every, self.last) and self.checkpoints.save(step, logs):
            self._score(step)

    def catch_up(self) -> None:
        """Score the step that the session before saved, where it was ended before that."""
        due = self.step and is_due(self.step, self.every, self.last)
        if due and self.step not in self.scored:
            self._score(self.step)

    def _score(self, step: int) -> None:
        if self.scorer is None:
            with self.pauses.during("preparation"):
                self.scorer = self.make_scorer()
        with self.pauses.during("evaluation"):
            self._validate(step, self.scorer)

    def _validate(self, step: int, scorer: ValidationScorer) -> None:
        began = time.perf_counter()
        result = scorer.score(self.model.inference_generator, step)
        result = replace(result, best=result.score >= AS_GOOD * self.best)
        numbers = {name: value for name, value in vars(result).items() if name != "best"}
        seconds = time.perf_counter() - began
        if result.best:
            self.run.mark_best(**numbers, score=result.score)
        # The row comes last: a session that is resumed catches up on a step that has none.
        self.log.append({**numbers, "score": result.score, "seconds": seconds})
        self.since_best = 0 if result.score > self.best else self.since_best + 1
        self.best = max(self.best, result.score)
        self.report(result)
        if self.patience and self.since_best >= self.patience:
            self.stalled = f"no better evaluation in {self.since_best}; the best is kept"
            self.model.stop_training = True
