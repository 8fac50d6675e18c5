"""How many processor cores there are for this process, and work on all of them."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")

_Result = TypeVar("_Result")


def usable_cores() -> int:
    """Return how many cores this process may use, at least 1.

    Example:
        >>> from kwavegan.backend.cores import usable_cores
        >>> usable_cores() >= 1
        True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def on_all_cores(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """Return what `work` makes of each item, in order, with an item on each core.

    For work that runs without Python's lock most of the time, such as NumPy's: threads are enough.

    Example:
        >>> from kwavegan.backend.cores import on_all_cores
        >>> on_all_cores(abs, [-1, 2, -3])
        [1, 2, 3]
    """
    waiting = list(items)
    threads = min(usable_cores(), len(waiting))
    if threads < 2:
        return [work(item) for item in waiting]
    with ThreadPoolExecutor(threads, "kwavegan-core") as pool:
        return list(pool.map(work, waiting))
