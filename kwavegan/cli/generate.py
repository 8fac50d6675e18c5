"""`kwavegan generate`: a run → WAV files and a table of their latents."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwavegan.cli.options import backend_option, runs_dir_option, warn
from kwavegan.errors import InputError

if TYPE_CHECKING:
    from kwavegan.generation.generator import Generator, Recipe


@click.command()
@click.argument("run", required=False)
@click.option(
    "--preset",
    metavar="NAME",
    help="Take a model that comes along instead of a run; `kwavegan presets` lists them.",
)
@click.option("--label", help="A label of the run, or all.  [default: all]")
@click.option("-n", "count", type=click.IntRange(1), help="Sounds of each label.  [default: 10]")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of latents."
)
@click.option("--checkpoint", type=int, metavar="STEP", help="Which one.  [default: best or last]")
@click.option(
    "--out",
    type=click.Path(),
    help="Folder for the WAVs.  [default: sounds/RUN, or sounds/preset-NAME]",
)
@click.option(
    "--latents",
    "table",
    type=click.Path(),
    metavar="FILE",
    help="Make the sounds of a latents.csv that generate wrote.",
)
@click.option(
    "--interpolate",
    nargs=2,
    metavar="A B",
    help="Walk from sound A to sound B: indices of --seed, or file names in --latents.",
)
@click.option("--steps", type=int, help="Sounds on the walk, A and B included.  [default: 8]")
@backend_option
@runs_dir_option
def command(
    run: str | None,
    preset: str | None,
    label: str | None,
    count: int | None,
    seed: int,
    checkpoint: int | None,
    out: str | None,
    table: str | None,
    interpolate: tuple[str, str] | None,
    steps: int | None,
    backend: str | None,
    runs_dir: str | None,
) -> None:
    """Write new sounds of RUN, the latest if none is named, as 16-bit WAVs.

    latents.csv beside them holds what each was made from: give it to --latents to have the same
    sounds again, on any backend.
    """
    from kwavegan.backend.selection import select_backend

    if steps is not None and not interpolate:
        raise InputError("--steps: is for walks; give --interpolate A B too")
    if table is not None and count is not None:
        raise InputError("-n: the table of --latents says how many sounds; leave -n out")
    if interpolate and count is not None:
        raise InputError("-n: a walk has --steps sounds; use that instead")
    source = _trained(preset, run) if preset is not None else run
    select_backend(backend)
    from kwavegan.generation.generator import load_run

    generator = load_run(source, checkpoint, runs_dir)
    for problem in generator.problems:
        warn(problem)
    if interpolate:
        recipes = _walk(generator, label, seed, table, interpolate, 8 if steps is None else steps)
    elif table is not None:
        recipes = _from_table(generator, label, table)
    else:
        recipes = _new(generator, label, 10 if count is None else count, seed)
    # A run may well have the name of a preset; its sounds stay apart.
    title = generator.run.name if preset is None else f"preset-{preset}"
    folder = Path(out or Path("sounds") / title)
    written = _write(generator, recipes, folder)
    click.echo(
        f"{written} sounds of {generator.run.name}, {generator.which}, in {folder} "
        f"(their latents: {folder / 'latents.csv'})"
    )


def _trained(preset: str, run: str | None) -> Path:
    from kwavegan.runs.pretrained import find_trained

    if run is not None:
        raise InputError(f"--preset: takes the place of a run; leave out {run}, or --preset")
    return find_trained(preset).run.path


def _new(generator: "Generator", label: str | None, count: int, seed: int) -> "Iterator[Recipe]":
    labels = generator.labels or (None,) if label in (None, "all") else (label,)
    for name in labels:
        generator.label_index(name)  # a wrong label is refused before anything is written
    return (recipe for name in labels for recipe in generator.recipes(name, count, seed))


def _from_table(generator: "Generator", label: str | None, table: str) -> "list[Recipe]":
    from kwavegan.generation import latents_table

    recipes = latents_table.read(table, generator.config.latent, generator.labels)
    if label in (None, "all"):
        return recipes
    index = generator.label_index(label)
    return [recipe for recipe in recipes if recipe.label == index]


def _walk(
    generator: "Generator",
    label: str | None,
    seed: int,
    table: str | None,
    ends: tuple[str, str],
    steps: int,
) -> "list[Recipe]":
    from kwavegan.generation.generator import Recipe, walk

    start, end = (_end(generator, name, seed, table) for name in ends)
    if label is None and table is not None:
        index = start.label
    elif label in (None, "all") and generator.labels:
        raise InputError(
            f"--label: a walk stays in one label; name one of {', '.join(generator.labels)}"
        )
    else:
        index = generator.label_index(label)
    title = generator.labels[index] if generator.labels else "sound"
    stem = f"{title}_walk_{start.name}_{end.name}"
    points = walk(start.latent, end.latent, steps)
    return [Recipe(point, index, f"{stem}_{i:04}") for i, point in enumerate(points)]


def _end(generator: "Generator", name: str, seed: int, table: str | None) -> "Recipe":
    from kwavegan.generation import latents_table
    from kwavegan.generation.generator import Recipe

    if table is not None:
        recipes = latents_table.read(table, generator.config.latent, generator.labels)
        stem = name.removesuffix(".wav")
        for recipe in recipes:
            if recipe.name == stem:
                return recipe
        raise InputError(
            f"--interpolate: {name} is not in {table}; name a file of its first column"
        )
    if not name.isdecimal():
        raise InputError(
            f"--interpolate: {name!r} is no index; give the index of a sound of --seed, such as "
            "0, or a file name together with --latents FILE"
        )
    return Recipe(generator.latents(1, seed, int(name))[0], 0, f"s{seed}-{name}")


def _write(generator: "Generator", recipes: "Iterable[Recipe]", folder: Path) -> int:
    """Write WAVs a batch at a time, then the table: its old lines, but for sounds made anew."""
    import numpy as np

    from kwavegan.audio.soundfiles import write_wav
    from kwavegan.generation import latents_table
    from kwavegan.generation.sampling import BATCH
    from kwavegan.storage import files

    names: set[str] = set()
    path = folder / "latents.csv"
    recipes = iter(recipes)
    with files.atomic(path) as partial, partial.open("w", encoding="utf-8") as fresh:
        while batch := list(islice(recipes, BATCH)):
            z = np.stack([recipe.latent for recipe in batch])
            (sounds,) = generator.batches(z, [recipe.label for recipe in batch])
            for recipe, sound in zip(batch, sounds, strict=True):
                write_wav(folder / f"{recipe.name}.wav", sound, generator.rate)
                fresh.write(latents_table.line(recipe, generator.labels))
            names.update(f"{recipe.name}.wav" for recipe in batch)
        fresh.flush()
        _put_before(partial, latents_table.header(generator.config.latent), path, names)
    return len(names)


def _put_before(partial: Path, header: str, old: Path, made: set[str]) -> None:
    """Rewrite `partial` as the header, the lines of `old` for other sounds, and its own lines."""
    new = partial.with_name(f"{partial.name}-whole")
    kept: list[str] = []
    if old.exists():
        first, *rest = old.read_text(encoding="utf-8").splitlines(keepends=True) or [""]
        kept = [line for line in rest if line.split(",", 1)[0] not in made] * (first == header)
    with new.open("w", encoding="utf-8") as whole, partial.open(encoding="utf-8") as own:
        whole.writelines([header, *kept])
        whole.writelines(own)
    new.replace(partial)
