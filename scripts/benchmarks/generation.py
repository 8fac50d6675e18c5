"""Rows about generating sounds."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import keras

from kwavegan.data.drum_sounds import LABELS
from kwavegan.generation.generator import SoundGenerator
from kwavegan.networks.build import build_networks
from kwavegan.player import Player
from kwavegan.runs.run import Run
from scripts.benchmarks.counting import cost_of
from scripts.benchmarks.products import limit, products
from scripts.benchmarks.rows import Bench, median, row, side
from scripts.benchmarks.steps import config_of


@cache
def _generator(bench: Bench) -> SoundGenerator:
    """Return a generator of no run, with fresh weights, played by Keras: `generate --backend`."""
    config = config_of(bench)
    return SoundGenerator(
        Run(Path("benchmark")), config, 0, (), build_networks(config.architecture)[0]
    )


def _as_opened(generator: SoundGenerator) -> SoundGenerator:
    """Return a generator as `load_generator` opens it: played by NumPy."""
    weights = {w.path: keras.ops.convert_to_numpy(w) for w in generator.network.weights}
    return replace(generator, player=Player(generator.config.architecture, weights))


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
        side(f"{number:,} sounds by SoundGenerator.generate in Keras, latents and all", ours),
        side(words, limits),
    )


def generate_one(bench: Bench) -> dict:
    """Return the row of one sound at a time."""
    generator = _as_opened(_generator(bench))

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
        side("one sound by SoundGenerator.generate, which NumPy plays, warm", seconds),
        side("none: a time, not a ratio", [0.0]),
    )
