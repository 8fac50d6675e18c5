"""The command line with its commands loaded and named, as mkdocs-click reads it."""

import click

from kwavegan.cli.main import COMMANDS
from kwavegan.cli.main import main as lazy


def _load(name: str) -> click.Command:
    command = lazy.get_command(click.Context(lazy), name)
    command.name = name
    return command


main = click.Group(
    "kwavegan",
    {name: _load(name) for name in COMMANDS},
    help=lazy.help,
    params=lazy.params,
    context_settings={**lazy.context_settings, "max_content_width": 88, "terminal_width": 88},
)
