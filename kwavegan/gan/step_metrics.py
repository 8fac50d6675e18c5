"""The scalars of a training step, averaged as Keras does, and the largest loss."""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.types import Tensor

STEP = (
    "d_loss",
    "g_loss",
    "d_raw",
    "penalty",
    "slope",
    "real_score",
    "fake_score",
    "d_gradient",
    "g_gradient",
)
"""Losses of both networks; the discriminator's before its penalty (`d_raw`), the weighted penalty,
what it measures (`slope`), the mean scores of real and generated audio, and the length of each
network's whole gradient."""

CLASS = ("class_real", "class_fake")
"""Class losses, where there is a class head."""

MISMATCH = ("mismatch",)
"""How little real sounds prefer their own label, where the discriminator is taught that."""

PEAK = "peak_loss"
"""The largest |loss| of either network since the last reset."""


@register
class Peak(keras.metrics.Metric):
    """The largest absolute value since the last reset; not finite if any value was not."""

    def __init__(self, name: str = "peak", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.peak = self.add_variable((), initializer="zeros", name="peak")

    def update_state(self, value: Tensor) -> None:
        self.peak.assign(ops.maximum(self.peak, ops.abs(ops.cast(value, self.peak.dtype))))

    def result(self) -> Tensor:
        # A copy: on PyTorch a reset would otherwise change the number already returned.
        return ops.copy(self.peak)


def make_trackers(has_classes: bool, mismatches: bool = False) -> dict[str, keras.Metric]:
    """Return a metric for each scalar, by name."""
    names = STEP + CLASS * has_classes + MISMATCH * mismatches
    return {**{name: keras.metrics.Mean(name) for name in names}, PEAK: Peak(PEAK)}
