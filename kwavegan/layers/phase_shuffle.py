"""Phase shuffle (Donahue et al. 2018, section 3.3)."""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.types import Shape, Tensor


@register
class PhaseShuffle(keras.layers.Layer):
    """Shift audio by a few samples at random, filling the gap by reflection, in training only.

    Transposed convolutions leave artefacts at fixed phases, which would tell a discriminator
    generated audio apart by a trivial rule; the shift hides them (Donahue et al. 2018, section 3.3;
    Hill 2018, 3.1.4). A shift of +1 delays the signal by one sample.

    Args:
        n: largest shift, in samples; 0 turns the layer off.
        per: `"example"` draws a shift for each example, `"batch"` one for all.
        seed: integer seed of the shifts that the layer draws itself.

    Call arguments:
        x: (batch, time, channels), time > n.
        shift: optional integers (batch,) in −n…n, used as given, in training or not. Without it
            the layer draws its own when `training`, and is the identity otherwise.

    Returns:
        The shape of `x`.

    Raises:
        ValueError: n is negative, `per` is unknown, or the signal is not longer than n.

    Example:
        >>> import numpy as np
        >>> from kwavegan import PhaseShuffle
        >>> x = np.arange(5, dtype="float32").reshape(1, 5, 1)
        >>> shifted = PhaseShuffle(n=2)(x, shift=np.array([1]))
        >>> np.asarray(shifted)[0, :, 0].tolist()
        [1.0, 0.0, 1.0, 2.0, 3.0]
    """

    def __init__(self, n: int = 2, per: str = "example", seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if n < 0:
            raise ValueError(f"PhaseShuffle: n must be 0 or more samples; got {n}")
        if per not in ("example", "batch"):
            raise ValueError(f"PhaseShuffle: per must be 'example' or 'batch'; got {per!r}")
        self.n, self.per, self.seed = n, per, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, x_shape: Shape, shift_shape: Shape | None = None) -> None:
        if x_shape[1] is not None and x_shape[1] <= self.n:
            raise ValueError(
                f"PhaseShuffle: a signal of {x_shape[1]} samples cannot be reflected by "
                f"{self.n}; it must be longer"
            )

    def call(self, x: Tensor, shift: Tensor = None, training: bool = False) -> Tensor:
        if self.n == 0 or (shift is None and not training):
            return x
        if shift is None:
            shift = draw_shifts(ops.shape(x)[0], (), self.n, self.per, self.seed_generator)
        return shift_reflected(x, shift)

    def compute_output_shape(self, x_shape: Shape, shift_shape: Shape | None = None) -> Shape:
        return x_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n, "per": self.per, "seed": self.seed}


def draw_shifts(batch: Tensor, shape: Shape, n: int, per: str, seed: Tensor) -> Tensor:
    """Draw integers in −n…n: (batch, *shape), alike along the batch for `per="batch"`."""
    rows = batch if per == "example" else 1
    shifts = keras.random.randint((rows, *shape), -n, n + 1, dtype="int32", seed=seed)
    return shifts if per == "example" else ops.broadcast_to(shifts, (batch, *shape))


def shift_reflected(x: Tensor, shift: Tensor) -> Tensor:
    """Shift each example of x (batch, time, channels) by shift (batch,) samples, reflecting."""
    batch, (time, channels) = ops.shape(x)[0], x.shape[1:]
    shift = ops.cast(shift, "int32")  # NumPy's integers are int64, which TensorFlow keeps apart
    index = ops.expand_dims(ops.arange(time, dtype="int32"), 0) - ops.expand_dims(shift, 1)
    index = (time - 1) - ops.abs((time - 1) - ops.abs(index))
    # Whole rows of one flat array: several times faster than take_along_axis on every backend.
    rows = index + time * ops.expand_dims(ops.arange(batch, dtype="int32"), 1)
    flat = ops.take(ops.reshape(x, (-1, channels)), ops.reshape(rows, (-1,)), axis=0)
    return ops.reshape(flat, (-1, time, channels))
