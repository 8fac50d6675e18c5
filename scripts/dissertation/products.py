"""Two convolutions of tables 4–7 as the plain matrix products that they are.

The generator's transposed convolution of one frame and the score's convolution as long as its
input have one sum for each output. XLA on CPU takes the general path for both and for their
gradients, which makes a step of the conditional networks several times slower.
"""

from collections.abc import Callable

import keras
from keras import ops

from kwavegan.gan.model import WaveGAN
from kwavegan.types import Tensor


def speed_up(gan: WaveGAN) -> WaveGAN:
    """Let a GAN's `up_0` and `score` layers compute the same numbers by products; return it."""
    for network, name, kind, call in (
        (gan.generator, "up_0", keras.layers.Conv1DTranspose, _spread),
        (gan.discriminator, "score", keras.layers.Conv1D, _gather),
    ):
        for layer in network.layers:
            if layer.name == name and isinstance(layer, kind):
                layer.call = _bound(call, layer)
    return gan


def _bound(call: Callable, layer: keras.Layer) -> Callable[[Tensor], Tensor]:
    return lambda x: call(layer, x)


def _spread(layer: keras.Layer, x: Tensor) -> Tensor:
    """(batch, 1, channels) to (batch, taps, filters)."""
    taps, filters, channels = layer.kernel.shape
    kernel = ops.reshape(layer.kernel, (taps * filters, channels))
    y = ops.matmul(x[:, 0], ops.transpose(kernel))
    return ops.reshape(y, (-1, taps, filters)) + layer.bias


def _gather(layer: keras.Layer, x: Tensor) -> Tensor:
    """(batch, taps, channels) to (batch, 1, filters)."""
    taps, channels, filters = layer.kernel.shape
    kernel = ops.reshape(layer.kernel, (taps * channels, filters))
    y = ops.matmul(ops.reshape(x, (-1, taps * channels)), kernel)
    return ops.expand_dims(y, 1) + layer.bias
