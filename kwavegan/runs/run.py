"""The run folder: its settings, state, metrics and checkpoints; and the list of runs.

A run is all of `config.toml`, `status.json`, `metrics.csv`, `validation.csv`, `health.csv`,
`best.json`, `checkpoints/step-00000500.npz`, `evaluations/step-00000500.json`, `previews/`,
`tensorboard/` and what `report` and `plot` draw of it.
One training at a time writes it, under `Run.lock`; anything may read it meanwhile.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.runs.naming import claim, runs_folder
from kwavegan.storage import archive, files
from kwavegan.storage.archive import Checkpoint
from kwavegan.storage.csv_log import MetricsLog
from kwavegan.storage.locks import try_lock

STATES = ("running", "stopped", "stalled", "finished", "diverged", "failed")

VALIDATION = "validation.csv"
"""In a run: what evaluations on the validation sounds found, by step."""

HEALTH = "health.csv"
"""In a run: the signals that its health is judged by, by step."""

_STEP = re.compile(r"step-(\d{8,})\.(?:npz|json)")


@dataclass(frozen=True)
class Status:
    """How far a run is.

    Attributes:
        state: one of `STATES`; "stopped" before the first step.
        step: steps done. steps: to do in all.
        backend, versions: what computed last, as `backend.versions` gives them.
        started, updated: ISO 8601 times, UTC.
        seconds: trained, summed over all sessions.
        message: why it is in this state; may be empty.
    """

    state: str = "stopped"
    step: int = 0
    steps: int = 0
    backend: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    started: str = ""
    updated: str = ""
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True)
class RunInfo:
    """A run in the list; a damaged one has the state "damaged" and a `problem`.

    A run whose state says "running" while no training holds its lock is "interrupted".
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
    """One run folder."""

    path: Path

    @property
    def name(self) -> str:
        return os.path.basename(os.path.abspath(self.path))

    @classmethod
    def create(cls, name: str | None, config: Config, base: str | Path | None = None) -> "Run":
        """Make a run folder with its settings.

        Args:
            name: of the folder; None for the time and the model, `20260131-142501-cwgan`.
            config: the settings.
            base: where the run folders are, as for `runs_folder`.

        Raises:
            InputError: the name is taken or not allowed, or the place is not writable.
        """
        path = claim(runs_folder(base), name, config.model)
        run = cls(path)
        try:
            files.write_text(path / "config.toml", config.to_toml())
            run._write(Status(steps=config.steps, started=_now()))
        except BaseException:
            shutil.rmtree(path)
            raise
        return run

    @classmethod
    def open(cls, given: str | Path | None = None, base: str | Path | None = None) -> "Run":
        """Find a run by name or path; None for the one started last.

        Raises:
            InputError: there is no such run; the message lists those there are.
        """
        base = runs_folder(base)
        if given is None:
            whole = [info.path for info in list_runs(base) if info.state != "damaged"]
            if not whole:
                raise InputError(f"{base}: no runs yet; `kwavegan train` makes one")
            return cls(Path(whole[0]))
        candidates = (base / given, Path(given).expanduser())
        for path in candidates:
            if (path / "config.toml").is_file():
                return cls(path)
        for path in candidates:
            if path.is_dir():
                raise InputError(f"{path}: {_no_run(path)}")
        names = [info.name for info in list_runs(base)]
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        known = f"the runs are {', '.join(names[:10])}{more}" if names else "there are no runs yet"
        raise InputError(f"{given}: no such run in {base}; {known}")

    def config(self) -> Config:
        """The settings.

        Raises:
            InputError: `config.toml` is missing or damaged.
        """
        return Config.from_toml(self.path / "config.toml")

    def status(self) -> Status:
        """The state as last written.

        Raises:
            InputError: `status.json` is missing or damaged.
        """
        path = self.path / "status.json"
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            status = Status(**{f.name: stored[f.name] for f in fields(Status) if f.name in stored})
            checked = (f for f in fields(Status) if f.type in (str, int))
            if not all(type(getattr(status, f.name)) is f.type for f in checked):
                raise ValueError("wrong types")
            if status.state not in STATES:
                raise ValueError("unknown state")
            datetime.fromisoformat(status.started)
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                f"{path}: missing or damaged; train again under another name"
            ) from error
        return status

    def update(self, **changes: Any) -> Status:
        """Write fields of `Status` that changed, atomically, and the time."""
        return self._write(replace(self.status(), **changes))

    def _write(self, status: Status) -> Status:
        status = replace(status, updated=_now())
        files.write_json(self.path / "status.json", asdict(status))
        return status

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other trainings out; the system frees the lock when this process ends, in any way.

        Raises:
            InputError: another training holds it, or the folder is not writable.
        """
        try:
            file = (self.path / ".lock").open("a+b")
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written: {error.strerror}") from error
        with file:
            # `is_locked` holds it for a moment, so one refusal is not yet an answer.
            if not any(try_lock(file, shared=False) or time.sleep(0.05) for _ in range(10)):
                raise InputError(
                    f"{self.path}: another training is writing this run; wait for it to end, or"
                    " train under another name"
                )
            yield

    def is_locked(self) -> bool:
        """Whether a training is writing this run now."""
        try:
            file = (self.path / ".lock").open("rb")
        except OSError:
            return False
        with file:
            return not try_lock(file, shared=True)

    def steps(self) -> list[int]:
        """The steps that there are checkpoints of, ascending."""
        return self._steps_in("checkpoints")

    def checkpoint_path(self, step: int) -> Path:
        """The file of a step's checkpoint, whether it exists or not."""
        return self.path / "checkpoints" / f"step-{step:08}.npz"

    def evaluated(self) -> list[int]:
        """The steps whose checkpoint has been evaluated, ascending."""
        return self._steps_in("evaluations")

    def _steps_in(self, folder: str) -> list[int]:
        found = (_STEP.fullmatch(path.name) for path in self.path.glob(f"{folder}/*"))
        return sorted(int(match[1]) for match in found if match)

    def evaluation_path(self, step: int) -> Path:
        """The file of a step's evaluation, whether it exists or not."""
        return self.path / "evaluations" / f"step-{step:08}.json"

    def save_checkpoint(
        self, step: int, arrays: Mapping[str, np.ndarray], meta: dict[str, Any], keep: int = 3
    ) -> Path:
        """Write a checkpoint, atomically, then delete all but the last `keep` and the best.

        Args:
            step: steps done.
            arrays: numbers or truth values by name; names may hold "/".
            meta: values that JSON can hold.
            keep: at least 1.

        Raises:
            InputError: the disk is full or not writable.
            TypeError: an array that would need pickle, such as bfloat16 (of ml_dtypes).
        """
        path = self.checkpoint_path(step)
        with files.atomic(path) as partial:
            archive.write(partial, step, arrays, meta)
        for old in self.steps()[:-keep]:
            if old != self.best_step():
                self.checkpoint_path(old).unlink(missing_ok=True)
        return path

    def load_checkpoint(self, step: int | None = None) -> Checkpoint:
        """Read a checkpoint and check its sum; None for the newest that is whole.

        Raises:
            InputError: there is none of that step, or it is damaged, or none is whole.
        """
        if step is not None and step not in self.steps():
            known = ", ".join(map(str, self.steps())) or "none yet"
            raise InputError(f"{self.path}: no checkpoint of step {step}; there are: {known}")
        problems: list[str] = []
        tried: set[int] = set()
        # Listed anew each time: a training may be deleting old ones, after it wrote newer ones.
        while untried := [s for s in self.steps() if s not in tried and step in (None, s)]:
            tried.add(untried[-1])
            path = self.checkpoint_path(untried[-1])
            try:
                passed = tuple(f"{problem}; passed over" for problem in problems)
                return replace(archive.read(path), problems=passed)
            except FileNotFoundError:
                continue
            except archive.DamagedError as error:
                problems.append(f"{path}: {error}")
        why = problems[0] if problems else f"{self.path}: no checkpoint yet"
        raise InputError(f"{why}; take another step or run, or train again")

    def best_or_last(self) -> Checkpoint:
        """Read the best checkpoint; where there is none, or it is damaged, the newest whole one.

        Raises:
            InputError: none is whole.
        """
        best = self.best_step()
        if best is None:
            return self.load_checkpoint()
        try:
            return self.load_checkpoint(best)
        except InputError as error:
            stored = self.load_checkpoint()
            passed = f"{self.path}: the best checkpoint, of step {best}, cannot be read: {error}"
            return replace(stored, problems=(passed, *stored.problems))

    def mark_best(self, step: int, **why: Any) -> None:
        """Name the best checkpoint so far, in `best.json`; it is never deleted."""
        files.write_json(self.path / "best.json", {"step": step, **why})

    def best_step(self) -> int | None:
        """The step that `mark_best` named."""
        try:
            return json.loads((self.path / "best.json").read_text(encoding="utf-8"))["step"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def rewind(self, step: int) -> MetricsLog:
        """Forget what came after `step`, and return the log to go on with; 0 for a new run.

        Deletes later checkpoints, evaluations and rows of metrics, and what a killed training
        left half done.
        Call it under `lock`.
        """
        for later in self.steps():
            if later > step:
                self.checkpoint_path(later).unlink()
        for evaluated in self.evaluated():
            if evaluated > step:
                self.evaluation_path(evaluated).unlink()
        if (self.best_step() or 0) > step:
            files.remove(self.path / "best.json")
        for partial in list(self.path.rglob(f"{files.PARTIAL}*")):
            files.remove(partial)
        for name in (VALIDATION, HEALTH):
            MetricsLog(self.path / name, step)
        return MetricsLog(self.path / "metrics.csv", step)


def list_runs(base: str | Path | None = None) -> list[RunInfo]:
    """The runs in a folder, started last first, then the damaged ones."""
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


def _no_run(path: Path) -> str:
    """Say what a folder without settings is: that of a search, most likely, or a damaged run."""
    inside = sorted(config.parent for config in path.glob("*/config.toml"))
    if inside:
        return f"holds runs and is none itself; give one of them, such as {inside[0]}"
    return "not a run, or damaged (no config.toml)"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
