"""A trial's process, as the search that began it sees it."""

import json
import math
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from optuna.trial import Trial

from kwavegan.config.settings import Config
from kwavegan.search import study

COMMAND = (sys.executable, "-m", "kwavegan.search.worker")
"""What trains a trial."""


class Job:
    """A trial in hand: `python -m kwavegan.search.worker` and what it has said so far.

    Args:
        trial: of the study.
        config: the settings it is trained with.
        folder: of the search; what the process prints goes to `<name>.log` there.
        name: of the run.
        news: where (job, what it says) goes; (job, None) once the process has ended.

    Attributes:
        told: what it is answered: `"on"`, `"prune"` or `"stop"`.
        step, score: of the last row, and the best so far; NaN for none.
        ended: how it ended, as `kwavegan.search.worker` says; empty until then.
        reported: steps whose score the study knows.
        lost: whether another machine has the trial now.
    """

    def __init__(
        self, trial: Trial, config: Config, folder: Path, name: str, news: queue.Queue
    ) -> None:
        self.trial, self.log, self._news = trial, folder / f"{name}.log", news
        self.step, self.score = 0, math.nan
        self.ended: dict[str, Any] = {}
        self.told, self.lost = "on", False
        self.reported = study.reported(trial)
        with self.log.open("w", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                # Ctrl-C is for the search: it tells its trials to save and stop.
                start_new_session=True,
            )
        wishes = {"config": config.as_dict(), "folder": str(folder.resolve()), "name": name}
        self._write(json.dumps(wishes))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout:
            with suppress(ValueError):
                self._news.put((self, json.loads(line)))
        self._process.wait()
        self._process.stdout.close()
        self._news.put((self, None))

    def _write(self, line: str) -> None:
        with suppress(OSError, ValueError):  # it has ended: its reader says so
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def answer(self) -> None:
        """Let it go on, or have it stop: what `told` says."""
        self._write(self.told)

    def stop(self) -> None:
        """Have it save and stop at once, where that can be asked for."""
        if os.name != "nt":  # where it would end unsaved
            self._process.terminate()

    def close(self) -> None:
        """Say no more; a process that still asks stops and saves."""
        with suppress(OSError):
            self._process.stdin.close()

    def wait(self, seconds: float) -> None:
        """Wait for its end, but no longer than that."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def kill(self) -> None:
        """End it, saved or not."""
        self._process.kill()
        self._process.wait()

    def death(self) -> str:
        """Say how a process ended that did not do so itself."""
        code = self._process.returncode
        if code < 0:
            name = signal.Signals(-code).name
            return f"killed by {name}" + (
                ", perhaps for want of memory" if name == "SIGKILL" else ""
            )
        with suppress(OSError, IndexError):
            return self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
        return f"it ended with code {code}"
