r"""Write the numbers that every backend must reproduce: `tests/golden/`.

    KERAS_BACKEND=jax PYTHONPATH=tests python -m scripts.release.make_golden parity [MODEL ...]
    KERAS_BACKEND=<each of the three> PYTHONPATH=tests \
        python -m scripts.release.make_golden checkpoint

`parity` computes, for every model and loss, one whole update from NumPy's weights, batch and noise:
its losses and the weights after it. Where models are named, the numbers of the others stay as they
are, to the bit. `checkpoint` trains a tiny model for three steps and keeps its
checkpoint with the sounds it makes. Run it only where a change of numbers is meant.
"""

import sys

import keras
import numpy as np
from gan.test_parity import GOLDEN, sounds_of, updated
from support.gans import CASES, batch_of, fed_noise, tiny_gan

from kwavegan.gan.state import capture_state


def parity(*models: str) -> None:
    path, arrays = GOLDEN / "parity.npz", {}
    if models:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    for model, loss in CASES:
        if models and model not in models:
            continue
        losses, weights = updated(model, loss)
        arrays[f"{model}/{loss}/losses"] = np.array(list(losses.values()), "float32")
        # One flat array a case keeps the file small.
        arrays[f"{model}/{loss}/weights"] = np.concatenate([w.ravel() for w in weights])
    np.savez_compressed(path, **arrays)


def checkpoint() -> None:
    gan = tiny_gan()
    for seed in range(3):
        gan.update(batch_of(gan, seed), fed_noise(gan, seed))
    path = GOLDEN / f"checkpoint-{keras.backend.backend()}.npz"
    np.savez_compressed(path, sounds=sounds_of(gan), **capture_state(gan))


if __name__ == "__main__":
    {"parity": parity, "checkpoint": checkpoint}[sys.argv[1]](*sys.argv[2:])
