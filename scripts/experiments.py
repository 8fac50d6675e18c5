"""Train variants of the recipe on one set, evaluate them, and write a table.

    python scripts/experiments.py digits DATA --variant both --variant wave --steps 1200 --seeds 3

Every variant is the default of `train` but for the settings that `VARIANTS` names, and what `--set
mismatch=0.0` sets for all of them. A run that is there is not made again, and one that was killed
goes on, so that the command may be given as often as one likes. The table is
`docs/experiments/<name>.csv`, a row a run, of all runs of that name.
"""

import tomllib
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
from alternatives import ALTERNATIVES

from kwavegan.config.settings import Config, resolve
from kwavegan.data.dataset import Dataset
from kwavegan.data.load import load
from kwavegan.errors import InputError
from kwavegan.evaluation import evaluator, results
from kwavegan.generation.generator import load_run
from kwavegan.reporting.tables import columns
from kwavegan.runs.run import Run
from kwavegan.storage import files
from kwavegan.training.session import resume, settle, train

VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "both": {"critic": "both"},
    "wave": {"critic": "wave"},
    "lean": {"generator": "lean"},
    "acgan": {"model": "acgan"},
    "concat": {"conditioning": "concat"},
    "wgan": {"model": "wgan"},
    "gamma-constant": {"gamma_final": 1.0},
    "scale-0.3": {"spectral_scale": 0.3},
    "rate-constant": {"lr_final": 1.0},
    "no-average": {"average": 0.0},
    "momentum": {"beta1": 0.5},
    "two-d-updates": {"d_updates": 2},
    "batch-32": {"batch": 32},
    "width-8": {"width": 8},
    "width-12": {"width": 12},
    "wgan-gp": {"loss": "wgan-gp"},
    "no-mismatch": {"mismatch": 0.0},
    "mismatch-1": {"mismatch": 1.0},
    **{name: {} for name in ALTERNATIVES},
}
"""What each variant changes of the default's settings."""

OVER = ("finished", "diverged", "stalled")
"""States of a run that is not gone on with."""

TABLES = Path(__file__).parents[1] / "docs" / "experiments"
COLUMNS = (
    "variant", "seed", "steps", "best_step", "backend", "minutes", "label_accuracy",
    "frechet_distance", "floor", "diversity", "state",
)  # fmt: skip


def finish(run: Run, config: Config, dataset: Dataset) -> None:
    """Train a run to its end, and evaluate it; what is done already is not done again."""
    if not (run.path / "config.toml").exists():
        train(config, dataset, run.name, run.path.parent)
    elif run.status().state not in OVER:
        resume(run, dataset)
    if run.status().state not in OVER:
        raise click.ClickException(f"{run.name} was stopped; give the command again to go on")
    generator = load_run(run.path)
    if generator.step not in run.evaluated():
        audience = evaluator.assemble(dataset, click.echo)
        results.save(run, evaluator.evaluate(generator, audience))


def row_of(run: Run) -> dict[str, Any]:
    """Return a run's line of the table."""
    status, found, config = run.status(), results.load(run), run.config()
    frechet = found.overall["frechet_distance"]
    variant, seed = run.name.split(".", 1)[1].rsplit("-s", 1)
    accuracy = found.overall.get("label_accuracy")
    diversity = found.overall.get("diversity")
    return {
        "variant": variant,
        "seed": seed,
        "steps": config.steps,
        "best_step": found.step,
        "backend": status.backend,
        "minutes": round(status.seconds / 60, 1),
        "label_accuracy": round(accuracy.value, 3) if accuracy else "",
        "frechet_distance": round(frechet.value, 2),
        "floor": round(frechet.real, 3),
        "diversity": round(diversity.value, 2) if diversity else "",
        "state": status.state,
    }


def rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield a line for each evaluated run of an experiment."""
    for path in sorted(folder.glob(f"{name}.*-s*")):
        if Run(path).evaluated():
            yield row_of(Run(path))


def write(name: str, found: list[dict[str, Any]]) -> None:
    files.write_csv(TABLES / f"{name}.csv", COLUMNS, found)


def settings(lines: tuple[str, ...]) -> dict[str, Any]:
    """Return what lines such as `mismatch=0.0` set, written as in TOML."""
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
@click.option("--set", "lines", multiple=True, help="A setting of all variants: mismatch=0.0.")
@click.option("--runs-dir", default="experiments", show_default=True)
def main(
    name: str,
    data: str,
    variants: tuple[str, ...],
    steps: int,
    seeds: int,
    lines: tuple[str, ...],
    runs_dir: str,
) -> None:
    """Run the experiment NAME on DATA; the built-in drums without it."""
    folder, source = Path(runs_dir), str(Path(data).resolve()) if data else ""
    dataset, shared = load(data, Config()), {"tensorboard": "off", **settings(lines)}
    for seed in range(seeds):
        for variant in variants:
            own = {**shared, **VARIANTS[variant], "steps": steps, "seed": seed}
            config = settle(resolve(options=own), dataset, source)
            with ALTERNATIVES.get(variant, nullcontext)():
                finish(Run(folder / f"{name}.{variant}-s{seed}"), config, dataset)
            write(name, list(rows(folder, name)))
    found = list(rows(folder, name))
    write(name, found)
    cells = [[str(row[column]) for column in COLUMNS] for row in found]
    click.echo(columns([COLUMNS, *cells]))


if __name__ == "__main__":
    main()
