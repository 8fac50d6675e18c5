"""The run folder: its settings, state, metrics and checkpoints; and the list of runs.

A run folder holds `config.toml`, `status.json`, `metrics.csv`, `validation.csv`, `health.csv`,
`best.json`, `checkpoints/step-00000500.npz`, `evaluations/step-00000500.json`, `previews/`,
`tensorboard/`, and the page and figures of `report` and `plot`. One training at a time writes to
it, under `Run.lock`; anyone may read it meanwhile.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from kwavegan.config.resolution import read_config
from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.runs.links import refuse_links_out
from kwavegan.runs.naming import create_run_folder, runs_folder
from kwavegan.runs.status import Status, now_after, read_status, write_status
from kwavegan.storage import archive, files
from kwavegan.storage.archive import Checkpoint
from kwavegan.storage.csv_log import MetricsLog
from kwavegan.storage.failures import reason
from kwavegan.storage.locks import try_lock
from kwavegan.storage.reading import read_json
from kwavegan.storage.values import table, whole

VALIDATION = "validation.csv"
"""Name of the file in a run with the scores on the validation sounds, by step."""

HEALTH = "health.csv"
"""Name of the file in a run with the signals of its health, by step."""

_STEP = re.compile(r"step-(\d{8,})\.(?:npz|json)")


@dataclass(frozen=True)
class RunInfo:
    """An entry of the list of runs.

    A damaged run has the state "damaged" and a `problem`. A run is "interrupted" if its stored
    state is "running", and no training holds its lock.
    """

    name: str
    path: str
    state: str
    model: str = ""
    labels: tuple[str, ...] = ()
    backend: str = ""
    step: int = 0
    steps: int = 0
    started: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Run:
    """One run folder.

    Attributes:
        path: the folder.

    Example:
        >>> from kwavegan import Config
        >>> from kwavegan.runs import Run
        >>> run = Run.create("snares", Config(steps=500))
        >>> run.name, run.status().state, run.config().steps
        ('snares', 'stopped', 500)
        >>> Run.open("snares") == run
        True
    """

    path: Path

    @property
    def name(self) -> str:
        """The name of the folder."""
        return os.path.basename(os.path.abspath(self.path))

    @property
    def runs_dir(self) -> str | None:
        """The folder of runs that commands must be told for this one; None where they know it."""
        folder = Path(os.path.abspath(self.path)).parent
        return None if folder.resolve() == runs_folder().resolve() else str(folder)

    @classmethod
    def create(cls, name: str | None, config: Config, base: str | Path | None = None) -> "Run":
        """Create a run folder with its settings.

        Args:
            name: of the folder; None for the time and the model, `20260131-142501-cwgan`.
            config: the settings.
            base: the folder of the run folders; None for `KWAVEGAN_RUNS`, or `./runs`.

        Raises:
            InputError: the name exists already or is not allowed, or `base` is not writable.
        """
        path = create_run_folder(runs_folder(base), name, config.model)
        run = cls(path)
        try:
            files.write_text(path / "config.toml", config.to_toml())
            status = Status(steps=config.steps, started=now_after(path.parent))
            write_status(path / "status.json", status)
        except BaseException:
            shutil.rmtree(path)
            raise
        return run

    @classmethod
    def open(cls, run: str | Path | None = None, base: str | Path | None = None) -> "Run":
        """Open a run.

        Args:
            run: name or path; None for the run that started last.
            base: the folder of the run folders; None for `KWAVEGAN_RUNS`, or `./runs`.

        Raises:
            InputError: there is no such run; the message lists the runs in `base`.
        """
        base = runs_folder(base)
        if run is None:
            undamaged = [info.path for info in list_runs(base) if info.state != "damaged"]
            if not undamaged:
                raise InputError(f"{base}: no runs yet; `kwavegan train` makes one")
            return cls(Path(undamaged[0]))
        candidates = (base / run, Path(run).expanduser())
        for path in candidates:
            if (path / "config.toml").is_file():
                return cls(path)
        for path in candidates:
            if path.is_dir():
                raise InputError(f"{path}: {_no_run(path)}")
        names = [info.name for info in list_runs(base)]
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        known = f"the runs are {', '.join(names[:10])}{more}" if names else "there are no runs yet"
        raise InputError(f"{run}: no such run in {base}; {known}")

    def config(self) -> Config:
        """Read the settings.

        Raises:
            InputError: `config.toml` is missing or damaged.
        """
        return read_config(self.path / "config.toml")

    def status(self) -> Status:
        """Read the state as last written.

        Raises:
            InputError: `status.json` is missing or damaged.
        """
        return read_status(self.path / "status.json")

    def update(self, **changes: Any) -> Status:
        """Write changed fields of `Status`, and the time, atomically."""
        return write_status(self.path / "status.json", replace(self.status(), **changes))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock that keeps other trainings out.

        The system releases it when this process ends, also when it is killed.

        Raises:
            InputError: another training holds the lock, the folder is not writable, or what a
                training writes into it would be written elsewhere.
        """
        refuse_links_out(self.path)
        try:
            file = (self.path / ".lock").open("a+b")
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written: {reason(error)}") from error
        with file:
            if not _lock_within_half_a_second(file):
                raise InputError(
                    f"{self.path}: another training is writing this run; wait for it to end, or"
                    " train under another name"
                )
            yield

    def is_locked(self) -> bool:
        """Return whether a training writes to this run now."""
        try:
            file = (self.path / ".lock").open("rb")
        except OSError:
            return False
        with file:
            return not try_lock(file, shared=True)

    def checkpoint_steps(self) -> list[int]:
        """Return the steps of the checkpoints, in ascending order."""
        return self._steps_in("checkpoints")

    def checkpoint_path(self, step: int) -> Path:
        """Return the path of a step's checkpoint, whether it exists or not."""
        return self.path / "checkpoints" / f"step-{step:08}.npz"

    def evaluation_steps(self) -> list[int]:
        """Return the steps of the evaluations, in ascending order."""
        return self._steps_in("evaluations")

    def _steps_in(self, folder: str) -> list[int]:
        matches = (_STEP.fullmatch(path.name) for path in self.path.glob(f"{folder}/*"))
        return sorted(int(match[1]) for match in matches if match)

    def evaluation_path(self, step: int) -> Path:
        """Return the path of a step's evaluation, whether it exists or not."""
        return self.path / "evaluations" / f"step-{step:08}.json"

    def save_checkpoint(
        self, step: int, arrays: Mapping[str, np.ndarray], meta: dict[str, Any], keep: int = 3
    ) -> Path:
        """Write a checkpoint atomically, then delete all but the last `keep` and the best.

        Args:
            step: number of steps done.
            arrays: numbers or booleans by name; names may contain "/".
            meta: values that JSON can represent.
            keep: number of checkpoints, at least 1.

        Raises:
            InputError: the disk is full or not writable.
            TypeError: an array needs pickle, such as bfloat16 (of ml_dtypes).
        """
        path = self.checkpoint_path(step)
        with files.atomic(path) as partial:
            archive.write_archive(partial, step, arrays, meta)
        for old in self.checkpoint_steps()[:-keep]:
            if old != self.best_step():
                self.checkpoint_path(old).unlink(missing_ok=True)
        return path

    def load_checkpoint(self, step: int | None = None) -> Checkpoint:
        """Read a checkpoint and verify its checksum.

        Args:
            step: of the checkpoint; None for the newest undamaged one.

        Raises:
            InputError: there is no checkpoint of that step, or it is damaged; or there is no
                undamaged one.
        """
        if step is not None and step not in self.checkpoint_steps():
            known = ", ".join(map(str, self.checkpoint_steps())) or "none yet"
            raise InputError(f"{self.path}: no checkpoint of step {step}; there are: {known}")
        problems: list[str] = []
        rejected: set[int] = set()
        while candidates := self._candidates(step, rejected):
            path = self.checkpoint_path(candidates[-1])
            try:
                skipped = tuple(f"{problem}; passed over" for problem in problems)
                return replace(archive.read_archive(path), problems=skipped)
            except FileNotFoundError:
                pass  # a training deleted it, after it wrote a newer one
            except archive.DamagedError as error:
                problems.append(f"{path}: {error}")
            rejected.add(candidates[-1])
        why = problems[0] if problems else f"{self.path}: no checkpoint yet"
        raise InputError(f"{why}; take another step or run, or train again")

    def _candidates(self, step: int | None, rejected: set[int]) -> list[int]:
        """Return the steps of checkpoints that are left to try, as they are on the disk now."""
        return [s for s in self.checkpoint_steps() if s not in rejected and step in (None, s)]

    def best_or_last(self) -> Checkpoint:
        """Read the best checkpoint; if there is none, or it is damaged, the newest undamaged one.

        Raises:
            InputError: there is no undamaged checkpoint.
        """
        best = self.best_step()
        if best is None:
            return self.load_checkpoint()
        try:
            return self.load_checkpoint(best)
        except InputError as error:
            newest = self.load_checkpoint()
            problem = f"{self.path}: the best checkpoint, of step {best}, cannot be read: {error}"
            return replace(newest, problems=(problem, *newest.problems))

    def mark_best(self, step: int, **scores: Any) -> None:
        """Name the best checkpoint so far in `best.json`; `save_checkpoint` never deletes it.

        Args:
            step: of the checkpoint.
            scores: values that JSON can represent, to store beside it.
        """
        files.write_json(self.path / "best.json", {"step": step, **scores})

    def best_step(self) -> int | None:
        """Return the step of the best checkpoint; None where none is marked."""
        try:
            return whole(table(read_json(self.path / "best.json"))["step"])
        except (OSError, ValueError, KeyError):
            return None

    def rewind(self, step: int) -> MetricsLog:
        """Return the run to its state after `step` (0 for a new run); call it under `lock`.

        It deletes later checkpoints, evaluations and rows of metrics, and partial files of a
        killed training.

        Returns:
            The log of metrics, for the rows after `step`.
        """
        for later in self.checkpoint_steps():
            if later > step:
                self.checkpoint_path(later).unlink()
        for later in self.evaluation_steps():
            if later > step:
                self.evaluation_path(later).unlink()
        if (self.best_step() or 0) > step:
            files.remove(self.path / "best.json")
        for partial in list(self.path.rglob(f"{files.PARTIAL}*")):
            files.remove(partial)
        for name in (VALIDATION, HEALTH):
            MetricsLog(self.path / name, step)
        return MetricsLog(self.path / "metrics.csv", step)


def list_runs(base: str | Path | None = None) -> list[RunInfo]:
    """List the runs in a folder: the last started first, the damaged ones at the end.

    Args:
        base: the folder of the run folders; None for `KWAVEGAN_RUNS`, or `./runs`.

    Example:
        >>> from kwavegan import Config
        >>> from kwavegan.runs import Run, list_runs
        >>> _ = Run.create("first", Config(), base="my-runs")
        >>> [(run.name, run.state, run.step) for run in list_runs("my-runs")]
        [('first', 'stopped', 0)]
    """
    known = ("config.toml", "status.json", "checkpoints")
    paths = sorted(path for path in runs_folder(base).glob("[!.]*") if path.is_dir())
    infos = [_describe(Run(p)) for p in paths if any((p / name).exists() for name in known)]
    return sorted(infos, key=lambda info: info.started, reverse=True)


def _describe(run: Run) -> RunInfo:
    try:
        config, status = run.config(), run.status()
    except InputError as error:
        return RunInfo(run.name, str(run.path), "damaged", problem=str(error))
    interrupted = status.state == "running" and not run.is_locked()
    return RunInfo(
        name=run.name,
        path=str(run.path),
        state="interrupted" if interrupted else status.state,
        model=config.model,
        labels=config.labels,
        backend=status.backend,
        step=status.step,
        steps=status.steps,
        started=status.started,
    )


def _lock_within_half_a_second(file: IO[bytes]) -> bool:
    """Try to lock a file; in another process, `is_locked` may hold its lock for a moment."""
    for _ in range(10):
        if try_lock(file, shared=False):
            return True
        time.sleep(0.05)
    return False


def _no_run(path: Path) -> str:
    """Explain a folder without settings: most likely that of a search, or a damaged run."""
    runs = sorted(config.parent for config in path.glob("*/config.toml"))
    if runs:
        return f"holds runs and is none itself; give one of them, such as {runs[0]}"
    return "not a run, or damaged (no config.toml)"
