"""`kwavegan search`: a space of settings → trials, and the settings that did best."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from kwavegan.cli.options import (
    PRESETS_EPILOG,
    backend_option,
    click_options,
    config_option,
    preparing,
    preset_option,
    runs_dir_option,
    warn,
)
from kwavegan.config.settings import resolve
from kwavegan.errors import InputError

if TYPE_CHECKING:
    from kwavegan.search.loop import Search
    from kwavegan.search.results import Tried

_LONGER = 4  # times the steps of a trial, for the command that trains the winner


@click.command(epilog=PRESETS_EPILOG)
@click.argument("data", required=False, type=click.Path())
@click.option(
    "--name",
    default="search",
    show_default=True,
    help="Of the search: its folder among the runs, and its study in the storage.",
)
@click.option(
    "--space",
    "space_path",
    type=click.Path(),
    help="TOML of ranges and choices.  [default: learning rate, penalty, batch, betas and scales]",
)
@click.option(
    "--objective",
    type=click.Choice(("score", "survival")),
    default="score",
    show_default=True,
    help="Best validation score of a trial, or steps until a loss passes --stop-loss.",
)
@click.option(
    "--trials",
    type=click.IntRange(1, 100_000),
    default=20,
    show_default=True,
    help="To try in all, those of earlier sessions and other machines counted.",
)
@click.option(
    "--hours",
    type=click.FloatRange(0, 10_000, min_open=True),
    help="Begin no trial after this many; those in hand are finished.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Trials at once.",
)
@click.option(
    "--storage",
    metavar="URL",
    help="Database of the study, for several machines: postgresql://…  [default: study.db in the"
    " folder of the search]",
)
@preset_option
@config_option
@click_options()
@backend_option
@runs_dir_option
def command(
    data: str | None,
    name: str,
    space_path: str | None,
    objective: str,
    trials: int,
    hours: float | None,
    jobs: int,
    storage: str | None,
    preset: str | None,
    toml_path: str | None,
    backend: str | None,
    runs_dir: str | None,
    **options: Any,
) -> None:
    """Search for the settings that suit DATA best: a folder of audio, or a prepared one.

    Without DATA it searches on the built-in drums. The first trial is the settings as they are
    given; each is trained for --steps and kept as a run. Ctrl-C saves and stops; the same command
    goes on, also after a crash. What did best is in best.toml, for `kwavegan train --config`.

    The options below fix settings for all trials.
    """
    from kwavegan.backend.selection import select_backend

    _require()
    select_backend(backend)
    config = resolve(preset, toml_path, options)
    given = {option: value for option, value in options.items() if value is not None}

    from kwavegan.search.plan import Plan, begin

    plan = Plan(config, given, data, name, space_path, objective, storage, runs_dir)
    with begin(plan, preparing) as search:
        said = _Said()
        search.tell, search.note, search.live = said.line, said.warning, said.live
        _announce(search)
        search.run(trials, jobs, hours or 0.0)
        said.end()
        _finish(search, trials, hours)


def _require() -> None:
    from kwavegan.backend.selection import package_folder

    for package in ("optuna", "matplotlib"):
        if package_folder(package) is None:
            raise InputError(f"search: {package} is missing; run: pip install 'kwavegan[search]'")


class _Said:
    """Lines of news, above one line on what is in hand that is rewritten in place on a terminal."""

    def __init__(self) -> None:
        self.terminal = sys.stdout.isatty()
        self.clear = "\r\033[K" if self.terminal else ""

    def line(self, text: str) -> None:
        """Print a line."""
        click.echo(f"{self.clear}{text}")

    def warning(self, text: str) -> None:
        """Print a line about something that the search goes on without."""
        self.end()
        warn(text)

    def live(self, text: str) -> None:
        """Rewrite the line."""
        if self.terminal:
            click.echo(f"{self.clear}{text[: shutil.get_terminal_size().columns - 1]}", nl=False)

    def end(self) -> None:
        """Leave the line."""
        if self.terminal:
            click.echo(self.clear, nl=False)


def _announce(search: "Search") -> None:
    from kwavegan.search import study

    space, known = search.space, study.counted(search.study)
    labels = f", labels {', '.join(search.base.labels)}" if search.base.labels else ""
    click.echo(
        f"{search.folder.name}: {search.objective} of {search.base.model} after "
        f"{search.base.steps} steps{labels}; searching {', '.join(space)}"
    )
    if known > 0:
        click.echo(f"going on: {known} {'trial' if known == 1 else 'trials'} so far")


def _finish(search: "Search", wanted: int, hours: float | None) -> None:
    """Print what was found, and what to do next."""
    from kwavegan.search import results, space, study
    from kwavegan.search.loop import OBJECTIVES

    trials = search.write()
    if trials:
        names, measure = list(search.space), OBJECTIVES[search.objective]
        click.echo("\n" + results.table(trials, names, measure) + "\n")
        shares = results.importances(trials, space.distributions(search.space))
        if isinstance(shares, str):
            click.echo(shares)
        else:
            shown = ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
            click.echo(f"what mattered, in shares: {shown}: {results.draw(search.folder, shares)}")
        _best(search, trials)
    done = study.counted(search.study)
    if search.stopping:
        click.echo(
            f"stopped and saved with {done} of {wanted} trials begun; go on with: {_again()}"
        )
    elif hours and done < wanted:
        click.echo(
            f"{hours:g} hours are over with {done} of {wanted} trials begun; go on with: {_again()}"
        )


def _best(search: "Search", trials: "Sequence[Tried]") -> None:
    from kwavegan.search import results

    found = results.best(trials)
    if found is None:
        click.echo("no trial was trained to its end yet: there is no best one")
        return
    first = next((one for one in trials if one.first and one.counts), None)
    beside = f", the first {results.number(first.value)}" if first and first is not found else ""
    if first is found:
        beside = ", with the settings as they were given: nothing tried was better"
    measure = "score" if search.objective == "score" else "steps survived"
    path = search.folder / results.BEST
    steps = _LONGER * search.base.steps
    click.echo(
        f"best: trial {found.number}, {measure} {results.number(found.value)}{beside}: {path}\n"
        f"next: kwavegan train --config {shlex.quote(str(path))} --steps {steps}"
    )


def _again() -> str:
    return f"kwavegan {shlex.join(sys.argv[1:])}"
