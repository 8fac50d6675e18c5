"""The faults of the dissertation's listing, put back into a GAN.

The phase shuffle of the listing (F.2, F.3) is drawn while the graph is built, so that each of the
discriminator's three branches (real, generated, interpolated) keeps a shift of its own for the
whole run: constant `shifts_*` in a step's noise. The conditional WGAN-GP loss (F.1,
`_conditioned_wasser_loss`) gives generated audio labels of its own, scores interpolates with the
label of the real end, and penalizes the gradient of a score that the network returns twice.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from kwavegan.gan.model import WaveGAN
from kwavegan.gan.objectives import LossAndGradients, Objectives
from kwavegan.types import Tensor
from scripts.dissertation.conditions import BRANCHES

_SHIFTS = 0x5EED
"""Keeps the seed of frozen shifts apart from the other uses of a run's seed."""


@dataclass(frozen=True)
class FaultyObjectives(Objectives):
    """`Objectives` with the faults of the conditional loss; noise carries `label_fake` too.

    The listing has the sign of both losses the other way round, which changes nothing; that is not
    put back.

    Args:
        twice: whether the penalized gradient is that of the score counted twice.
    """

    twice: bool = True

    def generate(self, weights: list, batch: dict, noise: dict) -> Tensor:
        return super().generate(weights, _relabelled(batch, noise), noise)

    def generator_loss_and_gradients(
        self, weights: list, d_weights: list, batch: dict, noise: dict
    ) -> LossAndGradients:
        return super().generator_loss_and_gradients(
            weights, d_weights, _relabelled(batch, noise), noise
        )

    def side_labels(self, label: Any, noise: dict) -> list:
        return [label, noise["label_fake"]]

    def score_gradient(self, weights: list, features: Tensor, label: Any, noise: dict) -> Tensor:
        gradient = super().score_gradient(weights, features, label, noise)
        return 2.0 * gradient if self.twice else gradient


def _relabelled(batch: dict, noise: dict) -> dict:
    return {**batch, "label": noise["label_fake"]}


def frozen_shifts(seed: int, shuffles: int, largest: int = 2) -> dict[str, np.ndarray]:
    """Return the shifts of a whole run: `shifts_real`, …, each (shuffles,).

    As in the listing they are drawn one by one, so that branches may agree by chance.
    """
    rng = np.random.default_rng([seed, _SHIFTS])
    drawn = rng.integers(-largest, largest + 1, (len(BRANCHES), shuffles), dtype="int32")
    return {f"shifts_{branch}": row for branch, row in zip(BRANCHES, drawn, strict=True)}


def agreeing_shifts(seed: int, shuffles: int, largest: int = 2) -> dict[str, np.ndarray]:
    """Return shifts of a whole run that are alike on all branches: those of the real one."""
    drawn = frozen_shifts(seed, shuffles, largest)
    return dict.fromkeys(drawn, drawn["shifts_real"])


def faulty_noise(
    gan: WaveGAN, batch_size: int, frozen: Any, shifts: dict[str, Any], num_labels: int
) -> dict:
    """Draw a step's noise with the dissertation's faults in it.

    Args:
        gan: whose seed to draw from.
        batch_size: examples in the batch.
        frozen: whether `shifts` replace those drawn, as a boolean or a tensor of one.
        shifts: from `frozen_shifts`.
        num_labels: number of labels to draw labels of generated audio from; 0 to give generated
            audio the labels of the real audio.
    """
    noise = gan.draw_noise(batch_size)
    for update in (*noise["discriminator"], *noise["generator"]):
        for name in set(shifts) & set(update):
            update[name] = ops.where(frozen, ops.cast(shifts[name], "int32"), update[name])
        if num_labels:
            update["label_fake"] = keras.random.randint(
                (batch_size,), 0, num_labels, dtype="int32", seed=gan.seed_generator
            )
    return noise
