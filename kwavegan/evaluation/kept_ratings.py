"""External evaluators' ratings of real sounds, kept in the cache; every run stands beside them."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from kwavegan.backend.selection import package_version
from kwavegan.errors import InputError
from kwavegan.evaluation import external
from kwavegan.storage import archive, files
from kwavegan.storage.cache import cache_folder

FORMAT = 1
"""Version of kept ratings: raise it when what an evaluator gets, or what is made of it, changes."""


def rate_and_keep(
    name: str, sounds: np.ndarray, labels: np.ndarray, sample_rate: int, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Rate sounds as `external.rate` does, or return what is kept of the same sounds.

    Ratings are kept for the sounds and labels themselves and for the versions of the evaluator's
    packages. Where the cache cannot be written, the sounds are rated each time.

    Args:
        name: key of `external.EVALUATORS`.
        sounds: (n, length, channels) float in −1…1.
        labels: (n,) integers, indices of `names`.
        sample_rate: of the sounds, in Hz.
        names: the label names.

    Returns:
        Arrays of n rows, by measure.

    Raises:
        InputError: as `external.rate`.

    Example:
        >>> from kwavegan import open_dataset
        >>> from kwavegan.evaluation.kept_ratings import rate_and_keep
        >>> dataset = open_dataset("set")
        >>> sounds, labels = dataset.test.batch([0, 1]), dataset.test.labels[:2]
        >>> rate_and_keep("nobody", sounds, labels, dataset.rate, dataset.labels)
        Traceback (most recent call last):
        ...
        kwavegan.errors.InputError: evaluators: 'nobody' is no external evaluator; choose from ...
    """
    external.check([name], names)
    path = cache_folder() / "judges" / f"{_key(name, sounds, labels, sample_rate, names)}.npz"
    kept = _read(path)
    if kept is not None:
        return kept
    ratings = external.rate(name, sounds, labels, sample_rate, names)
    with suppress(InputError), files.atomic(path) as partial:
        archive.write_archive(partial, 0, ratings, {"evaluator": name})
    return ratings


def _key(
    name: str, sounds: np.ndarray, labels: np.ndarray, sample_rate: int, names: Sequence[str]
) -> str:
    """Return 16 hexadecimal digits of all that a rating depends on."""
    packages = {p: package_version(p) for p in external.EVALUATORS[name].packages}
    about = (FORMAT, name, packages, sample_rate, tuple(names), sounds.shape, str(sounds.dtype))
    digest = hashlib.sha256(repr(about).encode("utf-8", "surrogateescape"))
    digest.update(np.ascontiguousarray(sounds).data)
    digest.update(np.asarray(labels, np.int64).tobytes())
    return digest.hexdigest()[:16]


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """Return kept ratings; None if there are none, or they are damaged."""
    try:
        return archive.read_archive(path).arrays
    except (OSError, archive.DamagedError):
        return None
