"""What the recipe could have instead: each takes the place of one part of the package for a run.

For `scripts/experiments.py`, which trains them as variants. None of them is in the package, since
none was measurably better: `docs/experiments.md` has the figures.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import keras
import numpy as np
from keras import ops

from kwavegan.backend import autodiff
from kwavegan.gan import losses
from kwavegan.gan.losses import zero_centred_penalty
from kwavegan.gan.model import WaveGAN
from kwavegan.layers import strided_conv
from kwavegan.networks import build

STEP_OF_SLOPE = 3e-3
"""Standard deviation of the noise that a slope is estimated with; heard levels are 0 to 0.3."""


@contextmanager
def estimated_slopes() -> Iterator[None]:
    """Estimate R1 and R2 by (D(x + ε) − D(x))² / σ², without a gradient of a gradient.

    For small normal ε of standard deviation σ its mean is the squared length of the slope
    (stable-audio-tools, `arc.py`).
    """
    seeds = []
    draw_noise = WaveGAN.draw_noise

    def remembering(gan: WaveGAN, batch: Any) -> dict:
        seeds[:] = [gan.seed_generator]
        return draw_noise(gan, batch)

    def estimated(score: Callable, raw: Callable, rest: Callable, values: list, x: Any) -> tuple:
        moved = x + keras.random.normal(ops.shape(x), stddev=STEP_OF_SLOPE, seed=seeds[0])

        def loss(values: list) -> tuple:
            y, heads = score(values, x)
            along = (score(values, moved)[0] - y) / STEP_OF_SLOPE
            (value, logs), (left, more) = raw(y), rest(along, heads)
            return value + left, {**logs, **more}

        return autodiff.value_and_grad(loss, values)

    with (
        patch.object(WaveGAN, "draw_noise", remembering),
        patch.object(autodiff, "value_and_grad_with_penalty", estimated),
    ):
        yield


@contextmanager
def nearest_neighbours() -> Iterator[None]:
    """Go up by repeated frames and a plain convolution instead of a transposed one.

    It does not ring (Odena et al. 2016; Pons et al., arXiv 2010.14356).
    """

    def up(filters: int, taps: int, stride: int, dtype: str, name: str) -> Callable:
        repeat = keras.layers.UpSampling1D(stride, dtype=dtype, name=f"{name}_repeat")
        conv = keras.layers.Conv1D(filters, taps, padding="same", dtype=dtype, name=name)
        return lambda x: conv(repeat(x))

    with patch.object(strided_conv, "StridedConv1DTranspose", up):
        yield


@contextmanager
def he_weights() -> Iterator[None]:
    """Draw first kernels as He et al. 2015 (arXiv 1502.01852) do: larger, by the inputs alone."""
    glorot = build.initialize

    def he(network: keras.Model, seed: Any) -> None:
        glorot(network, seed)
        for weight in network.trainable_weights:
            if len(weight.shape) > 1 and weight.name != "embedding":
                inputs, outputs = weight.shape[-2:]
                if "up_" in weight.path:  # transposed: its kernel is (taps, outputs, inputs)
                    inputs, outputs = outputs, inputs
                weight.assign(weight * np.sqrt(1 + outputs / inputs))

    with patch.object(build, "initialize", he):
        yield


@contextmanager
def steep_where_mismatched() -> Iterator[None]:
    """Penalize slopes of real and generated sounds only, not those of wrong labels."""

    def of_two_thirds(gradient: Any) -> Any:
        return zero_centred_penalty(ops.concatenate(ops.split(gradient, 3)[:2]))

    with patch.object(losses, "zero_centred_penalty", of_two_thirds):
        yield


ALTERNATIVES = {
    "estimated-slopes": estimated_slopes,
    "nearest-neighbours": nearest_neighbours,
    "he-weights": he_weights,
    "steep-where-mismatched": steep_where_mismatched,
}
"""By the name of the variant."""
