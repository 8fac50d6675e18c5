"""Which direction of the latents a measured number follows: ridge regression, and what it explains.

Latents are normal numbers here, so that the slope of a linear fit is the mean slope of whatever
curve the number follows (Stein's lemma): the direction is right on average, however it bends.
"""

from dataclasses import dataclass

import numpy as np

_RIDGES = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Penalties to choose from, in numbers of sounds."""


@dataclass(frozen=True)
class Fit:
    """A number as a linear function of normal numbers.

    Attributes:
        slope: (latent_dim,), of the number in its standard deviations.
        explained: share of its variance that a fit explains on sounds that it was not fitted to; it
            may be negative.
        gain: by how many standard deviations the number rises along the slope, per length of a
            normal number 1; measured on sounds that the slope was not fitted to.
    """

    slope: np.ndarray
    explained: float
    gain: float


def fit_slope(normals: np.ndarray, values: np.ndarray) -> Fit:
    """Fit a number to normal numbers, on each half of the sounds for the other, and on all.

    Args:
        normals: (n, latent_dim).
        values: (n,), finite.

    Example:
        >>> import numpy as np
        >>> from kwavegan.control.fitting import fit_slope
        >>> normals = np.random.default_rng(0).normal(size=(200, 4))
        >>> fit = fit_slope(normals, 3 * normals[:, 1])
        >>> round(fit.explained, 2), np.abs(fit.slope).round(1).tolist()
        (1.0, [0.0, 1.0, 0.0, 0.0])
    """
    spread = values.std()
    if spread <= 1e-9:
        return Fit(np.zeros(normals.shape[1]), 0.0, 0.0)
    y = (values - values.mean()) / spread
    centre = normals - normals.mean(axis=0)
    halves = (np.arange(len(y)) % 2 == 0, np.arange(len(y)) % 2 == 1)
    pairs = (halves, halves[::-1])
    errors = [
        sum(((y[b] - centre[b] @ _ridge(centre[a], y[a], r)) ** 2).sum() for a, b in pairs)
        for r in _RIDGES
    ]
    best = int(np.argmin(errors))
    gains = [
        _gain(centre[b] @ _unit(_ridge(centre[a], y[a], _RIDGES[best])), y[b]) for a, b in pairs
    ]
    explained = 1 - errors[best] / (y**2).sum()
    return Fit(_ridge(centre, y, _RIDGES[best]), float(explained), float(np.mean(gains)))


def _ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    return np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y)


def _unit(x: np.ndarray) -> np.ndarray:
    return x / max(float(np.linalg.norm(x)), 1e-12)


def _gain(places: np.ndarray, values: np.ndarray) -> float:
    return float(places @ values / max(float(places @ places), 1e-12))


def apart_from(own: Fit, others: list[Fit], weight: float = 3.0) -> np.ndarray:
    """Return the step along which a number rises by one standard deviation, and others little.

    It is the shortest step whose squared length, with `weight` times the squared changes of the
    other numbers, is least: a number that goes with this one nearly always is not held back at any
    price.

    Args:
        own: of the number.
        others: of numbers that are to stay; each counts by what it explains.
        weight: of their changes.

    Returns:
        (latent_dim,).
    """
    matrix = np.eye(len(own.slope))
    for other in others:
        matrix += weight * np.outer(other.slope, other.slope)
    step = _unit(np.linalg.solve(matrix, own.slope))
    # The measured gain is that of the slope itself; another way rises by the cosine between.
    rise = own.gain * float(step @ _unit(own.slope))
    return step / max(rise, 1e-12)
