"""How many processor cores there are for this process."""

import os


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
