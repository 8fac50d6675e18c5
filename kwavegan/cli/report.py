"""`kwavegan report`: a page about a run."""

import click

from kwavegan.cli.options import runs_dir_option
from kwavegan.cli.output import say


@click.command()
@click.argument("run", required=False)
@click.option("--out", type=click.Path(), help="File to write.  [default: report.html in the run]")
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser.")
@runs_dir_option
def command(run: str | None, out: str | None, open_it: bool, runs_dir: str | None) -> None:
    """Write one page about RUN, the latest by default: its health, curves and sounds.

    The page holds everything it needs: it opens from disk, without a network.
    """
    from kwavegan.reporting.page import write_report
    from kwavegan.runs.run import Run

    path = write_report(Run.open(run, runs_dir), out=out)
    say(f"written: {path}")
    if open_it:
        click.launch(str(path))
