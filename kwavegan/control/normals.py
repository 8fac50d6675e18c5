"""Latents as normal numbers: to move one, and to walk between two, and stay among likely ones.

Normal numbers in many dimensions lie near a sphere, and each direction is like any other. So moves
and walks are made there: their ends have the length that they began with. Where a run draws
latents uniformly, normal numbers stand for them by their distribution.
"""

from statistics import NormalDist

import numpy as np

_EDGE = 1e-6
"""A uniform latent nearer than this to ±1 counts as that: ±1 itself would be infinitely far."""

_NORMAL = NormalDist()


def to_normals(latents: np.ndarray, distribution: str) -> np.ndarray:
    """Return the normal numbers (…, latent_dim) of latents, float64.

    Args:
        latents: (…, latent_dim).
        distribution: `"uniform"` in −1…1, or `"normal"`.

    Example:
        >>> import numpy as np
        >>> from kwavegan.control.normals import from_normals, to_normals
        >>> normals = to_normals(np.array([0.0, 0.6827, -0.6827]), "uniform")
        >>> normals.round(3).tolist()
        [0.0, 1.0, -1.0]
        >>> np.allclose(from_normals(normals, "uniform"), [0.0, 0.6827, -0.6827])
        True
    """
    values = np.asarray(latents, "float64")
    if distribution != "uniform":
        return values
    shares = np.clip((values + 1) / 2, _EDGE, 1 - _EDGE)
    return np.array([_NORMAL.inv_cdf(share) for share in shares.flat]).reshape(values.shape)


def from_normals(normals: np.ndarray, distribution: str) -> np.ndarray:
    """Return the latents (…, latent_dim) of normal numbers, float32; see `to_normals`."""
    if distribution != "uniform":
        return normals.astype("float32")
    shares = np.array([_NORMAL.cdf(value) for value in normals.flat]).reshape(normals.shape)
    return (2 * shares - 1).astype("float32")


def moved(normals: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return normal numbers (…, latent_dim) moved by a step, at their own lengths."""
    return with_lengths(normals + step, np.linalg.norm(normals, axis=-1, keepdims=True))


def with_lengths(normals: np.ndarray, lengths: np.ndarray | float) -> np.ndarray:
    """Return normal numbers (…, latent_dim) of given lengths; zeros stay zeros."""
    own = np.linalg.norm(normals, axis=-1, keepdims=True)
    return normals * (lengths / np.maximum(own, 1e-12))


def arc(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Return normal numbers (steps, latent_dim) from `start` to `end`, on the sphere between.

    Equal steps turn by equal angles (Shoemake 1985); the length goes evenly from one to the other.

    Example:
        >>> import numpy as np
        >>> from kwavegan.control.normals import arc
        >>> arc(np.array([2.0, 0.0]), np.array([0.0, 2.0]), 3).round(2).tolist()
        [[2.0, 0.0], [1.41, 1.41], [0.0, 2.0]]
    """
    shares = np.linspace(0.0, 1.0, steps)[:, None]
    lengths = [max(float(np.linalg.norm(one)), 1e-12) for one in (start, end)]
    between = (1 - shares) * lengths[0] + shares * lengths[1]
    a, b = start / lengths[0], end / lengths[1]
    angle = np.arccos(np.clip(a @ b, -1.0, 1.0))
    if np.sin(angle) < 1e-6:  # the same way, or opposite ways, where no arc is nearer than others
        return (1 - shares) * start + shares * end
    turned = (np.sin((1 - shares) * angle) * a + np.sin(shares * angle) * b) / np.sin(angle)
    return between * turned
