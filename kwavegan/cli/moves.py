"""An option for each direction of a run's sounds, from the table of directions."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kwavegan.cli.output import show_progress, warn
from kwavegan.control.names import ATTRIBUTES, FARTHEST, NAMES
from kwavegan.errors import InputError, setting

if TYPE_CHECKING:
    from kwavegan.generation.generator import SoundGenerator
    from kwavegan.generation.recipes import Recipe

_Command = TypeVar("_Command", bound=Callable[..., Any])

_HELP = {one.name: f"Make it {one.more} (less so below 0)." for one in ATTRIBUTES}


def direction_options(command: _Command) -> _Command:
    """Decorate a command with an option for each direction, in standard deviations.

    Their values are texts until the run is open: it may have an attribute of the same name.
    """
    for name in reversed(NAMES):
        command = click.option(
            f"--{name}",
            metavar=f"{-FARTHEST:g}…{FARTHEST:g}",
            help=_HELP.get(name, f"Move it along principal direction {name[2:]}."),
        )(command)
    return command


def moved_recipes(
    generator: "SoundGenerator", recipes: "Iterable[Recipe]", given: Mapping[str, str | None]
) -> "tuple[Iterable[Recipe], dict[str, Any]]":
    """Return recipes moved as the options of `direction_options` say, and a note for `about.json`.

    Directions of the labels that occur are measured first where they are not kept.

    Raises:
        InputError: a value is no number or too large, or a direction is of no use for one of the
            labels.
    """
    moves = {name: _amount(name, text) for name in NAMES if (text := given.get(name)) is not None}
    amounts = {name: amount for name, amount in moves.items() if amount}
    if not amounts:
        return recipes, {}
    from kwavegan.control.kept import directions_of
    from kwavegan.control.steering import steered

    recipes = list(recipes)
    labels = [generator.label_name(i) for i in sorted({recipe.label for recipe in recipes})]
    directions = directions_of(generator, labels, measuring, warn)
    return list(steered(generator, recipes, directions, amounts)), {"directions": amounts}


def _amount(name: str, text: str) -> float:
    """Return how far to move, in standard deviations.

    Raises:
        InputError: the text is no number, or one beyond `FARTHEST`.
    """
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not -FARTHEST <= amount <= FARTHEST:
        raise InputError(
            f"{setting(name)}: {text!r} is no number from {-FARTHEST:g} to {FARTHEST:g}, the"
            " standard deviations to move by; give one"
        )
    return amount


def measuring(label: str, done: int, total: int) -> None:
    """Rewrite the progress line of a measurement, if stderr is a terminal."""
    what = f"{label}: " if label else ""
    show_progress(f"{what}measuring {done}/{total} sounds", last=done >= total)
