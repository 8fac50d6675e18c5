"""Run the dissertation's tables 8–15 again: how many iterations does each condition survive?

    kwavegan prepare RECORDINGS set1024 --rate 1024 --length 1024 --labels zero,one
    python -m scripts.dissertation.tables set1024 --seeds 3
    python -m scripts.dissertation.tables set1024 --seeds 1 --ratio

A *cell* is one condition with one shuffle and one seed. Each adds a row to
`docs/dissertation/tables.csv` when it is done; a cell that has a row is not run again, and one that
was killed resumes from its last save in `--work-dir`. Give the command as often as you like, with
more `--seeds` or on a faster machine; `minutes` are the processor's. It needs one core, and is
fastest on JAX. Two processes with the same `--out` and `--work-dir` share the cells.

The base condition (learning rate 1e-4, batch 64, λ 10, one discriminator update) stands in all
four tables of a model. With `--shuffle agreeing` shifts are frozen, but alike on all branches: they
stay the same, and do not tell the branches apart. With `--ratio` the base condition is run with the
dissertation's own update ratio, one of the discriminator to five of the generator; its rows go to
`docs/dissertation/ratio.csv`.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np

from kwavegan.data.dataset import Dataset
from kwavegan.storage import files
from scripts.common.data import dataset_argument
from scripts.common.runner import ResultTable, file_name, run_all
from scripts.dissertation.conditions import (
    ALL_SHUFFLES,
    BOUND,
    CHUNK,
    G_UPDATES,
    ITERATIONS,
    LOGGED,
    MODELS,
    RESULTS,
    SHUFFLES,
    Condition,
)
from scripts.dissertation.trial import Trial, build_trial, survived

SAVE_EVERY = 500
"""Iterations between saves of a cell."""

COLUMNS = (
    "model", "shuffle", "lr", "batch_size", "gp_weight", "d_updates", "seed", "survived", "reached",
    "diverged", "why", "shifts_real", "shifts_fake", "shifts_mixed", "backend", "minutes",
    "d_loss", "g_loss", "real_score", "fake_score",
)  # fmt: skip
KEY, LAST = COLUMNS[:7], COLUMNS[-4:]
"""What tells a row from others, and what it keeps of the last iteration."""

ORDER: tuple[dict[str, Any], ...] = (
    {"batch_size": 8}, {}, {"batch_size": 16}, {"batch_size": 32}, {"d_updates": 5}, {"lr": 1e-5},
    {"gp_weight": 100.0}, {"d_updates": 2}, {"d_updates": 3}, {"d_updates": 4},
)  # fmt: skip
"""How the conditions differ from the base condition; what is cheap and tells much comes first."""


@dataclass(frozen=True)
class Cell:
    """One run of the tables."""

    condition: Condition
    shuffle: str
    seed: int

    def key(self) -> tuple[str, ...]:
        """Return what tells its row from others, as CSV holds it."""
        c = self.condition
        values = (c.model, self.shuffle, c.lr, c.batch_size, c.gp_weight, c.d_updates, self.seed)
        return tuple(str(value) for value in values)


def plan(seeds: int, shuffles: Iterable[str] = SHUFFLES) -> Iterator[Cell]:
    """Yield all cells of tables 8–15 for seeds 0, 1, …"""
    for seed in range(seeds):
        for changes in ORDER:
            for model in MODELS:
                for shuffle in shuffles:
                    yield Cell(Condition(model, **changes), shuffle, seed)


def plan_ratio(seeds: int, shuffles: Iterable[str] = SHUFFLES) -> Iterator[Cell]:
    """Yield the cells of the update ratio; runs with the frozen shuffle may end early: first."""
    for seed in range(seeds):
        for shuffle in shuffles:
            for model in MODELS:
                yield Cell(Condition(model), shuffle, seed)


def build_cell(cell: Cell, dataset: Dataset, **own: Any) -> Trial:
    """Return the trial of a cell; `own` settings replace those of the tables."""
    config = cell.condition.config(cell.seed, dataset.labels, dataset.rate, **own)
    return build_trial(config, dataset.train, cell.shuffle, cell.condition.model == "cwgan")


def run_cell(
    cell: Cell,
    dataset: Dataset,
    work: Path,
    iterations: int = ITERATIONS,
    bound: float = BOUND,
    save_every: int = SAVE_EVERY,
    chunk: int = CHUNK,
    **own: Any,
) -> list[dict[str, Any]]:
    """Run a cell to its end and return its row; resume from its save if there is one.

    Args:
        cell: what to run.
        dataset: what to train on.
        work: folder of the save.
        iterations: to run at most.
        bound: what a loss must pass, plus or minus, for the run to have diverged.
        save_every: iterations between saves.
        chunk: iterations between two looks at the losses.
        **own: settings that replace those of the tables.
    """
    trial, seconds = build_cell(cell, dataset, **own), 0.0
    save = work / f"{file_name(cell.key())}.npz"
    if save.exists():
        with np.load(save) as stored:
            state = dict(stored)
        seconds = float(state.pop("seconds"))
        trial.restore(state)
    began, saved, why = time.process_time() - seconds, trial.iteration, ""
    lasted, end = iterations, None
    for logs in trial.chunks(iterations, chunk):
        end = logs[-1]
        past = survived(logs[:, LOGGED.index("peak_loss")], bound)
        if past is not None:
            lasted, end = trial.iteration - len(logs) + past, logs[past]
            why = which_loss(end, bound)
            break
        if trial.iteration - saved >= save_every:
            saved = trial.iteration
            _save(save, trial, time.process_time() - began)
    minutes = (time.process_time() - began) / 60
    save.unlink(missing_ok=True)
    return [{**_row(cell, trial, lasted, why, minutes), **_last(end)}]


def _save(path: Path, trial: Trial, seconds: float) -> None:
    with files.atomic(path) as partial_file, partial_file.open("wb") as file:
        np.savez(file, **trial.state(), seconds=np.float64(seconds))


def which_loss(logged: np.ndarray, bound: float) -> str:
    """Say which loss of an iteration passed the bound: `"d_loss"`, `"g_loss"` or `"nan"`.

    Args:
        logged: `LOGGED` of the iteration.
        bound: what was passed; the discriminator comes first in an iteration.
    """
    d_loss, g_loss, peak = logged[:3]
    if not np.isfinite([d_loss, g_loss, peak]).all():
        return "nan"
    return "g_loss" if abs(d_loss) <= bound and peak == abs(g_loss) else "d_loss"


def _row(cell: Cell, trial: Trial, lasted: int, why: str, minutes: float) -> dict[str, Any]:
    return {
        **dict(zip(KEY, cell.key(), strict=True)),
        "survived": lasted,
        "reached": lasted + bool(why),
        "diverged": int(bool(why)),
        "why": why,
        **trial.shown_shifts,
        "backend": keras.backend.backend(),
        "minutes": round(minutes, 2),
    }


def _last(end: np.ndarray | None) -> dict[str, Any]:
    """Return what is kept of the last iteration; nothing, if a kill came just after its save."""
    if end is None:
        return dict.fromkeys(LAST, "")
    return {name: f"{end[LOGGED.index(name)]:.4g}" for name in LAST}


def run_cells(cells: Iterable[Cell], dataset: Dataset, out: Path, work: Path, **own: Any) -> None:
    """Run the cells that have no row in `out` yet; `own` as in `run_cell`."""
    trials = {cell.key(): partial(run_cell, cell, dataset, work, **own) for cell in cells}
    run_all(trials, ResultTable(out, COLUMNS, KEY), work, ("survived", "why", "minutes"))


@click.command()
@dataset_argument
@click.option("--shuffle", multiple=True, type=click.Choice(ALL_SHUFFLES), default=SHUFFLES)
@click.option("--seeds", default=3, show_default=True, help="Seeds 0, 1, … of each condition.")
@click.option("--ratio", is_flag=True, help="The base condition, five generator updates to one.")
@click.option("--out", type=click.Path(path_type=Path), help="The table to add to.")
@click.option("--work-dir", type=click.Path(path_type=Path), help="For saves.")
def main(
    dataset: Dataset,
    shuffle: tuple[str, ...],
    seeds: int,
    ratio: bool,
    out: Path | None,
    work_dir: Path | None,
) -> None:
    """Run every cell of tables 8–15 on DATA that has no row yet."""
    if ratio:
        out, work = out or RESULTS / "ratio.csv", work_dir or Path("dissertation-ratio")
        run_cells(plan_ratio(seeds, shuffle), dataset, out, work, g_updates=G_UPDATES)
    else:
        out, work = out or RESULTS / "tables.csv", work_dir or Path("dissertation-work")
        run_cells(plan(seeds, shuffle), dataset, out, work)


if __name__ == "__main__":
    main()
