"""A trial's process, as the search that started it sees it."""

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

_SAFE = () if {"", os.getcwd()} & set(sys.path) else ("-P",)
"""Keeps modules of the working folder, such as a `random.py`, out of a trial, as out of us."""

COMMAND = (sys.executable, *_SAFE, "-m", "kwavegan.search.worker")
"""The command that trains one trial."""


class Job:
    """A trial that is being trained: its process, and what that has reported so far.

    Args:
        trial: a trial of the study.
        config: the settings it is trained with.
        folder: the search's; what the process prints goes to `<name>.log` there.
        name: the run's name.
        messages: receives (job, message) for each message, and (job, None) at the process's end.

    Attributes:
        reply: the answer to each report: `"continue"`, `"prune"` or `"stop"`.
        step, score: the last step reported, and the best score so far; NaN for none.
        outcome: how the trial ended, as `kwavegan.search.worker` says; empty until then.
        reported: steps whose score the study knows.
        lost: whether another machine has the trial now.
    """

    def __init__(
        self,
        trial: Trial,
        config: Config,
        folder: Path,
        name: str,
        messages: "queue.Queue[tuple[Job, dict[str, Any] | None]]",
    ) -> None:
        self.trial, self.log, self._messages = trial, folder / f"{name}.log", messages
        self.step, self.score = 0, math.nan
        self.outcome: dict[str, Any] = {}
        self.reply, self.lost = "continue", False
        self.reported = study.reported_steps(trial)
        with self.log.open("w", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                # Ctrl-C is for the search, which has its trials save and stop.
                start_new_session=True,
            )
        assert self._process.stdin is not None, "not a pipe"
        assert self._process.stdout is not None, "not a pipe"
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        assignment = {"config": config.as_dict(), "folder": str(folder.resolve()), "name": name}
        self._write(json.dumps(assignment))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for line in self._stdout:
                with suppress(ValueError):
                    self._messages.put((self, json.loads(line)))
        finally:  # the search waits for this, whatever happens to the pipe
            self._process.wait()
            self._stdout.close()
            self._messages.put((self, None))

    def _write(self, line: str) -> None:
        with suppress(OSError, ValueError):  # the process has ended, which its reader reports
            self._stdin.write(line + "\n")
            self._stdin.flush()

    def send_reply(self) -> None:
        """Answer a report with `reply`."""
        self._write(self.reply)

    def stop(self) -> None:
        """Have the process save and stop at once, where the system can ask for that."""
        if os.name != "nt":  # Windows would end it unsaved
            self._process.terminate()

    def close(self) -> None:
        """Send no more replies; a process that waits for one saves and stops."""
        with suppress(OSError):
            self._stdin.close()

    def wait(self, seconds: float) -> None:
        """Wait until the process ends, at most so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def kill(self) -> None:
        """End the process, saved or not."""
        self._process.kill()
        self._process.wait()

    def cause_of_death(self) -> str:
        """Say why a process ended that reported no outcome."""
        code = self._process.returncode
        if code < 0:
            name = signal.Signals(-code).name
            hint = ", perhaps because memory ran out" if name == "SIGKILL" else ""
            return f"killed by {name}{hint}"
        with suppress(OSError, IndexError):
            return self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
        return f"it ended with code {code}"
