"""SIGKILL at random moments of a training; every run must end bit-equal to the unbroken one.

    KERAS_BACKEND=jax nice -n 19 python -m scripts.reliability.training_kills SET --kills 70

SET is a small prepared folder. A *chain* is one run, killed some times and resumed each time, until
a last session finishes it: its files are then compared with those of a run that nothing broke.
Every other kill comes at a random time, the others just before a random change of its files.
"""

import csv
import importlib
import json
import os
import random
from collections.abc import Iterable
from pathlib import Path

import click
import numpy as np

from kwavegan.backend.selection import select_backend
from scripts.common.runner import DOCS, ResultTable
from scripts.reliability import children

RESULTS = DOCS / "reliability" / "training-kills.csv"

COLUMNS = ("backend", "chain", "kill", "by", "moment", "reached", "left", "ended", "equal", "why")

LINKS = 5
"""Kills in a chain."""

STEPS = 12

SETTINGS = (
    *("--steps", STEPS, "--log-every", 3, "--checkpoint-every", 4, "--evaluate-every", 4),
    *("--preview-every", 8, "--tensorboard", "on", "--report", "--critic", "waveform"),
    *("--width", 4, "--latent-dim", 8, "--label-embedding", 4, "--batch-size", 8),
)
"""Of a training with everything on, as short as can be."""

_CLOCKS = ("seconds", "steps_per_second")


def train(data: Path, runs: Path, name: str) -> children.Work:
    """Return what trains a run from its start."""
    return children.command("train", data, "--name", name, "--runs-dir", runs, *SETTINGS)


def go_on(data: Path, runs: Path, name: str) -> children.Work:
    """Return what resumes a run."""
    return children.command("train", data, "--resume", name, "--runs-dir", runs, "--report")


def differences(run: Path, other: Path) -> list[str]:
    """Return what differs between two finished runs that must be alike, clocks apart."""
    found = [
        name
        for name in ("metrics.csv", "validation.csv", "health.csv")
        if _rows(run / name) != _rows(other / name)
    ]
    found += [] if _best(run) == _best(other) else ["best.json"]
    for folder in ("checkpoints", "previews"):
        names = {_names(each / folder) for each in (run, other)}
        if len(names) > 1:
            found.append(f"the files in {folder}")
            continue
        found += [
            name for name in names.pop() if not _alike(run / folder / name, other / folder / name)
        ]
    state = json.loads((run / "status.json").read_text())
    found += [] if (state["state"], state["step"]) == ("finished", STEPS) else ["status.json"]
    found += [f"left: {path.name}" for path in run.rglob(".partial-*")]
    found += [] if (run / "report.html").stat().st_size > 10_000 else ["report.html"]
    return found + _board(run)


def _names(folder: Path) -> tuple[str, ...]:
    return tuple(
        sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [
            {name: value for name, value in row.items() if name not in _CLOCKS}
            for row in csv.DictReader(file)
        ]


def _best(run: Path) -> dict:
    return json.loads((run / "best.json").read_text())


def _alike(one: Path, other: Path) -> bool:
    if one.suffix != ".npz":
        return one.read_bytes() == other.read_bytes()
    with np.load(one) as a, np.load(other) as b:
        return sorted(a.files) == sorted(b.files) and all(
            a[name].dtype == b[name].dtype and a[name].tobytes() == b[name].tobytes()
            for name in a.files
            if name not in ("header", "checksum")
        )


def _board(run: Path) -> list[str]:
    """Read the TensorBoard log as TensorBoard does; return what is wrong with its losses."""
    seen: dict[int, float] = {}
    for path in sorted((run / "tensorboard").iterdir(), key=lambda path: path.stat().st_mtime_ns):
        for event in _events(path):
            if event.HasField("session_log") and event.session_log.status == 1:  # a new session
                seen = {step: value for step, value in seen.items() if step < event.step}
            for value in event.summary.value:
                if value.tag == "loss/discriminator":
                    seen[event.step] = value.simple_value
    rows = {int(row["step"]): np.float32(row["d_loss"]) for row in _rows(run / "metrics.csv")}
    return [] if seen == rows else [f"tensorboard: {sorted(seen)} of {sorted(rows)}"]


def _events(path: Path) -> Iterable:
    from tensorboardX.proto.event_pb2 import Event

    data, place = path.read_bytes(), 0
    while place + 12 <= len(data):
        size = int.from_bytes(data[place : place + 8], "little")
        if place + 16 + size > len(data):
            return  # a killed session's last event
        yield Event.FromString(data[place + 12 : place + 12 + size])
        place += 16 + size


class Campaign:
    """The chains of one backend.

    Args:
        data: the prepared folder.
        work: where the runs are.
        table: where the rows go.
        backend: the name of the one that runs.
    """

    def __init__(self, data: Path, work: Path, table: ResultTable, backend: str) -> None:
        self.data, self.table, self.backend = data, table, backend
        self.runs = work / f"runs-{backend}"
        self.log = work / f"{backend}.log"
        self.runs.mkdir(parents=True, exist_ok=True)

    def unbroken(self) -> None:
        """Train the run to compare with; find out how long it takes, and how often it writes."""
        modules, count = self.runs / "modules.txt", self.runs / "changes.txt"
        if not (self.runs / "whole" / "report.html").exists() or not modules.exists():
            work = children.count_changes(self.runs, train(self.data, self.runs, "whole"), count)
            end = children.run_child(children.knows_its_modules(work, modules), self.log)
            if end.code != 0:
                raise click.ClickException(end.output[-2000:])
        children.import_all(modules)
        again = self.runs / "again"
        if not again.exists():
            end = children.run_child(train(self.data, self.runs, "again"), self.log)
            (self.runs / "seconds.txt").write_text(str(end.seconds))
        if wrong := differences(again, self.runs / "whole"):
            raise click.ClickException(f"two unbroken runs differ: {wrong}")
        self.seconds = float((self.runs / "seconds.txt").read_text())
        self.changes = int(count.read_text())

    def chain(self, number: int) -> list[dict[str, object]]:
        """Train a run that is killed `LINKS` times; return a row for each kill."""
        name, rows = f"chain-{number:03}", []
        draw = random.Random(f"{self.backend}/{number}")
        share = 1.0
        for kill in range(1, LINKS + 1):
            begun = (self.runs / name / "config.toml").exists()
            work = (go_on if begun else train)(self.data, self.runs, name)
            moment = draw.random() * share
            if kill % 2:
                end = children.run_child(work, self.log, kill_after=moment * self.seconds)
            else:
                change = 1 + int(moment * self.changes)
                end = children.run_child(children.killed_at(change, self.runs, work), self.log)
            reached, left = self._state(name)
            share = 1 - reached / STEPS * 0.5
            row = {"backend": self.backend, "chain": number, "kill": kill}
            row |= {"by": "time" if kill % 2 else "change", "moment": f"{moment:.3f}"}
            rows.append(
                {**row, "reached": reached, "left": left, "ended": "" if end.killed else end.code}
            )
            if not end.killed:
                break
        begun = (self.runs / name / "config.toml").exists()
        end = children.run_child((go_on if begun else train)(self.data, self.runs, name), self.log)
        why = _wrong(end, self.runs / name, self.runs / "whole")
        self._clean(name, why)
        return [{**row, "equal": int(not why), "why": why} for row in rows]

    def _state(self, name: str) -> tuple[int, str]:
        """Return the last checkpoint of a killed run, and what unfinished files it has."""
        run = self.runs / name
        steps = [int(path.stem[5:]) for path in run.glob("checkpoints/step-*.npz")]
        return max(steps, default=0), " ".join(path.name[22:] for path in run.rglob(".partial-*"))

    def _clean(self, name: str, why: str) -> None:
        if not why:
            import shutil

            shutil.rmtree(self.runs / name)


def _wrong(end: children.End, run: Path, whole: Path) -> str:
    if end.code != 0:
        return f"exit {end.code}: {end.output.strip().splitlines()[-1][:200]}"
    if "Traceback" in end.output:
        return "a traceback"
    return "; ".join(differences(run, whole))


@click.command()
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option("--kills", default=70, help="Kills in all.")
@click.option("--work", default="/tmp/kwavegan-kills", type=click.Path(path_type=Path))
def main(data: Path, kills: int, work: Path) -> None:
    """Kill trainings on DATA, on the backend that KERAS_BACKEND names."""
    backend = select_backend()
    for module in ("kwavegan.cli.train", "kwavegan.training.session"):
        importlib.import_module(module)  # once, before the children

    table = ResultTable(RESULTS, COLUMNS, ("backend", "chain"))
    campaign = Campaign(data.resolve(), work.resolve(), table, backend)
    campaign.unbroken()
    number = 0
    while True:
        mine = [row for row in table.rows() if row["backend"] == backend]
        if sum(row["ended"] == "" for row in mine) >= kills:
            return
        number = max((int(row["chain"]) for row in mine), default=0) + 1
        rows = campaign.chain(number)
        table.append(rows)
        click.echo(
            f"{os.getpid()} {backend} {number}: {[row['moment'] for row in rows]} {rows[-1]['why']}"
        )


if __name__ == "__main__":
    main()
