"""Two sets of sounds as the judge and the spectrograms hear them → every measure, with errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from kwavegan import measures
from kwavegan.features import MelSettings, log_mel, outlines, statistics
from kwavegan.judge import Judge
from kwavegan.results import MEASURES


@dataclass(frozen=True)
class Heard:
    """A set of sounds as it is measured: arrays with a row a sound.

    Attributes:
        labels: (n,) indices.
        statistics: (n, s) of the log-mel spectrograms, in training standard deviations.
        nearest: (n,) distance to the nearest training sound, over that among training sounds.
        loudness, silent, clipped, offset: (n,), of the waveforms.
        embedding, probabilities: (n, 64) and (n, labels) of the judge; None without one.
    """

    labels: np.ndarray
    statistics: np.ndarray
    nearest: np.ndarray
    loudness: np.ndarray
    silent: np.ndarray
    clipped: np.ndarray
    offset: np.ndarray
    embedding: np.ndarray | None = None
    probabilities: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray) -> "Heard":
        """Return the sounds of these rows (indices, or a mask)."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        return Heard(**{name: a if a is None else a[rows] for name, a in arrays.items()})

    def judged(self) -> "Heard":
        """Return the same with the labels that the judge hears."""
        return replace(self, labels=self.probabilities.argmax(axis=1))

    @property
    def space(self) -> np.ndarray:
        """Where neighbours are looked for: the embedding, or without a judge the statistics."""
        return self.statistics if self.embedding is None else self.embedding


# In the order of the fields of `Heard`.
_WAVES = (measures.loudness, measures.silent, measures.clipped, measures.offset)


class Ears:
    """Hears sounds for a set: with its judge, beside its training sounds.

    Args:
        judge: None for a set without labels.
        mel: the spectrograms.
        training: some of the set's training sounds, (n, length, channels).
        labels: their labels.
    """

    def __init__(
        self, judge: Judge | None, mel: MelSettings, training: np.ndarray, labels: np.ndarray
    ):
        self.judge, self.mel = judge, mel
        raw, self._outlines, *rest = self._listen(training)
        self._mean, self._scale = raw.mean(axis=0), raw.std(axis=0) + 1.0
        among = measures.nearest_others(self._outlines)
        # Sounds that are all alike have no distance of their own to compare with.
        self._among = max(float(among.mean()), 1e-9)
        self.training = self._heard(labels, raw, among, *rest)

    def hear(self, sounds: np.ndarray, labels: np.ndarray) -> Heard:
        """Return what is heard of sounds (n, length, channels)."""
        raw, shapes, *rest = self._listen(sounds)
        return self._heard(labels, raw, measures.nearest_distances(shapes, self._outlines), *rest)

    def _heard(
        self,
        labels: np.ndarray,
        raw: np.ndarray,
        nearest: np.ndarray,
        waves: tuple[np.ndarray, ...],
        judged: tuple[np.ndarray | None, ...],
    ) -> Heard:
        scaled = (raw - self._mean) / self._scale
        return Heard(np.asarray(labels), scaled, nearest / self._among, *waves, *judged)

    def _listen(self, sounds: np.ndarray) -> tuple:
        """Return statistics, outlines, the waveforms' numbers and the judge's; in small parts."""
        rows = [self._listen_to(sounds[i : i + 256]) for i in range(0, len(sounds), 256)]
        raw, shapes, *rest = (
            np.concatenate(column) if column[0] is not None else None
            for column in zip(*rows, strict=True)
        )
        return raw, shapes, tuple(rest[:-2]), tuple(rest[-2:])

    def _listen_to(self, sounds: np.ndarray) -> tuple:
        spectrograms = log_mel(sounds, self.mel)
        waves = (hear(sounds) for hear in _WAVES)
        judged = (None, None) if self.judge is None else self.judge.hear(spectrograms)
        return statistics(spectrograms), outlines(spectrograms), *waves, *judged


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
            "inception_score": measures.inception_score,
            "inception_score_halves": measures.inception_score_halves,
            "modified_inception_score": measures.modified_inception_score,
            "am_score": lambda p: measures.am_score(p, reference),
        }
        for name, function in functions.items():
            p = heard.probabilities
            scores[name] = Score(function(p), measures.standard_error(function, (p,)))
    return scores


def against(heard: Heard, real: Heard, errors: bool = True) -> dict[str, Score]:
    """Measure a set against real sounds; no number where either has fewer than two.

    Args:
        heard, real: the sets; distances that are compared want the same number of sounds.
        errors: whether to bootstrap standard errors; without, they are NaN.
    """
    if min(len(heard), len(real)) < 2:
        return {}
    near = measures.neighbours(heard.space, real.space)
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
    return measures.frechet_distance(heard.space, real.space)


def _frechet_mel(heard: Heard, real: Heard) -> float:
    return measures.frechet_distance(heard.statistics, real.statistics)


def _kernel(heard: Heard, real: Heard) -> float:
    return measures.kernel_distance(heard.embedding, real.embedding)


def _diversity(heard: Heard, real: Heard) -> float:
    return _spread_ratio(heard.labels, heard.embedding, real.labels, real.embedding)


def _diversity_mel(heard: Heard, real: Heard) -> float:
    return _spread_ratio(heard.labels, heard.statistics, real.labels, real.statistics)


def _spread_ratio(labels: np.ndarray, a: np.ndarray, real: np.ndarray, b: np.ndarray) -> float:
    """The mean over labels of the spread within the label, against the real one."""
    ratios = [
        measures.spread(a[labels == label]) / wide
        for label in np.unique(real)
        if (labels == label).sum() > 1
        and (real == label).sum() > 1
        and (wide := measures.spread(b[real == label])) > 0
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
