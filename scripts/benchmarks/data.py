"""Rows about processes as a whole: memory of a step, preparing files, and `--help`."""

import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from scripts.benchmarks.children import child
from scripts.benchmarks.rows import Bench, median, row, side

FILE_RATE, RATE = 16_000, 4_096
"""Hz, of the files and of what is made of them."""

LABELS = 10


def memory(bench: Bench) -> dict:
    """Return the row of a step's memory against plain layers."""
    peaks: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(bench.pick(3, 1)):  # memory hardly varies, and each compiles anew
        for which, values in peaks.items():
            values.append(child("step_memory", which=which, **asdict(bench))["peak"])
    kind = "GPU" if bench.device == "gpu" else "resident"
    return row(
        "memory",
        median(peaks["ours"]) / median(peaks["plain"]),
        "×",
        1.3,
        False,
        side(f"{kind} peak of a process that makes one step of kwavegan", peaks["ours"], "MB"),
        side("the same with networks of plain Keras layers", peaks["plain"], "MB"),
    )


@contextmanager
def folder_of(files: int) -> Iterator[Path]:
    """Make a folder of one-second files of noise, PCM_16; every tenth of them in `few` as well."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        for index in range(files):
            label, number = index % LABELS, index // LABELS
            path = Path(name) / "many" / f"label{label}" / f"sound{number:05}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, rng.integers(-8_000, 8_000, FILE_RATE, dtype="int16"))
            if number % 10 == 0:
                few = Path(name) / "few" / f"label{label}" / path.name
                few.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, few)
        yield Path(name)


def _write(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(FILE_RATE)
        file.writeframes(samples.tobytes())


def _prepare(folder: Path, which: str) -> dict:
    out = folder / "out"
    measured = child("prepare_files", src=str(folder / which), out=str(out), rate=RATE)
    shutil.rmtree(out)
    return measured


def prepare(bench: Bench) -> list[dict]:
    """Return the rows of preparing: its speed against librosa, and its memory."""
    files, part = bench.pick((20_000, 1_000), (400, 40))
    ours, few, loop = [], [], []
    with folder_of(files) as folder:
        for _ in range(bench.repeat):
            ours.append(_prepare(folder, "many"))
            few.append(_prepare(folder, "few"))
            loop.append(child("librosa_loop", src=str(folder / "many"), rate=RATE, count=part))
    seconds = [one["seconds"] for one in ours]
    scaled = [one["seconds"] * files / one["files"] for one in loop]
    peaks = [[one["peak"] for one in some] for some in (ours, few)]
    worker = max(one["worker"] for one in ours)
    return [
        row(
            "prepare",
            median(scaled) / median(seconds),
            "×",
            6.0,
            True,
            side(f"{files:,} one-second files, 16 kHz to {RATE:,} Hz, by prepare()", seconds),
            side("librosa.load and librosa.resample, one file after the other", scaled),
            f"librosa was timed on {part:,} of the files and scaled to {files:,}",
        ),
        row(
            "prepare-memory",
            median(peaks[0]) / median(peaks[1]),
            "×",
            1.1,
            False,
            side(f"peak of prepare()'s process, {files:,} files", peaks[0], "MB"),
            side(f"the same, {files // 10:,} files", peaks[1], "MB"),
            f"the largest worker beside it: {worker:.0f} MB; equal means within 10 %",
        ),
    ]


def help_time(bench: Bench) -> dict:
    """Return the row of the time until the command line answers."""
    program = Path(sys.executable).parent / "kwavegan"
    command = [str(program)] if program.exists() else [sys.executable, "-m", "kwavegan"]
    sides = {
        "ours": partial(_run, command=[*command, "--help"]),
        "python": partial(_run, command=[sys.executable, "-c", "pass"]),
    }
    seconds = bench.interleave(sides)
    return row(
        "help",
        median(seconds["ours"]) - median(seconds["python"]),
        "s",
        0.4,
        False,
        side("kwavegan --help", seconds["ours"]),
        side("python -c pass", seconds["python"]),
    )


def _run(count: int, command: list[str]) -> None:
    for _ in range(count):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
