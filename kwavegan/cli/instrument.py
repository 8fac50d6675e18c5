"""`kwavegan instrument`: a run → a page that plays it."""

from pathlib import Path

import click

from kwavegan.cli.moves import measuring
from kwavegan.cli.output import say, warn
from kwavegan.cli.sources import generator_options, open_generator


@click.command()
@generator_options
@click.option("--out", type=click.Path(), help="File to write.  [default: exports/RUN.html]")
@click.option(
    "--sliders/--no-sliders",
    default=True,
    show_default=True,
    help="Sliders for the directions of each label, which are measured first where none are kept.",
)
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser.")
def command(
    run: str | None,
    pretrained: str | None,
    checkpoint: int | None,
    runs_dir: str | None,
    out: str | None,
    sliders: bool,
    open_it: bool,
) -> None:
    """Write a page on which RUN, the latest if none is named, is played as an instrument.

    A pad for each label, a map of sounds, sliders, a pattern, downloads. The page holds the network
    and all else that it needs: it opens from disk, without a network, on a phone too.
    """
    generator, title = open_generator(run, pretrained, checkpoint, runs_dir)
    from kwavegan.control.kept import directions_of
    from kwavegan.instrument.page import COMFORTABLE_BYTES, require_player, write_instrument

    require_player(generator)
    directions = directions_of(generator, None, measuring, warn) if sliders else None
    path = Path(out or Path("exports") / f"{title}.html")
    path = write_instrument(generator, path, directions)
    size = path.stat().st_size
    say(f"{generator.run.name}, {generator.which}: {path} ({size / 1e6:.1f} MB)")
    if size > COMFORTABLE_BYTES:
        warn(f"{path}: is large for a phone; a run with a smaller --width makes a smaller page")
    if open_it:
        click.launch(str(path))
