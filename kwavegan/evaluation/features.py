"""The features in which generated and real sounds are compared."""

from dataclasses import dataclass, fields, replace

import numpy as np

from kwavegan.audio.mel import MelSettings, log_mel
from kwavegan.evaluation import metrics
from kwavegan.evaluation.classifier import Judge


def statistics(spectrograms: np.ndarray) -> np.ndarray:
    """Return each spectrogram's mean and standard deviation over time: (n, 2 × bands × channels).

    In dB. An embedding that no network learned: it hears loudness, timbre and how much they move.
    """
    flat = spectrograms.reshape(*spectrograms.shape[:2], -1)
    return np.concatenate([flat.mean(axis=1), flat.std(axis=1)], axis=1)


def outlines(spectrograms: np.ndarray, frames: int = 32) -> np.ndarray:
    """Return spectrograms of at most `frames` frames, flat: (n, frames × bands × channels), dB.

    Fine enough to tell one recording from another: copies of training sounds lie near them.
    """
    count = spectrograms.shape[1]
    edges = np.unique(np.linspace(0, count, min(frames, count) + 1).astype(int))[:-1]
    pooled = np.add.reduceat(spectrograms, edges, axis=1)
    pooled /= np.diff([*edges, count]).reshape(1, -1, 1, 1)
    return pooled.reshape(len(spectrograms), -1)


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
_WAVES = (metrics.loudness, metrics.silent, metrics.clipped, metrics.offset)


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
        among = metrics.nearest_others(self._outlines)
        # Sounds that are all alike have no distance of their own to compare with.
        self._among = max(float(among.mean()), 1e-9)
        self.training = self._heard(labels, raw, among, *rest)

    def hear(self, sounds: np.ndarray, labels: np.ndarray) -> Heard:
        """Return what is heard of sounds (n, length, channels)."""
        raw, shapes, *rest = self._listen(sounds)
        return self._heard(labels, raw, metrics.nearest_distances(shapes, self._outlines), *rest)

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
