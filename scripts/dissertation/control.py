"""The control of the shuffle question: real audio on both branches of a discriminator.

    kwavegan prepare RECORDINGS set1024 --rate 1024 --length 1024 --labels zero,one
    python -m scripts.dissertation.control set1024 --runs 5 --iterations 1000
    kwavegan prepare RECORDINGS set4096 --rate 4096 --length 4096 --labels zero,one
    python -m scripts.dissertation.control set4096 --runs 3 --iterations 300

A discriminator alone, with the loss of WGAN-GP, is given two independent batches of real audio: one
as "real", one as "generated". There is nothing to learn. With *live* shifts (drawn anew for every
call) it ought to stay at chance; with *frozen* ones (drawn once a run, apart for the branches) it
can tell the branches by their shift; where frozen ones happen to *agree* it cannot. Every 50
iterations it scores test sounds that it never saw. `docs/dissertation/control.csv` has a row for
each of these tests; a run that has rows is not made again.
"""

import time
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from kwavegan.config.resolution import resolve
from kwavegan.data.dataset import Dataset, Split
from kwavegan.training.build import build_gan
from scripts.common.data import dataset_argument
from scripts.common.runner import ResultTable, run_all
from scripts.dissertation.conditions import ALL_SHUFFLES, LOGGED, RESULTS
from scripts.dissertation.trial import SCORED_TOGETHER, BothReal, auc, share_above_zero

BATCH_SIZE = 16
"""Sounds on each branch."""

TEST_SOUNDS = 512
"""Test sounds that the discriminator scores, at most."""

COLUMNS = (
    "length", "shuffle", "seed", "shifts_real", "shifts_fake", "shifts_mixed", "iteration",
    "gap", "other_higher", "same_higher", "trained_gap", "minutes",
)  # fmt: skip
KEY = COLUMNS[:3]


def build_control(dataset: Dataset, shuffle: str, seed: int, **own: Any) -> BothReal:
    """Return the trial of a discriminator that gets real audio on both branches."""
    options = {"length": dataset.length, "rate": dataset.rate, "channels": 1, "seed": seed, **own}
    gan = build_gan(resolve(preset="dissertation-wgan", options=options))
    return BothReal(gan, dataset.train, shuffle, 0, 2 * BATCH_SIZE)


def measure_branches(trial: BothReal, sounds: Split, seed: int) -> dict[str, float]:
    """Return how well the discriminator tells the branches on sounds it never saw.

    `gap` is the mean score of the real branch less that of the other, of the same sounds;
    `same_higher` how often a sound scores higher on the real branch than the very same sound on the
    other; `other_higher` how often it scores higher than another sound on the other, halves of the
    sounds taking turns. Chance is 0, 0.5 and 0.5.
    """
    chosen = np.random.default_rng([seed, 1]).permutation(len(sounds))
    half = min(TEST_SOUNDS, len(sounds)) // (2 * SCORED_TOGETHER) * SCORED_TOGETHER
    audio, labels = sounds.batch(chosen[: 2 * half]), np.asarray(sounds.labels)[chosen[: 2 * half]]
    real = trial.scores(audio, labels, "real", seed)
    other = trial.scores(audio, labels, "fake", seed)
    return {
        "gap": float(real.mean() - other.mean()),
        "other_higher": (auc(real[:half], other[half:]) + auc(real[half:], other[:half])) / 2,
        "same_higher": share_above_zero(real - other),
    }


def run_control(
    dataset: Dataset, shuffle: str, seed: int, iterations: int, **own: Any
) -> list[dict[str, Any]]:
    """Train one discriminator; return a row for each test of it."""
    trial = build_control(dataset, shuffle, seed, **own)
    began, rows = time.perf_counter(), []
    for logs in trial.chunks(iterations):
        measured = measure_branches(trial, dataset.test, seed)
        rows.append({
            "length": dataset.length,
            "shuffle": shuffle,
            "seed": seed,
            **trial.shown_shifts,
            "iteration": trial.iteration,
            **{name: round(value, 4) for name, value in measured.items()},
            "trained_gap": round(-float(logs[:, LOGGED.index("d_adversarial_loss")].mean()), 4),
            "minutes": round((time.perf_counter() - began) / 60, 2),
        })  # fmt: skip
    return rows


@click.command()
@dataset_argument
@click.option("--runs", default=5, show_default=True, help="Seeds 0, 1, … of each shuffle.")
@click.option("--iterations", default=1_000, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "control.csv",
              show_default=True, help="The table to add to.")  # fmt: skip
@click.option("--work-dir", type=click.Path(path_type=Path), default=Path("dissertation-work"),
              show_default=True, help="For locks.")  # fmt: skip
def main(dataset: Dataset, runs: int, iterations: int, out: Path, work_dir: Path) -> None:
    """Run the control on DATA, what has no rows yet."""
    trials = {
        (str(dataset.length), shuffle, str(seed)): partial(
            run_control, dataset, shuffle, seed, iterations
        )
        for seed in range(runs)
        for shuffle in ALL_SHUFFLES
    }
    run_all(trials, ResultTable(out, COLUMNS, KEY), work_dir, COLUMNS[6:])


if __name__ == "__main__":
    main()
