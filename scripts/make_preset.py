"""Make a trained preset of a run: one small checkpoint, its settings and its evaluation.

    kwavegan train --name drums --width 12 --steps 12000
    python scripts/make_preset.py drums drums

The best checkpoint is kept without what only training needs: the averaged generator and the
discriminator, as 16-bit numbers. What is kept is evaluated against the test sounds of the run's
data, as it will sound.
"""

import shutil
from dataclasses import replace

import click
import numpy as np

from kwavegan.data.load import load
from kwavegan.evaluation import evaluator, results
from kwavegan.generation.generator import load_run
from kwavegan.runs.pretrained import FOLDER
from kwavegan.runs.run import Run
from kwavegan.storage import files

LARGEST = 4_000_000
"""Bytes of a preset's checkpoint."""


def shrunken(arrays: dict[str, np.ndarray], sounding: str) -> dict[str, np.ndarray]:
    """Return what sounds are made of and fine-tuning starts from, in half precision."""
    parts = (f"{sounding}/", "discriminator/")
    return {name: a.astype("float16") for name, a in arrays.items() if name.startswith(parts)}


@click.command()
@click.argument("run")
@click.argument("name")
@click.option("--runs-dir", type=click.Path(), help="Where the run folders are.")
@click.option("--sounds", default=1_000, show_default=True, help="To evaluate with.")
def main(run: str, name: str, runs_dir: str | None, sounds: int) -> None:
    """Make the trained preset NAME of RUN; one of that name is replaced."""
    source = Run.open(run, runs_dir)
    config, stored = source.config(), source.best_or_last()
    folder = FOLDER / f".{name}"
    shutil.rmtree(folder, ignore_errors=True)
    preset = Run(folder)
    files.write_text(folder / "config.toml", replace(config, data="", origin="").to_toml())
    files.write_json(folder / "best.json", {"step": stored.step})
    shutil.copy(source.path / "status.json", folder / "status.json")
    preset.update(state="finished", message="")
    path = preset.save_checkpoint(stored.step, shrunken(stored.arrays, config.sounding), {})
    if path.stat().st_size > LARGEST:
        raise click.ClickException(f"{path}: {path.stat().st_size:,} bytes; at most {LARGEST:,}")
    audience = evaluator.assemble(load(config.data, config), click.echo)
    found = evaluator.evaluate(load_run(folder), audience, sounds)
    results.save(preset, replace(found, run=name))
    shutil.rmtree(FOLDER / name, ignore_errors=True)
    click.echo(folder.rename(FOLDER / name))


if __name__ == "__main__":
    main()
