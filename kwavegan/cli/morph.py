"""`kwavegan morph`: two recordings → the way between them, in a run's sounds."""

from pathlib import Path

import click

from kwavegan.cli.output import say
from kwavegan.cli.recordings import find_all, recipes_of, recording_options, recordings_of
from kwavegan.cli.sources import generator_options, open_generator
from kwavegan.errors import InputError


@click.command()
@generator_options
@click.argument("sounds", nargs=-1, metavar="A B")
@click.option(
    "--steps",
    type=click.IntRange(2),
    default=9,
    show_default=True,
    help="Sounds on the way, the first and the last included.",
)
@recording_options
def command(
    run: str | None,
    sounds: tuple[str, ...],
    pretrained: str | None,
    checkpoint: int | None,
    runs_dir: str | None,
    steps: int,
    label: str | None,
    seed: int,
    out: str | None,
    bits: str,
    trim: bool,
) -> None:
    """Walk from recording A to recording B in sounds of RUN, the latest if none is named.

    The run's nearest sound to each is found first, as `kwavegan find` does. Where they have two
    labels, the label changes on the way too; --label keeps both to one.
    """
    run, paths = recordings_of(run, sounds, pretrained)
    if len(paths) != 2:
        raise InputError(f"morph: takes two recordings, A and B; got {len(paths)}")
    generator, title = open_generator(run, pretrained, checkpoint, runs_dir)
    from kwavegan.control.exploring import Output, write_morph
    from kwavegan.generation.provenance import free_folder

    found, about = find_all(generator, paths, label, seed)
    start, end = recipes_of(generator, found)
    folder = Path(out) if out else free_folder(generator, Path("sounds") / f"{title}-morph")
    call = {"morph": about, "seed": seed, "steps": steps}
    names = write_morph(generator, (start, end), steps, Output(folder, int(bits), trim), call)
    blend = "" if start.label == end.label else "; latents.csv holds the first and the last alone"
    say(f"{len(names)} sounds from {names[0]} to {names[-1]} in {folder}{blend}")
