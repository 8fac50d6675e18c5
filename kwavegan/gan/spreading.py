"""A batch spread over devices, and over time: the gradients of all its examples are the same.

Every loss is a mean over examples, or over pairs of a real and a generated one. So the mean of the
gradients of equal parts is the gradient of the whole, up to rounding.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kwavegan.backend import autodiff
from kwavegan.backend.replicas import Replicas

_ROWS = (2, 3)
"""Places of batch and noise among the arguments of the gradients' functions."""


@dataclass(frozen=True)
class Spreading:
    """How a batch is split.

    Args:
        replicas: the devices.
        accumulate: parts that each of them works through, one after the other.
    """

    replicas: Replicas
    accumulate: int

    def spread(self, gradients: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of weights, weights, batch, noise… that splits batch and noise."""
        in_parts = autodiff.in_parts(gradients, self.accumulate, _ROWS)
        return self.replicas.averaged(in_parts, _ROWS)

    def whole_batch(self, size: Any) -> Any:
        """Return how many examples all devices are given, of those that a program is given.

        Raises:
            ValueError: they do not split evenly.
        """
        count = self.replicas.count
        parts = self.accumulate * (1 if self.replicas.apart else count)
        if isinstance(size, int) and size % parts:
            raise ValueError(
                f"WaveGAN: a batch of {size} does not split into {parts} equal parts, for "
                f"{count} devices and accumulate = {self.accumulate}; give another batch_size"
            )
        return size * count if self.replicas.apart else size
