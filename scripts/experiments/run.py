"""Train variants of the recipe on one set, evaluate them, and write a table.

    python -m scripts.experiments.run digits DATA --variant both --variant acgan --steps 1200

Every variant is the default of `kwavegan train` but for the settings that `VARIANTS` names, and
what `--set gamma=1.0` sets for all of them. The table is `docs/experiments/<name>.csv`, a row
a run. A variant and seed that has a row is not run again, and a run that was killed resumes, so
give the command as often as you like; give `--out` to make a table of your own.
"""

import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import click

from kwavegan.config.resolution import resolve
from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset
from kwavegan.data.load import load_dataset
from kwavegan.errors import InputError
from kwavegan.evaluation import evaluator, results
from kwavegan.gan.state import restore_generator
from kwavegan.generation.generator import SoundGenerator
from kwavegan.reporting.tables import text_table
from kwavegan.runs.run import Run
from kwavegan.training.build import build_gan
from kwavegan.training.session import Build, resume, run_training
from scripts.common.runner import DOCS, ResultTable, run_all
from scripts.experiments.alternatives import ALTERNATIVES

VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "both": {"critic": "both"},
    "waveform-critic": {"critic": "waveform"},
    "waveform-generator": {"generator": "waveform"},
    "acgan": {"model": "acgan"},
    "concat": {"conditioning": "concat"},
    "wgan": {"model": "wgan"},
    "gamma-constant": {"gamma_final": 1.0},
    "scale-0.3": {"spectral_scale": 0.3},
    "rate-constant": {"lr_final": 1.0},
    "no-ema": {"ema_decay": 0.0},
    "momentum": {"beta1": 0.5},
    "two-d-updates": {"d_updates": 2},
    "batch-32": {"batch_size": 32},
    "width-8": {"width": 8},
    "width-12": {"width": 12},
    "wgan-gp": {"loss": "wgan-gp"},
    "no-class-loss": {"class_weight": 0.0},
    "class-weight-1": {"class_weight": 1.0},
    **{name: {} for name in ALTERNATIVES},
}
"""What each variant changes of the default's settings."""

OVER = ("finished", "diverged", "stalled")
"""States of a run that is not resumed."""

COLUMNS = (
    "variant", "seed", "steps", "best_step", "backend", "minutes", "label_accuracy",
    "frechet_distance", "floor", "diversity", "state",
)  # fmt: skip
KEY = COLUMNS[:2]


def finish(run: Run, config: Config, dataset: Dataset, build: Build) -> None:
    """Train a run to its end, from its last checkpoint if it has one.

    Raises:
        ClickException: it was stopped before.
    """
    if not (run.path / "config.toml").exists():
        run_training(config, dataset, run.name, run.path.parent, build=build)
    elif run.status().state not in OVER:
        resume(run, dataset, build=build)
    if run.status().state not in OVER:
        raise click.ClickException(f"{run.name} was stopped; give the command again to resume it")


def load_variant(run: Run, build: Build) -> SoundGenerator:
    """Return the generator of a run's best checkpoint, in a network that `build` makes."""
    config, stored = run.config(), run.best_or_last()
    network = build(config).inference_generator
    restore_generator(network, stored.arrays, config.inference_part)
    return SoundGenerator(run, config, stored.step, stored.problems, network)


def evaluate_once(run: Run, dataset: Dataset, build: Build) -> results.Evaluation:
    """Return the evaluation of a run's best checkpoint; one that is kept is not made again."""
    generator = load_variant(run, build)
    if generator.step not in run.evaluation_steps():
        reference = evaluator.build_reference(dataset, click.echo)
        results.save_evaluation(run, evaluator.evaluate(generator, reference))
    return results.load_evaluation(run, generator.step)


def run_variant(run: Run, variant: str, config: Config, dataset: Dataset) -> list[dict[str, Any]]:
    """Train and evaluate a variant; return its row."""
    build = ALTERNATIVES.get(variant, build_gan)
    finish(run, config, dataset, build)
    evaluation, status = evaluate_once(run, dataset, build), run.status()
    overall = evaluation.overall
    row = {
        "variant": variant,
        "seed": config.seed,
        "steps": config.steps,
        "best_step": evaluation.step,
        "backend": status.backend,
        "minutes": round(status.seconds / 60, 1),
        "label_accuracy": _rounded(overall, "label_accuracy", 3),
        "frechet_distance": _rounded(overall, "frechet_distance", 2),
        "floor": round(overall["frechet_distance"].real, 3),
        "diversity": _rounded(overall, "diversity", 2),
        "state": status.state,
    }
    return [row]


def _rounded(overall: dict, name: str, digits: int) -> float | str:
    return round(overall[name].value, digits) if name in overall else ""


def parse_settings(lines: tuple[str, ...]) -> dict[str, Any]:
    """Return what lines such as `gamma=1.0` set, written as in TOML."""
    try:
        given = tomllib.loads("\n".join(lines))
        resolve(options=given)
    except tomllib.TOMLDecodeError as error:
        raise click.BadParameter(f"{error}; write it as in TOML", param_hint="--set") from error
    except InputError as error:
        raise click.BadParameter(str(error), param_hint="--set") from error
    return given


@click.command()
@click.argument("name")
@click.argument("data", required=False, default="")
@click.option("--variant", "variants", multiple=True, type=click.Choice(list(VARIANTS)))
@click.option("--steps", default=1_200, show_default=True)
@click.option("--seeds", default=1, show_default=True, help="Seeds 0, 1, … of each variant.")
@click.option("--set", "lines", multiple=True, help="A setting of all variants: gamma=1.0.")
@click.option("--runs-dir", type=click.Path(path_type=Path), default=Path("experiments"),
              show_default=True)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="The table to add to.")
def main(
    name: str,
    data: str,
    variants: tuple[str, ...],
    steps: int,
    seeds: int,
    lines: tuple[str, ...],
    runs_dir: Path,
    out: Path | None,
) -> None:
    """Run the experiment NAME on DATA; the built-in drums without it."""
    shared, trials = {"tensorboard": "off", **parse_settings(lines)}, {}
    dataset, source = load_dataset(data, Config()), str(Path(data).resolve()) if data else ""
    for seed in range(seeds):
        for variant in variants:
            own = {**shared, **VARIANTS[variant], "steps": steps, "seed": seed}
            config = resolve(options=own).for_dataset(dataset, source)
            run = Run(runs_dir / f"{name}.{variant}-s{seed}")
            trials[variant, str(seed)] = partial(run_variant, run, variant, config, dataset)
    table = ResultTable(out or DOCS / "experiments" / f"{name}.csv", COLUMNS, KEY)
    run_all(trials, table, runs_dir / f"{name}.locks")
    cells = [[row[column] for column in COLUMNS] for row in table.rows()]
    click.echo(text_table([COLUMNS, *cells]))


if __name__ == "__main__":
    main()
