"""The rate of a float32 matrix product: the limit that a step's operations are held against."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from keras import ops

from scripts.benchmarks.machine import wait
from scripts.benchmarks.rows import Bench, median


def products(bench: Bench) -> dict[int, Callable[[int], None]]:
    """Return sides that multiply two float32 matrices n × n, by n."""
    done = wait(bench.backend)

    def multiply(count: int, pair: tuple) -> None:
        out = None
        for _ in range(count):
            out = ops.matmul(*pair)
        done(out)

    rng, sides = np.random.default_rng(0), {}
    for n in bench.pick((1024, 2048, 4096), (128, 256)):
        pair = tuple(
            ops.convert_to_tensor(rng.uniform(-1, 1, (n, n)).astype("float32")) for _ in range(2)
        )
        sides[n] = partial(multiply, pair=pair)
    return sides


def limit(seconds: dict[Any, list[float]], operations: float) -> tuple[list[float], str]:
    """Return how long the best matrix product would take for `operations`, and in words.

    Args:
        seconds: by n, of the sides of `products`.
        operations: multiplications and additions.
    """
    best = max(seconds, key=lambda n: 2 * n**3 / median(seconds[n]))
    limits = [operations / (2 * best**3 / each) for each in seconds[best]]
    rate = 2 * best**3 / median(seconds[best]) / 1e9
    return limits, (
        f"{operations / 1e9:.4g} G operations at the {rate:.4g} GFLOP/s of a float32 matrix"
        f" product of {best} × {best}"
    )
