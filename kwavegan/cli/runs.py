"""`kwavegan runs`: the list of runs."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kwavegan.cli.options import runs_dir_option
from kwavegan.cli.output import say, say_all

if TYPE_CHECKING:
    from kwavegan.runs.run import RunInfo

_COLUMNS = ("name", "model", "labels", "step", "state", "backend", "age")


@click.command()
@runs_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(runs_dir: str | None, as_json: bool) -> None:
    """List the runs, newest first."""
    from kwavegan.reporting.tables import text_table
    from kwavegan.runs.naming import runs_folder
    from kwavegan.runs.run import list_runs

    infos = list_runs(runs_dir)
    if as_json:
        click.echo(json.dumps([asdict(info) for info in infos], indent=2))
    elif not infos:
        say(f"No runs in {runs_folder(runs_dir)}; `kwavegan train` makes one.")
    else:
        say_all(text_table([_COLUMNS, *map(_row, infos)]))
        for info in infos:
            if info.problem:
                say(f"warning: {info.problem}", err=True)


def _row(info: "RunInfo") -> tuple[str, ...]:
    if info.state == "damaged":
        return (info.name, "", "", "", info.state, "", "")
    steps = f"{info.step}/{info.steps}"
    labels = ", ".join(info.labels[:4]) + (", ..." if len(info.labels) > 4 else "")
    age = _age(info.started)
    return (info.name, info.model, labels, steps, info.state, info.backend, age)


def _age(started: str) -> str:
    """Return the time since `started` in its largest unit, such as `3 h`."""
    from datetime import datetime

    start = datetime.fromisoformat(started).astimezone()
    seconds = max(0, int((datetime.now().astimezone() - start).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
