"""`kwavegan directions`: what changes a run's sounds, and by how much."""

from typing import TYPE_CHECKING

import click

from kwavegan.cli.moves import measuring
from kwavegan.cli.output import say, warn
from kwavegan.cli.sources import generator_options, open_generator

if TYPE_CHECKING:
    from kwavegan.control.directions import Direction

_SEEN = 0.25
"""Standard deviations that something else must move by to be named."""


@click.command()
@generator_options
@click.option("--label", help="A label of the run, or all.  [default: all]")
def command(
    run: str | None,
    pretrained: str | None,
    checkpoint: int | None,
    runs_dir: str | None,
    label: str | None,
) -> None:
    """Print the directions of RUN, the latest if none is named: what +1 of each changes.

    They are measured on sounds that the run makes, once for each checkpoint and label, and kept
    with the run. `kwavegan generate` and the page of `kwavegan instrument` take them.
    """
    generator, _ = open_generator(run, pretrained, checkpoint, runs_dir)
    from kwavegan.control.kept import directions_of

    labels = None if label in (None, "all") else [str(label)]
    directions = directions_of(generator, labels, measuring, warn)
    say(f"{generator.run.name}, {generator.which}: what +1 changes")
    for name, found in directions.items():
        say()
        if name:
            say(name)
        for line in _lines(found):
            say(f"  {line}")


def _lines(found: "dict[str, Direction]") -> list[str]:
    from kwavegan.control.names import ATTRIBUTES, NAMES

    units = {one.name: one.unit for one in ATTRIBUTES}
    lines = []
    for name in NAMES:
        one = found.get(name)
        if one is None:
            if name in units:
                lines.append(f"{name:<11} none: few of these sounds have it")
        elif not one.useful:
            lines.append(f"{name:<11} none: no direction changes it (explains {_share(one)})")
        else:
            change = one.effects[name] * one.spread
            also = _also(one)
            own = f"{change:+.2f} {units.get(name, 'dB of spectrum')}"
            lines.append(f"{name:<11} {own:<22} explains {_share(one):>4}{also}")
    return lines


def _share(one: "Direction") -> str:
    return f"{max(0.0, one.explained):.0%}"


def _also(one: "Direction") -> str:
    """Say what else moves most, in standard deviations."""
    others = {n: x for n, x in one.effects.items() if n != one.name and abs(x) >= _SEEN}
    ordered = sorted(others.items(), key=lambda item: -abs(item[1]))
    return "; also " + ", ".join(f"{n} {x:+.1f}" for n, x in ordered[:3]) if ordered else ""
