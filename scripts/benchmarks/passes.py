"""The time of a step in parts: each layer's passes alone, and the step with parts left out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from kwavegan.backend import autodiff
from kwavegan.gan.model import WaveGAN
from kwavegan.gan.objectives import LossAndGradients, Objectives
from kwavegan.training.build import build_gan
from kwavegan.types import Tensor
from scripts.benchmarks.counting import COUNTED
from scripts.benchmarks.machine import wait
from scripts.benchmarks.rows import Bench, Side, median
from scripts.benchmarks.steps import bare_step, config_of, step_side

PASSES = ("F", "FI", "FWI")
"""What is timed of a layer: forward; with the gradient to its input; with that to its weights."""


@dataclass(frozen=True)
class CostlessObjectives(Objectives):
    """Objectives that cost nothing: a step is then optimizers, EMA, noise and logs alone."""

    def generate(self, weights: list, batch: dict, noise: dict) -> Tensor:
        return batch["audio"]

    def discriminator_loss_and_gradients(
        self, weights: list, batch: dict, fake: Tensor, noise: dict, gamma: Any
    ) -> LossAndGradients:
        names = ("d_adversarial_loss", "penalty", "gradient_penalty", "real_score")
        return self._costless(weights, batch, names)

    def generator_loss_and_gradients(
        self, weights: list, d_weights: list, batch: dict, noise: dict
    ) -> LossAndGradients:
        return self._costless(weights, batch, ())

    def _costless(self, weights: list, batch: dict, names: tuple[str, ...]) -> LossAndGradients:
        value = ops.mean(batch["audio"])
        return value, dict.fromkeys(names, value), [1e-3 * weight for weight in weights]


def profile(bench: Bench) -> dict[str, float]:
    """Return the seconds of a step by what takes them; `whole` is all of it."""
    costless = build_gan(config_of(bench), partial(WaveGAN, objectives=CostlessObjectives))
    unshuffled = build_gan(config_of(bench, phase_shuffle=0))
    sides = {
        "whole": step_side(bench, "ours"),
        "unshuffled": bare_step(unshuffled, bench.backend, bench.batch_size),
        "costless": bare_step(costless, bench.backend, bench.batch_size),
    }
    times = {name: median(each) for name, each in bench.interleave(sides).items()}
    gan, size = build_gan(config_of(bench)), bench.batch_size
    generator = time_passes(gan.generator, size, bench)
    one, both = (time_passes(gan.discriminator, n * size, bench) for n in (1, 2))
    parts = {
        "generator's layers": 2 * generator["F"] + generator["W"] + generator["I"],
        "discriminator's layers, scores": sum(both.values()),
        "discriminator's layers, penalty": 2 * one["F"] + one["I"] + one["W"],
        "discriminator's layers, for the generator": one["F"] + one["I"],
        "phase shuffle": max(0.0, times["whole"] - times["unshuffled"]),
        "optimizers, average, noise, logs": times["costless"],
    }
    return {**parts, "the rest": times["whole"] - sum(parts.values()), "whole": times["whole"]}


def time_passes(network: keras.Model, batch_size: int, bench: Bench) -> dict[str, float]:
    """Return the seconds of all layers' passes F, W and I together; see `counting`."""
    sides = {}
    for layer in network.layers:
        if isinstance(layer, COUNTED):
            sides |= layer_sides(layer, batch_size, bench)
    total = dict.fromkeys(PASSES, 0.0)
    for (_, kind), each in bench.interleave(sides).items():
        total[kind] += median(each)
    return {
        "F": total["F"],
        "I": max(0.0, total["FI"] - total["F"]),
        "W": max(0.0, total["FWI"] - total["FI"]),
    }


def layer_sides(layer: keras.Layer, batch_size: int, bench: Bench) -> dict[tuple[str, str], Side]:
    """Return a side for each of `PASSES` of one layer, by the layer's name and the passes."""
    rng, done = np.random.default_rng(0), wait(bench.backend)
    x, cotangent = (
        ops.convert_to_tensor(rng.uniform(-1, 1, (batch_size, *t.shape[1:])).astype("float32"))
        for t in (layer.input, layer.output)
    )
    weights = [v.value for v in layer.trainable_variables]

    def forward(weights: list, x: Tensor) -> Tensor:
        return layer.stateless_call(weights, [], x)[0]

    def to_inputs(weights: list, x: Tensor) -> list:
        def total(values: list) -> tuple:
            return ops.sum(forward(weights, values[0]) * cotangent), ()

        return autodiff.value_and_grad(total, [x])[2]

    def to_all(weights: list, x: Tensor) -> list:
        def total(values: list) -> tuple:
            return ops.sum(forward(values[:-1], values[-1]) * cotangent), ()

        return autodiff.value_and_grad(total, [*weights, x])[2]

    functions = dict(zip(PASSES, (forward, to_inputs, to_all), strict=True))
    return {
        (layer.name, name): partial(
            _repeat, function=compiled(function, bench.backend), given=(weights, x), done=done
        )
        for name, function in functions.items()
    }


def _repeat(count: int, function: Callable, given: tuple, done: Callable[[Any], Any]) -> None:
    for _ in range(count):
        out = function(*given)
    done(out)


def compiled(function: Callable, backend: str) -> Callable:
    """Return a function as the training step compiles it."""
    if backend == "jax":
        import jax

        return jax.jit(function)
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(function)
    return function
