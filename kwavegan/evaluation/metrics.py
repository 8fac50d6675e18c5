"""Numbers that say how far generated sounds are from real ones: plain NumPy on plain arrays.

They take embeddings (n, d), class probabilities (n, labels) or waveforms (n, length, channels) in
[-1, 1], a row a sound, and compute in float64. The same input gives the same number.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

_CHUNK = 256  # rows of one set beside all of the other: 20 MB for 10,000

_LEAST = 1e-7  # probability; below it logarithms say more about rounding than about sounds


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the Fréchet distance of Gaussians fitted to two sets (Heusel et al. 2017).

    |μa − μb|² + tr(Σa + Σb − 2 (Σa½ Σb Σa½)½), at least 0. It depends on the number of rows:
    compare distances of equal numbers only.

    Args:
        a, b: (n, d) and (m, d), at least two rows each; fewer rows than columns are allowed.

    Raises:
        ValueError: fewer than two rows.
    """
    a, b = _pair(a, b, "a Fréchet distance")
    apart = a.mean(axis=0) - b.mean(axis=0)
    ours, theirs = _factor(a), _factor(b)
    # With Σ = fᵀf, the trace of the root is the sum of the singular values of fa fbᵀ: no root of a
    # product is taken, so that covariances without full rank do no harm.
    overlap = np.linalg.svd(ours @ theirs.T, compute_uv=False).sum()
    return max(0.0, float(apart @ apart + (ours**2).sum() + (theirs**2).sum() - 2 * overlap))


def _factor(rows: np.ndarray) -> np.ndarray:
    """Return f, min(n, d) × d, with fᵀf the unbiased covariance of rows (n, d)."""
    rows = (rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1)
    if len(rows) <= rows.shape[1]:
        return rows
    values, vectors = np.linalg.eigh(rows.T @ rows)
    return np.sqrt(np.maximum(values, 0))[:, None] * vectors.T


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the unbiased MMD² of two sets with the kernel (x·y / d + 1)³ (Bińkowski et al. 2018).

    Its mean does not depend on the number of rows, so it suits small sets; it may be negative.

    Args:
        a, b: (n, d) and (m, d), at least two rows each.

    Raises:
        ValueError: fewer than two rows.
    """
    a, b = (rows / np.sqrt(rows.shape[1]) for rows in _pair(a, b, "a kernel distance"))

    def cubed(x: np.ndarray) -> np.ndarray:
        x = x + 1
        return x * x * x  # many times as fast as x**3

    def total(x: np.ndarray, y: np.ndarray) -> float:
        return sum(cubed(x[i : i + _CHUNK] @ y.T).sum() for i in range(0, len(x), _CHUNK))

    def within(x: np.ndarray) -> float:
        return (total(x, x) - cubed((x * x).sum(axis=1)).sum()) / (len(x) * (len(x) - 1))

    return float(within(a) + within(b) - 2 * total(a, b) / (len(a) * len(b)))


def _pair(a: np.ndarray, b: np.ndarray, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Return two sets in float64; `what` needs two rows of each."""
    if min(len(a), len(b)) < 2:
        raise ValueError(f"{what} needs at least two rows of each set")
    return np.asarray(a, "float64"), np.asarray(b, "float64")


def inception_score(p: np.ndarray, parts: int = 10, seed: int = 0) -> float:
    """Return the mean over parts of exp(mean KL(p(y|x) ‖ p(y))) (Salimans et al. 2016).

    In ten parts, as Donahue et al. 2018 take it; fewer where a part would hold fewer than two
    sounds. From 1 to the number of labels; probabilities below 1e-7 count as that.

    Args:
        p: (n, labels) probabilities.
        parts: how many.
        seed: of the shuffle before the split.
    """
    p = _shuffled(p, seed)
    split = np.array_split(p, max(1, min(parts, len(p) // 2)))
    return float(np.mean([np.exp(_divergence(q, q.mean(axis=0)).mean()) for q in split]))


def inception_score_halves(p: np.ndarray, seed: int = 0) -> float:
    """Return exp(mean KL(p(y|x) ‖ p(y))) of one half of the sounds, with p(y) of the other.

    SaShiMi's split (Goel et al. 2022, arXiv 2202.09729). Their code calls `scipy.stats.entropy`
    over its default axis, the sounds, where the second half drops out and every label weighs the
    same; the two agree where labels are equally frequent. With few sounds this can pass the number
    of labels, and of a single sound it is 1. Probabilities below 1e-7 count as that.

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

    SaShiMi draws 10,000 pairs; here are all n², in closed form. Probabilities below 1e-7 count as
    that: it bounds what two sounds can add, and with it the score.

    Args:
        p: (n, labels) probabilities.
    """
    p = _clipped(p)
    logs = np.log(p)
    return float(np.exp((p * logs).sum(axis=1).mean() - p.mean(axis=0) @ logs.mean(axis=0)))


def am_score(p: np.ndarray, reference: np.ndarray) -> float:
    """Return KL(mean of reference ‖ mean of p) + mean entropy of p (Zhou et al. 2018); low is good.

    In nats, 0 or above; probabilities below 1e-7 count as that.

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
    """Return the root mean square distance of rows (n, d) to their mean.

    Within a label, its ratio to that of real sounds says how diverse generated ones are.
    """
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
    """Return precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem 2020).

    A ball about a row reaches to its k-th nearest other row of the same set, that one left out, as
    in the `prdc` package.

    Args:
        generated, real: (n, d) and (m, d), at least two rows each.
        k: neighbours; fewer where a set has no more other rows.

    Raises:
        ValueError: fewer than two rows.
    """
    generated, real = _pair(generated, real, "a measure of neighbours")
    near_real, near_generated = _reach(real, k), _reach(generated, k)
    balls = np.zeros(len(generated))
    recall, coverage = np.zeros(len(real)), np.zeros(len(real))
    for part, apart in _distances(real, generated):
        inside = apart < near_real[part, None]
        balls += inside.sum(axis=0)
        coverage[part] = inside.any(axis=1)
        recall[part] = (apart < near_generated).any(axis=1)
    return Neighbours((balls > 0).astype(float), balls / min(k, len(real) - 1), recall, coverage)


def nearest_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the distance of each row of a (n, d) to the nearest row of b (m, d): (n,)."""
    return np.concatenate([apart.min(axis=1) for _, apart in _distances(a, b)])


def nearest_others(a: np.ndarray) -> np.ndarray:
    """Return the distance of each row (n, d) to the nearest other row, 0 without others: (n,)."""
    return _reach(a, 1)


def _reach(rows: np.ndarray, k: int) -> np.ndarray:
    """Return each row's distance to its k-th nearest other row, (n,)."""
    k = min(k, len(rows) - 1)  # each row is its own nearest, the 0-th
    # A copy: a view of the column would keep every part alive.
    columns = [np.partition(d, k, axis=1)[:, k].copy() for _, d in _distances(rows, rows)]
    return np.concatenate(columns)


def _distances(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield rows of a (n, d) and their Euclidean distances to b (m, d), part by part.

    Distances of less than a millionth of the rows' own size, which rounding could have made, are 0.
    """
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    centre = b.mean(axis=0)  # products of large numbers would lose small distances
    a, b = a - centre, b - centre
    ours, theirs = (a**2).sum(axis=1), (b**2).sum(axis=1)
    for start in range(0, len(a), _CHUNK):
        part = slice(start, start + _CHUNK)
        sizes = ours[part, None] + theirs
        squares = sizes - 2 * (a[part] @ b.T)
        yield part, np.sqrt(np.where(squares > 1e-12 * sizes, squares, 0))


def loudness(sounds: np.ndarray) -> np.ndarray:
    """Return the RMS of sounds (n, length, channels) in dBFS, -120 or above: (n,)."""
    # Without a float64 copy of all sounds.
    energy = np.einsum("nlc,nlc->n", sounds, sounds, dtype="float64")
    return 10 * np.log10(np.maximum(energy / (sounds.shape[1] * sounds.shape[2]), 1e-12))


def silent(sounds: np.ndarray) -> np.ndarray:
    """Return which sounds (n, length, channels) have an RMS below -60 dBFS: (n,) bool."""
    return loudness(sounds) < -60


def clipped(sounds: np.ndarray) -> np.ndarray:
    """Return which sounds (n, length, channels) are clipped: (n,) bool.

    At least 0.1 % of their samples, and at least two, have |x| of 0.999 or more.
    """
    full = (np.abs(sounds) >= 0.999).sum(axis=(1, 2))
    return (full >= 2) & (1000 * full >= sounds.shape[1] * sounds.shape[2])


def offset(sounds: np.ndarray) -> np.ndarray:
    """Return |mean| of sounds (n, length, channels), of the channel where it is largest: (n,)."""
    return np.abs(sounds.mean(axis=1, dtype="float64")).max(axis=1)


def standard_error(
    statistic: Callable[..., float], samples: tuple[np.ndarray, ...], n: int = 50, seed: int = 0
) -> float:
    """Return the bootstrap standard error of a statistic of samples (Efron 1979).

    Take the value ± 1.96 × this, not percentiles: a resampled set holds rows twice, which makes
    distances larger but leaves their spread right. A statistic that is not finite makes it NaN.

    Args:
        statistic: called with as many arrays as there are samples.
        samples: arrays with a row each; each is resampled by itself, with replacement.
        n: resamplings, at least two.
        seed: of them.
    """
    rng = np.random.default_rng(seed)
    values = [
        statistic(*(rows[rng.integers(0, len(rows), len(rows))] for rows in samples))
        for _ in range(n)
    ]
    with np.errstate(invalid="ignore"):  # ∞ − ∞, where the statistic was infinite
        return float(np.std(values, ddof=1))
