"""`kwavegan prepare`: a folder of audio → a folder of arrays."""

from typing import Any

import click


class Percentages(click.ParamType):
    """Two numbers with a comma between them."""

    name = "V,T"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        try:
            validation, test = (float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not two percentages, such as 5,20", param, ctx)
        return validation, test


@click.command()
@click.argument("src", type=click.Path())
@click.argument("out", type=click.Path())
@click.option("--rate", type=int, help="Sample rate in Hz.  [default: 16384]")
@click.option("--length", type=int, help="Samples in a clip.  [default: one second]")
@click.option(
    "--divider",
    type=click.Choice(["1", "4", "16"]),
    help="Rate 16384 ÷ this, clips of one second; instead of --rate and --length.",
)
@click.option("--channels", type=int, default=1, show_default=True, help="1 or 2.")
@click.option("--labels", metavar="A,B,...", help="Folders to take, in label order. [default: all]")
@click.option(
    "--fit",
    default="pad",
    show_default=True,
    metavar="pad|crop|slice",
    help="pad: short sounds with silence, long ones cut. crop: short ones left out. slice: long"
    " recordings give many clips.",
)
@click.option("--overlap", type=float, default=0.0, help="Of slices, 0 up to 1.  [default: 0]")
@click.option("--trim", is_flag=True, help="Cut silence off both ends first.")
@click.option(
    "--normalize",
    default="none",
    show_default=True,
    metavar="none|peak|rms",
    help="Level of each clip.",
)
@click.option(
    "--split",
    type=Percentages(),
    default="5,20",
    show_default=True,
    help="Percentages for validation and test, by file name.",
)
@click.option("--lists", is_flag=True, help="Split by validation_list.txt and testing_list.txt.")
@click.option("--jobs", type=int, help="Worker processes.  [default: one per core]")
@click.option("--wav", is_flag=True, help="Write the clips as WAV files too, to OUT/wav.")
@click.option("--strict", is_flag=True, help="Stop at the first file that cannot be used.")
@click.option("--float32", is_flag=True, help="Store float32 instead of int16.")
def command(
    src: str,
    out: str,
    rate: int | None,
    length: int | None,
    divider: str | None,
    labels: str | None,
    split: tuple[float, float],
    jobs: int | None,
    wav: bool,
    float32: bool,
    **same: Any,
) -> None:
    """Turn the audio files of SRC into arrays in OUT, to train on.

    SRC holds a folder per label (files deeper down belong to it), or just files. Run it again
    after a change: only what changed is done.
    """
    from kwavegan.data.preparation import PrepareSettings, prepare
    from kwavegan.errors import InputError

    if divider and (rate is not None or length is not None):
        raise InputError("--divider: sets rate and length itself; leave --rate and --length out")
    if divider:
        rate = 16384 // int(divider)
    settings = PrepareSettings(
        rate=16384 if rate is None else rate,
        length=length,
        labels=tuple(part.strip() for part in labels.split(",")) if labels is not None else None,
        validation=split[0],
        test=split[1],
        dtype="float32" if float32 else "int16",
        **same,
    )
    with click.progressbar(length=1, label="Preparing") as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        summary = prepare(src, out, settings, jobs=jobs, progress=progress, wav=wav)
    for line in summary.lines():
        click.echo(line)
    click.echo(f"Next: kwavegan train {click.format_filename(out)}")
