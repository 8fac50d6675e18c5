"""How near is near: distances of a found sound in words, beside what real sounds get."""

import math
from collections.abc import Callable

import numpy as np

from kwavegan.control.finding import Found
from kwavegan.control.kept import keep, read_kept
from kwavegan.control.likeness import Likeness
from kwavegan.data.dataset import Dataset, Split
from kwavegan.data.load import load_trained_data
from kwavegan.errors import InputError, shell_command
from kwavegan.generation.generator import SoundGenerator

_HELD_OUT, _TRAINING = 24, 160
"""Sounds of a label whose nearest neighbour is looked for, and among which, at most."""

_AS_NEAR = 1.1
"""Times the distance of real sounds that counts as theirs."""


def real_nearness(
    generator: SoundGenerator, label: str, note: Callable[[str], None] | None = None
) -> float | None:
    """Return how far a real sound of a label is from the nearest other real one: median, in dB.

    Test sounds among training sounds; it is measured once and kept with the run.

    Args:
        generator: of a run whose data are where they were, or pretrained.
        label: "" in a run without labels.
        note: called with a line where that cannot be measured.

    Returns:
        None where the data are not there, or hold too few sounds, or none of the label: a
        combination of attributes that was never heard.
    """
    if label and label not in generator.labels:
        return None
    kept = read_kept(generator).get("real", {}).get(label)
    if isinstance(kept, int | float) and math.isfinite(kept):
        return float(kept)
    config, name = generator.config, generator.run.name
    try:
        data = load_trained_data(config, None, shell_command("evaluate", name, data="FOLDER"))
        if (data.rate, data.length) != (config.rate, config.length) or label not in (
            *data.labels,
            "",
        ):
            raise InputError(f"{data.spelled}: has other sounds than the run was trained on")
    except InputError as error:
        if note:
            note(f"{error}; so what real sounds get is not known")
        return None
    measured = measure_real(data, data.labels.index(label) if label else None)
    if measured is not None:
        keep(generator, "real", label, round(measured, 3))
    return measured


def measure_real(data: Dataset, label: int | None) -> float | None:
    """Return the median distance in dB of held-out real sounds to the nearest training sound.

    Args:
        data: of a run.
        label: index; None for sounds of any.

    Returns:
        None where there are fewer than two sounds.
    """
    likeness = Likeness.of(data.rate, data.length)
    training = _some(data.train, label, _TRAINING + _HELD_OUT)
    held_out = _some(data.test if len(data.test) else data.validation, label, _HELD_OUT)
    if not len(held_out):
        held_out, training = training[:_HELD_OUT], training[_HELD_OUT:]
    if not len(held_out) or not len(training):
        return None
    rows = likeness.features(training[:_TRAINING])
    nearest = [likeness.distances(rows, row).min() for row in likeness.features(held_out)]
    return float(np.median(nearest))


def _some(split: Split, label: int | None, most: int) -> np.ndarray:
    """Return up to so many sounds of a label, always the same ones."""
    rows = np.arange(len(split)) if label is None else np.flatnonzero(split.labels == label)
    return split.batch(np.sort(np.random.default_rng(0).permutation(rows)[:most]))


def in_words(found: Found, real: float | None) -> str:
    """Say how near a found sound is.

    Example:
        >>> import numpy as np
        >>> from kwavegan.control.finding import Found
        >>> from kwavegan.control.nearness import in_words
        >>> in_words(Found(0, np.zeros(2), distance=2.0, usual=8.0), real=1.9)
        'as near as another real sound'
    """
    near = found.usual / 2 if real is None else (real + found.usual) / 2
    if real is not None and found.distance <= _AS_NEAR * real:
        return "as near as another real sound"
    if found.distance <= near:
        return "near"
    if found.distance <= 0.9 * found.usual:
        return "somewhat alike"
    return "not alike: this run makes no such sound"
