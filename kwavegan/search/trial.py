"""The training of one trial, which reports to its search and obeys the replies."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset
from kwavegan.errors import InputError
from kwavegan.monitoring.listener import Listener
from kwavegan.runs.run import VALIDATION, Run
from kwavegan.storage import files
from kwavegan.storage.csv_log import read_metrics
from kwavegan.training.session import Outcome, resume, run_training

if TYPE_CHECKING:
    from kwavegan.evaluation.validation import ValidationResult
    from kwavegan.search.worker import Channel


class Reporter(Listener):
    """Reports each row and each evaluation to the search, and waits for its reply."""

    def __init__(self, channel: "Channel") -> None:
        self.channel = channel

    def row(self, row: Mapping[str, float]) -> None:
        self.channel.ask(step=int(row["step"]))

    def validated(self, result: "ValidationResult") -> None:
        self.channel.ask(step=result.step, score=result.score)

    def note(self, text: str) -> None:
        self.channel.tell(note=text)


class StopOnReply(keras.callbacks.Callback):
    """Stops the training once the search has replied that it should not continue."""

    def __init__(self, channel: "Channel") -> None:
        super().__init__()
        self.channel = channel

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.channel.reply != "continue":
            self.model.stop_training = True


def train_trial(
    config: Config, dataset: Dataset, folder: Path, name: str, channel: "Channel"
) -> dict[str, Any]:
    """Train a trial, or continue one that was interrupted; return its outcome.

    Args:
        config: settings from `Config.for_dataset`.
        dataset: what to train on.
        folder: the search's.
        name: the run's name.
        channel: to the search.

    Returns:
        As `kwavegan.search.worker.run_job`.

    Raises:
        InputError: the folder of the run holds another run.
    """
    listeners, callbacks = [Reporter(channel)], [StopOnReply(channel)]
    run = _interrupted_run(folder / name, config, channel)
    if run is None:
        outcome = run_training(config, dataset, name, folder, listeners, callbacks)
    else:
        for row in read_metrics(run.path / VALIDATION):
            channel.ask(step=int(row["step"]), score=row["score"])
        outcome = resume(run, dataset, None, listeners, callbacks)
    return _summary(outcome, channel)


def _summary(outcome: Outcome, channel: "Channel") -> dict[str, Any]:
    run, state, why = outcome.run, outcome.state, outcome.message
    if state == "stopped" and channel.reply == "prune":
        state, why = "pruned", "behind the other trials of the search"
        run.update(message=f"pruned: {why}")
    scores = [(row["score"], row["step"]) for row in read_metrics(run.path / VALIDATION)]
    score, best_step = max(scores, key=lambda pair: pair[0], default=(None, None))
    rows = read_metrics(run.path / "metrics.csv")
    return {
        "ended": state,
        "why": why,
        "score": score,
        "best_step": best_step,
        "step": int(rows[-1]["step"]) if rows else 0,
        "seconds": run.status().seconds,
    }


def _interrupted_run(path: Path, config: Config, channel: "Channel") -> Run | None:
    """Return the run of a trial that was interrupted, ready to continue; None where there is none.

    Raises:
        InputError: the folder holds another run.
    """
    if not path.exists():
        return None
    run = Run(path)
    _wait_until_free(run, channel)
    try:
        stored = run.config()
        run.status()
    except InputError:  # killed while the folder was being made: nothing is in it yet
        files.remove(path)
        return None
    if replace(stored, data=config.data) != config:
        raise InputError(f"{path}: is another run; move it away, or give another --name")
    _forget_unscored(run, config.evaluate_every)
    return run


def _wait_until_free(run: Run, channel: "Channel") -> None:
    """Wait for the worker of a search that was killed: it stops at its next row."""
    if run.is_locked():
        channel.tell(note=f"{run.path}: is still being trained; waiting for it to stop")
    while run.is_locked():
        time.sleep(0.2)


def _forget_unscored(run: Run, every: int) -> None:
    """Delete a last checkpoint whose evaluation is missing, so that its steps are done again."""
    steps = run.checkpoint_steps()
    scored = {row["step"] for row in read_metrics(run.path / VALIDATION)}
    if steps and every and steps[-1] and steps[-1] % every == 0 and steps[-1] not in scored:
        run.checkpoint_path(steps[-1]).unlink()
