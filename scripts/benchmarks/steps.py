"""Rows about the training step: against plain layers, the matrix product, and `fit` around it."""

import tempfile
import time
from collections.abc import Callable, Mapping
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from kwavegan.config.settings import Config
from kwavegan.data import PrepareSettings, prepare
from kwavegan.data.dataset import open_dataset
from kwavegan.data.drum_sounds import LABELS
from kwavegan.data.drums import write_drums
from kwavegan.gan.model import WaveGAN
from kwavegan.monitoring.listener import Listener
from kwavegan.training.build import build_gan
from kwavegan.training.session import run_training
from scripts.benchmarks.counting import step_operations
from scripts.benchmarks.machine import has_bfloat16, wait
from scripts.benchmarks.plain import plain_discriminator, plain_generator
from scripts.benchmarks.products import limit, products
from scripts.benchmarks.rows import Bench, Side, median, row, side, timed

RATE = 16_384
"""Hz, of what has WaveGAN's networks."""

STEP_BARS = {"jax": 4.0, "tensorflow": 1.2, "torch": 1.2}


def config_of(bench: Bench, **changes: Any) -> Config:
    """Return the settings of the step: the default's, but WaveGAN's networks, loss and rates."""
    sizes = {**bench.architecture, "batch_size": bench.batch_size, "channels": 1, "labels": LABELS}
    fixed = {
        "generator": "waveform",
        "critic": "waveform",
        "loss": "wgan-gp",
        "d_updates": 1,
        "lr": 1e-4,
        "lr_final": 1.0,
        "gamma_final": 1.0,
        "stop_loss": 0.0,
    }
    return Config(**{**sizes, **fixed, "rate": RATE, **changes})


def plain_gan(config: Config) -> WaveGAN:
    """Return the same GAN with networks of Keras' own convolutions."""
    a = config.architecture
    gan = WaveGAN(plain_generator(a), plain_discriminator(a), config.step_settings)
    gan.compile(*(keras.optimizers.Adam(config.lr, config.beta1, config.beta2) for _ in range(2)))
    return gan


def bare_step(gan: WaveGAN, backend: str, batch: int) -> Side:
    """Return a side of the step that `fit` would run, with a batch that is on the device already.

    The GAN's own variables are not to be used again: on JAX the step takes them apart.
    """
    rng = np.random.default_rng(0)
    audio = rng.uniform(-0.5, 0.5, (batch, *gan.audio_shape)).astype("float32")
    labels = rng.integers(0, len(LABELS), batch).astype("int32")
    data = ops.convert_to_tensor(audio), ops.convert_to_tensor(labels)
    gan.make_train_function()
    function, done = gan.train_function, wait(backend)
    if backend == "jax":
        return _pure(function, gan, data, done)
    if backend == "tensorflow":
        import tensorflow as tf

        batches = iter(tf.data.Dataset.from_tensors(data).repeat())
    else:
        batches = [data]

    def run(count: int) -> None:
        for _ in range(count):
            logs = function(batches)
        done(logs)

    return run


def _pure(function: Callable, gan: WaveGAN, data: tuple, done: Callable) -> Side:
    batches, kept = repeat(data), [state_of(gan)]

    def run(count: int) -> None:
        for _ in range(count):
            _, kept[0] = function(kept[0], batches)
        done(kept[0])

    return run


def state_of(gan: WaveGAN) -> tuple:
    """Return what JAX's step takes and gives."""
    return tuple([variable.value for variable in group] for group in gan.state_variables())


@cache
def step_side(bench: Bench, which: str) -> Side:
    """Return the side of `"ours"`, `"plain"`, `"bfloat16"` or `"relativistic"`, made once."""
    if which == "plain":
        gan = plain_gan(config_of(bench))
    else:
        changes = {
            "ours": {},
            "bfloat16": {"precision": "mixed_bfloat16"},
            "relativistic": {"loss": "relativistic"},
        }
        gan = build_gan(config_of(bench, **changes[which]))
    return bare_step(gan, bench.backend, bench.batch_size)


def _ours(bench: Bench, what: str = "float32, WGAN-GP") -> str:
    size = bench.architecture
    return (
        f"kwavegan's step (cwgan, {size['length']} samples, width {size['width']},"
        f" batch {bench.batch_size}), {what}"
    )


def step(bench: Bench) -> dict:
    """Return the row of the step against plain layers."""
    seconds = bench.interleave({name: step_side(bench, name) for name in ("ours", "plain")})
    return row(
        "step",
        median(seconds["plain"]) / median(seconds["ours"]),
        "×",
        STEP_BARS[bench.backend],
        True,
        side(_ours(bench), seconds["ours"]),
        side("the same step, networks of keras.layers.Conv1D, Conv1DTranspose", seconds["plain"]),
    )


def bfloat16(bench: Bench) -> dict:
    """Return the row of mixed precision against float32."""
    seconds = bench.interleave({name: step_side(bench, name) for name in ("bfloat16", "ours")})
    able = has_bfloat16(bench)
    return row(
        "bfloat16",
        median(seconds["ours"]) / median(seconds["bfloat16"]),
        "×",
        1.6 if able else None,
        True,
        side(_ours(bench, "mixed_bfloat16, WGAN-GP"), seconds["bfloat16"]),
        side(_ours(bench), seconds["ours"]),
        "" if able else "this processor does not multiply bfloat16: reported without a bar",
    )


def relativistic(bench: Bench) -> dict:
    """Return the row of the default loss against WGAN-GP."""
    seconds = bench.interleave({name: step_side(bench, name) for name in ("relativistic", "ours")})
    return row(
        "relativistic",
        median(seconds["relativistic"]) / median(seconds["ours"]),
        "×",
        1.1,
        False,
        side(_ours(bench, "float32, relativistic with R1 and R2"), seconds["relativistic"]),
        side(_ours(bench), seconds["ours"]),
    )


def roofline(bench: Bench) -> dict:
    """Return the row of the step against the matrix product of as many operations."""
    seconds = bench.interleave({"ours": step_side(bench, "ours"), **products(bench)})
    ours = seconds.pop("ours")
    operations = step_operations(build_gan(config_of(bench)), bench.batch_size)
    limits, words = limit(seconds, operations)
    return row(
        "roofline",
        median(limits) / median(ours),
        "%",
        0.6,
        True,
        side(_ours(bench), ours),
        side(words, limits),
        "operations: those of scripts/benchmarks/counting.py",
    )


def fit(bench: Bench) -> dict:
    """Return the row of a whole training against its bare step.

    The bare step runs at each report of the training, so that the two interleave: every row of
    metrics ends one repetition of the training and begins one of the bare step.
    """
    every = bench.pick(20, 2)
    bare = step_side(bench, "ours")
    trained, alone, resumed = [], [], []

    class Stopwatch(Listener):
        def row(self, row: Mapping[str, float]) -> None:
            now = time.perf_counter()
            if resumed:  # the first row holds the compilation
                trained.append((now - resumed[-1]) / every)
            alone.append(timed(bare, every) / every)
            resumed.append(time.perf_counter())

    config = config_of(bench, steps=every * (bench.repeat + 1), log_every=every)
    with tempfile.TemporaryDirectory() as folder:
        sounds, prepared = Path(folder) / "drums", Path(folder) / "prepared"
        write_drums(sounds, bench.pick(100, 10))
        prepare(sounds, prepared, PrepareSettings(rate=RATE, length=config.length), jobs=1)
        dataset = open_dataset(prepared)
        run_training(
            config.for_dataset(dataset), dataset, "fit", Path(folder) / "runs", [Stopwatch()]
        )
    seconds = {"fit": trained, "bare": alone[1:]}
    return row(
        "fit",
        median(seconds["bare"]) / median(seconds["fit"]),
        "%",
        0.95,
        True,
        side(
            f"kwavegan.training.session.run_training, a row of metrics every {every} steps",
            seconds["fit"],
        ),
        side(_ours(bench), seconds["bare"]),
        "seconds are of one step; no checkpoint falls into them (one every 500 steps by default)",
    )
