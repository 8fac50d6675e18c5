"""Rows about generating sounds."""

from functools import cache

from benchmarks.counting import cost_of
from benchmarks.machine import limit, products
from benchmarks.rows import Bench, median, row, side
from benchmarks.steps import config_of
from kwavegan.config.networks import architecture_of
from kwavegan.data.drums import LABELS
from kwavegan.generation.generator import Generator
from kwavegan.networks.build import build


@cache
def _generator(bench: Bench) -> Generator:
    """Return a run's generator as `load_run` opens it, but of no run: with fresh weights."""
    config = config_of(bench)
    return Generator(None, config, 0, (), build(architecture_of(config))[0])


def generate(bench: Bench) -> dict:
    """Return the row of many sounds against the matrix product of as many operations."""
    generator, number = _generator(bench), bench.pick(10_000, 200)

    def many(count: int) -> None:
        for _ in range(count):
            generator.generate(LABELS[0], number)

    seconds = bench.interleave({"ours": many, **products(bench)})
    ours = seconds.pop("ours")
    operations = 2 * number * cost_of(generator.network).all
    limits, words = limit(seconds, operations)
    return row(
        "generate",
        median(limits) / median(ours),
        "%",
        0.4,
        True,
        side(f"{number:,} sounds by Generator.generate, latents and all", ours),
        side(words, limits),
    )


def generate_one(bench: Bench) -> dict:
    """Return the row of one sound at a time."""
    generator = _generator(bench)

    def one(count: int) -> None:
        for _ in range(count):
            generator.generate(LABELS[0], 1)

    seconds = bench.interleave({"ours": one})["ours"]
    return row(
        "generate-one",
        1000 * median(seconds),
        "ms",
        5.0,
        False,
        side("one sound by Generator.generate, warm", seconds),
        side("none: a time, not a ratio", [0.0]),
    )
