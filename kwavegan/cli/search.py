"""`kwavegan search`: from a space of settings to trials, and to the settings that did best."""

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
)
from kwavegan.cli.output import say, say_all
from kwavegan.cli.progress import LiveLine
from kwavegan.config.resolution import resolve
from kwavegan.errors import InputError, for_command_line, shell_command, shell_line

if TYPE_CHECKING:
    from kwavegan.search.loop import Search
    from kwavegan.search.results import TrialResult

_LONGER = 4  # × the steps of a trial, in the command that trains with the best settings


@click.command(epilog=PRESETS_EPILOG)
@click.argument("data", required=False, type=click.Path())
@click.option(
    "--name",
    default="search",
    show_default=True,
    help="Name of the search: of its folder among the runs, and of its study.",
)
@click.option(
    "--space",
    "space_path",
    type=click.Path(),
    help="TOML file of ranges and choices.  [default: learning rate, penalty weight, batch size,"
    " betas, and what the critic has]",
)
@click.option(
    "--objective",
    type=click.Choice(("score", "survival")),
    default="score",
    show_default=True,
    help="Maximize the best validation score of a trial, or the steps until a loss passes"
    " --stop-loss.",
)
@click.option(
    "--trials",
    type=click.IntRange(1, 100_000),
    default=20,
    show_default=True,
    help="Trials in all, those of earlier sessions and of other machines included.",
)
@click.option(
    "--hours",
    type=click.FloatRange(0, 10_000, min_open=True),
    help="Begin no trial after so many hours; running trials are finished.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Trials to train at the same time.",
)
@click.option(
    "--storage",
    metavar="URL",
    help="Database of the study, which several machines can share: postgresql://…"
    "  [default: study.db in the folder of the search]",
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

    Without DATA the trials train on the built-in drums. Each trial is a run of --steps steps; the
    first has your own settings. Ctrl-C saves and stops; the same command continues, also after a
    crash. The best settings are written to best.toml, for `kwavegan train --config`.

    Options that are settings fix them for all trials.
    """
    from kwavegan.backend.selection import select_backend

    _require()
    select_backend(backend)
    config = resolve(preset, toml_path, options)
    given = {option: value for option, value in options.items() if value is not None}

    from kwavegan.search.plan import Plan, begin

    plan = Plan(config, given, data, name, space_path, objective, storage, runs_dir)
    with begin(plan, preparing, lambda line: say(for_command_line(line))) as search:
        line = LiveLine()
        search.on_result, search.on_warning = line.news, line.warning
        search.on_progress = line.rewrite
        _announce(search)
        search.run(trials, jobs, hours or 0.0)
        line.end()
        _finish(search, trials, hours)


def _require() -> None:
    from kwavegan.backend.selection import package_folder

    for package in ("optuna", "matplotlib"):
        if package_folder(package) is None:
            raise InputError(f"search: {package} is missing; run: pip install 'kwavegan[search]'")


def _announce(search: "Search") -> None:
    from kwavegan.search import study

    space, known = search.space, study.count_trials(search.study)
    labels = f", labels {', '.join(search.base.labels)}" if search.base.labels else ""
    say(
        f"{search.folder.name}: {search.objective} of {search.base.model} after "
        f"{search.base.steps} steps{labels}; searching {', '.join(space)}"
    )
    if known > 0:
        say(f"continues: {known} {'trial' if known == 1 else 'trials'} so far")


def _finish(search: "Search", wanted: int, hours: float | None) -> None:
    """Print the results, and what to do next."""
    from kwavegan.search import results, space, study
    from kwavegan.search.loop import OBJECTIVES

    trials = search.write()
    if trials:
        names, measure = list(search.space), OBJECTIVES[search.objective]
        say_all("\n" + results.table(trials, names, measure) + "\n")
        shares = results.importances(trials, space.distributions(search.space))
        if isinstance(shares, str):
            say(shares)
        else:
            shown = ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
            picture = results.draw_importances(search.folder, shares)
            say(f"shares of what mattered: {shown}: {picture}")
        _best(search, trials)
    done = study.count_trials(search.study)
    if search.stopping:
        say(f"stopped and saved with {done} of {wanted} trials begun; continue with: {_command()}")
    elif hours and done < wanted:
        say(
            f"{hours:g} hours are over with {done} of {wanted} trials begun; "
            f"continue with: {_command()}"
        )


def _best(search: "Search", trials: "Sequence[TrialResult]") -> None:
    from kwavegan.search import results

    best = results.best(trials)
    if best is None:
        say("no trial was trained to its end yet: there is no best one")
        return
    first = next((trial for trial in trials if trial.first and trial.counts), None)
    comparison = ""
    if first is best:
        comparison = ", with your own settings: no others were better"
    elif first:
        comparison = f", the first {results.format_value(first.value)}"
    measure = "score" if search.objective == "score" else "steps survived"
    path = search.folder / results.BEST
    steps, value = _LONGER * search.base.steps, results.format_value(best.value)
    say(f"best: trial {best.number}, {measure} {value}{comparison}: {path}")
    say(f"next: {shell_command('train', config=path, steps=steps)}")


def _command() -> str:
    return shell_line(["kwavegan", *sys.argv[1:]])
