"""Worker processes that do not run the caller's script again, and live no longer than it."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess


class WorkerProcess(SpawnProcess):
    """A spawned process that does not import the main module of its parent.

    Python's own imports it, and so runs a script anew that has no `if __name__ == "__main__":`
    guard. What such a script asks for would wait for its parent, and the parent for it. Functions
    that workers run must be those of modules.

    It ends when its parent is killed: Python's own would wait for work for ever.
    """

    def run(self) -> None:
        threading.Thread(target=_end_with_parent, daemon=True).start()
        super().run()

    def start(self) -> None:
        with _main_module_unnamed():
            super().start()


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


class WorkerContext(SpawnContext):
    """Where `concurrent.futures` gets its processes from."""

    Process = WorkerProcess


@contextmanager
def _main_module_unnamed() -> Iterator[None]:
    """Take from the main module what a spawned process finds it by."""
    main = sys.modules["__main__"]
    names = {name: getattr(main, name) for name in ("__file__", "__spec__") if hasattr(main, name)}
    try:
        main.__spec__ = None
        if "__file__" in names:
            del main.__file__
        yield
    finally:
        for name, value in names.items():
            setattr(main, name, value)
