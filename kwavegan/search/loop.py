"""A search: trials asked of a study, each trained in a process of its own, and what came of them.

A process a trial: one that runs out of memory takes nothing else along, what a backend compiled
and kept is gone with it, and jobs run side by side. This process imports no backend, and is the
only one here that writes to the study.
"""

import math
import queue
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.study import Study
from optuna.trial import Trial, TrialState

from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.runs.run import Run
from kwavegan.search import results
from kwavegan.search.job import Job
from kwavegan.search.space import Space, distributions
from kwavegan.search.study import BEAT, TOLD, beat, counted, live, quiet, take_back_lost
from kwavegan.storage import files

OBJECTIVES = {"score": "score", "survival": "steps survived"}
"""What may be sought → what its numbers are called."""

_ENDED = ("finished", "stalled", "diverged", "pruned")

_FAILURES = 3  # in a row, after which something else must be wrong

_REFUSALS = 20

_LEAVING = 30.0  # seconds that trials have to save


def _silent(line: str) -> None:
    pass


@dataclass
class Search:
    """A search in its folder.

    Attributes:
        folder: where its runs, `trials.csv`, `best.toml` and `importance.png` are.
        study, storage: from `kwavegan.search.study`.
        objective: a key of `OBJECTIVES`.
        space: what is tried.
        base: the user's settings, fitted to the data; for `best.toml`.
        trained: the same as trials are trained with them; see `trial_settings`.
        own: whether no other machine can reach the study.
        tell, note, live: called with a line of news, a warning, and a line on what is in hand.
    """

    folder: Path
    study: Study
    storage: RDBStorage
    objective: str
    space: Space
    base: Config
    trained: Config
    own: bool
    tell: Callable[[str], None] = _silent
    note: Callable[[str], None] = _silent
    live: Callable[[str], None] = _silent

    def __post_init__(self) -> None:
        self.stopping = ""
        self._jobs: list[Job] = []
        self._news: queue.Queue = queue.Queue()
        self._home = _identity(self.folder)
        self._failures = self._refusals = 0
        self._beaten = -math.inf

    # -- The loop -----------------------------------------------------------------------------

    def run(self, trials: int, jobs: int = 1, hours: float = 0.0) -> None:
        """Try until there are enough trials, or time is up, or the user stops it.

        Args:
            trials: in all, those of earlier sessions and other machines counted.
            jobs: at once.
            hours: after which no trial is begun; 0 for no end.

        Raises:
            InputError: trials fail or are refused one after another.
        """
        deadline = time.monotonic() + (hours * 3600 or math.inf)
        broken = [t for t in self.study.get_trials() if self._is_mine(t)]
        waiting = [live(self.study, trial) for trial in broken]
        with _Signals(self):
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
                    self._listen()
                    self._beat(waiting)
            finally:
                self._leave()

    def _is_mine(self, trial: Any) -> bool:
        if trial.state is not TrialState.RUNNING:
            return False
        return self.own or trial.user_attrs.get("home") == self._home

    def _next(self, trials: int, over: bool) -> Trial | None:
        """Ask for a trial that can be trained; None where there are enough."""
        while not over:
            take_back_lost(self.study)
            if counted(self.study) >= trials:
                return None
            with quiet():
                trial = self.study.ask(distributions(self.space))
            trial.set_user_attr("home", self._home)
            try:
                self._config(trial)
            except InputError as error:
                self._refuse(trial, str(error))
            else:
                return trial
        return None

    def _config(self, trial: Any) -> Config:
        return replace(self.trained, **trial.params)

    def _refuse(self, trial: Trial, why: str) -> None:
        trial.set_user_attr(TOLD, {"ended": "refused", "why": why})
        self.study.tell(trial, state=TrialState.PRUNED)
        self._refusals += 1
        if self._refusals >= _REFUSALS:
            raise InputError(
                f"{self.folder}: {_REFUSALS} combinations one after another cannot be trained, the"
                f" last because: {why}; take another --space"
            )

    # -- A trial ------------------------------------------------------------------------------

    def _start(self, trial: Trial) -> None:
        name = f"trial-{trial.number:04}"
        self._jobs.append(Job(trial, self._config(trial), self.folder, name, self._news))
        beat(self.storage, trial)

    def _listen(self) -> None:
        """Hear one piece of news, if there is any soon."""
        if self.stopping and any(job.told == "on" for job in self._jobs):
            self._stop()
        try:
            job, news = self._news.get(timeout=0.25)
        except queue.Empty:
            return
        if news is None:
            self._jobs.remove(job)
            self._end(job)
        elif "note" in news:
            self.note(f"trial {job.trial.number}: {news['note']}")
        elif "ended" in news:
            job.ended = news
        else:
            self._hear(job, news)

    def _hear(self, job: Job, news: dict[str, Any]) -> None:
        job.step = news["step"]
        score = news.get("score")
        if score is not None and math.isfinite(score) and not job.lost:
            job.score = max(score, job.score if math.isfinite(job.score) else -math.inf)
            try:
                self._report(job, score)
            except UpdateFinishedTrialError:
                self._lose(job)
        job.answer()
        self.live("; ".join(map(self._doing, self._jobs)))

    def _report(self, job: Job, score: float) -> None:
        if self.objective != "score" or job.told != "on":
            return
        if job.step in job.reported:  # before it was broken off
            return
        job.reported.add(job.step)
        job.trial.report(score, job.step)
        if job.trial.should_prune():
            job.told = "prune"

    def _doing(self, job: Job) -> str:
        score = "" if math.isnan(job.score) else f", score {results.number(job.score)}"
        return f"trial {job.trial.number}: step {job.step}/{self.trained.steps}{score}"

    def _lose(self, job: Job) -> None:
        self.note(
            f"trial {job.trial.number}: was given to another machine, since this one had not been "
            "heard of"
        )
        job.lost, job.told = True, "stop"

    # -- Its end ------------------------------------------------------------------------------

    def _end(self, job: Job) -> None:
        job.close()
        ended = job.ended or {"ended": "failed", "why": job.death()}
        state = ended["ended"]
        if state == "failed" and (self.stopping or job.lost) and not job.ended:
            state = "stopped"
        if state != "failed":
            files.remove(job.log)
        if state == "stopped" and not job.lost and not self.stopping:
            state, ended = "failed", {**ended, "why": "it was stopped from outside"}
        if state == "stopped" or job.lost:
            return
        try:
            self._conclude(job, {**ended, "ended": state})
        except UpdateFinishedTrialError:
            self._lose(job)

    def _conclude(self, job: Job, ended: dict[str, Any]) -> None:
        trial, state = job.trial, ended["ended"]
        if state == "refused":
            self._refuse(trial, ended["why"])
            return
        value = self._value(ended)
        if state in ("finished", "stalled") and value is None:
            state, ended["why"] = "diverged", "no evaluation gave a number"
        trial.set_user_attr(TOLD, {**ended, "ended": state})
        if state == "failed":
            self.study.tell(trial, state=TrialState.FAIL)
        elif value is None or state == "pruned" or (state == "diverged" and self._by_score):
            self.study.tell(trial, state=TrialState.PRUNED)
        else:
            self.study.tell(trial, value)
        self._refusals = 0
        self._failures = self._failures + 1 if state == "failed" else 0
        self._tidy(trial.number)
        self._say(trial.number)
        if self._failures >= _FAILURES:
            raise InputError(
                f"{self.folder}: {_FAILURES} trials failed one after another, the last because: "
                f"{ended['why']}; see {job.log}"
            )

    @property
    def _by_score(self) -> bool:
        return self.objective == "score"

    def _value(self, ended: dict[str, Any]) -> float | None:
        """What is sought, as a trial ended with it; None for none."""
        if ended["ended"] not in _ENDED:
            return None
        if not self._by_score:
            return float(ended["step"])
        score = ended.get("score")
        return score if score is not None and math.isfinite(score) else None

    def _tidy(self, number: int) -> None:
        """Keep a trial's last and best checkpoints alone: it will not be gone on with."""
        run = Run(self.folder / f"trial-{number:04}")
        for step in run.steps()[:-1]:
            if step != run.best_step():
                run.checkpoint_path(step).unlink(missing_ok=True)

    def _say(self, number: int) -> None:
        """Tell how a trial ended, and keep `trials.csv` and `best.toml` up to date."""
        trials = self.write()
        one = next(one for one in trials if one.number == number)
        better = ", the best so far" if one is results.best(trials) else ""
        value = "" if math.isnan(one.value) else f", {OBJECTIVES[self.objective]} "
        value += results.number(one.value) if value else ""
        why = f" ({one.why})" if one.why and one.state != "pruned" else ""
        tried = ", ".join(f"{name} {results.number(v)}" for name, v in one.values.items())
        self.tell(f"trial {number}: {one.state}{value}{better}{why}; {tried}")

    def write(self) -> list[results.Tried]:
        """Write `trials.csv`, and `best.toml` where there is a best; return the trials."""
        trials = results.tried(self.study)
        measure = OBJECTIVES[self.objective]
        results.write_trials(self.folder, trials, list(self.space), measure)
        if found := results.best(trials):
            said = (
                f"Trial {found.number} of the search {self.folder.name}: {measure} "
                f"{results.number(found.value)}."
            )
            results.write_best(self.folder, self.base, found, said)
        return trials

    # -- Life and death -----------------------------------------------------------------------

    def _beat(self, waiting: list[Trial]) -> None:
        if time.monotonic() - self._beaten > BEAT:
            for trial in [*(job.trial for job in self._jobs), *waiting]:
                beat(self.storage, trial)
            self._beaten = time.monotonic()

    def _stop(self) -> None:
        """Let the trials in hand save and stop."""
        for job in self._jobs:
            job.told = "stop"
            job.stop()

    def _leave(self) -> None:
        """End what is still in hand, after a moment to save where there is time."""
        if not isinstance(sys.exception(), KeyboardInterrupt):
            for job in self._jobs:
                job.close()
                job.stop()
            for job in self._jobs:
                job.wait(_LEAVING)
        for job in self._jobs:
            job.kill()


def _identity(folder: Path) -> str:
    """What a search's folder is known by to itself: the trials in hand that are its own."""
    path = folder / ".identity"
    with suppress(OSError):
        return path.read_text(encoding="utf-8").strip()
    name = uuid.uuid4().hex
    files.write_text(path, name + "\n")
    return name


class _Signals:
    """Take SIGINT and SIGTERM while a search runs; a second one acts at once."""

    def __init__(self, search: Search) -> None:
        self.search, self.kept = search, {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self.kept[number] = signal.signal(number, self._asked)

    def _asked(self, number: int, frame: Any) -> None:
        self.search.stopping = signal.Signals(number).name
        self.__exit__()

    def __exit__(self, *exception: object) -> None:
        for number, handler in self.kept.items():
            signal.signal(number, handler)
        self.kept = {}
