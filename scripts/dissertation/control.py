"""The control of the shuffle question: real audio on both branches of a discriminator.

    kwavegan prepare RECORDINGS set1024 --rate 1024 --length 1024 --labels zero,one
    python scripts/dissertation/control.py set1024 --runs 5 --iterations 1000
    kwavegan prepare RECORDINGS set4096 --rate 4096 --length 4096 --labels zero,one
    python scripts/dissertation/control.py set4096 --runs 3 --iterations 300

A discriminator alone, with the loss of WGAN-GP, is given two independent batches of real audio: one
as "real", one as "generated". There is nothing to learn. With *live* shifts (drawn anew for every
call) it ought to stay at chance; with *frozen* ones (a draw a run, apart for the branches) it can
tell the branches by their shift; where frozen ones happen to *agree* it cannot. Every 50 iterations
it is heard on test sounds it never saw. `docs/dissertation/control.csv` has a row for each hearing;
a run that is there is not made again.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import rows
from conditions import KINDS
from opening import opened

from kwavegan.data.dataset import Dataset, Sounds

BATCH = 16
"""Sounds on each branch."""

HEARD = 512
"""Test sounds that it is heard on, at most."""

COLUMNS = (
    "length", "shuffle", "seed", "shifts_real", "shifts_fake", "shifts_mixed", "iteration",
    "gap", "told", "told_same", "trained_gap", "minutes",
)  # fmt: skip
KEY = COLUMNS[:3]


def build_trial(dataset: Dataset, kind: str, seed: int, **own: Any) -> Any:
    """Return the trial of a discriminator that gets real audio on both branches."""
    from trial import BothReal

    from kwavegan.config.settings import resolve
    from kwavegan.training.build import build_gan

    options = {"length": dataset.length, "rate": dataset.rate, "channels": 1, "seed": seed, **own}
    gan = build_gan(resolve(preset="dissertation-wgan", options=options))
    return BothReal(gan, dataset.train, kind, 0, 2 * BATCH)


def heard(trial: Any, sounds: Sounds, seed: int) -> dict[str, float]:
    """Return how well the discriminator tells the branches on sounds it never saw.

    `gap` is the mean score of the real branch less that of the other, of the same sounds; `told`
    how often a sound on the real branch scores above another sound on the other, halves of the
    sounds taking turns; `told_same` how often a sound scores higher on the real branch than the
    very same sound on the other. Chance is 0, 0.5 and 0.5.
    """
    from advantage import BATCH, scores, share, told

    chosen = np.random.default_rng([seed, 1]).permutation(len(sounds))
    half = min(HEARD, len(sounds)) // (2 * BATCH) * BATCH
    audio, labels = sounds.batch(chosen[: 2 * half]), np.asarray(sounds.labels)[chosen[: 2 * half]]
    real = scores(trial, audio, labels, "real", seed)
    other = scores(trial, audio, labels, "fake", seed)
    return {
        "gap": float(real.mean() - other.mean()),
        "told": (told(real[:half], other[half:]) + told(real[half:], other[:half])) / 2,
        "told_same": share(real - other),
    }


def run(
    dataset: Dataset, kind: str, seed: int, iterations: int, **own: Any
) -> Iterator[dict[str, Any]]:
    """Train one discriminator; yield a row for each time it is heard."""
    from trial import LOGGED

    trial = build_trial(dataset, kind, seed, **own)
    began = time.perf_counter()
    for logs in trial.chunks(iterations):
        yield {
            "length": dataset.length,
            "shuffle": kind,
            "seed": seed,
            **trial.shown_shifts,
            "iteration": trial.iteration,
            **{n: round(v, 4) for n, v in heard(trial, dataset.test, seed).items()},
            "trained_gap": round(-float(logs[:, LOGGED.index("d_raw")].mean()), 4),
            "minutes": round((time.perf_counter() - began) / 60, 2),
        }


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False))
@click.option("--runs", default=5, show_default=True, help="Seeds 0, 1, … of each kind of shuffle.")
@click.option("--iterations", default=1_000, show_default=True)
@click.option("--out", default=str(rows.RESULTS / "control.csv"), help="The table to add to.")
def main(data: str, runs: int, iterations: int, out: str) -> None:
    """Run the control on DATA, what has no rows yet."""
    dataset = opened(data)
    path = Path(out)
    finished = {tuple(row[name] for name in KEY) for row in rows.read(path)}
    for seed in range(runs):
        for kind in KINDS:
            if (str(dataset.length), kind, str(seed)) in finished:
                continue
            found = list(run(dataset, kind, seed, iterations))
            rows.append(path, COLUMNS, *found)
            click.echo(" ".join(f"{name}={value}" for name, value in found[-1].items()))


if __name__ == "__main__":
    main()
