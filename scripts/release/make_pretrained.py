"""Make a pretrained model of a run: one small checkpoint, its settings and its evaluation.

    kwavegan train --name drums --steps 3000
    python -m scripts.release.make_pretrained drums drums

The best checkpoint is kept without what only training needs: the generator's EMA and the
discriminator, as 16-bit numbers. The evaluation is of these 16-bit weights, against the test sounds
of the run's data.
"""

import shutil
from dataclasses import replace

import click
import numpy as np

from kwavegan.data.load import load_dataset
from kwavegan.evaluation import evaluator, results
from kwavegan.generation.generator import load_generator
from kwavegan.runs.pretrained import FOLDER
from kwavegan.runs.run import Run
from kwavegan.storage import files

MAX_BYTES = 5_000_000
"""Of a pretrained model's checkpoint."""


def shrink(arrays: dict[str, np.ndarray], inference_part: str) -> dict[str, np.ndarray]:
    """Return the weights that generation and fine-tuning start from, in half precision.

    Args:
        arrays: of a checkpoint, by name.
        inference_part: the network that sounds come from, `"ema_generator"` or `"generator"`.
    """
    parts = (f"{inference_part}/", "discriminator/")
    return {name: a.astype("float16") for name, a in arrays.items() if name.startswith(parts)}


@click.command()
@click.argument("run")
@click.argument("name")
@click.option("--runs-dir", type=click.Path(), help="Where the run folders are.")
@click.option("--sounds", default=1_000, show_default=True, help="Sounds to evaluate.")
def main(run: str, name: str, runs_dir: str | None, sounds: int) -> None:
    """Make the pretrained model NAME of RUN; one of that name is replaced."""
    source = Run.open(run, runs_dir)
    config, stored = source.config(), source.best_or_last()
    folder = FOLDER / f".{name}"
    shutil.rmtree(folder, ignore_errors=True)
    model = Run(folder)
    files.write_text(folder / "config.toml", replace(config, data="", origin="").to_toml())
    files.write_json(folder / "best.json", {"step": stored.step})
    shutil.copy(source.path / "status.json", folder / "status.json")
    model.update(state="finished", message="")
    path = model.save_checkpoint(stored.step, shrink(stored.arrays, config.inference_part), {})
    if path.stat().st_size > MAX_BYTES:
        raise click.ClickException(f"{path}: {path.stat().st_size:,} bytes; at most {MAX_BYTES:,}")
    reference = evaluator.build_reference(load_dataset(config.data, config), click.echo)
    evaluation = evaluator.evaluate(load_generator(folder), reference, sounds)
    results.save_evaluation(model, replace(evaluation, run=name))
    shutil.rmtree(FOLDER / name, ignore_errors=True)
    click.echo(folder.rename(FOLDER / name))


if __name__ == "__main__":
    main()
