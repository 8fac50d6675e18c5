"""How long a training does other things than steps."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Pauses:
    """Times what comes between the steps, so that their speed is told apart from it.

    Args:
        report: called with the kind of each pause that is over, and its seconds.

    Attributes:
        seconds: of all pauses so far.
    """

    def __init__(self, report: Callable[[str, float], None]) -> None:
        self.seconds = 0.0
        self._report = report
        self._within = False

    @contextmanager
    def during(self, kind: str) -> Iterator[None]:
        """Time the block; one within another is part of that.

        Args:
            kind: of the pause, such as "preview".
        """
        if self._within:
            yield
            return
        self._within, began = True, time.perf_counter()
        try:
            yield
        finally:
            self._within = False
            seconds = time.perf_counter() - began
            self.seconds += seconds
            self._report(kind, seconds)
