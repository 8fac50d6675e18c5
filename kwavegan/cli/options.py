"""Options that commands share, and an option for each field of `Config`."""

from collections.abc import Callable
from dataclasses import Field
from typing import Any, TypeVar

import click

from kwavegan.backend.selection import BACKENDS
from kwavegan.cli.output import show_progress
from kwavegan.config.fields import limits_of
from kwavegan.config.presets import PRESETS
from kwavegan.config.settings import SETTINGS
from kwavegan.errors import option_name

_Command = TypeVar("_Command", bound=Callable[..., Any] | click.Command)


# click before 8.5 has no type arguments.
class Names(click.ParamType):  # type: ignore[type-arg]
    """Converts names with commas between them to a tuple."""

    name = "A,B,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in value.split(","))


def click_options(*names: str) -> Callable[[_Command], _Command]:
    """Decorate a command with an option for each named field of `Config`; without names, for all.

    An option that is not given is None, so that `config.resolve` knows which the user gave. It
    checks ranges too, with the same messages for options and TOML.
    """
    chosen = names or tuple(name for name, s in SETTINGS.items() if s.metadata["option"])

    def decorate(command: _Command) -> _Command:
        for name in reversed(chosen):
            command = _option(SETTINGS[name])(command)
        return command

    return decorate


def _option(setting: Field[Any]) -> Callable[[_Command], _Command]:
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


def _help(setting: Field[Any]) -> str:
    default = "" if isinstance(setting.default, tuple) else f"default: {setting.default}"
    notes = "; ".join(filter(None, [default, limits_of(setting)]))
    return setting.metadata["help"] + (f"  [{notes}]" if notes else "")


BITS = click.Choice(["16", "24", "32"])
"""Bits of a sample of a WAV; 32 are a float."""

trim_option = click.option(
    "--trim/--no-trim",
    default=True,
    show_default=True,
    help="End a sound where it falls silent, 60 dB below its peak; else all have one length.",
)
"""`--trim`, for the argument `trim`."""


def seed_option(of: str) -> Callable[[_Command], _Command]:
    """Return `--seed`, for the argument `seed`: the seed of what `of` says."""
    return click.option(
        "--seed",
        type=click.IntRange(0, 2**32 - 1),
        default=0,
        show_default=True,
        help=f"Seed of {of}.",
    )


preset_option = click.option(
    "--preset",
    type=click.Choice(tuple(PRESETS)),
    metavar="NAME",
    help="Settings to start from; the presets are listed below.",
)
"""`--preset`, for the argument `preset`; None where it is not given."""

PRESETS_EPILOG = "\b\nPresets:\n" + "\n".join(
    f"  {name:23}{preset.help}" for name, preset in PRESETS.items()
)
"""One line for each preset, as `epilog` of a command with `preset_option`."""

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
    help="Backend of Keras.  [default: KERAS_BACKEND, else keras.json, else the first installed]",
)
"""`--backend`, for the argument `backend`; give it to `selection.select_backend`."""

player_option = click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    help="Make the sounds with Keras on this backend.  [default: with NumPy, which needs none]",
)
"""`--backend`, for the argument `backend`, of commands that take Keras only where it is given."""

runs_dir_option = click.option(
    "--runs-dir",
    type=click.Path(),
    help="Where the run folders are.  [default: KWAVEGAN_RUNS, else runs]",
)
"""`--runs-dir`, for the argument `runs_dir`; give it to `naming.runs_folder`."""


def preparing(done: int, total: int) -> None:
    """Rewrite the progress line of a preparation, if stderr is a terminal."""
    show_progress(f"preparing {done}/{total} sounds", last=done == total)
