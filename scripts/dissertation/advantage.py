"""How well a trial's discriminator tells its branches apart, on sounds it was not trained on."""

from typing import Any

import numpy as np
from faults import BRANCHES
from keras import ops

BATCH = 16
"""Sounds that share a shift, as in training."""


def scores(trial: Any, audio: np.ndarray, labels: np.ndarray, branch: str, seed: int) -> np.ndarray:
    """Return the scores of sounds (n, length, channels) on a branch, `"real"` or `"fake"`.

    The shifts are the branch's where the trial's are frozen, else drawn anew for each batch.
    """
    discriminator, largest = trial.gan.discriminator, trial.gan.phase_shuffle
    rng, found = np.random.default_rng([seed, BRANCHES.index(branch)]), []
    for start in range(0, len(audio) // BATCH * BATCH, BATCH):
        shifts = trial.shifts[f"shifts_{branch}"]
        if not trial.frozen:
            shifts = rng.integers(-largest, largest + 1, shifts.shape)
        given = {
            "audio": audio[start : start + BATCH],
            "label": labels[start : start + BATCH].astype("int32"),
            "shifts": np.broadcast_to(shifts, (BATCH, len(shifts))).astype("int32"),
        }
        inputs = {name: given[name] for name in discriminator.input}
        score = discriminator.predict_on_batch(inputs)["score"]
        found.append(np.ravel(ops.convert_to_numpy(score)))
    return np.concatenate(found)


def share(difference: np.ndarray) -> float:
    """Return the share of differences above zero; ties count half, so chance is 0.5."""
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def told(real: np.ndarray, other: np.ndarray) -> float:
    """Return how often a score of `real` lies above one of `other`, over all pairs."""
    return share(real[:, None] - other[None])
