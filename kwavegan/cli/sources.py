"""Where a command takes a generator from: a run, or a pretrained model of the package."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kwavegan.cli.options import runs_dir_option
from kwavegan.cli.output import warn
from kwavegan.errors import InputError, setting

if TYPE_CHECKING:
    from kwavegan.generation.generator import SoundGenerator

_Command = TypeVar("_Command", bound=Callable[..., Any])


def generator_options(command: _Command) -> _Command:
    """Decorate a command with RUN, `--pretrained`, `--checkpoint` and `--runs-dir`."""
    for option in (
        runs_dir_option,
        click.option(
            "--checkpoint",
            type=int,
            metavar="STEP",
            help="Step of the checkpoint.  [default: best or last]",
        ),
        click.option(
            "--pretrained",
            metavar="NAME",
            help="Take a model of the package instead of a run; `kwavegan presets` lists them.",
        ),
        click.argument("run", required=False),
    ):
        command = option(command)
    return command


def open_generator(
    run: str | None,
    pretrained: str | None,
    checkpoint: int | None,
    runs_dir: str | None,
    backend: str | None = None,
) -> "tuple[SoundGenerator, str]":
    """Load a generator, and warn of damaged checkpoints.

    Args:
        run, pretrained, checkpoint, runs_dir: as `generator_options` gives them.
        backend: to play it with in Keras; None for NumPy.

    Returns:
        The generator, and a title for what is made of it. A run may have the name of a pretrained
        model: their titles differ.

    Raises:
        InputError: there is no such generator, or both a run and a pretrained model are named.
    """
    if backend is not None:
        from kwavegan.backend.selection import select_backend

        select_backend(backend)
    from kwavegan.generation.generator import load_generator

    source = run if pretrained is None else _pretrained_folder(pretrained, run)
    generator = load_generator(source, checkpoint, runs_dir, in_keras=backend is not None)
    for problem in generator.problems:
        warn(problem)
    return generator, generator.run.name if pretrained is None else f"pretrained-{pretrained}"


def _pretrained_folder(name: str, run: str | None) -> str:
    from kwavegan.runs.pretrained import find_pretrained

    if run is not None:
        option = setting("pretrained")
        raise InputError(f"{option}: takes the place of a run; leave out {run}, or {option}")
    return str(find_pretrained(name).run.path)
