"""The line on how far a command is, rewritten in place, and the news above it."""

import math
import shutil
import sys
import time
from collections import deque
from collections.abc import Mapping

from kwavegan.cli.output import CLEAR, say_while_heard, warn
from kwavegan.errors import printable

ROWS = 10
"""Rows of metrics that the speed of the steps is taken from, the last ones."""


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
        say_while_heard(printable(text))

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
            say_while_heard(f"{CLEAR}{printable(text)[:width]}", nl=last)
        elif last or time.monotonic() - self._printed > self.interval:
            say_while_heard(printable(text))
            self._printed = time.monotonic()

    def end(self) -> None:
        """Erase the live line."""
        if self.terminal:
            say_while_heard(CLEAR, nl=False)


class TimeLeft:
    """Estimates how long a training still takes: the steps left, and the pauses still to come.

    Args:
        total: steps to do in all.
        every: steps between two pauses, by their kind, such as "preview".
    """

    def __init__(self, total: int, every: Mapping[str, int]) -> None:
        self.total = total
        self.every = {kind: steps for kind, steps in every.items() if steps}
        self._rows: deque[tuple[int, float]] = deque(maxlen=ROWS)
        self._pauses: dict[str, list[float]] = {kind: [] for kind in self.every}
        self._step: int | None = None

    def paused(self, kind: str, seconds: float) -> None:
        """Note a pause, as `Listener.paused` receives it."""
        if kind in self._pauses:
            self._pauses[kind].append(seconds)

    def after(self, row: Mapping[str, float]) -> float | None:
        """Return the seconds left after a row; None while there is nothing to tell from.

        Args:
            row: as `Listener.row` receives it.
        """
        step = int(row["step"])
        if "steps_per_second" in row:
            steps = 1 if self._step is None else step - self._step
            self._rows.append((steps, steps / row["steps_per_second"]))
        self._step = step
        if not self._rows:
            return None
        done, seconds = (sum(column) for column in zip(*self._rows, strict=True))
        pauses = sum(self._to_come(kind, step) * self._usual(kind) for kind in self.every)
        return (self.total - step) * seconds / done + pauses

    def _to_come(self, kind: str, step: int) -> int:
        """Return the pauses of a kind from the end of a step on: its own come after its row."""
        return self.total // self.every[kind] - (step - 1) // self.every[kind]

    def _usual(self, kind: str) -> float:
        """Return the seconds of a pause to come; the first of all also compiled and prepared."""
        first, *later = self._pauses[kind] or [0.0]
        return sum(later) / len(later) if later else first / 2


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
