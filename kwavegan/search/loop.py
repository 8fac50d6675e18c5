"""A search: draws trials from a study, trains each in a process of its own, keeps the results.

With a process for each trial, one that runs out of memory takes nothing else along, what a backend
compiled and cached is gone with it, and jobs run side by side. The process of the search imports
no backend, and is the only one on its machine that writes to the study.
"""

import math
import queue
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.runs.run import Run
from kwavegan.runs.stop_signals import StopSignals
from kwavegan.search import results
from kwavegan.search.database import reason
from kwavegan.search.job import Job
from kwavegan.search.reconnecting import HOME_ATTR, ReconnectingStorage
from kwavegan.search.space import Space, distributions
from kwavegan.search.study import (
    OUTCOME_ATTR,
    count_trials,
    quiet,
    requeue_lost,
    running_trial,
    send_heartbeat,
)
from kwavegan.storage import files

OBJECTIVES = {"score": "score", "survival": "steps survived"}
"""What a search can maximize → the name of its values."""

MAX_FAILURES = 3
"""Trials that fail one after another before the search ends: something else must be wrong."""

MAX_REFUSALS = 20
"""Combinations refused one after another before the search ends."""

SAVE_SECONDS = 30.0
"""Seconds that trials have to save when the search ends with an error."""

_MEASURED = ("finished", "stalled", "diverged", "pruned")  # ends of trials that have a value


def _ignore(text: str) -> None:
    pass


@dataclass
class Search:
    """A search in its folder.

    Attributes:
        folder: holds its runs, `trials.csv`, `best.toml` and `importance.png`.
        study: from `kwavegan.search.study.open_study`.
        storage: from `kwavegan.search.database.open_storage`.
        objective: a key of `OBJECTIVES`.
        space: a range or choices for each setting that is searched.
        base: the user's settings for the data; those of `best.toml`.
        trained: the settings of trials; see `trial_settings`.
        local: whether the study is a file in this folder, which no other machine reaches.
        on_result, on_warning, on_progress: called with one line each.
        stopping: the signal that stops the search; empty for none.
    """

    folder: Path
    study: Study
    storage: ReconnectingStorage
    objective: str
    space: Space
    base: Config
    trained: Config
    local: bool
    on_result: Callable[[str], None] = _ignore
    on_warning: Callable[[str], None] = _ignore
    on_progress: Callable[[str], None] = _ignore

    def __post_init__(self) -> None:
        self.stopping = ""
        self._jobs: list[Job] = []
        self._messages: queue.Queue[tuple[Job, dict[str, Any] | None]] = queue.Queue()
        self._failures = self._refusals = 0
        self._last_heartbeat = -math.inf
        self.storage.on_cut = self._note_cut
        self.storage.patient = lambda: not self.stopping

    # -- The loop -----------------------------------------------------------------------------

    def run(self, trials: int, jobs: int = 1, hours: float = 0.0) -> None:
        """Train trials until there are enough, time is up, or the user stops the search.

        Args:
            trials: trials in all, those of earlier sessions and of other machines included.
            jobs: trials at once.
            hours: after which no trial begins; 0 for no limit.

        Raises:
            InputError: trials fail or are refused one after another.
        """
        deadline = time.monotonic() + (hours * 3600 or math.inf)
        interrupted = [trial for trial in self.study.get_trials() if self._continues(trial)]
        space = distributions(self.space)
        waiting = [running_trial(self.study, trial, space) for trial in interrupted]
        with StopSignals(self._note_signal):
            try:
                while True:
                    while len(self._jobs) < jobs and not self.stopping:
                        over = time.monotonic() > deadline
                        trial = waiting.pop(0) if waiting else self._next(trials, over)
                        if trial is None:
                            break
                        self._start(trial)
                    if not self._jobs:
                        return
                    self._receive()
                    self._send_heartbeats(waiting)
            finally:
                self._end_jobs()

    def _note_cut(self, error: BaseException) -> None:
        self.on_warning(
            f"the database: {reason(error, self.storage.url)}; trying again for some minutes"
        )

    def _note_signal(self, name: str) -> None:
        self.stopping = name

    def _continues(self, trial: FrozenTrial) -> bool:
        """Whether a trial was interrupted on this machine, so that this search continues it."""
        if trial.state is not TrialState.RUNNING:
            return False
        return self.local or trial.user_attrs.get(HOME_ATTR) == self.storage.home

    def _next(self, trials: int, over: bool) -> Trial | None:
        """Draw a trial that can be trained; None where there are enough, or time is over."""
        while not over:
            # A clock that has jumped, or a machine that slept, must not make our own trials lost.
            self._send_heartbeats([], now=True)
            requeue_lost(self.study, self.storage)
            if count_trials(self.study) >= trials:
                return None
            with quiet():
                trial = self.study.ask(distributions(self.space))
            try:
                self._config(trial)
            except InputError as error:
                self._refuse(trial, error.for_command_line())
            else:
                return trial
        return None

    def _config(self, trial: Trial) -> Config:
        return replace(self.trained, **trial.params)

    def _refuse(self, trial: Trial, why: str) -> None:
        trial.set_user_attr(OUTCOME_ATTR, {"ended": "refused", "why": why})
        self.study.tell(trial, state=TrialState.PRUNED)
        self._refusals += 1
        if self._refusals >= MAX_REFUSALS:
            raise InputError(
                f"{self.folder}: {MAX_REFUSALS} combinations one after another cannot be trained, "
                f"the last because: {why}; give another --space"
            )

    # -- A trial ------------------------------------------------------------------------------

    def _start(self, trial: Trial) -> None:
        name = f"trial-{trial.number:04}"
        self._jobs.append(Job(trial, self._config(trial), self.folder, name, self._messages))
        send_heartbeat(self.storage, trial)

    def _receive(self) -> None:
        """Act on one message of a job, if one comes soon."""
        if self.stopping and any(job.reply == "continue" for job in self._jobs):
            self._stop()
        try:
            job, message = self._messages.get(timeout=0.25)
        except queue.Empty:
            return
        if message is None:
            self._jobs.remove(job)
            self._end(job)
        elif "note" in message:
            self.on_warning(f"trial {job.trial.number}: {message['note']}")
        elif "ended" in message:
            job.outcome = message
        else:
            self._update(job, message)

    def _update(self, job: Job, message: dict[str, Any]) -> None:
        """Take note of a row or an evaluation, and reply to it."""
        job.step = message["step"]
        score = message.get("score")
        if score is not None and math.isfinite(score) and not job.lost:
            job.score = max(score, job.score if math.isfinite(job.score) else -math.inf)
            try:
                self._report(job, score)
            except UpdateFinishedTrialError:
                self._lose(job)
        job.send_reply()
        self.on_progress("; ".join(map(self._progress, self._jobs)))

    def _report(self, job: Job, score: float) -> None:
        """Give the study a score, and have the trial pruned if it falls behind."""
        if not self._by_score or job.reply != "continue":
            return
        if job.step in job.reported:  # before the trial was interrupted
            return
        job.reported.add(job.step)
        job.trial.report(score, job.step)
        if job.trial.should_prune():
            job.reply = "prune"

    def _progress(self, job: Job) -> str:
        score = "" if math.isnan(job.score) else f", score {results.format_value(job.score)}"
        return f"trial {job.trial.number}: step {job.step}/{self.trained.steps}{score}"

    def _lose(self, job: Job) -> None:
        self.on_warning(
            f"trial {job.trial.number}: was given to another machine, since this one gave no sign "
            "of life"
        )
        job.lost, job.reply = True, "stop"

    # -- Its end ------------------------------------------------------------------------------

    def _end(self, job: Job) -> None:
        job.close()
        outcome = job.outcome or {"ended": "failed", "why": job.cause_of_death()}
        state = outcome["ended"]
        if state == "failed" and (self.stopping or job.lost) and not job.outcome:
            state = "stopped"
        if state != "failed":
            files.remove(job.log)
        if state == "stopped" and not job.lost and not self.stopping:
            state, outcome = "failed", {**outcome, "why": "it was stopped from outside"}
        if state == "stopped" or job.lost:
            return
        try:
            self._conclude(job, {**outcome, "ended": state})
        except UpdateFinishedTrialError:
            self._lose(job)

    def _conclude(self, job: Job, outcome: dict[str, Any]) -> None:
        trial, state = job.trial, outcome["ended"]
        if state == "refused":
            self._refuse(trial, outcome["why"])
            return
        value = self._value(outcome)
        if state in ("finished", "stalled") and value is None:
            state, outcome["why"] = "diverged", "no evaluation gave a number"
        trial.set_user_attr(OUTCOME_ATTR, {**outcome, "ended": state})
        if state == "failed":
            self.study.tell(trial, state=TrialState.FAIL)
        elif value is None or state == "pruned" or (state == "diverged" and self._by_score):
            self.study.tell(trial, state=TrialState.PRUNED)
        else:
            self.study.tell(trial, value)
        self._refusals = 0
        self._failures = self._failures + 1 if state == "failed" else 0
        self._drop_checkpoints(trial.number)
        self._report_result(trial.number)
        if self._failures >= MAX_FAILURES:
            raise InputError(
                f"{self.folder}: {MAX_FAILURES} trials failed one after another, the last because: "
                f"{outcome['why']}; see {job.log}"
            )

    @property
    def _by_score(self) -> bool:
        return self.objective == "score"

    def _value(self, outcome: dict[str, Any]) -> float | None:
        """Return the value of the objective that a trial ended with; None for none."""
        if outcome["ended"] not in _MEASURED:
            return None
        if not self._by_score:
            return float(outcome["step"])
        score = outcome.get("score")
        return score if score is not None and math.isfinite(score) else None

    def _drop_checkpoints(self, number: int) -> None:
        """Keep only a trial's last and best checkpoints: it will not be continued."""
        run = Run(self.folder / f"trial-{number:04}")
        for step in run.checkpoint_steps()[:-1]:
            if step != run.best_step():
                run.checkpoint_path(step).unlink(missing_ok=True)

    def _report_result(self, number: int) -> None:
        """Say how a trial ended, and bring `trials.csv` and `best.toml` up to date."""
        trials = self.write()
        trial = next(each for each in trials if each.number == number)
        value = results.format_value(trial.value)
        measured = "" if math.isnan(trial.value) else f", {OBJECTIVES[self.objective]} {value}"
        better = ", the best so far" if trial is results.best(trials) else ""
        why = f" ({trial.why})" if trial.why and trial.state != "pruned" else ""
        values = ", ".join(f"{k} {results.format_value(v)}" for k, v in trial.values.items())
        self.on_result(f"trial {number}: {trial.state}{measured}{better}{why}; {values}")

    def write(self) -> list[results.TrialResult]:
        """Write `trials.csv`, and `best.toml` where there is a best; return the trials."""
        trials = results.trial_results(self.study)
        measure = OBJECTIVES[self.objective]
        results.write_trials(self.folder, trials, list(self.space), measure)
        if best := results.best(trials):
            comment = (
                f"Trial {best.number} of the search {self.folder.name}: {measure} "
                f"{results.format_value(best.value)}."
            )
            results.write_best(self.folder, self.base, best, comment)
        return trials

    # -- Life and death -----------------------------------------------------------------------

    def _send_heartbeats(self, waiting: list[Trial], now: bool = False) -> None:
        if now or time.monotonic() - self._last_heartbeat > (self.storage.heartbeat_interval or 0):
            for trial in [*(job.trial for job in self._jobs), *waiting]:
                send_heartbeat(self.storage, trial)
            self._last_heartbeat = time.monotonic()

    def _stop(self) -> None:
        """Have the running trials save and stop."""
        for job in self._jobs:
            job.reply = "stop"
            job.stop()

    def _end_jobs(self) -> None:
        """End the jobs that still run, with a moment to save unless the user is in a hurry."""
        if not isinstance(sys.exception(), KeyboardInterrupt):
            for job in self._jobs:
                job.close()
                job.stop()
            for job in self._jobs:
                job.wait(SAVE_SECONDS)
        for job in self._jobs:
            job.kill()
