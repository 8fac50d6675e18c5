"""Rows about the default recipe: what people run, at a low rate and at full rate."""

from kwavegan.config.settings import Config
from kwavegan.data.drum_sounds import LABELS
from kwavegan.training.build import build_gan
from scripts.benchmarks.rows import Bench, median, row, side
from scripts.benchmarks.steps import bare_step

WARM = 12
"""Steps before the first that counts: PyTorch records its step in them."""


def recipe(bench: Bench) -> dict:
    """Return the row of one step of a quarter of a second at 16,384 Hz."""
    return _step(bench, "recipe", 16_384, 4096)


def recipe_full_rate(bench: Bench) -> dict:
    """Return the row of one step of three quarters of a second at 44,100 Hz."""
    return _step(bench, "recipe-full-rate", 44_100, 32_768)


def _step(bench: Bench, name: str, rate: int, length: int) -> dict:
    rate, length = bench.pick((rate, length), (4096, 1024))
    small = bench.pick({}, {"width": 2, "batch_size": 4})
    config = Config(rate=rate, length=length, channels=1, labels=LABELS, **small)
    step = bare_step(build_gan(config), bench.backend, config.batch_size)
    step(WARM)
    seconds = bench.interleave({"step": step})["step"]
    ours = side(f"{length} samples at {rate} Hz, batch {config.batch_size}", seconds)
    return row(name, median(seconds), "s", None, False, ours, ours)
