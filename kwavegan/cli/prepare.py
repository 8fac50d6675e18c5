"""`kwavegan prepare`: a folder of audio → a folder of arrays."""

from typing import Any

import click

from kwavegan.cli.options import Names


# click before 8.5 has no type arguments.
class Percentages(click.ParamType):  # type: ignore[type-arg]
    """Two numbers, separated by a comma."""

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
@click.option("--rate", type=int, help="Sample rate in Hz.  [default: that of most files]")
@click.option(
    "--length",
    type=int,
    help="Samples in a clip.  [default: what holds 95 % of the sounds, up to two seconds]",
)
@click.option(
    "--divider",
    type=click.Choice(["1", "4", "16"]),
    help="Rate of 16384 Hz ÷ this number, clips of one second; replaces --rate and --length.",
)
@click.option(
    "--channels", type=int, help="1 (mono) or 2 (stereo).  [default: what most files are]"
)
@click.option("--labels", type=Names(), help="Labels to take, in index order. [default: all]")
@click.option(
    "--labels-from",
    metavar="FILE",
    help="Take labels from a CSV file: a column for the file, then one for each attribute.",
)
@click.option(
    "--label-pattern",
    metavar="PATTERN",
    help="Take them from the files' names: {instrument}-{velocity}-*.wav, or with folders before.",
)
@click.option(
    "--attributes",
    type=Names(),
    help="Columns of the CSV file to take, or names for the levels of folders below SRC.",
)
@click.option(
    "--fit",
    default="pad",
    show_default=True,
    metavar="pad|crop|slice",
    help="pad: append silence to short sounds, cut long ones. crop: leave short ones out. slice:"
    " cut long recordings into many clips.",
)
@click.option(
    "--overlap",
    type=float,
    default=0.0,
    help="Part of a slice that the next one repeats, 0 up to 1.  [default: 0]",
)
@click.option(
    "--cut",
    is_flag=True,
    help="Cut recordings of many sounds first: at pauses, and where a sound is struck while another"
    " rings. OUT/cuts.png shows where.",
)
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
@click.option("--strict", is_flag=True, help="Stop at the first unusable file.")
@click.option("--float32", is_flag=True, help="Store float32 instead of int16.")
def command(
    src: str,
    out: str,
    rate: int | None,
    length: int | None,
    divider: str | None,
    labels: tuple[str, ...] | None,
    attributes: tuple[str, ...] | None,
    split: tuple[float, float],
    jobs: int | None,
    wav: bool,
    float32: bool,
    **clip_options: Any,
) -> None:
    """Turn the audio files of SRC, a folder or an address such as s3://bucket/folder, into arrays
    in OUT, to train on.

    SRC holds a folder per label (files deeper down belong to it), or just files. Folders train and
    test, around the labels or within each, are taken as the split. Sounds with several attributes
    have labels such as kick/hard. After a change of SRC, run the command again: it decodes only
    what changed. A large set is built in shards: run the command several times at once, on other
    machines too that see both folders, to share the work; after a crash, run it again.
    """
    from kwavegan.cli.output import say
    from kwavegan.data import PrepareSettings, prepare
    from kwavegan.errors import InputError, for_command_line, setting, shell_command

    if divider and (rate is not None or length is not None):
        raise InputError(
            f"{setting('divider')}: sets rate and length itself; leave {setting('rate')} and"
            f" {setting('length')} out"
        )
    if divider:
        rate = length = 16384 // int(divider)
    settings = PrepareSettings(
        rate=rate,
        length=length,
        labels=labels,
        attributes=attributes,
        validation=split[0],
        test=split[1],
        dtype="float32" if float32 else "int16",
        **clip_options,
    )
    with click.progressbar(length=1, label="Preparing") as bar:

        def progress(done: int, total: int) -> None:
            bar.length, bar.finished = total, False  # files are fetched, then prepared
            bar.update(done - bar.pos)

        summary = prepare(src, out, settings, jobs=jobs, progress=progress, wav=wav)
    for line in summary.lines(for_command_line):
        say(line)
    if settings.cut:
        from kwavegan.reporting.cuts import write_cuts

        say(f"To check: {write_cuts(out)}")
    say(f"Next: {shell_command('train', out)}")
