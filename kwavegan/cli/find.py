"""`kwavegan find`: one's own recordings → the run's nearest sounds, and variations of them."""

from pathlib import Path

import click

from kwavegan.cli.output import say, warn
from kwavegan.cli.recordings import find_all, recipes_of, recording_options, recordings_of
from kwavegan.cli.sources import generator_options, open_generator


@click.command()
@generator_options
@click.argument("sounds", nargs=-1, metavar="SOUND...")
@click.option(
    "--variations",
    "count",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Sounds around each found one to write too.",
)
@click.option(
    "--amount",
    type=click.FloatRange(0, 1),
    default=0.3,
    show_default=True,
    help="How far variations are from it; 1: as unlike it as any sound of its label.",
)
@recording_options
def command(
    run: str | None,
    sounds: tuple[str, ...],
    pretrained: str | None,
    checkpoint: int | None,
    runs_dir: str | None,
    count: int,
    amount: float,
    label: str | None,
    seed: int,
    out: str | None,
    bits: str,
    trim: bool,
) -> None:
    """Find the sound of RUN, the latest if none is named, that is nearest to each recording.

    Recordings of any format, rate and level: each is compared from its onset, by spectrum, course
    in time and texture. latents.csv beside the sounds holds their latents and labels for
    `kwavegan generate --latents`.
    """
    run, paths = recordings_of(run, sounds, pretrained)
    generator, title = open_generator(run, pretrained, checkpoint, runs_dir)
    from kwavegan.control.exploring import variations
    from kwavegan.generation.provenance import free_folder
    from kwavegan.generation.wav_folder import write_sounds

    found, about = find_all(generator, paths, label, seed)
    folder = Path(out) if out else free_folder(generator, Path("sounds") / f"{title}-found")
    recipes = recipes_of(generator, found)
    around = [r for one in recipes for r in variations(generator, one, count, amount, seed)]
    call = {"find": about, "seed": seed, "variations": count, "amount": amount}
    written = write_sounds(generator, [*recipes, *around], folder, int(bits), trim, call, warn)
    say(f"{written} sounds of {generator.run.name}, {generator.which}, in {folder}")
