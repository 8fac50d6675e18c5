"""The metrics of a training step: running means of its scalars, and the largest loss."""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.types import Tensor

STEP_METRICS = (
    "d_loss",
    "g_loss",
    "d_adversarial_loss",
    "penalty",
    "gradient_penalty",
    "real_score",
    "fake_score",
    "d_gradient_norm",
    "g_gradient_norm",
)
"""Losses of both networks; the adversarial part of the discriminator's; the weighted gradient
penalty (`penalty`) and without its weight (`gradient_penalty`); the mean scores of real and
generated audio; and the global norm of each network's gradient."""

CLASS_METRICS = ("class_real",)
"""Class loss of real audio, where there is a class head."""

CLASS_METRICS_OF_GENERATED = ("class_fake",)
"""Class loss of generated audio, where the generator is trained on it."""

PEAK_LOSS = "peak_loss"
"""The largest |loss| of either network since the last reset."""


@register
class PeakMagnitude(keras.metrics.Metric):
    """The largest absolute value since the last reset; not finite if any value was not."""

    def __init__(self, name: str = "peak", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        # Replicas know the same losses; Keras would add up what each of them assigns.
        one = "only_first_replica"
        self.peak = self.add_variable((), initializer="zeros", aggregation=one, name="peak")

    def update_state(self, value: Tensor) -> None:
        self.peak.assign(ops.maximum(self.peak, ops.abs(ops.cast(value, self.peak.dtype))))

    def result(self) -> Tensor:
        # A copy: on PyTorch a reset would otherwise change the number already returned.
        return ops.copy(self.peak)


def make_step_metrics(has_classes: bool, trains_on_classes: bool) -> dict[str, keras.Metric]:
    """Return a metric for each scalar, by name.

    Args:
        has_classes: whether the discriminator has a class head.
        trains_on_classes: whether the generator is trained on it.
    """
    names = STEP_METRICS + CLASS_METRICS * has_classes
    names += CLASS_METRICS_OF_GENERATED * trains_on_classes
    return {
        **{name: keras.metrics.Mean(name) for name in names},
        PEAK_LOSS: PeakMagnitude(PEAK_LOSS),
    }
