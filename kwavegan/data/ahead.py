"""Make the items of a sequence before they are asked for."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Ahead(Generic[Item]):
    """Makes the next items of a sequence on threads, while the last one is in use.

    Reading and converting let other threads run, so a step on a GPU does not wait for them. What
    is asked for out of turn is made then.

    Args:
        make: takes an item's number; called by `threads` threads at a time.
        count: items in all.
        depth: items that are made beforehand, and so held in memory beside the one in use.
        threads: that make items.
    """

    def __init__(
        self, make: Callable[[int], Item], count: int, depth: int, threads: int = 1
    ) -> None:
        self._make, self._count, self._depth = make, count, depth
        self._pool = ThreadPoolExecutor(threads, "kwavegan-ahead")
        self._begun: dict[int, Future[Item]] = {}

    def get(self, item: int) -> Item:
        """Return an item; what `make` raises of it is raised here."""
        wanted = range(item, min(item + 1 + self._depth, self._count))
        for number in self._begun.keys() - set(wanted):
            self._begun.pop(number).cancel()
        for number in wanted:
            if number not in self._begun:
                self._begun[number] = self._pool.submit(self._make, number)
        return self._begun.pop(item).result()
