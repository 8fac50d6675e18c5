"""Two sets of sounds as the judge and the spectrograms hear them → every measure, with errors."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from kwavegan.evaluation import metrics
from kwavegan.evaluation.features import Heard
from kwavegan.evaluation.results import MEASURES


class Score(NamedTuple):
    """A number and its standard error (NaN where there are too few sounds for one)."""

    value: float
    error: float


def alone(heard: Heard, labelled: bool, reference: np.ndarray | None = None) -> dict[str, Score]:
    """Measure a set by itself.

    Args:
        heard: the set.
        labelled: whether its labels are ones it was asked for.
        reference: probabilities of the training sounds, (m, labels), for scores over all labels;
            None leaves those out.
    """
    each = {
        "nearest_training": heard.nearest,
        "silent": heard.silent,
        "clipped": heard.clipped,
        "loudness": heard.loudness,
        "offset": heard.offset,
    }
    if labelled and heard.probabilities is not None:
        each["label_accuracy"] = heard.probabilities.argmax(axis=1) == heard.labels
    scores = {name: mean(values) for name, values in each.items()}
    if reference is not None and heard.probabilities is not None:
        functions: dict[str, Callable] = {
            "inception_score": metrics.inception_score,
            "inception_score_halves": metrics.inception_score_halves,
            "modified_inception_score": metrics.modified_inception_score,
            "am_score": lambda p: metrics.am_score(p, reference),
        }
        for name, function in functions.items():
            p = heard.probabilities
            scores[name] = Score(function(p), metrics.standard_error(function, (p,)))
    return scores


def against(heard: Heard, real: Heard, errors: bool = True) -> dict[str, Score]:
    """Measure a set against real sounds; no number where either has fewer than two.

    Args:
        heard, real: the sets; distances that are compared want the same number of sounds.
        errors: whether to bootstrap standard errors; without, they are NaN.
    """
    if min(len(heard), len(real)) < 2:
        return {}
    near = metrics.neighbours(heard.space, real.space)
    scores = {name: mean(getattr(near, name)) for name in near._fields}
    functions = {"frechet_distance_mel": _frechet_mel, "diversity_mel": _diversity_mel}
    if heard.embedding is not None:
        functions |= {
            "frechet_distance": frechet,
            "kernel_distance": _kernel,
            "diversity": _diversity,
        }
    for name, function in functions.items():
        error = _bootstrap(function, heard, real) if errors else float("nan")
        scores[name] = Score(function(heard, real), error)
    return scores


def frechet(heard: Heard, real: Heard) -> float:
    """Return the Fréchet distance in the judge's embedding, or in statistics without a judge."""
    return metrics.frechet_distance(heard.space, real.space)


def _frechet_mel(heard: Heard, real: Heard) -> float:
    return metrics.frechet_distance(heard.statistics, real.statistics)


def _kernel(heard: Heard, real: Heard) -> float:
    return metrics.kernel_distance(heard.embedding, real.embedding)


def _diversity(heard: Heard, real: Heard) -> float:
    return _spread_ratio(heard.labels, heard.embedding, real.labels, real.embedding)


def _diversity_mel(heard: Heard, real: Heard) -> float:
    return _spread_ratio(heard.labels, heard.statistics, real.labels, real.statistics)


def _spread_ratio(labels: np.ndarray, a: np.ndarray, real: np.ndarray, b: np.ndarray) -> float:
    """The mean over labels of the spread within the label, against the real one."""
    ratios = [
        metrics.spread(a[labels == label]) / wide
        for label in np.unique(real)
        if (labels == label).sum() > 1
        and (real == label).sum() > 1
        and (wide := metrics.spread(b[real == label])) > 0
    ]
    return float(np.mean(ratios)) if ratios else float("nan")


def mean(values: np.ndarray) -> Score:
    """Return the mean of one number a sound, (n,)."""
    count = len(values)
    error = np.std(values, ddof=1) / np.sqrt(count) if count > 1 else float("nan")
    return Score(float(np.mean(values)), float(error))


def _bootstrap(
    function: Callable[[Heard, Heard], float], heard: Heard, real: Heard, n: int = 50
) -> float:
    """Return the standard error of a function of two sets, from sets resampled within labels.

    How many sounds each label has is given, not left to chance. A resampled set holds sounds
    twice, which makes distances larger but leaves their spread right: hence a standard error, and
    no percentiles.
    """
    rng = np.random.default_rng(0)
    values = [
        function(heard.take(_resampled(heard.labels, rng)), real.take(_resampled(real.labels, rng)))
        for _ in range(n)
    ]
    return float(np.std(values, ddof=1))


def _resampled(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    rows = (np.flatnonzero(labels == label) for label in np.unique(labels))
    return np.concatenate([rng.choice(own, len(own)) for own in rows])


def ordered(scores: Mapping[str, Score]) -> dict[str, Score]:
    """Return scores in the order of `MEASURES`."""
    return {name: scores[name] for name in MEASURES if name in scores}
