"""Two convolutions of tables 4–7 as the plain matrix products that they are.

The generator's transposed convolution of one frame and the score's convolution as long as its
input have one sum for each output. XLA on CPU takes the general path for both and for their
gradients, which makes a step of the conditional networks several times slower.
"""

from typing import Any

import keras
from keras import ops

from kwavegan.gan.model import WaveGAN


def speed_up(gan: WaveGAN) -> WaveGAN:
    """Let a GAN's `up_0` and `score` layers compute the same numbers by products; return it."""
    for network, name, call in (
        (gan.generator, "up_0", _spread),
        (gan.discriminator, "score", _gather),
    ):
        for layer in network.layers:
            if layer.name == name and isinstance(layer, keras.layers.Conv1D | _TRANSPOSED):
                layer.call = _bound(call, layer)
    return gan


_TRANSPOSED = keras.layers.Conv1DTranspose


def _bound(call: Any, layer: keras.Layer) -> Any:
    return lambda x: call(layer, x)


def _spread(layer: keras.Layer, x: Any) -> Any:
    """(batch, 1, channels) to (batch, taps, filters)."""
    taps, filters, channels = layer.kernel.shape
    kernel = ops.reshape(layer.kernel, (taps * filters, channels))
    y = ops.matmul(x[:, 0], ops.transpose(kernel))
    return ops.reshape(y, (-1, taps, filters)) + layer.bias


def _gather(layer: keras.Layer, x: Any) -> Any:
    """(batch, taps, channels) to (batch, 1, filters)."""
    taps, channels, filters = layer.kernel.shape
    kernel = ops.reshape(layer.kernel, (taps * channels, filters))
    return ops.expand_dims(ops.matmul(ops.reshape(x, (-1, taps * channels)), kernel), 1) + (
        layer.bias
    )
