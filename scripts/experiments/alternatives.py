"""What the recipe could have instead: each takes the place of one part of the package for a run.

`scripts.experiments.run` trains them as variants. None of them is in the package, since none was
measurably better: `docs/experiments.md` has the figures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from kwavegan.backend import autodiff
from kwavegan.config.step import StepSettings
from kwavegan.gan.model import WaveGAN
from kwavegan.gan.objectives import LossAndGradients, Objectives
from kwavegan.layers.strided_conv import StridedConv1DTranspose
from kwavegan.networks.build import initialize
from kwavegan.training.build import build_gan
from kwavegan.training.session import Build
from kwavegan.types import Tensor

STEP = 3e-3
"""Standard deviation of the ε that a gradient is estimated with; features are about 0 to 0.3."""


@dataclass(frozen=True)
class EstimatedPenalty(Objectives):
    """R1 and R2 by (D(x + ε) − D(x))² / σ², without a gradient of a gradient.

    For small normal ε of standard deviation σ its mean is the squared length of the gradient
    (stable-audio-tools, `arc.py`). Noise carries `direction`, ε / σ.
    """

    def differentiate_with_penalty(
        self,
        heads: Callable,
        adversarial: Callable,
        penalty: Callable,
        weights: list,
        features: Tensor,
        noise: dict,
    ) -> LossAndGradients:
        moved = features + STEP * noise["direction"]

        def loss(weights: list) -> tuple:
            score, all_heads = heads(weights, features)
            along = (heads(weights, moved)[0] - score) / STEP
            (value, logs), (rest, more) = adversarial(score), penalty(along, all_heads)
            return value + rest, {**logs, **more}

        return autodiff.value_and_grad(loss, weights)


class EstimatingGAN(WaveGAN):
    """A GAN with `EstimatedPenalty`, whose noise has a direction for each example of each side."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, objectives=EstimatedPenalty, **options)

    def draw_noise(self, batch: Any) -> dict:
        noise = super().draw_noise(batch)
        features = self.objectives.front_end.features(ops.zeros((1, *self.audio_shape)))
        for update in noise["discriminator"]:
            shape = (2 * batch, *features.shape[1:])
            update["direction"] = keras.random.normal(shape, seed=self.seed_generator)
        return noise


class RepeatConv1D(keras.layers.Conv1D):
    """Repeats frames, then convolves: goes up without a transposed convolution.

    It does not ring (Odena et al. 2016; Pons et al., arXiv 2010.14356).

    Args:
        filters, kernel_size, **options: as in Keras' `Conv1D`.
        repeats: times that each frame is repeated.
    """

    def __init__(self, filters: int, kernel_size: int, repeats: int, **options: Any):
        super().__init__(filters, kernel_size, **{"padding": "same", **options})
        self.repeats = repeats

    def call(self, inputs: Tensor) -> Tensor:
        return super().call(ops.repeat(inputs, self.repeats, axis=1))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        batch, length, channels = input_shape
        return super().compute_output_shape((batch, length * self.repeats, channels))

    def get_config(self) -> dict:
        return {**super().get_config(), "repeats": self.repeats}


def repeating_gan(
    generator: keras.Model, discriminator: keras.Model, settings: StepSettings, **options: Any
) -> WaveGAN:
    """Return a GAN whose generator repeats frames where it had transposed convolutions."""

    def replaced(layer: keras.Layer) -> keras.Layer:
        if not isinstance(layer, StridedConv1DTranspose):
            return layer.__class__.from_config(layer.get_config())
        return RepeatConv1D(
            layer.filters,
            layer.kernel_size[0],
            layer.strides[0],
            dtype=layer.dtype_policy,
            name=layer.name,
        )

    generator = keras.models.clone_model(generator, clone_function=replaced)
    initialize(generator, np.random.SeedSequence(settings.seed).spawn(2)[0])
    return WaveGAN(generator, discriminator, settings, **options)


def he_uniform(
    rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
) -> np.ndarray:
    """Draw a kernel as He et al. 2015 (arXiv 1502.01852) do: larger, by the inputs alone."""
    limit = np.sqrt(6 / fan_in)
    return rng.uniform(-limit, limit, shape)


ALTERNATIVES: dict[str, Build] = {
    "estimated-penalty": partial(build_gan, gan_class=EstimatingGAN),
    "nearest-neighbours": partial(build_gan, gan_class=repeating_gan),
    "he-weights": partial(build_gan, initializer=he_uniform),
}
"""What builds the GAN of a run, by the name of the variant."""
