"""Damaged and hostile files of runs and sets: mutated, always alike, then given to the commands.

    KERAS_BACKEND=jax nice -n 19 python -m scripts.reliability.damage

A small set is prepared and a small run trained. Then one file after the other is mutated, in its
bytes or in what it says, the commands that read it are called, and the file is put back. A command
may work, or end in one line and with exit code 2; anything else is a fault.
"""

import os
import resource
import shutil
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from click.testing import CliRunner

from kwavegan.audio.soundfiles import write_wav
from kwavegan.cli.main import main as kwavegan
from scripts.common.runner import DOCS, ResultTable
from scripts.reliability.mutations import mutated

RESULTS = DOCS / "reliability" / "damage.csv"

COLUMNS = ("file", "number", "mutation", "command", "end", "said", "grown_mb")

RATE, LENGTH = 2_048, 256

SETTINGS = (
    *("--steps", 8, "--log-every", 2, "--checkpoint-every", 4, "--evaluate-every", 4),
    *("--preview-every", 4, "--tensorboard", "off", "--generator", "waveform", "--width", 4),
    *("--critic", "waveform", "--latent-dim", 8, "--label-embedding", 4, "--batch-size", 8),
)
"""Of a training with everything that commands read, as short as can be."""

Command = tuple[object, ...]

_GENERATE: Command = ("generate", "run", "-n", 1, "--out", "out")
_REPORT: Command = ("report", "run", "--out", "out.html")
_PLOT: Command = ("plot", "bare", "--kind", "waves", "--out", "out")
_RESUME: Command = ("train", "--resume", "run", "--steps", 9)
_EVALUATE: Command = ("evaluate", "run", "-n", 16)


@dataclass(frozen=True)
class Target:
    """A file, and the commands that read it.

    Attributes:
        path: below the folder of the trial.
        share: of the mutations, beside others.
        commands: called for every mutation.
        rarely: called for every 25th: they train.
    """

    path: str
    share: int
    commands: tuple[Command, ...]
    rarely: tuple[Command, ...] = ()


TARGETS = (
    Target("runs/run/checkpoints/step-00000008.npz", 6, (_GENERATE,), (_RESUME,)),
    Target("runs/run/config.toml", 6, (("runs",), _GENERATE), (_REPORT, _RESUME)),
    Target("runs/run/status.json", 3, (("runs",),), (_REPORT, _RESUME)),
    Target("runs/run/best.json", 2, (_GENERATE,), (_RESUME,)),
    Target("runs/run/evaluations/step-00000008.json", 4, (("compare", "run"),), (_REPORT,)),
    Target("runs/run/control/step-00000008.json", 2, ((*_GENERATE, "--loudness", 1),)),
    Target("runs/run/metrics.csv", 2, (("plot", "run", "--kind", "losses", "--out", "out"),)),
    Target("runs/run/validation.csv", 1, (_REPORT,), (_RESUME,)),
    Target("runs/run/health.csv", 1, (_REPORT,), (_RESUME,)),
    Target("set/settings.json", 3, (_PLOT, ("prepare", "sounds", "set")), (_EVALUATE,)),
    Target("set/manifest.csv", 3, (("prepare", "sounds", "set"),), (_EVALUATE,)),
    Target("set/train.npy", 3, (_PLOT,), (_EVALUATE,)),
    Target("set/train_labels.npy", 3, (_PLOT,), (_EVALUATE,)),
    Target("set/classifier.npz", 1, (), (_EVALUATE,)),
    Target(
        "made/latents.csv", 3, ((*_GENERATE[:2], "--latents", "made/latents.csv", "--out", "out"),)
    ),
    Target("made/about.json", 1, ((*_GENERATE[:4], "--out", "made"),)),
    Target("table.csv", 2, (("prepare", "sounds", "out", "--labels-from", "table.csv"),)),
    Target("preset.toml", 3, (("train", "nowhere", "--config", "preset.toml"),)),
)


def call(command: Command) -> tuple[str, str]:
    """Call a command of kwavegan in this process; return how it ended, and its last line."""
    arguments = [str(each) for each in command]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # of NumPy, on numbers that are none
        result = CliRunner().invoke(kwavegan, arguments)
    last = (result.stderr.strip().splitlines() or [""])[-1]
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        where = traceback.extract_tb(result.exception.__traceback__)[-1]
        line = f"{type(result.exception).__name__}: {result.exception}".splitlines()[0]
        return "TRACEBACK", f"{Path(where.filename).name}:{where.lineno} {line}"
    if result.exit_code == 2 and last.startswith("kwavegan: ") and len(last) < 2_500:
        return "refused", last
    return ("worked", "") if result.exit_code == 0 else (f"EXIT {result.exit_code}", last)


def build(folder: Path) -> None:
    """Prepare a set and train runs in the current folder; all that `TARGETS` names is there."""
    rng, time = np.random.default_rng(0), np.arange(LENGTH) / RATE
    for label, pitch in (("high", 512.0), ("low", 128.0)):
        for number in range(24):
            sine = rng.uniform(0.4, 0.9) * np.sin(2 * np.pi * pitch * (time + rng.uniform()))
            write_wav(folder / "sounds" / label / f"{label}{number}.wav", sine[:, None], RATE)
    files = sorted((folder / "sounds").rglob("*.wav"))
    rows = [f"{path.relative_to(folder / 'sounds')},{path.parent.name},a" for path in files]
    (folder / "table.csv").write_text("\n".join(["file,pitch,player", *rows]) + "\n")
    for command in (
        ("prepare", "sounds", "set", "--rate", RATE, "--length", LENGTH),
        ("train", "set", "--name", "run", *SETTINGS),
        _EVALUATE,
        (*_GENERATE, "--loudness", 1),
        ("generate", "run", "-n", 3, "--out", "made"),
    ):
        end, said = call(command)
        if end != "worked":
            raise click.ClickException(f"{command}: {end} {said}")
    shutil.rmtree(folder / "out")
    runs = folder / "runs"
    shutil.copytree(runs / "run", runs / "bare", ignore=shutil.ignore_patterns("previews"))
    (folder / "preset.toml").write_text((runs / "run" / "config.toml").read_text())


def trials(count: int) -> Iterator[tuple[Target, int, Sequence[Command]]]:
    """Yield each target so often as its share says, with the commands to call."""
    shares = sum(target.share for target in TARGETS)
    for target in TARGETS:
        for number in range(round(count * target.share / shares)):
            rarely = target.rarely if number % 25 == 0 or not target.commands else ()
            yield target, number, (*target.commands, *rarely)


def try_one(
    world: Path, kept: Path, target: Target, number: int, commands: Sequence[Command]
) -> list[dict[str, object]]:
    """Mutate a file in a fresh copy of the folder, and call commands; return a row for each."""
    shutil.rmtree(world)
    shutil.copytree(kept, world)
    os.chdir(world)
    path = world / target.path
    seed = (11, TARGETS.index(target), number)
    name, data = mutated(path, path.read_bytes(), seed)
    path.write_bytes(data)
    rows = []
    for command in commands:
        before = _peak()
        end, said = call(command)
        grown = _peak() - before
        if strange := _strangers(world):
            end, said = "WROTE ELSEWHERE", strange
        said = said.replace(str(world), "")[:200]
        words = " ".join(map(str, command))
        rows.append(
            dict(zip(COLUMNS, (target.path, number, name, words, end, said, grown), strict=True))
        )
    return rows


def _peak() -> int:
    """Return the most memory that this process had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


_TOP = {
    *("sounds", "set", "runs", "made", "table.csv", "preset.toml", "out", "out.html", "cache"),
}


def _strangers(world: Path) -> str:
    """Return what lies where no command was to write; "" for nothing."""
    beside = {path.name for path in world.parent.iterdir()} - {"world", "kept"}
    return ", ".join(sorted(beside | ({path.name for path in world.iterdir()} - _TOP)))


def _tell_faults(rows: list[dict[str, object]]) -> None:
    for row in rows:
        if row["end"] not in ("worked", "refused"):
            click.echo(" ".join(str(row[name]) for name in COLUMNS))


@click.command()
@click.option("--count", default=500, help="Mutations in all.")
@click.option("--only", default="", help="Part of the name of the files to mutate.")
def main(count: int, only: str) -> None:
    """Mutate files, call commands, and keep how they end."""
    rows: list[dict[str, object]] = []
    with TemporaryDirectory() as temporary:
        root = Path(temporary).resolve()
        world, kept = root / "world", root / "kept"
        world.mkdir()
        os.chdir(world)
        os.environ |= {"KWAVEGAN_RUNS": "runs", "KWAVEGAN_CACHE": str(world / "cache")}
        build(world)
        shutil.copytree(world, kept)
        for target, number, commands in trials(count):
            if only in target.path:
                found = try_one(world, kept, target, number, commands)
                rows += found
                _tell_faults(found)
        os.chdir("/")
    click.echo(
        {end: sum(row["end"] == end for row in rows) for end in {row["end"] for row in rows}}
    )
    if not only:
        RESULTS.unlink(missing_ok=True)
        ResultTable(RESULTS, COLUMNS, ("file",)).append(rows)


if __name__ == "__main__":
    main()
