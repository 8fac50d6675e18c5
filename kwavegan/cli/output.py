"""What commands print: lines that no name can break, on any terminal, file or pipe."""

import errno
import os
import sys
from contextlib import suppress
from typing import TextIO

import click

from kwavegan.errors import for_command_line, printable
from kwavegan.storage.encodings import REPLACE
from kwavegan.storage.failures import reason

CLEAR = "\r\033[K"
"""Sent to a terminal: back to the start of the line, and erase it."""

_GONE = (errno.EPIPE, errno.EIO, errno.ENXIO)
"""What a write to a pipe or terminal says that nobody reads any more."""


def any_encoding() -> None:
    """Let both streams take every character, whatever their encoding.

    Python's own is that of the system for files and pipes: on Windows one that lacks most letters.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=REPLACE)


def say(line: object = "", err: bool = False) -> None:
    """Print one line; control characters in it, from names of files or labels, are shown as such.

    Args:
        line: a text or a path.
        err: whether it goes to stderr.
    """
    click.echo(printable(os.fspath(line) if isinstance(line, os.PathLike) else str(line)), err=err)


def say_all(text: str) -> None:
    """Print a text of several lines, such as a table, whose cells hold no new lines."""
    for line in text.split("\n"):
        say(line)


def warn(line: str) -> None:
    """Print one line, to stderr, about a problem that does not stop the command."""
    say_while_heard(printable(f"kwavegan: {for_command_line(line)}"), err=True)


def say_while_heard(text: str, nl: bool = True, err: bool = False) -> None:
    """Print as `click.echo`; where that fails, go on in silence: a training is worth more.

    A terminal that was closed, and a pipe whose reader has ended, are no news. Of another failure,
    such as a full disk under a log, stderr tells once.
    """
    try:
        click.echo(text, nl=nl, err=err)
    except OSError as error:
        silence(sys.stderr if err else sys.stdout)
        if error.errno not in _GONE and not err:
            say_while_heard(f"kwavegan: stdout: {reason(error)}; goes on in silence", err=True)


def show_progress(text: str, last: bool = False) -> None:
    """Rewrite the line of progress on stderr, if that is a terminal.

    Args:
        text: the line; "" erases it.
        last: whether it stays.
    """
    if sys.stderr.isatty():
        say_while_heard(f"{CLEAR}{printable(text)}", nl=last, err=True)


def silence(stream: TextIO) -> None:
    """Let a stream write to nowhere from now on, what it still holds included."""
    with suppress(OSError, ValueError):  # ValueError: a stream without a file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
