"""The line on how far a command is, rewritten in place, and the news above it."""

import math
import shutil
import sys
import time
from collections import deque
from collections.abc import Mapping

import click

from kwavegan.cli.options import warn

CLEAR = "\r\033[K"
"""Sent to a terminal: back to the start of the line, and erase it."""

ROWS = 10
"""Rows of metrics that the time left is estimated from, the last ones."""


class LiveLine:
    """Prints lines of news above one line that is rewritten in place on a terminal.

    Elsewhere, in a log for instance, the live line is printed at intervals as a line of its own.

    Args:
        interval: seconds between two of those at least; infinite for none but the last.
    """

    def __init__(self, interval: float = math.inf) -> None:
        self.terminal = sys.stdout.isatty()
        self.interval = interval
        self._printed = -math.inf

    def news(self, text: str) -> None:
        """Print a line that stays."""
        self.end()
        click.echo(text)

    def warning(self, text: str) -> None:
        """Print a line, to stderr, about something that the command goes on without."""
        self.end()
        warn(text)

    def rewrite(self, text: str, last: bool = False) -> None:
        """Show the live line.

        Args:
            text: the line; cut where the terminal is narrower.
            last: whether this is its final state, which stays.
        """
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            click.echo(f"{CLEAR}{text[:width]}", nl=last)
        elif last or time.monotonic() - self._printed > self.interval:
            click.echo(text)
            self._printed = time.monotonic()

    def end(self) -> None:
        """Erase the live line."""
        if self.terminal:
            click.echo(CLEAR, nl=False)


class TimeLeft:
    """Estimates how long a training still takes from its last rows of metrics.

    Args:
        total: steps to do in all.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._rows: deque[tuple[int, float]] = deque(maxlen=ROWS)

    def after(self, row: Mapping[str, float]) -> float | None:
        """Return the seconds left after a row; None while there is nothing to tell from.

        From one row on the next, evaluations and previews between them are part of the time. The
        first row alone has its `steps_per_second`, without the step that compiled.

        Args:
            row: as `Listener.row` receives it.
        """
        step = int(row["step"])
        self._rows.append((step, row["seconds"]))
        first_step, first_seconds = self._rows[0]
        if step > first_step:
            per_step = (row["seconds"] - first_seconds) / (step - first_step)
        elif "steps_per_second" in row:
            per_step = 1 / row["steps_per_second"]
        else:
            return None
        return (self.total - step) * per_step


def clock(seconds: float) -> str:
    """Return a duration as `9:05`, or `2:09:05` from an hour on.

    Example:
        >>> from kwavegan.cli.progress import clock
        >>> clock(7745.2)
        '2:09:05'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
