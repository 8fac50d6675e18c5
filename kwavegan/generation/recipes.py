"""What makes a sound: its latent and its label; and walks from one latent to another."""

from dataclasses import dataclass

import numpy as np

from kwavegan.errors import InputError, setting


@dataclass(frozen=True)
class Recipe:
    """All that makes one sound, and the name of its file.

    Attributes:
        latent: (latent_dim,), float32.
        label: index of the label; 0 without labels.
        name: of the file, without its ending.

    Example:
        >>> import kwavegan
        >>> drums = kwavegan.load_pretrained("drums")
        >>> [recipe.name for recipe in drums.recipes("kick", n=2, seed=5)]
        ['kick_s5_0000', 'kick_s5_0001']
    """

    latent: np.ndarray
    label: int
    name: str


def walk(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Return latents at equal distances on the line from `start` to `end`, both included.

    Args:
        start, end: (latent_dim,).
        steps: number of latents, at least 2.

    Returns:
        (steps, latent_dim), float32.

    Raises:
        InputError: fewer than two steps.

    Example:
        >>> import numpy as np
        >>> from kwavegan.generation import walk
        >>> walk(np.zeros(2), np.ones(2), steps=3).tolist()
        [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]
    """
    if steps < 2:
        raise InputError(f"{setting('steps')}: a walk needs at least 2 sounds; got {steps}")
    share = np.linspace(0.0, 1.0, steps, dtype="float32")[:, None]
    return ((1 - share) * start + share * end).astype("float32")
