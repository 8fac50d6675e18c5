"""Write the numbers that every backend must reproduce: `tests/golden/`.

    KERAS_BACKEND=jax python scripts/make_golden.py parity
    KERAS_BACKEND=<each of the three> python scripts/make_golden.py checkpoint

`parity` computes, for every model and loss, one whole update from NumPy's weights, batch and noise:
its losses and the weights after it. `checkpoint` trains a tiny model for three steps and keeps its
checkpoint with the sounds it makes. Run it only where a change of numbers is meant.
"""

import sys
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from gan.test_parity import GOLDEN, sounds_of, updated
from support.gans import CASES, batch_of, fed_noise, tiny_gan

from kwavegan.gan.state import capture


def parity() -> None:
    kept = {}
    for model, loss in CASES:
        losses, weights = updated(model, loss)
        kept[f"{model}/{loss}/losses"] = np.array(list(losses.values()), "float32")
        # One flat array a case keeps the file small.
        kept[f"{model}/{loss}/weights"] = np.concatenate([w.ravel() for w in weights])
    np.savez_compressed(GOLDEN / "parity.npz", **kept)


def checkpoint() -> None:
    gan = tiny_gan()
    for seed in range(3):
        gan.update(batch_of(gan, seed), fed_noise(gan, seed))
    path = GOLDEN / f"checkpoint-{keras.backend.backend()}.npz"
    np.savez_compressed(path, sounds=sounds_of(gan), **capture(gan))


if __name__ == "__main__":
    {"parity": parity, "checkpoint": checkpoint}[sys.argv[1]]()
