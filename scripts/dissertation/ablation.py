"""Mend the dissertation's defects one at a time, and all together, for the same time each.

    kwavegan prepare RECORDINGS set4096 --rate 4096 --length 4096 --labels zero,one
    python -m scripts.dissertation.ablation set4096 --seconds 150

`as printed` is the conditional WaveGAN of the listing at 4,096 samples: cross-entropy without a
penalty, phase shuffle frozen, the generator of table 5, the label as planes. Each run trains for
the same number of seconds after its step is compiled; then its sounds are evaluated as `kwavegan
evaluate` does it. `docs/dissertation/ablation.csv` has a row for each; a variant that has one is
not made again. Losses and sounds are kept in `--work-dir`, for `figures.py`.
"""

import time
from functools import partial
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np

from kwavegan.config.resolution import resolve
from kwavegan.data.dataset import Dataset
from kwavegan.evaluation import evaluator
from kwavegan.gan import sampling
from kwavegan.storage import files
from scripts.common.data import dataset_argument
from scripts.common.runner import ResultTable, file_name, run_all
from scripts.dissertation.conditions import CHUNK, LOGGED, RESULTS, VARIANTS, Variant
from scripts.dissertation.trial import Trial, auc, build_trial, survived

BOUND = 400.0
"""What a loss must pass, plus or minus, for a run to end (F.1)."""

BATCH_SIZE = 16
SOUNDS = 1_000
"""Sounds to evaluate."""

KEPT_EVERY = 50
"""Of the sounds, one in so many is kept for the figures."""

COLUMNS = (
    "variant", "seed", "iterations", "diverged", "d_loss", "g_loss", "d_below", "advantage",
    "label_accuracy", "frechet_distance", "floor", "diversity", "shifts_real", "shifts_fake",
    "shifts_mixed", "backend", "minutes",
)  # fmt: skip
KEY = COLUMNS[:2]
LOW = 0.1
"""`d_below` is the iteration by which the discriminator's loss, over 50, was below this."""


def build_variant(variant: Variant, dataset: Dataset, seed: int, **own: Any) -> Trial:
    """Return the trial of a variant; `own` settings replace its own."""
    options = {
        "length": dataset.length,
        "rate": dataset.rate,
        "channels": 1,
        "labels": dataset.labels,
        "batch_size": BATCH_SIZE,
        "seed": seed,
        **variant.options,
        **own,
    }
    config = resolve(preset=variant.preset, options=options)
    return build_trial(config, dataset.train, variant.shuffle, variant.faulty_labels)


def train_for(trial: Trial, seconds: float) -> tuple[np.ndarray, int | None]:
    """Train for some seconds, compilation aside; return the log and where it diverged."""
    chunks, spent = [], 0.0
    while spent < seconds:
        began = time.perf_counter()
        chunks.append(trial.run(CHUNK))
        # The first chunk compiles: it counts as long as the second.
        spent += (time.perf_counter() - began) * {1: 0, 2: 2}.get(len(chunks), 1)
        past = survived(chunks[-1][:, LOGGED.index("peak_loss")], BOUND)
        if past is not None:
            return np.concatenate(chunks), trial.iteration - CHUNK + past
    return np.concatenate(chunks), None


def generate(trial: Trial, labels: np.ndarray, seed: int) -> np.ndarray:
    """Return sounds of labels (n,), as `kwavegan generate` makes them."""
    gan = trial.gan
    latents = sampling.draw_latents(
        gan.settings.latent_distribution, gan.step_noise.latent_dim, len(labels), seed
    )
    return np.concatenate(list(sampling.generate_batches(gan.inference_generator, latents, labels)))


def measure_advantage(
    trial: Trial, reference: evaluator.Reference, sounds: np.ndarray, labels: np.ndarray, seed: int
) -> float:
    """Return how often a real test sound scores above a generated one."""
    real, real_labels = reference.audio["test"]
    order = np.random.default_rng(seed).permutation(len(labels))[: len(real)]
    return auc(
        trial.scores(real, real_labels, "real", seed),
        trial.scores(sounds[order], labels[order], "fake", seed),
    )


def measure_losses(trial: Trial, logs: np.ndarray) -> dict[str, Any]:
    """Return the losses at the end of a run, and when the discriminator's was low."""
    last = logs[-50:].mean(axis=0)
    return {
        "d_loss": round(float(last[LOGGED.index("d_loss")]), 4),
        "g_loss": round(float(last[LOGGED.index("g_loss")]), 3),
        "d_below": _d_below(trial, logs),
    }


def _d_below(trial: Trial, logs: np.ndarray) -> int | str:
    """Return when a discriminator's cross-entropy fell below `LOW`; a WGAN's loss says nothing."""
    if trial.gan.settings.loss == "wgan-gp":
        return ""
    losses = logs[:, LOGGED.index("d_loss")].reshape(-1, CHUNK).mean(axis=1)
    below = np.flatnonzero(losses < LOW)
    return int(below[0] + 1) * CHUNK if below.size else "never"


def _rounded(overall: dict, name: str, digits: int) -> float | str:
    return round(overall[name].value, digits) if name in overall else ""


def run_variant(
    name: str, dataset: Dataset, reference: evaluator.Reference, seconds: float, seed: int,
    work: Path,
) -> list[dict[str, Any]]:  # fmt: skip
    """Train and measure a variant; return its row, and keep its log and some of its sounds."""
    began = time.perf_counter()
    trial = build_variant(VARIANTS[name], dataset, seed)
    logs, diverged = train_for(trial, seconds)
    labelled = trial.gan.objectives.generator_takes_label
    labels = sampling.labels_like(np.asarray(reference.audio["train"][1]), SOUNDS)
    sounds = generate(trial, labels, seed)
    overall = evaluator.scores(sounds, labels, reference, labelled, seed)["overall"]
    row = {
        "variant": name,
        "seed": seed,
        "iterations": trial.iteration,
        "diverged": "" if diverged is None else diverged,
        **measure_losses(trial, logs),
        "advantage": round(measure_advantage(trial, reference, sounds, labels, seed), 3),
        "label_accuracy": _rounded(overall, "label_accuracy", 3) if labelled else "",
        "frechet_distance": round(overall["frechet_distance"].value, 1),
        "floor": round(overall["frechet_distance"].real, 3),
        "diversity": _rounded(overall, "diversity", 2),
        **trial.shown_shifts,
        "backend": keras.backend.backend(),
    }
    kept = work / f"{file_name((name,))}-s{seed}.npz"
    with files.atomic(kept) as partial_file, partial_file.open("wb") as file:
        np.savez(file, logs=logs, sounds=sounds[::KEPT_EVERY], labels=labels[::KEPT_EVERY])
    return [{**row, "minutes": round((time.perf_counter() - began) / 60, 1)}]


@click.command()
@dataset_argument
@click.option("--variant", "names", multiple=True, type=click.Choice(list(VARIANTS)))
@click.option("--seconds", default=150.0, show_default=True, help="Of training, for each.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "ablation.csv",
              show_default=True, help="The table to add to.")  # fmt: skip
@click.option("--work-dir", type=click.Path(path_type=Path), default=Path("dissertation-work"),
              show_default=True, help="For logs and sounds.")  # fmt: skip
def main(
    dataset: Dataset, names: tuple[str, ...], seconds: float, seed: int, out: Path, work_dir: Path
) -> None:
    """Train every variant on DATA that has no row yet, or those named."""
    reference = evaluator.build_reference(dataset, click.echo)
    trials = {
        (name, str(seed)): partial(run_variant, name, dataset, reference, seconds, seed, work_dir)
        for name in names or VARIANTS
    }
    run_all(trials, ResultTable(out, COLUMNS, KEY), work_dir, COLUMNS[2:12])


if __name__ == "__main__":
    main()
