"""`kwavegan generate`: a run → WAV files and a table of their latents."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kwavegan.cli.attribute_options import AttributeCommand, labels_asked_for, never_heard
from kwavegan.cli.kit import make_kit
from kwavegan.cli.moves import direction_options, moved_recipes
from kwavegan.cli.options import BITS, player_option, seed_option, trim_option
from kwavegan.cli.output import say, warn
from kwavegan.cli.sources import generator_options, open_generator
from kwavegan.config.attributes import file_title
from kwavegan.errors import InputError, setting

if TYPE_CHECKING:
    from kwavegan.generation.generator import SoundGenerator
    from kwavegan.generation.recipes import Recipe

_Labels = tuple[str, ...] | None
"""Labels that a user named; None for none."""


@click.command(cls=AttributeCommand)
@generator_options
@click.option("--label", help="A label of the run, or all.  [default: all]")
@click.option(
    "-n", "count", type=click.IntRange(1), help="Sounds of each label.  [default: 10; in a kit 12]"
)
@seed_option("the latents")
@click.option(
    "--out",
    type=click.Path(),
    help="Folder for the WAVs.  [default: sounds/RUN, or sounds/RUN-step-STEP where that holds "
    "sounds of another step; of a kit kits/RUN-KIT]",
)
@click.option(
    "--latents",
    "table",
    type=click.Path(),
    metavar="FILE",
    help="Make the sounds of a latents.csv, which generate writes beside its sounds.",
)
@click.option(
    "--interpolate",
    nargs=2,
    metavar="A B",
    help="Walk from sound A to sound B: indices of --seed, or file names in --latents.",
)
@click.option("--steps", type=int, help="Sounds on the walk, A and B included.  [default: 8]")
@click.option(
    "--bits",
    type=BITS,
    help="Bits of a sample; 32: float.  [default: 16; in a kit 24]",
)
@trim_option
@click.option(
    "--kit",
    type=click.Choice(["sfz", "decentsampler", "hydrogen"]),
    help="Write an instrument for a sampler: labels on notes, layers by velocity, sounds that take "
    "turns.",
)
@direction_options
@player_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    run: str | None,
    pretrained: str | None,
    label: str | None,
    count: int | None,
    seed: int,
    checkpoint: int | None,
    out: str | None,
    table: str | None,
    interpolate: tuple[str, str] | None,
    steps: int | None,
    bits: str | None,
    trim: bool,
    kit: str | None,
    backend: str | None,
    runs_dir: str | None,
    **amounts: str | None,
) -> None:
    """Write new sounds of RUN, the latest if none is named, as WAVs.

    A run whose labels have attributes takes an option for each: --instrument kick --velocity hard
    makes sounds of kick/hard, and of the combinations of one value if only that is given.
    latents.csv beside them holds the latent and label of each sound: --latents makes the same
    sounds from it again, on any backend. about.json names the run, the step and what was asked
    for: a folder holds sounds of one run and step.

    --brightness 1 moves each sound by one standard deviation of its label's sounds: louder, longer
    and so on, whichever way its latent came about; `kwavegan directions` prints what each does.
    """
    if steps is not None and not interpolate:
        raise InputError(f"{setting('steps')}: is for walks; give {setting('interpolate')} A B too")
    if table is not None and count is not None:
        raise InputError(
            f"-n: the table of {setting('latents')} says how many sounds; leave -n out"
        )
    if interpolate and count is not None:
        raise InputError(f"-n: a walk has {setting('steps')} sounds; use that instead")
    generator, title = open_generator(run, pretrained, checkpoint, runs_dir, backend)
    labels = labels_asked_for(ctx, generator, label, amounts)
    from kwavegan.generation.provenance import free_folder
    from kwavegan.generation.wav_folder import write_sounds

    recipes: Iterable[Recipe]
    call: dict[str, Any] = {"label": ", ".join(labels) if labels else "all"}
    if interpolate:
        steps = 8 if steps is None else steps
        recipes = _walk(generator, labels, label == "all", seed, table, interpolate, steps)
        call |= {"interpolate": list(interpolate), "steps": steps}
    elif table is not None:
        recipes = _from_table(generator, labels, table)
    else:
        count = count or (12 if kit else 10)
        recipes = _of_seed(generator, labels, count, seed)
        call |= {"count": count}
    call |= {"seed": seed} if table is None else {"latents": Path(table).name}
    recipes, moves = moved_recipes(generator, recipes, amounts)
    call |= moves
    if labels and (line := never_heard(generator, labels)):
        say(line)
    if kit:
        return make_kit(generator, recipes, kit, out, title, int(bits or 24), trim, call)
    wish = Path("sounds") / title
    folder = Path(out) if out else free_folder(generator, wish)
    elsewhere = (
        "" if out or folder == wish else f"; {wish} holds sounds of another step or training"
    )
    written = write_sounds(generator, recipes, folder, int(bits or 16), trim, call, warn)
    say(
        f"{written} sounds of {generator.run.name}, {generator.which}, in {folder} "
        f"(their latents: {folder / 'latents.csv'}{elsewhere})"
    )


def _of_seed(
    generator: "SoundGenerator", labels: _Labels, count: int, seed: int
) -> "Iterator[Recipe]":
    names = labels or generator.labels or (None,)
    for name in names:
        generator.label_index(name)  # refuses a wrong label before a file is written
    return (recipe for name in names for recipe in generator.recipes(name, count, seed))


def _from_table(generator: "SoundGenerator", labels: _Labels, table: str) -> "list[Recipe]":
    from kwavegan.generation.latents_table import read_latents

    recipes = read_latents(table, generator.config.latent_dim, generator.combinations)
    if labels is None:
        return recipes
    wanted = {generator.label_index(label) for label in labels}
    return [recipe for recipe in recipes if recipe.label in wanted]


def _walk(
    generator: "SoundGenerator",
    labels: _Labels,
    all_labels: bool,
    seed: int,
    table: str | None,
    ends: tuple[str, str],
    steps: int,
) -> "list[Recipe]":
    from kwavegan.generation.recipes import Recipe, walk

    start, end = (_end(generator, name, seed, table) for name in ends)
    if labels is None and table is not None and not all_labels:
        index = start.label
    elif generator.labels and (labels is None or len(labels) > 1):
        known = ", ".join(labels or generator.labels)
        raise InputError(f"{setting('label')}: a walk stays in one label; name one of {known}")
    else:
        index = generator.label_index(labels[0] if labels else None)
    title = file_title(generator.label_name(index)) or "sound"
    stem = f"{title}_walk_{start.name}_{end.name}"
    points = walk(start.latent, end.latent, steps)
    return [Recipe(point, index, f"{stem}_{i:04}") for i, point in enumerate(points)]


def _end(generator: "SoundGenerator", name: str, seed: int, table: str | None) -> "Recipe":
    from kwavegan.generation.latents_table import read_latents
    from kwavegan.generation.recipes import Recipe

    if table is not None:
        recipes = read_latents(table, generator.config.latent_dim, generator.combinations)
        stem = name.removesuffix(".wav")
        for recipe in recipes:
            if recipe.name == stem:
                return recipe
        raise InputError(
            f"{setting('interpolate')}: {name} is not in {table}; name a file of its first column"
        )
    if not name.isdecimal():
        raise InputError(
            f"{setting('interpolate')}: {name!r} is no index; give the index of a sound of"
            f" {setting('seed')}, such as 0, or a file name together with"
            f" {setting('latents')} FILE"
        )
    return Recipe(generator.latents(1, seed, int(name))[0], 0, f"s{seed}-{name}")
