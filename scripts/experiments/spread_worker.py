"""Train tiny GANs on several devices in this process, or in those of `torchrun`, for a comparison.

    KERAS_BACKEND=jax python -m scripts.experiments.spread_worker OUT.npz --devices 2

The same batches and noise, whatever the devices: the weights after the last step go to OUT.npz,
the seconds of a step to its array `seconds`. Devices are simulated on the CPU.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np

BATCH, LENGTH = 8, 256

CASES = {
    "wgan-gp": {"model": "cwgan", "conditioning": "concat", "loss": "wgan-gp", "d_updates": 2},
    "cross-entropy": {"model": "cwgan", "conditioning": "learned", "loss": "cross-entropy"},
    "acgan": {"model": "acgan", "loss": "acgan"},
    "relativistic": {"model": "cwgan", "loss": "relativistic", "input_noise": 0.05},
    "default recipe": {"model": "cwgan", "generator": "istft", "critic": "both"},
}
"""What is trained, by name: every loss, and the networks of the default recipe."""


@contextmanager
def simulated(count: int) -> Iterator[Any]:
    """Yield the engine of `count` devices that are simulated on the CPU."""
    if os.environ["KERAS_BACKEND"] == "jax":
        flags = os.environ.get("XLA_FLAGS", ""), f"--xla_force_host_platform_device_count={count}"
        os.environ["XLA_FLAGS"] = " ".join(flags).strip()
    elif os.environ["KERAS_BACKEND"] == "tensorflow":
        import tensorflow as tf

        [cpu] = tf.config.list_physical_devices("CPU")
        parts = [tf.config.LogicalDeviceConfiguration()] * count
        tf.config.set_logical_device_configuration(cpu, parts)
    from kwavegan.backend.replicas import open_engine

    with open_engine("all") as engine:
        yield engine


def train(
    case: str, engine: Any, steps: int, accumulate: int, nudged: bool = False
) -> dict[str, np.ndarray]:
    """Return the weights after some steps, and the seconds that the second half took a step.

    Args:
        case: of `CASES`.
        engine: of the devices.
        steps: to train.
        accumulate: parts of each device's rows.
        nudged: whether the first weights are multiplied by 1 + 1e-7, an ulp or less.
    """
    import keras

    from kwavegan import Architecture, StepSettings, WaveGAN, build_networks
    from kwavegan.gan.state import capture_state

    chosen = dict(CASES[case])
    networks = {"generator": "waveform", "critic": "waveform"}
    networks |= {k: v for k, v in chosen.items() if k in ("model", *networks, "conditioning")}
    step = {k: v for k, v in chosen.items() if k not in networks}
    a = Architecture(LENGTH, num_labels=2, width=2, latent_dim=8, rate=4096, **networks)
    settings = StepSettings(gamma=1.0, class_weight=1.0, accumulate=accumulate, **step)
    with engine.building():
        gan = WaveGAN(*build_networks(a, 0), settings)
        # Where a gradient is nought but rounding, plain Adam would make whole steps of it.
        gan.compile(*(keras.optimizers.Adam(1e-3, 0.5, 0.9, epsilon=1e-3) for _ in range(2)))
    if nudged:
        for weight in gan.weights[:]:
            if "float" in weight.dtype:
                weight.assign(weight.numpy() * np.float32(1 + 1e-7))
    rng = np.random.default_rng(1)
    size = BATCH // engine.processes
    seconds = []
    for _ in range(steps):
        audio = rng.uniform(-0.5, 0.5, (BATCH, LENGTH, 1)).astype("float32")
        labels = rng.integers(0, 2, BATCH).astype("int32")
        own = slice(engine.place * size, (engine.place + 1) * size)
        began = time.perf_counter()
        gan.fit(audio[own], labels[own], batch_size=size, shuffle=False, verbose=0)
        seconds.append(time.perf_counter() - began)
    weights = {k: v for k, v in capture_state(gan).items() if "optimizer" not in k}
    later = np.array(np.median(seconds[steps // 2 :]))
    return {f"{case}/{k}": v for k, v in {**weights, "seconds": later}.items()}


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--devices", default=1, help="How many; of PyTorch, torchrun says it.")
@click.option("--accumulate", default=1, help="Parts that each works through.")
@click.option("--nudged", is_flag=True, help="Start from weights that are an ulp away.")
@click.option("--steps", default=20, show_default=True)
@click.option("--case", "cases", type=click.Choice(list(CASES)), multiple=True)
def main(
    out: Path, devices: int, accumulate: int, nudged: bool, steps: int, cases: tuple[str, ...]
) -> None:
    """Write the weights of each case to OUT."""
    with simulated(devices) as engine:
        arrays: dict[str, np.ndarray] = {}
        for case in cases or CASES:
            arrays |= train(case, engine, steps, accumulate, nudged)
        if engine.leads:
            np.savez(out, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main()
