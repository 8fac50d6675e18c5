"""Say where the time of a training step goes.

    python scripts/profile_step.py --backend jax [--out docs/performance/profile-jax.json]

The same on every backend, because it takes no profiler: each layer's passes are timed alone and
added up as a step of WGAN-GP makes them; the step is timed whole, without its phase shuffles, and
with networks that cost nothing. What remains is activations, gates, reshaping, and what the layers
lose by working together.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent))

from benchmarks import machine
from benchmarks.rows import Bench, median

from kwavegan.backend.selection import BACKENDS, select_backend
from kwavegan.storage.files import write_json

DOCS = Path(__file__).parents[1] / "docs" / "performance"


def compiled(function: Callable, backend: str) -> Callable:
    """Return a function as the training step compiles it."""
    if backend == "jax":
        import jax

        return jax.jit(function)
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(function)
    return function


def layer_sides(network: Any, batch: int, bench: Bench) -> dict[tuple[str, str], Callable]:
    """Return sides of each layer's passes: F, F and I, and F, W and I, by layer and passes."""
    import numpy as np
    from benchmarks.counting import _COUNTED
    from keras import ops

    from kwavegan.backend import autodiff

    done, sides = machine.wait(bench.backend), {}
    for layer in network.layers:
        if not isinstance(layer, _COUNTED):
            continue
        rng = np.random.default_rng(0)
        x, into = (
            ops.convert_to_tensor(rng.uniform(-1, 1, (batch, *t.shape[1:])).astype("float32"))
            for t in (layer.input, layer.output)
        )
        weights = [v.value for v in layer.trainable_variables]

        def forward(weights: list, x: Any, layer: Any = layer) -> Any:
            return layer.stateless_call(weights, [], x)[0]

        def inputs(weights: list, x: Any, into: Any, forward: Callable = forward) -> Any:
            def total(values: list) -> tuple:
                return ops.sum(forward(weights, values[0]) * into), ()

            return autodiff.value_and_grad(total, [x])[2]

        def both(weights: list, x: Any, into: Any, forward: Callable = forward) -> Any:
            def total(values: list) -> tuple:
                return ops.sum(forward(values[:-1], values[-1]) * into), ()

            return autodiff.value_and_grad(total, [*weights, x])[2]

        for name, function, given in (
            ("F", forward, (weights, x)),
            ("FI", inputs, (weights, x, into)),
            ("FWI", both, (weights, x, into)),
        ):
            ready = compiled(function, bench.backend)

            def run(count: int, ready: Callable = ready, given: tuple = given) -> None:
                for _ in range(count):
                    out = ready(*given)
                done(out)

            sides[layer.name, name] = run
    return sides


def passes(network: Any, batch: int, bench: Bench) -> dict[str, float]:
    """Return the seconds of all layers' passes F, W and I together."""
    seconds = bench.interleave(layer_sides(network, batch, bench))
    total = dict.fromkeys(("F", "FI", "FWI"), 0.0)
    for (_, kind), each in seconds.items():
        total[kind] += median(each)
    return {
        "F": total["F"],
        "I": max(0.0, total["FI"] - total["F"]),
        "W": max(0.0, total["FWI"] - total["FI"]),
    }


class Nothing:
    """Objectives that cost nothing, beside which optimizers, average, noise and logs remain."""

    def __init__(self, objectives: Any) -> None:
        self.conditional, self.has_classes = objectives.conditional, objectives.has_classes

    def generate(self, weights: list, batch: dict, noise: dict) -> Any:
        return batch["audio"]

    def discriminator_descent(self, weights: list, batch: dict, *rest: Any) -> tuple:
        return self._descent(weights, batch, ("d_raw", "penalty", "slope", "real_score"))

    def generator_descent(self, weights: list, d_weights: list, batch: dict, noise: Any) -> tuple:
        return self._descent(weights, batch, ())

    def _descent(self, weights: list, batch: dict, names: tuple) -> tuple:
        from keras import ops

        value = ops.mean(batch["audio"])
        return value, dict.fromkeys(names, value), [1e-3 * weight for weight in weights]


def profile(bench: Bench) -> dict[str, float]:
    """Return seconds of a step by what takes them; `whole` is all of it."""
    from benchmarks.steps import bare_step, config_of, step_side

    from kwavegan.training.build import build_gan

    free = build_gan(config_of(bench))
    free.objectives = Nothing(free.objectives)
    sides = {
        "whole": step_side(bench, "ours"),
        "unshuffled": bare_step(
            build_gan(config_of(bench, phase_shuffle=0)), bench.backend, bench.batch
        ),
        "free": bare_step(free, bench.backend, bench.batch),
    }
    times = {name: median(each) for name, each in bench.interleave(sides).items()}
    gan = build_gan(config_of(bench))
    of_generator = passes(gan.generator, bench.batch, bench)
    of_one, of_both = (passes(gan.discriminator, n * bench.batch, bench) for n in (1, 2))
    found = {
        "generator's layers": 2 * of_generator["F"] + of_generator["W"] + of_generator["I"],
        "discriminator's layers, scores": sum(of_both.values()),
        "discriminator's layers, penalty": 2 * of_one["F"] + of_one["I"] + of_one["W"],
        "discriminator's layers, for the generator": of_one["F"] + of_one["I"],
        "phase shuffle": max(0.0, times["whole"] - times["unshuffled"]),
        "optimizers, average, noise, logs": times["free"],
    }
    return {**found, "the rest": times["whole"] - sum(found.values()), "whole": times["whole"]}


@click.command()
@click.option("--backend", type=click.Choice(BACKENDS), required=True)
@click.option("--repeat", type=click.IntRange(1), default=5, show_default=True)
@click.option("--quick", is_flag=True, help="Tiny sizes: only to see that everything runs.")
@click.option("--out", type=click.Path(path_type=Path), help="JSON to write.")
def main(backend: str, repeat: int, quick: bool, out: Path | None) -> None:
    """Print, and keep, where the time of a step goes."""
    machine.choose_device("cpu")
    bench = Bench(select_backend(backend), "cpu", quick, repeat)
    head = machine.header(bench)
    found = profile(bench)
    for name, seconds in found.items():
        click.echo(f"{name:45}{1000 * seconds:9.1f} ms {seconds / found['whole']:6.1%}")
    if out or not quick:
        write_json(out or DOCS / f"profile-{backend}.json", {**head, "seconds": found})


if __name__ == "__main__":
    main()
