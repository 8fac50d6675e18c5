"""`kwavegan compare`: evaluated runs side by side."""

import click

from kwavegan.cli.options import runs_dir_option
from kwavegan.cli.output import say_all, warn


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN[@STEP]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "markdown", "csv")),
    default="text",
    show_default=True,
    help="Format of the table.",
)
@runs_dir_option
def command(runs: tuple[str, ...], form: str, runs_dir: str | None) -> None:
    """Set evaluated RUNs side by side, the best in each row marked.

    RUN@STEP takes the evaluation of that checkpoint; RUN alone that of the best checkpoint, or of
    the last one that was evaluated.
    """
    from kwavegan.evaluation import results
    from kwavegan.reporting import tables
    from kwavegan.runs.run import Run

    evaluations = []
    for argument in runs:
        name, _, suffix = argument.rpartition("@")
        step = int(suffix) if name and suffix.isdecimal() else None
        run = Run.open(argument if step is None else name, runs_dir)
        evaluations.append(results.load_evaluation(run, step))
    if len({evaluation.about["data"] for evaluation in evaluations}) > 1:
        warn("the runs were trained on different data: their numbers do not compare")
    elif len({evaluation.classifier.get("digest") for evaluation in evaluations}) > 1:
        warn("the runs were measured with different classifiers: evaluate them again to compare")
    if len({evaluation.sounds["compared"] for evaluation in evaluations}) > 1:
        warn("the runs were evaluated with different numbers of sounds, which distances depend on")
    say_all(tables.comparison_table(evaluations, form))
