"""Latents from a seed, and a generator network's sounds of them."""

from collections.abc import Iterator, Sequence

import keras
import numpy as np


def shares(n: int, counts: np.ndarray) -> np.ndarray:
    """Return how many of n sounds each label gets: like `counts`, at least 2 where there are any.

    Args:
        n: sounds; a few more are given where labels are rare.
        counts: (labels,) of the training sounds.
    """
    exact = n * counts / counts.sum()
    given = np.maximum(np.floor(exact).astype(int), 2 * (counts > 0))
    for label in np.argsort(np.floor(exact) - exact, kind="stable")[: max(0, n - given.sum())]:
        given[label] += 1
    return given


def labels_like(labels: np.ndarray, n: int) -> np.ndarray:
    """Return labels of about n sounds, sorted, as frequent as among `labels`; see `shares`."""
    counts = np.bincount(labels)
    return np.repeat(np.arange(len(counts)), shares(n, counts))


BATCH = 64
"""Sounds generated at once; the last batch is filled up, so that nothing compiles twice."""

_DRAW = {
    "uniform": lambda rng, size: rng.uniform(-1.0, 1.0, size),
    "normal": lambda rng, size: rng.standard_normal(size),
}


def draw_latents(
    distribution: str, latent: int, n: int, seed: int = 0, first: int = 0
) -> np.ndarray:
    """Return latents (n, latent), float32, of sounds `first`, `first` + 1, … of a seed.

    The latent of a sound depends on its seed and index alone, on any backend, however many are
    asked for.

    Args:
        distribution: `"uniform"` in -1…1, or `"normal"` of variance 1.
        latent: values of a latent.
        n: how many.
        seed: at least 0.
        first: index of the first.
    """
    draw = _DRAW[distribution]
    rows = [draw(np.random.default_rng([seed, i]), latent) for i in range(first, first + n)]
    return np.array(rows, "float32").reshape(n, latent)


def sounds(
    network: keras.Model, latents: np.ndarray, labels: Sequence[int] | np.ndarray
) -> Iterator[np.ndarray]:
    """Yield sounds of latents (n, latent) and label indices (n,), `BATCH` at a time.

    Args:
        network: a generator; one that takes no label passes them over.
        latents, labels: what to make.
    """
    labels = np.asarray(labels, "int32")
    size = min(BATCH, len(latents))
    for start in range(0, len(latents), BATCH):
        z, y = latents[start : start + BATCH], labels[start : start + BATCH]
        fill = ((0, size - len(z)), (0, 0))
        inputs = {"latent": np.pad(z, fill), "label": np.pad(y, fill[0])}
        inputs = {name: inputs[name] for name in network.input}
        yield np.asarray(network.predict_on_batch(inputs))[: len(z)]
