"""`kwavegan export`: a run → a file that other programs open."""

from pathlib import Path

import click

from kwavegan.cli.options import backend_option
from kwavegan.cli.output import say
from kwavegan.cli.sources import generator_options, open_generator
from kwavegan.errors import InputError, setting

_FORMATS = ("onnx", "keras", "saved_model", "torch")


@click.command()
@generator_options
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="onnx",
    show_default=True,
    help="onnx: for onnxruntime and what else opens ONNX. keras: for Keras. saved_model: for "
    "TensorFlow, a folder. torch: for PyTorch, an exported program.",
)
@click.option("--out", type=click.Path(), help="File to write.  [default: exports/RUN.onnx, …]")
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
    if backend is not None and form == "onnx":
        raise InputError(
            f"{setting('backend')}: an ONNX file is the same from each; leave it out, or take "
            f"{setting('format', 'keras')}"
        )
    from kwavegan.backend.programs import BACKEND_OF
    from kwavegan.exporting.files import ending_of, export_generator

    # A SavedModel is the same from each backend, and so is a network: that of the format writes it.
    backend = backend or BACKEND_OF.get(form)
    generator, title = open_generator(run, pretrained, checkpoint, runs_dir, backend)
    path = Path(out or Path("exports") / f"{title}{ending_of(form)}")
    card = export_generator(generator, path, form, licence)
    size = sum(each.stat().st_size for each in (path, *path.rglob("*")) if each.is_file()) / 1e6
    say(f"{generator.run.name}, {generator.which}: {path} ({size:.1f} MB); its model card: {card}")
