"""Run the dissertation's tables 8–15 again: how many iterations does each condition survive?

    kwavegan prepare RECORDINGS set1024 --rate 1024 --length 1024 --labels zero,one
    python scripts/dissertation/tables.py set1024 --seeds 3

A *cell* is one condition with one shuffle and one seed. Each adds a row to
`docs/dissertation/tables.csv` when it is done; a cell that is there is not run again, and one that
was killed goes on from its last save in `--work-dir`. Give the command as often as you like, with
more `--seeds` or on a faster machine; `minutes` are the processor's. It needs one core, and is
fastest on JAX; given twice at once, with the same `--out` and `--work-dir`, the two share the
cells. The base condition (learning rate 1e-4, batch 64, λ 10, one discriminator update) stands in
all four tables of a model. With `--shuffle agreeing` shifts are frozen, but alike on all branches:
what freezing does, without the telling.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import rows
from conditions import BOUND, ITERATIONS, KINDS, SHUFFLES, Condition
from opening import opened

from kwavegan.data.dataset import Dataset
from kwavegan.storage.cache import locked
from kwavegan.storage.locks import try_lock

SAVE_EVERY = 500
"""Iterations between saves of a cell."""

COLUMNS = (
    "model", "shuffle", "lr", "batch", "lamb", "d_updates", "seed", "survived", "reached",
    "diverged", "why", "shifts_real", "shifts_fake", "shifts_mixed", "backend", "minutes",
    "d_loss", "g_loss", "real_score", "fake_score",
)  # fmt: skip
KEY, LAST = COLUMNS[:7], COLUMNS[-4:]
"""What tells a row from others, and what it keeps of the last iteration."""


@dataclass(frozen=True)
class Cell:
    """One run of the tables."""

    condition: Condition
    shuffle: str
    seed: int

    def key(self) -> tuple[str, ...]:
        """Return what tells its row from others, as CSV holds it."""
        c = self.condition
        values = (c.model, self.shuffle, c.lr, c.batch, c.lamb, c.d_updates, self.seed)
        return tuple(str(value) for value in values)

    @property
    def name(self) -> str:
        """What its files in the work directory are called."""
        return "-".join(self.key())


def plan(seeds: int, shuffles: Iterable[str] = SHUFFLES) -> Iterator[Cell]:
    """Yield all cells of seeds 0, 1, …: what is cheap and tells much comes first."""
    order = [Condition("", batch=8), Condition(""), Condition("", batch=16)]
    order += [Condition("", batch=32), Condition("", d_updates=5), Condition("", lr=1e-5)]
    order += [Condition("", lamb=100.0), *(Condition("", d_updates=n) for n in (2, 3, 4))]
    for seed in range(seeds):
        for wanted in order:
            for model in ("wgan", "cwgan"):
                for shuffle in shuffles:
                    yield Cell(Condition(**{**vars(wanted), "model": model}), shuffle, seed)


def done(path: Path) -> set[tuple[str, ...]]:
    """Return the keys of the cells that have a row."""
    return {tuple(row[name] for name in KEY) for row in rows.read(path)}


def build_trial(cell: Cell, dataset: Dataset, **own: Any) -> Any:
    """Return the trial of a cell; `own` settings replace those of the tables."""
    from faults import with_faulty_labels
    from products import speed_up
    from trial import Trial

    from kwavegan.training.build import build_gan

    gan = speed_up(build_gan(cell.condition.config(cell.seed, dataset.labels, dataset.rate, **own)))
    labels = len(dataset.labels) if cell.condition.model == "cwgan" else 0
    if labels:
        with_faulty_labels(gan)
    return Trial(gan, dataset.train, cell.shuffle, labels, cell.condition.batch)


def run_cell(
    cell: Cell,
    dataset: Dataset,
    work: Path,
    iterations: int = ITERATIONS,
    bound: float = BOUND,
    **own: Any,
) -> dict[str, Any]:
    """Run a cell to its end and return its row; go on from its save if there is one."""
    from trial import survived

    trial, seconds = build_trial(cell, dataset, **own), 0.0
    save = work / f"{cell.name}.npz"
    if save.exists():
        with np.load(save) as stored:
            state = dict(stored)
        seconds = float(state.pop("seconds"))
        trial.restore(state)
    began, last, why = time.process_time() - seconds, trial.iteration, ""
    lasted, end = iterations, None
    for logs in trial.chunks(iterations):
        end = logs[-1]
        past = survived(_column(logs, "peak_loss"), bound)
        if past is not None:
            lasted, end = trial.iteration - len(logs) + past, logs[past]
            why = _why(end, bound)
            break
        if trial.iteration - last >= SAVE_EVERY:
            last = trial.iteration
            rows.keep(save, **trial.state(), seconds=np.float64(time.process_time() - began))
    minutes = (time.process_time() - began) / 60
    save.unlink(missing_ok=True)
    return {**_row(cell, trial, lasted, why, minutes), **_last(end)}


def _column(logs: np.ndarray, name: str) -> np.ndarray:
    from trial import LOGGED

    return logs[:, LOGGED.index(name)]


def _why(logged: np.ndarray, bound: float) -> str:
    """Say which loss passed the bound; the discriminator comes first in an iteration."""
    d_loss, g_loss, peak = logged[:3]
    if not np.isfinite([d_loss, g_loss, peak]).all():
        return "nan"
    return "g_loss" if abs(d_loss) <= bound and peak == abs(g_loss) else "d_loss"


def _row(cell: Cell, trial: Any, lasted: int, why: str, minutes: float) -> dict[str, Any]:
    import keras

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
    from trial import LOGGED

    if end is None:
        return dict.fromkeys(LAST, "")
    return {name: f"{end[LOGGED.index(name)]:.4g}" for name in LAST}


def run_all(cells: Iterable[Cell], dataset: Dataset, out: Path, work: Path, **own: Any) -> None:
    """Run the cells that have no row in `out` yet; `own` as in `run_cell`.

    Cells that another process is at, with the same `work`, are left to it.
    """
    finished = done(out)
    left = [cell for cell in cells if cell.key() not in finished]
    click.echo(f"{len(finished)} cells done, {len(left)} to go")
    work.mkdir(parents=True, exist_ok=True)
    for cell in left:
        with (work / f"{cell.name}.lock").open("ab") as mine:
            # The other process may have done it since `left` was made.
            if try_lock(mine) and cell.key() not in done(out):
                _add_row(cell, run_cell(cell, dataset, work, **own), out, work)


def _add_row(cell: Cell, row: dict[str, Any], out: Path, work: Path) -> None:
    with locked(work / "table"):
        rows.append(out, COLUMNS, row)
    shown = ("survived", "why", "minutes")
    click.echo(f"{cell.name} " + " ".join(f"{name}={row[name]}" for name in shown))


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False))
@click.option("--shuffle", multiple=True, type=click.Choice(KINDS), default=SHUFFLES)
@click.option("--seeds", default=3, show_default=True, help="Seeds 0, 1, … of each condition.")
@click.option("--out", default=str(rows.RESULTS / "tables.csv"), help="The table to add to.")
@click.option("--work-dir", default="dissertation-work", show_default=True, help="For saves.")
def main(data: str, shuffle: tuple[str, ...], seeds: int, out: str, work_dir: str) -> None:
    """Run every cell of tables 8–15 on DATA that has no row yet."""
    run_all(plan(seeds, shuffle), opened(data), Path(out), Path(work_dir))


if __name__ == "__main__":
    main()
