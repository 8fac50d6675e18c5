"""Numbers that say how far generated sounds are from real ones: plain NumPy on plain arrays."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

_CHUNK = 1024
_LEAST = 1e-7  # probability; below it logarithms say more about rounding than about sounds


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the Fréchet distance of Gaussians fitted to two sets (Heusel et al. 2017).

    |μa − μb|² + tr(Σa + Σb − 2 (Σa½ Σb Σa½)½), which depends on the number of rows: compare
    distances of equal numbers only.

    Args:
        a, b: (n, d) and (m, d), at least two rows each; fewer rows than columns are allowed.

    Raises:
        ValueError: fewer than two rows.
    """
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    if min(len(a), len(b)) < 2:
        raise ValueError("a Fréchet distance needs at least two rows of each set")
    apart = a.mean(axis=0) - b.mean(axis=0)
    ours, theirs = np.atleast_2d(np.cov(a.T)), np.atleast_2d(np.cov(b.T))
    values, vectors = np.linalg.eigh(ours)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    product = np.linalg.eigvalsh(root @ theirs @ root)
    overlap = np.sqrt(np.maximum(product, 0)).sum()
    return max(0.0, float(apart @ apart + np.trace(ours) + np.trace(theirs) - 2 * overlap))


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the unbiased MMD² of two sets with the kernel (x·y / d + 1)³ (Bińkowski et al. 2018).

    Its mean does not depend on the number of rows, so it suits small sets; it may be negative.

    Args:
        a, b: (n, d) and (m, d), at least two rows each.
    """
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x: np.ndarray) -> float:
        values = kernel(x, x)
        return (values.sum() - np.trace(values)) / (len(x) * (len(x) - 1))

    return float(within(a) + within(b) - 2 * kernel(a, b).mean())


def inception_score(p: np.ndarray, parts: int = 10, seed: int = 0) -> float:
    """Return the mean over parts of exp(mean KL(p(y|x) ‖ p(y))) (Salimans et al. 2016).

    In ten parts as Donahue et al. 2018 (table 1) take it; fewer where a part would hold fewer than
    two sounds.

    Args:
        p: (n, labels) probabilities.
        parts: how many.
        seed: of the shuffle before the split.
    """
    p = _shuffled(p, seed)
    parts = np.array_split(p, max(1, min(parts, len(p) // 2)))
    return float(np.mean([np.exp(_divergence(q, q.mean(axis=0)).mean()) for q in parts]))


def inception_score_halves(p: np.ndarray, seed: int = 0) -> float:
    """Return exp(mean KL(p(y|x) ‖ p(y))) of one half of the sounds, p(y) from the other.

    As the code of SaShiMi (Goel et al. 2022, arXiv 2202.09729) computes it; with few sounds it can
    pass the number of labels.

    Args:
        p: (n, labels) probabilities.
        seed: of the shuffle before the split.
    """
    p = _shuffled(p, seed)
    first, second = p[: len(p) // 2], p[len(p) // 2 :]
    if not len(first):
        return 1.0
    return float(np.exp(_divergence(first, second.mean(axis=0)).mean()))


def modified_inception_score(p: np.ndarray) -> float:
    """Return exp of the mean of KL(p(y|x) ‖ p(y|x')) over all pairs (Gurumurthy et al. 2017).

    SaShiMi draws 10,000 pairs; here are all, in closed form. Probabilities below 1e-7 count as
    that.

    Args:
        p: (n, labels) probabilities.
    """
    p = _clipped(p)
    logs = np.log(p)
    return float(np.exp((p * logs).sum(axis=1).mean() - p.mean(axis=0) @ logs.mean(axis=0)))


def am_score(p: np.ndarray, reference: np.ndarray) -> float:
    """Return KL(mean of reference ‖ mean of p) + mean entropy of p (Zhou et al. 2018); low is good.

    Args:
        p: (n, labels) probabilities of generated sounds.
        reference: (m, labels) probabilities of training sounds.
    """
    p, reference = _clipped(p), _clipped(reference)
    entropy = -(p * np.log(p)).sum(axis=1).mean()
    return float(_divergence(reference.mean(axis=0), p.mean(axis=0)) + entropy)


def _clipped(p: np.ndarray) -> np.ndarray:
    p = np.clip(np.asarray(p, "float64"), _LEAST, None)
    return p / p.sum(axis=1, keepdims=True)


def _shuffled(p: np.ndarray, seed: int) -> np.ndarray:
    """Return probabilities in another order: sounds come sorted by label."""
    return _clipped(p)[np.random.default_rng(seed).permutation(len(p))]


def _divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return KL(p ‖ q) over the last axis."""
    return (p * np.log(p / q)).sum(axis=-1)


def spread(a: np.ndarray) -> float:
    """Return the root mean square distance of rows (n, d) to their mean."""
    a = np.asarray(a, "float64")
    return float(np.sqrt(((a - a.mean(axis=0)) ** 2).sum(axis=1).mean()))


class Neighbours(NamedTuple):
    """How two sets lie among each other, a value a row; the means are the measures.

    Attributes:
        precision: (n,) whether a generated row lies within a real row's k-th neighbour.
        density: (n,) in how many such balls it lies, over k.
        recall: (m,) whether a real row lies within a generated row's k-th neighbour.
        coverage: (m,) whether a real row's ball holds a generated row.
    """

    precision: np.ndarray
    density: np.ndarray
    recall: np.ndarray
    coverage: np.ndarray


def neighbours(generated: np.ndarray, real: np.ndarray, k: int = 5) -> Neighbours:
    """Return precision and recall (Kynkäänniemi 2019), density and coverage (Naeem 2020).

    Args:
        generated, real: (n, d) and (m, d), at least two rows each.
        k: neighbours; fewer where a set has no more rows.
    """
    near_real, near_generated = (_reach(rows, k) for rows in (real, generated))
    balls = np.zeros(len(generated))
    recall, coverage = np.zeros(len(real)), np.zeros(len(real))
    for start in range(0, len(real), _CHUNK):
        part = slice(start, start + _CHUNK)
        apart = _distances(real[part], generated)
        balls += (apart < near_real[part, None]).sum(axis=0)
        recall[part] = (apart < near_generated).any(axis=1)
        coverage[part] = apart.min(axis=1) < near_real[part]
    return Neighbours((balls > 0).astype(float), balls / min(k, len(real) - 1), recall, coverage)


def _reach(rows: np.ndarray, k: int) -> np.ndarray:
    """Return each row's distance to its k-th nearest other row, (n,)."""
    k = min(k, len(rows) - 1)
    parts = (_distances(rows[i : i + _CHUNK], rows) for i in range(0, len(rows), _CHUNK))
    return np.concatenate([np.partition(apart, k, axis=1)[:, k] for apart in parts])


def nearest_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the distance of each row of a (n, d) to the nearest row of b (m, d): (n,)."""
    parts = (_distances(a[i : i + _CHUNK], b) for i in range(0, len(a), _CHUNK))
    return np.concatenate([apart.min(axis=1) for apart in parts])


def nearest_others(a: np.ndarray) -> np.ndarray:
    """Return the distance of each row (n, d), of at least two, to the nearest other row: (n,)."""
    return _reach(a, 1)


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return Euclidean distances (n, m); 0, not rounding noise, between equal rows."""
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    centre = b.mean(axis=0)
    a, b = a - centre, b - centre
    sizes = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)
    squares = sizes - 2 * (a @ b.T)
    return np.sqrt(np.where(squares > 1e-12 * sizes, squares, 0))


def loudness(sounds: np.ndarray) -> np.ndarray:
    """Return the RMS of sounds (n, length, channels) in dBFS, -120 or above: (n,)."""
    power = (np.asarray(sounds, "float64") ** 2).mean(axis=(1, 2))
    return 10 * np.log10(np.maximum(power, 1e-12))


def silent(sounds: np.ndarray) -> np.ndarray:
    """Return which sounds (n, length, channels) have an RMS below -60 dBFS: (n,)."""
    return loudness(sounds) < -60


def clipped(sounds: np.ndarray) -> np.ndarray:
    """Return which sounds have 0.1 % of their samples, and two at least, at full scale: (n,)."""
    full = (np.abs(sounds) >= 0.999).sum(axis=(1, 2))
    return full >= max(2, 0.001 * sounds.shape[1] * sounds.shape[2])


def standard_error(
    statistic: Callable[..., float], samples: tuple[np.ndarray, ...], n: int = 50, seed: int = 0
) -> float:
    """Return the bootstrap standard error of a statistic of samples, each resampled by rows.

    A resampled set holds rows twice, which makes distances larger but leaves their spread right:
    take the value ± 1.96 standard errors, not percentiles.

    Args:
        statistic: called with as many arrays as there are samples.
        samples: arrays with a row each.
        n: resamplings.
        seed: of them.
    """
    rng = np.random.default_rng(seed)
    values = [
        statistic(*(rows[rng.integers(0, len(rows), len(rows))] for rows in samples))
        for _ in range(n)
    ]
    return float(np.std(values, ddof=1))
