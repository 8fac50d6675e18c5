"""One trial of a search, in a process of its own: `python -m kwavegan.search.worker`.

The search writes a line of JSON: the settings, the folder and the name of the run. Back come lines
of JSON: every row and every evaluation, which the search answers with a line of its own (`on`,
`stop` or `prune`), and how it ended. Where no answer comes, the search is gone: the run is saved
and stops, to be gone on with.
"""

import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.runs.run import VALIDATION, Run
from kwavegan.storage import files
from kwavegan.storage.csv_log import read_metrics


class Line:
    """What connects a trial and its search.

    Args:
        heard, told: where answers come from, and where news goes to.
    """

    def __init__(self, heard: TextIO, told: TextIO) -> None:
        self.heard, self.told = heard, told
        self.answer = "on"

    def tell(self, **news: Any) -> None:
        """Say something that asks for no answer."""
        with suppress(OSError):
            self.told.write(json.dumps(news) + "\n")
            self.told.flush()

    def ask(self, **news: Any) -> None:
        """Say something, and keep the answer in `answer`; once it is not `on`, it stays."""
        self.tell(**news)
        answer = self.heard.readline().strip() or "stop"
        if self.answer == "on":
            self.answer = answer


def main() -> None:
    """Train one run as the search says."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not come between the lines
    line = Line(sys.stdin, told)
    line.tell(**_outcome(json.loads(sys.stdin.readline()), line))
    with suppress(OSError):
        told.close()


def _outcome(job: dict[str, Any], line: Line) -> dict[str, Any]:
    from kwavegan.data.load import load
    from kwavegan.training.session import settle

    config = Config(**job["config"])
    try:
        dataset = load(config.data, config)
        try:
            config = settle(config, dataset, config.data)
        except InputError as error:
            return {"ended": "refused", "why": str(error)}
        return _trained(config, dataset, Path(job["folder"]), job["name"], line)
    except InputError as error:
        return {"ended": "failed", "why": str(error)}


def _trained(config: Config, dataset: Any, folder: Path, name: str, line: Line) -> dict[str, Any]:
    import keras

    from kwavegan.training.session import Watch, resume, train

    class Obedience(keras.callbacks.Callback):
        """Stop the training once the search says so."""

        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            if line.answer != "on":
                self.model.stop_training = True

    watch = Watch(
        row=lambda row: line.ask(step=int(row["step"])),
        validated=lambda found: line.ask(step=found.step, score=found.score),
        note=lambda text: line.tell(note=text),
    )
    run = _begun(folder / name, config, line)
    if run is None:
        outcome = train(config, dataset, name, folder, watch, [Obedience()])
    else:
        for row in read_metrics(run.path / VALIDATION):
            line.ask(step=int(row["step"]), score=row["score"])
        outcome = resume(run, dataset, None, watch, [Obedience()])
    return _told(outcome, line)


def _told(outcome: Any, line: Line) -> dict[str, Any]:
    run, state, why = outcome.run, outcome.state, outcome.message
    if state == "stopped" and line.answer == "prune":
        state, why = "pruned", "behind the other trials of the search"
        run.update(message=f"pruned: {why}")
    scores = [(row["score"], row["step"]) for row in read_metrics(run.path / VALIDATION)]
    best = max(scores, key=lambda pair: pair[0], default=(None, None))
    rows = read_metrics(run.path / "metrics.csv")
    survived = int(rows[-1]["step"]) if rows else 0
    return {
        "ended": state,
        "why": why,
        "score": best[0],
        "best_step": best[1],
        "step": survived,
        "seconds": run.status().seconds,
    }


def _begun(path: Path, config: Config, line: Line) -> Run | None:
    """Return the run of a trial that was broken off, ready to go on; None where there is none.

    Raises:
        InputError: the folder holds another run.
    """
    if not path.exists():
        return None
    run, noted = Run(path), False
    while run.is_locked():  # its search was killed; it notices at its next row
        if not noted:
            line.tell(note=f"{path}: is still being trained; waiting for it to stop")
        noted = True
        time.sleep(0.2)
    try:
        stored = run.config()
        run.status()
    except InputError:  # killed while the folder was being made: nothing is in it yet
        files.remove(path)
        return None
    if replace(stored, data=config.data) != config:
        raise InputError(f"{path}: is another run; move it away, or give another --name")
    _forget_unexamined(run, config.evaluate_every)
    return run


def _forget_unexamined(run: Run, every: int) -> None:
    """Delete a last checkpoint whose evaluation is missing, so that it is made up for."""
    steps = run.steps()
    examined = {row["step"] for row in read_metrics(run.path / VALIDATION)}
    if steps and every and steps[-1] and steps[-1] % every == 0 and steps[-1] not in examined:
        run.checkpoint_path(steps[-1]).unlink()


if __name__ == "__main__":
    main()
