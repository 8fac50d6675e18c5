"""Mend the dissertation's defects one at a time, and all together, for the same time each.

    kwavegan prepare RECORDINGS set4096 --rate 4096 --length 4096 --labels zero,one
    python scripts/dissertation/ablation.py set4096 --seconds 150

`as printed` is the conditional WaveGAN of the listing at 4,096 samples: cross-entropy without a
penalty, phase shuffle frozen, the generator of table 5, the label as planes. Each run trains for
the same number of seconds after its step is compiled, then its sounds are evaluated as `kwavegan
evaluate` does it. `docs/dissertation/ablation.csv` has a row for each; one that is there is not
made again. Losses, sounds and weights are kept in `--work-dir`, for `figures.py`.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
import rows
from conditions import AGREEING, FROZEN, LIVE
from opening import opened

from kwavegan.data.dataset import Dataset

BOUND = 400.0
"""What a loss must pass, plus or minus, for a run to end (F.1)."""

BATCH = 16
SOUNDS = 1_000
COLUMNS = (
    "variant", "seed", "iterations", "diverged", "d_loss", "g_loss", "d_below", "advantage",
    "label_accuracy", "frechet_distance", "floor", "diversity", "shifts_real", "shifts_fake",
    "shifts_mixed", "backend", "minutes",
)  # fmt: skip
LOW = 0.1
"""`d_below` is the iteration by which the discriminator's loss, over 50, was below this."""


@dataclass(frozen=True)
class Variant:
    """A way to train.

    Args:
        preset: of `train`.
        shuffle: as `Trial`'s.
        faulty_labels: whether generated audio has labels of its own, and the penalty the fault.
        options: settings that differ from the preset.
    """

    preset: str = "dissertation-cwgan"
    shuffle: str = FROZEN
    faulty_labels: bool = True
    options: dict[str, Any] = field(default_factory=dict)


_GP = {"loss": "wgan-gp"}
VARIANTS = {
    "as printed": Variant(),
    "live shuffle": Variant(shuffle=LIVE),
    "agreeing shuffle": Variant(shuffle=AGREEING),
    "penalty": Variant(options=_GP),
    "penalty, right labels": Variant(options=_GP, faulty_labels=False),
    "small generator": Variant(options={"generator": "lean"}),
    "gated label": Variant(options={"conditioning": "gate"}),
    "all mended": Variant(
        shuffle=LIVE,
        faulty_labels=False,
        options={**_GP, "generator": "lean", "conditioning": "gate"},
    ),
    "acgan as printed": Variant("dissertation-acgan", faulty_labels=False),
    "acgan, class loss mended": Variant(
        "dissertation-acgan", faulty_labels=False, options={"class_loss": "generator"}
    ),
    "acgan, all mended": Variant(
        "dissertation-acgan",
        shuffle=LIVE,
        faulty_labels=False,
        options={"class_loss": "generator", "generator": "lean"},
    ),
    "wgan as printed": Variant("dissertation-wgan", faulty_labels=False),
    "wgan, live shuffle": Variant("dissertation-wgan", shuffle=LIVE, faulty_labels=False),
}


def build_trial(variant: Variant, dataset: Dataset, seed: int, **own: Any) -> Any:
    """Return the trial of a variant."""
    from faults import with_faulty_labels
    from products import speed_up
    from trial import Trial

    from kwavegan.config.settings import resolve
    from kwavegan.training.build import build_gan

    options = {
        "length": dataset.length,
        "rate": dataset.rate,
        "channels": 1,
        "labels": dataset.labels,
        "batch": BATCH,
        "seed": seed,
        **variant.options,
        **own,
    }
    gan = speed_up(build_gan(resolve(preset=variant.preset, options=options)))
    labels = len(dataset.labels) if variant.faulty_labels else 0
    if labels:
        with_faulty_labels(gan)
    return Trial(gan, dataset.train, variant.shuffle, labels, options["batch"])


def train(trial: Any, seconds: float) -> tuple[np.ndarray, int | None]:
    """Train for some seconds, compilation aside; return the log and where it diverged."""
    from trial import CHUNK, LOGGED, survived

    found, spent = [], 0.0
    while spent < seconds:
        began = time.perf_counter()
        found.append(trial.run(CHUNK))
        # The first chunk compiles: it counts as long as the second.
        spent += (time.perf_counter() - began) * {1: 0, 2: 2}.get(len(found), 1)
        past = survived(found[-1][:, LOGGED.index("peak_loss")], BOUND)
        if past is not None:
            return np.concatenate(found), trial.iteration - CHUNK + past
    return np.concatenate(found), None


def generated(trial: Any, labels: np.ndarray, seed: int) -> np.ndarray:
    """Return sounds of labels, as `kwavegan generate` makes them."""
    from kwavegan.generation import sampling

    gan = trial.gan
    width = gan.generator.input["latent"].shape[-1]
    latents = sampling.draw_latents(gan.latent_distribution, width, len(labels), seed)
    return np.concatenate(list(sampling.sounds(gan.sounding_generator, latents, labels)))


def row_of(
    name: str, trial: Any, logs: np.ndarray, diverged: int | None, audience: Any, seed: int
) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Return a variant's line of the table, and its sounds with their labels."""
    import keras
    from advantage import scores, told
    from trial import LOGGED

    from kwavegan.evaluation import evaluator
    from kwavegan.generation import sampling

    labelled = trial.gan.objectives.conditional
    labels = sampling.labels_like(audience.ears.training.labels, SOUNDS)
    sounds = generated(trial, labels, seed)
    overall = evaluator.scores(sounds, labels, audience, labelled, seed)["overall"]
    real, real_labels = audience.audio["test"]
    order = np.random.default_rng(seed).permutation(len(labels))[: len(real)]
    advantage = told(
        scores(trial, real, real_labels, "real", seed),
        scores(trial, sounds[order], labels[order], "fake", seed),
    )
    last = logs[-50:].mean(axis=0)
    frechet = overall["frechet_distance"]
    row = {
        "variant": name,
        "seed": seed,
        "iterations": trial.iteration,
        "diverged": "" if diverged is None else diverged,
        "d_loss": round(float(last[LOGGED.index("d_loss")]), 4),
        "g_loss": round(float(last[LOGGED.index("g_loss")]), 3),
        "d_below": _d_below(trial, logs),
        "advantage": round(advantage, 3),
        "label_accuracy": _value(overall, "label_accuracy", 3) if labelled else "",
        "frechet_distance": round(frechet.value, 1),
        "floor": round(frechet.real, 3),
        "diversity": _value(overall, "diversity", 2),
        **trial.shown_shifts,
        "backend": keras.backend.backend(),
    }
    return row, sounds, labels


def _value(overall: dict, name: str, digits: int) -> float | str:
    return round(overall[name].value, digits) if name in overall else ""


def _d_below(trial: Any, logs: np.ndarray) -> int | str:
    """Return when a discriminator's cross-entropy fell below `LOW`; a WGAN's loss says nothing."""
    if trial.gan.loss_name == "wgan-gp":
        return ""
    from trial import CHUNK, LOGGED

    losses = logs[:, LOGGED.index("d_loss")].reshape(-1, CHUNK).mean(axis=1)
    below = np.flatnonzero(losses < LOW)
    return int(below[0] + 1) * CHUNK if below.size else "never"


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False))
@click.option("--variant", "names", multiple=True, type=click.Choice(list(VARIANTS)))
@click.option("--seconds", default=150.0, show_default=True, help="Of training, for each.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", default=str(rows.RESULTS / "ablation.csv"), help="The table to add to.")
@click.option("--work-dir", default="dissertation-work", show_default=True)
def main(
    data: str, names: tuple[str, ...], seconds: float, seed: int, out: str, work_dir: str
) -> None:
    """Train every variant on DATA that has no row yet, or those named."""
    dataset = opened(data)
    from kwavegan.evaluation import evaluator

    audience, path = evaluator.assemble(dataset, click.echo), Path(out)
    for name in names or VARIANTS:
        if (name, str(seed)) in {(row["variant"], row["seed"]) for row in rows.read(path)}:
            continue
        began = time.perf_counter()
        trial = build_trial(VARIANTS[name], dataset, seed)
        logs, diverged = train(trial, seconds)
        row, sounds, labels = row_of(name, trial, logs, diverged, audience, seed)
        kept = Path(work_dir) / f"{name.replace(', ', '-').replace(' ', '-')}-s{seed}.npz"
        rows.keep(kept, logs=logs, sounds=sounds[::50], labels=labels[::50])
        row["minutes"] = round((time.perf_counter() - began) / 60, 1)
        rows.append(path, COLUMNS, row)
        click.echo(" ".join(f"{column}={row[column]}" for column in COLUMNS[:12]))


if __name__ == "__main__":
    main()
