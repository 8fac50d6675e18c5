"""Levels that differ from latent to latent from the start, as a Keras layer."""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.layers.latent_noise import direction_of
from kwavegan.layers.tables import variations_table
from kwavegan.types import Shape, Tensor


@register
class LatentLevels(keras.layers.Layer):
    """Add to levels what the latent draws, times how much that is; no weights.

    A network learns what sounds have in common sooner than how they differ: at first all sounds of
    a label are as loud, and a discriminator that sees one sound at a time says little against it.
    Here each latent has a few numbers of its own, by fixed normal functions of its direction, and
    the network says, frame by frame, how many nepers each is worth: sounds are soft and hard, short
    and long, from the first step on.

    Call arguments:
        levels: (batch, frames, values): natural logarithms.
        variations: (batch, frames, draws): the worth of each number, in nepers.
        latent: (batch, latent_dim).

    Returns:
        The shape of levels, float32.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import LatentLevels
        >>> levels, latent = np.zeros((2, 12, 8), "float32"), np.ones((2, 10), "float32")
        >>> tuple(LatentLevels()(levels, np.ones((2, 12, 3), "float32"), latent).shape)
        (2, 12, 8)
    """

    def __init__(self, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)

    def call(self, levels: Tensor, variations: Tensor, latent: Tensor) -> Tensor:
        draws = variations.shape[-1]
        table = ops.convert_to_tensor(variations_table(latent.shape[-1], draws))
        own = ops.expand_dims(ops.matmul(direction_of(latent), table), 1)
        added = ops.sum(ops.cast(variations, "float32") * own, axis=-1, keepdims=True)
        return ops.cast(ops.cast(levels, "float32") + added, self.compute_dtype)

    def compute_output_shape(
        self, levels_shape: Shape, variations_shape: Shape, latent_shape: Shape
    ) -> Shape:
        return levels_shape
