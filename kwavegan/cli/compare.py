"""`kwavegan compare`: evaluated runs side by side."""

import click

from kwavegan.cli.options import runs_dir_option, warn


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN[@STEP]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "markdown", "csv")),
    default="text",
    show_default=True,
    help="Of the table.",
)
@runs_dir_option
def command(runs: tuple[str, ...], form: str, runs_dir: str | None) -> None:
    """Set evaluated RUNs side by side, the best in each row marked.

    RUN@STEP takes the evaluation of that checkpoint; RUN that of the best one, or of the last.
    """
    from kwavegan.evaluation import results
    from kwavegan.reporting import tables
    from kwavegan.runs.run import Run

    found = []
    for given in runs:
        name, _, step = given.rpartition("@")
        at = int(step) if name and step.isdecimal() else None
        found.append(results.load(Run.open(given if at is None else name, runs_dir), at))
    if len({evaluation.about["data"] for evaluation in found}) > 1:
        warn("the runs were trained on different data: their numbers do not compare")
    elif len({evaluation.judge.get("digest") for evaluation in found}) > 1:
        warn("the runs were heard by different judges: evaluate them again to compare them")
    if len({evaluation.sounds["compared"] for evaluation in found}) > 1:
        warn("the runs were evaluated with different numbers of sounds, which distances depend on")
    click.echo(tables.compared(found, form))
