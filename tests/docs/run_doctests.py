"""Run the examples in the docstrings of every module: `python run_doctests.py DESK [MODULE…]`.

They run in a copy of the folder DESK. Trainings are cut short: a `fit`, and the classifier of a
few drums, which several examples train, need no more than `STEPS`.
"""

import atexit
import doctest
import gc
import importlib
import os
import pkgutil
import shutil
import sys
import tempfile
from pathlib import Path

import kwavegan
from kwavegan.evaluation import classifier

STEPS = 40

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules() -> list[str]:
    """Return the names of all public modules; a private one may belong to another backend."""
    found = (info.name for info in pkgutil.walk_packages(kwavegan.__path__, "kwavegan."))
    return ["kwavegan", *(name for name in found if "._" not in name)]


def main(desk: Path, names: list[str]) -> int:
    """Run the examples; print those that fail, and how many there were."""
    os.environ["KERAS_MAX_STEPS_PER_EPOCH"] = str(STEPS)
    classifier.default_steps = lambda dataset: STEPS
    failed = attempted = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(shutil.copytree(desk, Path(folder) / "desk"))
        for name in names or modules():
            result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
            failed, attempted = failed + result.failed, attempted + result.attempted
        os.chdir(desk)
    print(f"{attempted} examples, {failed} failed")
    return 1 if failed or not attempted else 0


if __name__ == "__main__":
    gc.set_threshold(2_000_000, 50, 100)  # as in tests/conftest.py, which says why
    atexit.register(gc.freeze)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
