"""SIGKILL at random moments of prepare, generate, export and search; a second call completes each.

    nice -n 19 python -m scripts.reliability.command_kills --kills 50

Every other kill comes at a random time, the others just before a random change of files. What then
lies under a final name must be whole, and a second call must end with the files of one that nothing
broke, and with nothing unfinished beside them. The trials of the search train nothing: killed
trainings are `training_kills`.
"""

import importlib
import os
import random
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np

from kwavegan.audio.soundfiles import write_wav
from scripts.common.runner import DOCS, ResultTable
from scripts.reliability import children

RESULTS = DOCS / "reliability" / "command-kills.csv"

COLUMNS = ("command", "kill", "by", "moment", "left", "ended", "equal", "why")

RATE, LENGTH = 2_048, 256

TRIAL = DOCS.parent / "tests" / "support" / "fake_worker.py"
"""Takes the place of a trial's training."""

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Victim:
    """A command to kill.

    Attributes:
        arguments: of kwavegan.
        out: the folder that it writes.
        whole: whether that folder appears whole or not at all; else each of its files does.
        once: whether a second call is refused where the first has done its work.
        before: a folder that takes the place of `out` before the command is called; "" for none.
        compared: ends of the names of the files that must be equal in the end.
    """

    arguments: tuple[object, ...]
    out: str
    whole: bool = False
    once: bool = False
    before: str = ""
    compared: tuple[str, ...] = ("",)


_PREPARE = ("--rate", RATE, "--length", LENGTH, "--wav", "--jobs", 1)

VICTIMS = {
    "prepare": Victim(("prepare", "sounds", "set", *_PREPARE), "set", whole=True),
    "prepare again": Victim(
        ("prepare", "sounds", "set", *_PREPARE), "set", whole=True, before="earlier"
    ),
    "generate": Victim(("generate", "--pretrained", "drums", "-n", 3, "--out", "made"), "made"),
    "generate --kit": Victim(
        ("generate", "--pretrained", "drums", "-n", 4, "--kit", "sfz", "--out", "kit"),
        "kit",
        whole=True,
        once=True,
    ),
    "export": Victim(("export", "--pretrained", "drums", "--out", "exports/drums.onnx"), "exports"),
    "search": Victim(
        ("search", "small", "--trials", 4, "--steps", 4, "--batch-size", 8),
        "runs",
        compared=("trials.csv", "best.toml"),
    ),
}


def build(folder: Path) -> None:
    """Write sounds, and prepare what the commands begin with."""
    rng, time = np.random.default_rng(0), np.arange(LENGTH) / RATE
    for label, pitch in (("high", 512.0), ("low", 128.0)):
        for number in range(60):
            sine = rng.uniform(0.4, 0.9) * np.sin(2 * np.pi * pitch * (time + rng.uniform()))
            name = f"{label}/{label}{number:02}.wav"
            write_wav(folder / "sounds" / name, sine[:, None], RATE)
            if number < 40:
                (folder / "fewer" / label).mkdir(parents=True, exist_ok=True)
                shutil.copy2(folder / "sounds" / name, folder / "fewer" / name)
    for source, out in (("fewer", "earlier"), ("fewer", "small")):
        end = children.run_child(
            children.command("prepare", source, out, *_PREPARE), folder / "log"
        )
        if end.code != 0:
            raise click.ClickException(end.output)


def files_in(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder that have their final names."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    names = {str(path.relative_to(folder)): path for path in paths}
    return {
        name: path.read_bytes()
        for name, path in sorted(names.items())
        if not any(part.startswith(".") for part in Path(name).parts)
    }


def unfinished(world: Path) -> list[str]:
    """Return the names of unfinished files and folders, and of locks of writers."""
    return sorted(
        path.name[22:] if path.name.startswith(".partial-") else path.name
        for path in world.rglob(".*")
        if path.name not in (".lock", ".identity")  # of runs and searches, for ever
    )


class Campaign:
    """The kills of one command.

    Args:
        name: a key of `VICTIMS`.
        world: the folder that `build` filled.
        log: where children print.
    """

    def __init__(self, name: str, world: Path, log: Path) -> None:
        self.name, self.victim, self.world, self.log = name, VICTIMS[name], world, log
        self.out = world / self.victim.out
        self.before = files_in(world / self.victim.before) if self.victim.before else {}

    @property
    def work(self) -> children.Work:
        """What calls the command."""
        return children.command(*self.victim.arguments)

    def unbroken(self) -> None:
        """Call the command twice: what it writes, how long it takes, and how often it writes."""
        modules, count = self.log.with_name("modules"), self.log.with_name("count")
        first = self._whole(children.knows_its_modules(self.work, modules))[0]
        children.import_all(modules)
        counted, _ = self._whole(children.count_changes(self.world, self.work, count))
        self.wanted, self.seconds = self._whole(self.work)
        self.changes = int(count.read_text())
        if not self._same(first) or not self._same(counted) or not self.wanted:
            raise click.ClickException(f"{self.name}: two unbroken calls differ")

    def _whole(self, work: children.Work) -> tuple[Files, float]:
        self._reset()
        end = children.run_child(work, self.log)
        if end.code != 0:
            raise click.ClickException(f"{self.name}: {end.output[-2000:]}")
        return files_in(self.out), end.seconds

    def _reset(self) -> None:
        for path in [self.out, *self.world.glob(".*")]:
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True) if path.is_file() else None
        if self.victim.before:
            shutil.copytree(self.world / self.victim.before, self.out)

    def kill(self, number: int) -> dict[str, object]:
        """Kill the command once and call it again; return the row."""
        self._reset()
        draw = random.Random(f"{self.name}/{number}")
        moment = draw.random()
        if number % 2:
            after = moment * self.seconds
            end = children.run_child(self.work, self.log, kill_after=after)
        else:
            change = 1 + int(moment * self.changes)
            end = children.run_child(children.killed_at(change, self.world, self.work), self.log)
        left = unfinished(self.world)
        why = [*self._halves(), *self._again()]
        row = {"command": self.name, "kill": number, "by": "time" if number % 2 else "change"}
        row |= {"moment": f"{moment:.3f}", "left": " ".join(left)}
        ended = "" if end.killed else end.code
        return {**row, "ended": ended, "equal": int(not why), "why": "; ".join(why)}

    def _halves(self) -> list[str]:
        """Return what lies under a final name though it is not whole."""
        found = files_in(self.out)
        if self.victim.whole:
            whole = found in ({}, dict(self.before), dict(self.wanted))
            return [] if whole else [f"a part of {self.victim.out}"]
        known = {**self.before, **self.wanted} if self.victim.compared == ("",) else {}
        return [f"half: {name}" for name, data in found.items() if known.get(name, data) != data]

    def _again(self) -> list[str]:
        """Call the command a second time; return what is wrong then."""
        if self.victim.once and files_in(self.out) == self.wanted:
            return []
        end = children.run_child(self.work, self.log)
        if end.code != 0 or "Traceback" in end.output:
            return [f"exit {end.code}: {end.output.strip().splitlines()[-1][:200]}"]
        wrong = [] if self._same(files_in(self.out)) else ["the files differ"]
        return wrong + [f"left: {name}" for name in unfinished(self.world)]

    def _same(self, found: Files) -> bool:
        if not hasattr(self, "wanted"):
            return True
        ends = self.victim.compared
        one, other = (
            {name: data for name, data in each.items() if name.endswith(ends)}
            for each in (found, self.wanted)
        )
        return one == other


@click.command()
@click.option("--kills", default=50, help="Kills of each command.")
@click.option("--only", default="", help="The command to kill.  [default: all]")
def main(kills: int, only: str) -> None:
    """Kill commands and call them again."""
    for module in ("kwavegan.cli.prepare", "kwavegan.data.preparation", "kwavegan.search.job"):
        importlib.import_module(module)  # once, before the children
    sys.modules["kwavegan.search.job"].COMMAND = (sys.executable, "-I", "-S", str(TRIAL))

    table = ResultTable(RESULTS, COLUMNS, ("command", "kill"))
    with TemporaryDirectory() as folder:
        world, log = Path(folder).resolve() / "world", Path(folder) / "log"
        world.mkdir()
        os.chdir(world)
        os.environ |= {"KWAVEGAN_RUNS": "runs", "KWAVEGAN_CACHE": f"{folder}/cache"}
        build(world)
        for name in [only] if only else VICTIMS:
            campaign = Campaign(name, world, log)
            campaign.unbroken()
            number, done = 0, [row for row in table.rows() if row["command"] == name]
            known = {row["kill"] for row in done}
            killed = sum(row["ended"] == "" for row in done)
            while killed < kills:
                number += 1
                if str(number) not in known:
                    row = campaign.kill(number)
                    table.append([row])
                    killed += row["ended"] == ""
                    click.echo(" ".join(str(row[column]) for column in COLUMNS))
        os.chdir("/")


if __name__ == "__main__":
    main()
