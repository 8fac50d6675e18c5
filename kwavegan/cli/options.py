"""Options that commands share, and those of `train`, made from the table of `Config`."""

import sys
from collections.abc import Callable
from dataclasses import Field
from typing import Any

import click

from kwavegan.backend.selection import BACKENDS
from kwavegan.config.fields import limits_of
from kwavegan.config.presets import PRESETS
from kwavegan.config.settings import SETTINGS, option_name


class Names(click.ParamType):
    """Names with commas between them, as a tuple."""

    name = "A,B,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in value.split(","))


def click_options(*names: str) -> Callable:
    """Decorate a command with an option for each named field of `Config`; without names, for all.

    Every option is None where it is not given, so `config.resolve` can tell. Ranges are checked
    there too, in the same words for options and TOML.
    """
    chosen = names or tuple(name for name, s in SETTINGS.items() if s.metadata["option"])

    def decorate(command: Callable) -> Callable:
        for name in reversed(chosen):
            command = _option(SETTINGS[name])(command)
        return command

    return decorate


def _option(setting: Field) -> Callable:
    choices = setting.metadata["choices"]
    if choices:
        kind: Any = click.Choice(choices)
    elif isinstance(setting.default, tuple):
        kind = Names()
    else:
        kind = type(setting.default)
    return click.option(
        option_name(setting.name), setting.name, type=kind, default=None, help=_help(setting)
    )


def _help(setting: Field) -> str:
    default = "" if isinstance(setting.default, tuple) else f"default: {setting.default}"
    notes = "; ".join(filter(None, [default, limits_of(setting)]))
    return setting.metadata["help"] + (f"  [{notes}]" if notes else "")


preset_option = click.option(
    "--preset",
    type=click.Choice(tuple(PRESETS)),
    metavar="NAME",
    help="Where the settings start from; the presets are listed below.",
)
"""`--preset`, for the argument `preset`; None where it is not given."""

PRESETS_EPILOG = "\b\nPresets:\n" + "\n".join(
    f"  {name:23}{preset.help}" for name, preset in PRESETS.items()
)
"""The presets a line each, for the `epilog` of a command with `preset_option`."""

config_option = click.option(
    "--config",
    "toml_path",
    type=click.Path(),
    help="TOML file of settings, such as a run's config.toml; options win over it.",
)
"""`--config FILE`, for the argument `toml_path`."""

backend_option = click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    help="What computes.  [default: KERAS_BACKEND, else keras.json, else the first installed]",
)
"""`--backend`, for the argument `backend`; give it to `backend.select_backend`."""

runs_dir_option = click.option(
    "--runs-dir",
    type=click.Path(),
    help="Where the run folders are.  [default: KWAVEGAN_RUNS, else runs]",
)
"""`--runs-dir`, for the argument `runs_dir`; give it to `places.runs_folder`."""


def warn(line: str) -> None:
    """Print one line about something that the command goes on without."""
    click.echo(f"kwavegan: {line}", err=True)


def preparing(done: int, total: int) -> None:
    """Rewrite the line on how far audio is prepared, on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[Kpreparing {done}/{total} sounds", nl=done == total, err=True)
