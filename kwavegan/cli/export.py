"""`kwavegan export`: a run → a file that other programs open."""

from pathlib import Path

import click

from kwavegan.cli.options import backend_option
from kwavegan.cli.output import say
from kwavegan.cli.sources import generator_options, open_generator
from kwavegan.errors import InputError, setting

_FORMATS = ("onnx", "keras")


@click.command()
@generator_options
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="onnx",
    show_default=True,
    help="onnx: for onnxruntime and what else opens ONNX. keras: for Keras.",
)
@click.option("--out", type=click.Path(), help="File to write.  [default: exports/RUN.FORMAT]")
@click.option(
    "--licence",
    default="",
    metavar="TEXT",
    help="Licence of the recordings that it was trained on, for the model card.",
)
@backend_option
def command(
    run: str | None,
    pretrained: str | None,
    checkpoint: int | None,
    runs_dir: str | None,
    form: str,
    out: str | None,
    licence: str,
    backend: str | None,
) -> None:
    """Write the generator of RUN, the latest if none is named, for other programs.

    A model card in Markdown beside it says what it was trained on and what its sounds measure.
    """
    if backend is not None and form != "keras":
        raise InputError(
            f"{setting('backend')}: an ONNX file is the same from each; leave it out, or take "
            f"{setting('format', 'keras')}"
        )
    generator, title = open_generator(run, pretrained, checkpoint, runs_dir, backend)
    from kwavegan.exporting.files import export_generator

    path = Path(out or Path("exports") / f"{title}.{form}")
    card = export_generator(generator, path, form, licence)
    size = path.stat().st_size / 1e6
    say(f"{generator.run.name}, {generator.which}: {path} ({size:.1f} MB); its model card: {card}")
