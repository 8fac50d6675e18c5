"""How many multiply-adds a training step needs, from the shapes of its layers.

A dense or convolutional layer multiplies every weight once per output frame (per input frame where
it is transposed); samples of padding count as if they were samples. Biases, activations, shuffles
and optimizers are left out: they are small, and no matrix product could do them.

Every layer has passes of this same cost, once per example:

- F, forward;
- W, the gradient to its weights;
- I, the gradient to its input: not needed by a network's first layer while its weights are
  trained, but needed where the gradient to the sound is wanted.

One update of the discriminator is F of the generator; F, W and I of the discriminator for real and
for generated sounds; and its penalty. WGAN-GP's penalty is F and I for the interpolates, then the
gradient of that to the weights: LeakyReLU has no curvature, so this is one pass along the layers,
as dear as F, and one W. R1 and R2 take their gradient where the scores are, so F and I are already
there (I down to the sound): the pass along the layers and W, for real and for generated. PyTorch
and TensorFlow take W and I for the scores and I for the penalty apart; the count is the fewest.

One update of the generator is its F, W and I, and F and I of the discriminator for generated
sounds, with F for real ones where the loss pairs them.
"""

import math
from dataclasses import dataclass

import keras

COUNTED = (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv1DTranspose)


@dataclass(frozen=True)
class Cost:
    """Multiply-adds of one pass of a network for one example: all layers, and the first alone."""

    all: int
    first: int

    @property
    def trained(self) -> int:
        """F, W and I, where the gradient to the input is not wanted."""
        return 3 * self.all - self.first


def cost_of(network: keras.Model) -> Cost:
    """Count the multiply-adds of a network."""
    each = [_layer(layer) for layer in network.layers if isinstance(layer, COUNTED)]
    return Cost(sum(each), each[0])


def _layer(layer: keras.Layer) -> int:
    transposed = isinstance(layer, keras.layers.Conv1DTranspose)
    frames = (layer.input if transposed else layer.output).shape[1:-1]
    return math.prod(frames) * math.prod(layer.kernel.shape)


def step_multiply_adds(
    generator: Cost,
    discriminator: Cost,
    penalty: str,
    pairs: bool,
    d_updates: int = 1,
    g_updates: int = 1,
) -> int:
    """Count the multiply-adds of a whole step for one example of the batch.

    Args:
        generator, discriminator: from `cost_of`.
        penalty: `"gp"`, `"r1r2"` or `"none"`.
        pairs: whether the generator's loss takes real sounds too.
        d_updates, g_updates: updates in a step.
    """
    trained = 2 * discriminator.trained
    learning = {
        "none": trained,
        "gp": trained + 4 * discriminator.all,
        "r1r2": 10 * discriminator.all,
    }
    d_update = generator.all + learning[penalty]
    g_update = generator.trained + (3 if pairs else 2) * discriminator.all
    return d_updates * d_update + g_updates * g_update


def step_operations(gan: keras.Model, batch: int) -> int:
    """Count the multiplications and additions of a whole step of a GAN."""
    each = step_multiply_adds(
        cost_of(gan.generator),
        cost_of(gan.discriminator),
        gan.objectives.penalty,
        gan.objectives.loss.paired,
        gan.settings.d_updates,
        gan.settings.g_updates,
    )
    return 2 * batch * each
