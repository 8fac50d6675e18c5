"""Interleaved timing, and a row of results as it goes into the JSON."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Side = Callable[[int], None]
"""What is timed: does its work that many times, and returns when all of it is done."""

ROWS = {
    "recipe": "One step of the default recipe, 4,096 samples at 16,384 Hz",
    "recipe-backends": "The same: slowest ÷ fastest backend",
    "recipe-full-rate": "One step of the default recipe, 32,768 samples at 44,100 Hz",
    "recipe-full-rate-backends": "The same: slowest ÷ fastest backend, at full rate",
    "step": "One training step: plain Keras layers ÷ kwavegan",
    "backends": "One step of WaveGAN's networks: slowest ÷ fastest backend",
    "bfloat16": "One training step: float32 ÷ mixed_bfloat16",
    "roofline": "One training step: its share of the matrix product rate",
    "fit": "Training with data and logs: its share of the bare step's rate",
    "relativistic": "One training step: relativistic with R1 and R2 ÷ WGAN-GP",
    "generate": "Many sounds: their share of the matrix product rate",
    "generate-one": "One sound at a time, warm",
    "memory": "Peak memory of one training step: kwavegan ÷ plain Keras layers",
    "prepare": "Preparing WAV files: plain librosa loop ÷ kwavegan",
    "prepare-memory": "Peak memory of preparing: all files ÷ a tenth of them",
    "help": "`kwavegan --help`, over starting Python",
}
"""Every row of the table, in its order."""

SPREADS = {
    "recipe-backends": "recipe",
    "recipe-full-rate-backends": "recipe-full-rate",
    "backends": "step",
}
"""Rows that come from the JSON files of all backends, and the row of each that they compare."""

DATA = ("prepare", "prepare-memory", "help")
"""Rows that need no backend."""


@dataclass(frozen=True)
class Bench:
    """What a row needs to know.

    Attributes:
        backend, device: as on the command line.
        quick: tiny sizes, to see that all of it runs; the numbers mean nothing.
        repeat: repetitions of each side.
    """

    backend: str
    device: str
    quick: bool
    repeat: int

    def pick(self, full: Any, quick: Any) -> Any:
        """Return one of two sizes."""
        return quick if self.quick else full

    @property
    def architecture(self) -> dict[str, int]:
        """The networks' size; the rest is kwavegan's default."""
        return self.pick({"length": 4096, "width": 32}, {"length": 1024, "width": 4})

    @property
    def batch_size(self) -> int:
        return self.pick(64, 4)

    def interleave(self, sides: Mapping[str, Side]) -> dict[str, list[float]]:
        """Return the seconds of one piece of work of each side, once a repetition: A B A B …

        Whatever the machine does meanwhile then hits all sides alike. Fast work is done many
        times, so that a repetition lasts about a second.
        """
        counts = {name: self._count(side) for name, side in sides.items()}
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(self.repeat):
            for name, side in sides.items():
                seconds[name].append(timed(side, counts[name]) / counts[name])
        return seconds

    def _count(self, side: Side) -> int:
        side(1)  # compiles
        side(1)  # PyTorch and TensorFlow still allocate on the second call
        return 1 if self.quick else min(200, math.ceil(1.0 / timed(side, 1)))


def timed(side: Side, count: int = 1) -> float:
    """Return the seconds that `count` pieces of work take."""
    start = time.perf_counter()
    side(count)
    return time.perf_counter() - start


def median(values: list[float]) -> float:
    return statistics.median(values)


def side(what: str, values: list[float], unit: str = "s") -> dict:
    """Return one side of a row: all repetitions and their median."""
    return {"what": what, "unit": unit, "median": median(values), "repetitions": values}


def row(
    name: str,
    value: float,
    unit: str,
    bar: float | None,
    at_least: bool,
    ours: dict,
    reference: dict,
    note: str = "",
) -> dict:
    """Return a row of the JSON.

    Args:
        name: a key of `ROWS`.
        value: what is measured, in `unit` ("×", "%" as a fraction, "ms" or "s").
        bar: what it is held to; None where there is none on this machine.
        at_least: whether the bar is the lowest good value, not the highest.
        ours, reference: from `side`.
        note: what a reader must know besides.
    """
    met = None if bar is None else bool(value >= bar if at_least else value <= bar)
    return {
        "name": name,
        "title": ROWS[name],
        "value": value,
        "unit": unit,
        "bar": bar,
        "at_least": at_least,
        "met": met,
        "ours": ours,
        "reference": reference,
        "note": note,
    }
