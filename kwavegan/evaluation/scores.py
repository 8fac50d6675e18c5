"""Every measure of the features of one set of sounds, or of two, with its standard error."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from kwavegan.evaluation import metrics
from kwavegan.evaluation.features import Features
from kwavegan.evaluation.measures import MEASURES, PER_SOUND_TEXTURE
from kwavegan.evaluation.texture import Texture, largest_shared_period, pitch_spread


class Score(NamedTuple):
    """A number and its standard error, NaN where there are too few sounds for one."""

    value: float
    error: float


def measure(
    features: Features, labelled: bool, reference: np.ndarray | None = None
) -> dict[str, Score]:
    """Return the measures of one set.

    Args:
        features: of the set, at least one sound.
        labelled: whether the labels are the ones that the sounds were generated for.
        reference: label probabilities of the training sounds, (m, labels), for the scores of the
            inception kind, which are over all labels; None leaves those out.
    """
    each = {
        "nearest_training": features.nearest,
        "silent": features.silent,
        "clipped": features.clipped,
        "loudness": features.loudness,
        "offset": features.offset,
    }
    predicted, p = features.predicted_labels, features.probabilities
    if labelled and predicted is not None:
        each["label_accuracy"] = predicted == features.labels
    scores = {name: mean(values) for name, values in each.items()}
    if features.texture is not None:
        scores |= {
            name: median(_scale(name) * getattr(features.texture, name))
            for name in PER_SOUND_TEXTURE
        }
    if reference is None or p is None:
        return scores
    functions: dict[str, Callable[[np.ndarray], float]] = {
        "inception_score": metrics.inception_score,
        "inception_score_halves": metrics.inception_score_halves,
        "modified_inception_score": metrics.modified_inception_score,
        "am_score": lambda probabilities: metrics.am_score(probabilities, reference),
    }
    for name, function in functions.items():
        scores[name] = Score(function(p), metrics.standard_error(function, (p,)))
    return scores


def compare(generated: Features, real: Features, errors: bool = True) -> dict[str, Score]:
    """Return the measures of a set against real sounds; none where either has fewer than two.

    Args:
        generated, real: the sets. A distance depends on how many sounds they have, so distances
            compare only between sets of equal sizes.
        errors: whether to bootstrap standard errors; without, they are NaN.
    """
    if min(len(generated), len(real)) < 2:
        return {}
    near = metrics.neighbours(generated.points, real.points)
    scores = {name: mean(getattr(near, name)) for name in near._fields}
    functions: dict[str, Callable[[Features, Features], float]] = {
        "frechet_distance_mel": _frechet_mel,
        "diversity_mel": _diversity_mel,
    }
    if generated.embedding is not None:
        functions |= {
            "frechet_distance": Features.frechet_distance,
            "kernel_distance": _kernel,
            "diversity": _diversity,
        }
    if generated.texture is not None:
        functions["texture_distance"] = Features.texture_distance
        # These depend on the number of sounds too: sets of equal sizes have them beside each other.
        functions["shared_period"] = lambda ours, _: _shared_period(ours)
        functions["pitch_spread"] = lambda ours, _: _pitch_spread(ours)
    spreads = _bootstrap(functions, generated, real) if errors else {}
    for name, function in functions.items():
        scores[name] = Score(function(generated, real), spreads.get(name, float("nan")))
    return scores


def _frechet_mel(generated: Features, real: Features) -> float:
    return metrics.frechet_distance(generated.mel_statistics, real.mel_statistics)


def _kernel(generated: Features, real: Features) -> float:
    return metrics.kernel_distance(generated.points, real.points)


def _diversity(generated: Features, real: Features) -> float:
    return _spread_ratio(generated.labels, generated.points, real.labels, real.points)


def _diversity_mel(generated: Features, real: Features) -> float:
    ours, theirs = generated.mel_statistics, real.mel_statistics
    return _spread_ratio(generated.labels, ours, real.labels, theirs)


def _scale(name: str) -> float:
    return 1000.0 if name == "attack" else 1.0  # tables have milliseconds


def _textures(features: Features) -> list[Texture]:
    texture, labels = features.require_texture(), features.labels
    return [texture[labels == label] for label in np.unique(labels)]


def _shared_period(features: Features) -> float:
    """Return the largest share of a label's sounds that have one period, mean over labels."""
    return float(np.mean([largest_shared_period(own.period) for own in _textures(features)]))


def _pitch_spread(features: Features) -> float:
    """Return the spread of pitch within a label in octaves, mean over labels."""
    return float(np.mean([pitch_spread(own) for own in _textures(features)]))


def _spread_ratio(
    labels: np.ndarray, points: np.ndarray, real_labels: np.ndarray, real_points: np.ndarray
) -> float:
    """Return the spread within a label over that of real sounds, mean over labels."""
    ratios = [
        metrics.spread(points[labels == label]) / real_spread
        for label in np.unique(real_labels)
        if (labels == label).sum() > 1
        and (real_labels == label).sum() > 1
        and (real_spread := metrics.spread(real_points[real_labels == label])) > 0
    ]
    return float(np.mean(ratios)) if ratios else float("nan")


def mean(values: np.ndarray) -> Score:
    """Return the mean of values (n,), and its standard error."""
    count = len(values)
    error = np.std(values, ddof=1) / np.sqrt(count) if count > 1 else float("nan")
    return Score(float(np.mean(values)), float(error))


def median(values: np.ndarray) -> Score:
    """Return the median of values (n,), and its bootstrapped standard error."""
    error = metrics.standard_error(np.median, (values,)) if len(values) > 1 else float("nan")
    return Score(float(np.median(values)), float(error))


def _bootstrap(
    functions: Mapping[str, Callable[[Features, Features], float]],
    generated: Features,
    real: Features,
    n: int = 50,
) -> dict[str, float]:
    """Return the standard errors of functions of two sets, from sets resampled within labels.

    Each label keeps its number of sounds, which was chosen and not drawn. A resampled set holds
    some sounds twice: that makes distances larger but leaves their spread right, hence a standard
    error and no percentiles.
    """
    rng = np.random.default_rng(0)
    values: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(n):
        ours = generated.take(_resampled(generated.labels, rng))
        theirs = real.take(_resampled(real.labels, rng))
        for name, function in functions.items():
            values[name].append(function(ours, theirs))
    return {name: float(np.std(own, ddof=1)) for name, own in values.items()}


def _resampled(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    rows = (np.flatnonzero(labels == label) for label in np.unique(labels))
    return np.concatenate([rng.choice(own, len(own)) for own in rows])


def ordered(scores: Mapping[str, Score]) -> dict[str, Score]:
    """Return scores in the order of `MEASURES`."""
    return {name: scores[name] for name in MEASURES if name in scores}
