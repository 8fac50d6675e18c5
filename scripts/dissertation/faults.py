"""The dissertation's faults, put back into the product's game.

The phase shuffle of its listing (F.2, F.3) is drawn while the graph is built, so that each of the
discriminator's three branches (real, generated, interpolated) keeps a shift of its own for the
whole run: constant `shifts_*` in a step's noise. The conditional WGAN-GP loss (F.1,
`_conditioned_wasser_loss`) gives generated audio labels of its own, scores interpolates with the
label of the real end, and penalizes the gradient of a score that the network returns twice.
"""

from dataclasses import dataclass, fields
from typing import Any

import keras
import numpy as np
from keras import ops

from kwavegan.gan.model import WaveGAN
from kwavegan.gan.objectives import Objectives

BRANCHES = ("real", "fake", "mixed")
"""The calls of the discriminator that its listing gives a shift each."""

_SHIFTS = 0x5EED
"""Keeps the seed of frozen shifts apart from the other uses of a run's seed."""


@dataclass(frozen=True)
class FaultyObjectives(Objectives):
    """`Objectives` with the faults of the conditional loss; noise carries `label_fake` too.

    Its sign, the other way round in the listing for both networks, changes nothing and is left.

    Args:
        twice: whether the slope is that of the score counted twice.
    """

    twice: bool = True

    def generate(self, weights: list, batch: dict, noise: dict) -> Any:
        return super().generate(weights, _relabelled(batch, noise), noise)

    def generator_descent(
        self, weights: list, d_weights: list, batch: dict, noise: dict
    ) -> tuple[Any, dict, list]:
        return super().generator_descent(weights, d_weights, _relabelled(batch, noise), noise)

    def _labels(self, label: Any, noise: dict) -> list:
        return [label, noise["label_fake"]]

    def score_gradient(self, weights: list, sounds: Any, label: Any, noise: dict) -> Any:
        gradient = super().score_gradient(weights, sounds, label, noise)
        return 2.0 * gradient if self.twice else gradient


def _relabelled(batch: dict, noise: dict) -> dict:
    return {**batch, "label": noise["label_fake"]}


def with_faulty_labels(gan: WaveGAN, twice: bool = True) -> WaveGAN:
    """Give a conditional GAN the labels of the listing's loss; return it."""
    values = {f.name: getattr(gan.objectives, f.name) for f in fields(Objectives)}
    gan.objectives = FaultyObjectives(**values, twice=twice)
    return gan


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


def noise_of(gan: WaveGAN, batch: int, frozen: Any, shifts: dict[str, Any], labels: int) -> dict:
    """Draw a step's noise with the dissertation's faults in it.

    Args:
        gan: whose seed to draw from.
        batch: examples in the batch.
        frozen: whether `shifts` replace those drawn, as a boolean or a tensor of one.
        shifts: of `frozen_shifts`.
        labels: number of labels that generated audio draws from; 0 for those of the real audio.
    """
    noise = gan.draw_noise(batch)
    for update in (*noise["discriminator"], *noise["generator"]):
        for name in set(shifts) & set(update):
            update[name] = ops.where(frozen, ops.cast(shifts[name], "int32"), update[name])
        if labels:
            update["label_fake"] = keras.random.randint(
                (batch,), 0, labels, dtype="int32", seed=gan.seed_generator
            )
    return noise
