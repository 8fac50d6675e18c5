"""Both networks, with weights from a seed.

All randomness comes in as inputs (the latent, the phase shifts), so a network is a pure function
of its weights and inputs.
"""

import math

import keras
import numpy as np

from kwavegan.networks.architecture import Architecture
from kwavegan.networks.discriminators import build_discriminator
from kwavegan.networks.generators import build_generator


def build(
    a: Architecture, seed: int = 0, dtype: str = "float32"
) -> tuple[keras.Model, keras.Model]:
    """Build generator and discriminator with weights drawn from `seed`, alike on every backend."""
    generator, discriminator = build_generator(a, dtype), build_discriminator(a, dtype)
    generator_seed, discriminator_seed = np.random.SeedSequence(seed).spawn(2)
    initialize(generator, generator_seed)
    initialize(discriminator, discriminator_seed)
    return generator, discriminator


def initialize(network: keras.Model, seed: int | np.random.SeedSequence) -> None:
    """Draw new weights: Glorot-uniform kernels, zero biases, standard normal embeddings.

    NumPy draws them, so that a seed means the same network on all three backends, which Keras'
    own initializers do not promise.
    """
    rng = np.random.default_rng(seed)
    for weight in network.trainable_weights:
        shape = tuple(weight.shape)
        if len(shape) < 2:
            value = np.zeros(shape)
        elif weight.name == "embedding":
            value = rng.standard_normal(shape)
        else:
            fans = math.prod(shape[:-2]) * (shape[-2] + shape[-1])
            limit = math.sqrt(6 / fans)  # Glorot & Bengio 2010, equation 16
            value = rng.uniform(-limit, limit, shape)
        weight.assign(value.astype("float32"))
