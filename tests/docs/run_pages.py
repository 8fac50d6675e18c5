"""Run the Python blocks of pages: `python run_pages.py DESK PAGE…`.

The blocks of a page run in order, in one namespace and in a copy of the folder DESK. Trainings are
shortened to `SHORT`, `fit` to one epoch, and an `Architecture` that does not say how large it is
is `SMALL`; all else runs as it is printed. The last line printed
is JSON: a traceback for each page, empty where its blocks ran.
"""

import atexit
import gc
import json
import os
import re
import shutil
import sys
import tempfile
import traceback
from functools import partial
from pathlib import Path
from typing import Any

SMALL = {"generator": "waveform", "critic": "waveform", "width": 2, "latent_dim": 8}
SHORT = {
    **SMALL,
    "rate": 4096,
    "length": 1024,
    "batch_size": 4,
    "steps": 2,
    "log_every": 1,
    "preview_every": 2,
    "evaluate_every": 0,
    "tensorboard": "off",
}

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shorten_trainings() -> None:
    """Let every training take `SHORT`, whatever else it asks for, and every `fit` one epoch."""
    os.environ["KERAS_MAX_EPOCHS"] = "1"
    import kwavegan
    from kwavegan.config import resolution

    kwavegan.Architecture = partial(kwavegan.Architecture, **SMALL)

    resolve = resolution.resolve

    def shortened(preset: Any = None, toml_path: Any = None, options: Any = None) -> Any:
        # A file is the config.toml of a run: that one is read as it is.
        return resolve(preset, toml_path, options if toml_path else {**(options or {}), **SHORT})

    resolution.resolve = shortened


def run(page: Path) -> str:
    """Run the blocks of a page; return a traceback, or nothing."""
    text = page.read_text(encoding="utf-8")
    namespace = {"__name__": "__main__"}
    try:
        for block in BLOCK.finditer(text):
            # Empty lines before it, so that a traceback names the line of the page.
            above = "\n" * text.count("\n", 0, block.start(1))
            exec(compile(above + block[1], page, "exec"), namespace)
    except Exception:
        return traceback.format_exc()
    return ""


def main(desk: Path, pages: list[Path]) -> dict[str, str]:
    """Run pages, each in a folder of its own."""
    shorten_trainings()
    outcomes = {}
    for page in pages:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(shutil.copytree(desk, Path(folder) / "desk"))
            outcomes[str(page)] = run(page)
            os.chdir(desk)
    return outcomes


if __name__ == "__main__":
    gc.set_threshold(2_000_000, 50, 100)  # as in tests/conftest.py, which says why
    atexit.register(gc.freeze)
    desk, *pages = map(Path, sys.argv[1:])
    print(json.dumps(main(desk, pages)))
