"""Both networks, with weights from a seed.

All randomness comes in as inputs (the latent, the phase shifts), so a network is a pure function
of its weights and inputs.
"""

import math
from collections.abc import Callable

import keras
import numpy as np

from kwavegan.networks.architecture import Architecture
from kwavegan.networks.discriminators import build_discriminator
from kwavegan.networks.generators import build_generator

Initializer = Callable[[np.random.Generator, tuple[int, ...], int, int], np.ndarray]
"""(rng, shape, fan_in, fan_out) → the first values of a kernel of that shape."""


def glorot_uniform(
    rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
) -> np.ndarray:
    """Draw a kernel uniformly within ±√(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, eq. 16)."""
    limit = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape)


def build_networks(
    a: Architecture,
    seed: int = 0,
    dtype: str = "float32",
    initializer: Initializer = glorot_uniform,
) -> tuple[keras.Model, keras.Model]:
    """Build generator and discriminator with weights drawn from `seed`, alike on every backend.

    Args:
        a: the architecture.
        seed: integer seed of the weights.
        dtype: Keras dtype policy, `"float32"` or `"mixed_bfloat16"`.
        initializer: draws each kernel.

    Returns:
        Generator and discriminator; see `build_generator` and `build_discriminator`.

    Example:
        >>> from kwavegan import Architecture, build_networks
        >>> a = Architecture(256, num_labels=2, width=2, latent_dim=8, rate=4096)
        >>> generator, discriminator = build_networks(a, seed=1)
        >>> generator.output.shape
        (None, 256, 1)
    """
    generator, discriminator = build_generator(a, dtype), build_discriminator(a, dtype)
    generator_seed, discriminator_seed = np.random.SeedSequence(seed).spawn(2)
    initialize(generator, generator_seed, initializer)
    initialize(discriminator, discriminator_seed, initializer)
    return generator, discriminator


def initialize(
    network: keras.Model,
    seed: int | np.random.SeedSequence,
    initializer: Initializer = glorot_uniform,
) -> None:
    """Draw new weights: kernels by `initializer`, zero biases, standard normal embeddings.

    NumPy draws them, so that a seed means the same network on all three backends, which Keras'
    own initializers do not promise.

    Example:
        >>> import numpy as np
        >>> from kwavegan import Architecture
        >>> from kwavegan.networks import build_generator, initialize
        >>> generator = build_generator(Architecture(256, num_labels=2, width=2, latent_dim=8))
        >>> initialize(generator, seed=0)
        >>> first = generator.get_weights()
        >>> initialize(generator, seed=0)
        >>> all(map(np.array_equal, first, generator.get_weights()))
        True
    """
    rng = np.random.default_rng(seed)
    transposed = {
        id(layer.kernel)
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv1DTranspose)
    }
    for weight in network.trainable_weights:
        shape = tuple(weight.shape)
        if len(shape) < 2:
            value = np.zeros(shape)
        elif weight.name == "embedding":
            value = rng.standard_normal(shape)
        else:
            fans = [math.prod(shape[:-2]) * units for units in shape[-2:]]
            if id(weight) in transposed:  # its kernel is (taps, outputs, inputs)
                fans.reverse()
            value = initializer(rng, shape, *fans)
        weight.assign(value.astype("float32"))
