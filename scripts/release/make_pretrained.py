"""Make a pretrained model of a run: one small checkpoint, its settings and its evaluation.

    kwavegan train --name drums --steps 3000
    python -m scripts.release.make_pretrained drums drums

The best checkpoint is kept without what only training needs: the generator's EMA as 16-bit
numbers, and the discriminator, which fine-tuning starts from, to five binary digits. The evaluation
is of these weights, against the test sounds of the run's data; so are the directions.
"""

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from kwavegan.control.kept import directions_of, keep
from kwavegan.control.nearness import measure_real
from kwavegan.data.load import load_dataset
from kwavegan.evaluation import evaluator, results
from kwavegan.generation.generator import load_generator
from kwavegan.runs.pretrained import FOLDER
from kwavegan.runs.run import Run
from kwavegan.storage import files

MAX_BYTES = 5_500_000
"""Of a pretrained model's checkpoint."""


DIGITS = 5
"""Binary digits of the discriminator's weights: 3 % at most beside the noise of its training."""


def coarse(array: np.ndarray) -> np.ndarray:
    """Return numbers rounded to `DIGITS` binary digits, which packs them to half the size.

    Example:
        >>> import numpy as np
        >>> from scripts.release.make_pretrained import coarse
        >>> coarse(np.array([1.0, 0.1, -3.3])).tolist()
        [1.0, 0.1015625, -3.25]
    """
    share, exponent = np.frexp(array)
    return np.ldexp(np.round(share * 2**DIGITS) / 2**DIGITS, exponent)


def pack(path: Path) -> None:
    """Deflate the members of an archive, in place."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with files.atomic(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)  # of a fixed date: equal weights give an equal file
            archive.writestr(info, content, zipfile.ZIP_DEFLATED, 9)


def shrink(arrays: dict[str, np.ndarray], inference_part: str) -> dict[str, np.ndarray]:
    """Return the weights that generation and fine-tuning start from, in half precision.

    Args:
        arrays: of a checkpoint, by name.
        inference_part: the network that sounds come from, `"ema_generator"` or `"generator"`.
    """
    parts = (f"{inference_part}/", "discriminator/")
    kept = {name: a for name, a in arrays.items() if name.startswith(parts)}
    kept.update({name: coarse(a) for name, a in kept.items() if name.startswith(parts[1])})
    return {name: a.astype("float16") for name, a in kept.items()}


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
    pack(path)
    if path.stat().st_size > MAX_BYTES:
        raise click.ClickException(f"{path}: {path.stat().st_size:,} bytes; at most {MAX_BYTES:,}")
    reference = evaluator.build_reference(load_dataset(config.data, config), click.echo)
    evaluation = evaluator.evaluate(load_generator(folder), reference, sounds)
    results.save_evaluation(model, replace(evaluation, run=name))
    generator = load_generator(folder)
    directions_of(generator)
    for index, label in enumerate(generator.labels):
        keep(generator, "real", label, measure_real(reference.dataset, index))
    shutil.rmtree(FOLDER / name, ignore_errors=True)
    click.echo(folder.rename(FOLDER / name))


if __name__ == "__main__":
    main()
