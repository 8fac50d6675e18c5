"""The space in which generated and real sounds are compared.

`evaluate`, the choice of the best checkpoint and the health signals all measure here: a
`FeatureSpace` is fitted to training sounds once, and extracts the same `Features` of any sounds.
Plain NumPy; only a classifier, if there is one, needs a backend.
"""

from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from kwavegan.audio.mel import MelSettings, log_mel
from kwavegan.backend.cores import on_all_cores
from kwavegan.evaluation import metrics
from kwavegan.evaluation.texture import STATISTIC_STEPS, Texture, measure_texture

_CHUNK = 64  # sounds whose spectrograms are in memory at once, on each core


class Classifier(Protocol):
    """What a feature space needs of a classifier; `LabelClassifier` is one."""

    def predict(self, spectrograms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return embeddings (n, d) and label probabilities (n, labels) of log-mel spectrograms."""


def mel_statistics(spectrograms: np.ndarray) -> np.ndarray:
    """Return each spectrogram's mean and standard deviation over time, in dB.

    An embedding that no network learned: it holds loudness, timbre and how much they change.

    Args:
        spectrograms: (n, frames, bands, channels) in dB.

    Returns:
        (n, 2 × bands × channels).
    """
    flat = spectrograms.reshape(*spectrograms.shape[:2], -1)
    return np.concatenate([flat.mean(axis=1), flat.std(axis=1)], axis=1)


def pooled_spectrograms(spectrograms: np.ndarray, frames: int = 32) -> np.ndarray:
    """Return spectrograms averaged down to at most `frames` frames, a flat row each, in dB.

    Fine enough to distinguish one recording from another: copies of training sounds lie near them.

    Args:
        spectrograms: (n, any frames, bands, channels) in dB.
        frames: most frames to keep.

    Returns:
        (n, frames × bands × channels).
    """
    count = spectrograms.shape[1]
    edges = np.unique(np.linspace(0, count, min(frames, count) + 1).astype(int))[:-1]
    pooled = np.add.reduceat(spectrograms, edges, axis=1)
    pooled /= np.diff([*edges, count]).reshape(1, -1, 1, 1)
    return pooled.reshape(len(spectrograms), -1)


@dataclass(frozen=True)
class Features:
    """What is measured of a set of sounds: arrays with one row for each sound.

    Attributes:
        labels: (n,) label indices.
        mel_statistics: (n, 2 × bands × channels), in standard deviations of the training sounds.
        nearest: (n,) distance to the nearest training sound, divided by the mean of that distance
            among training sounds.
        loudness: (n,) RMS in dBFS.
        silent: (n,) bool, RMS below −60 dBFS.
        clipped: (n,) bool, 0.1 % of the samples at full scale.
        offset: (n,) size of the DC offset; full scale is 1.
        embedding: (n, d) of the classifier; None without one.
        probabilities: (n, labels) of the classifier; None without one.
        texture: of each sound; None in a space without it.
        texture_statistics: (n, 8) `Texture.statistics`, in standard deviations of the training
            sounds; None in a space without it.

    Example:
        >>> import numpy as np
        >>> from kwavegan.audio import mel_settings
        >>> from kwavegan.evaluation import FeatureSpace
        >>> audio = np.random.default_rng(0).normal(0, 0.1, (20, 1024, 1)).astype("float32")
        >>> labels = np.repeat([0, 1], 10)
        >>> features = FeatureSpace.fit(audio, labels, mel_settings(8000, 1024)).training
        >>> features.loudness.round().tolist()[:3]
        [-20.0, -20.0, -20.0]
        >>> len(features.take(features.labels == 1))
        10
    """

    labels: np.ndarray
    mel_statistics: np.ndarray
    nearest: np.ndarray
    loudness: np.ndarray
    silent: np.ndarray
    clipped: np.ndarray
    offset: np.ndarray
    embedding: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    texture: Texture | None = None
    texture_statistics: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray) -> "Features":
        """Return the features of these rows (indices, or a mask)."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        taken: dict[str, Any] = {n: None if c is None else c[rows] for n, c in columns.items()}
        return Features(**taken)

    @property
    def predicted_labels(self) -> np.ndarray | None:
        """The most probable label of each sound, (n,); None without a classifier."""
        return None if self.probabilities is None else self.probabilities.argmax(axis=1)

    def with_predicted_labels(self) -> "Features":
        """Return the same features with `predicted_labels` as labels.

        Raises:
            ValueError: there is no classifier.
        """
        labels = self.predicted_labels
        if labels is None:
            raise ValueError("labels are predicted only with a classifier")
        return replace(self, labels=labels)

    @property
    def points(self) -> np.ndarray:
        """Where distances are measured: the embedding, or the statistics without a classifier."""
        return self.mel_statistics if self.embedding is None else self.embedding

    def frechet_distance(self, real: "Features") -> float:
        """Return the Fréchet distance to other sounds, between `points`.

        In the embedding of a classifier this is the Fréchet audio distance (Kilgour et al. 2019)
        with our classifier in the place of VGGish.

        Raises:
            ValueError: either set has fewer than two sounds.
        """
        return metrics.frechet_distance(self.points, real.points)

    def require_texture(self) -> Texture:
        """Return the texture.

        Raises:
            ValueError: the features come from a space without texture.
        """
        if self.texture is None:
            raise ValueError("these features have no texture")
        return self.texture

    def texture_distance(self, real: "Features") -> float:
        """Return the Fréchet distance to other sounds, between `texture_statistics`.

        Raises:
            ValueError: either set has fewer than two sounds, or comes from a space without texture.
        """
        if self.texture_statistics is None or real.texture_statistics is None:
            raise ValueError("a texture distance needs features with texture")
        return metrics.frechet_distance(self.texture_statistics, real.texture_statistics)


@dataclass(frozen=True)
class DistanceToReal:
    """The Fréchet distances of generated sounds to real ones, and their floors.

    A floor is the distance between two sets of real sounds. A distance of finite sets is never
    zero and depends on how many sounds there are, so it says something only beside its floor.

    Attributes:
        real: features of the real sounds.
        floor: distance of other real sounds to them.
        texture_floor: their texture distance; NaN in a space without texture.

    Example:
        >>> import numpy as np
        >>> from kwavegan.audio import mel_settings
        >>> from kwavegan.evaluation import DistanceToReal, FeatureSpace
        >>> audio = np.random.default_rng(0).normal(0, 0.1, (60, 1024, 1)).astype("float32")
        >>> labels = np.zeros(20, int)
        >>> space = FeatureSpace.fit(audio[:20], labels, mel_settings(8000, 1024))
        >>> distance = DistanceToReal.fit(space.extract(audio[20:40], labels), space.training)
        >>> distance.of(space.extract(2 * audio[40:], labels)) > 10 * distance.floor
        True
    """

    real: Features = field(repr=False)
    floor: float
    texture_floor: float

    @classmethod
    def fit(cls, real: Features, others: Features) -> "DistanceToReal":
        """Return the distance to `real`.

        Args:
            real: real sounds, at least two.
            others: other real sounds, as many as there will be generated ones.

        Raises:
            ValueError: either set has fewer than two sounds.
        """
        textured = real.texture is not None
        texture_floor = others.texture_distance(real) if textured else float("nan")
        return cls(real, others.frechet_distance(real), texture_floor)

    def of(self, generated: Features) -> float:
        """Return the distance of generated sounds, at least two; read it beside `floor`."""
        return generated.frechet_distance(self.real)


class _Raw(NamedTuple):
    """Measurements of sounds before they are scaled; a row each. The rest as in `Features`."""

    statistics: np.ndarray
    pooled: np.ndarray
    loudness: np.ndarray
    silent: np.ndarray
    clipped: np.ndarray
    offset: np.ndarray
    embedding: np.ndarray | None
    probabilities: np.ndarray | None


@dataclass(frozen=True)
class FeatureSpace:
    """Extracts the features of sounds, scaled by those of training sounds; made by `fit`.

    Attributes:
        mel: settings of the spectrograms.
        classifier: None for a space without an embedding.
        training: features of the training sounds that it was fitted to.
        with_texture: whether features have a texture.

    Example:
        >>> import numpy as np
        >>> from kwavegan.audio import mel_settings
        >>> from kwavegan.evaluation import FeatureSpace
        >>> audio = np.random.default_rng(0).normal(0, 0.1, (60, 1024, 1)).astype("float32")
        >>> labels = np.zeros(60, int)
        >>> space = FeatureSpace.fit(audio[:20], labels[:20], mel_settings(8000, 1024))
        >>> real, alike = (space.extract(part, labels[:20]) for part in (audio[20:40], audio[40:]))
        >>> louder = space.extract(2 * audio[40:], labels[:20])
        >>> louder.frechet_distance(real) > 10 * alike.frechet_distance(real)
        True
    """

    mel: MelSettings
    classifier: Classifier | None
    training: Features = field(repr=False)
    with_texture: bool
    _mean: np.ndarray = field(repr=False)
    _scale: np.ndarray = field(repr=False)
    _pooled: np.ndarray = field(repr=False)
    _nearest_scale: float = field(repr=False)
    _texture_scale: tuple[np.ndarray, np.ndarray] | None = field(repr=False)

    @classmethod
    def fit(
        cls,
        audio: np.ndarray,
        labels: np.ndarray,
        mel: MelSettings,
        classifier: Classifier | None = None,
        with_texture: bool = False,
    ) -> "FeatureSpace":
        """Return the feature space of a set.

        Args:
            audio: training sounds, (m, length, channels) in −1…1.
            labels: (m,) their label indices.
            mel: settings of the spectrograms; see `mel_settings`.
            classifier: gives the embedding and the label probabilities; None leaves them out.
            with_texture: whether to measure texture too, which takes longer than all else.
        """
        raw = _extract(audio, mel, classifier)
        mean = raw.statistics.mean(axis=0)
        # One decibel more: a band that never changes must not divide by zero.
        scale = raw.statistics.std(axis=0) + 1.0
        nearest = metrics.nearest_others(raw.pooled)
        # Sounds that are all alike have no distance of their own to compare with.
        nearest_scale = max(float(nearest.mean()), 1e-9)
        training = _scaled(raw, labels, mean, scale, nearest / nearest_scale)
        texture_scale = None
        if with_texture:
            texture = measure_texture(audio, mel.rate)
            texture_scale = _location_and_scale(texture)
            training = _with_texture(training, texture, texture_scale)
        own = (mean, scale, raw.pooled, nearest_scale, texture_scale)
        return cls(mel, classifier, training, with_texture, *own)

    def extract(self, audio: np.ndarray, labels: np.ndarray) -> Features:
        """Return the features of sounds.

        Args:
            audio: (n, length, channels) in −1…1.
            labels: (n,) their label indices.
        """
        raw = _extract(audio, self.mel, self.classifier)
        nearest = metrics.nearest_distances(raw.pooled, self._pooled) / self._nearest_scale
        features = _scaled(raw, labels, self._mean, self._scale, nearest)
        if self._texture_scale is None:
            return features
        return _with_texture(features, measure_texture(audio, self.mel.rate), self._texture_scale)


def _location_and_scale(texture: Texture) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the statistics, the latter no less than is heard."""
    statistics = texture.statistics
    return statistics.mean(axis=0), np.maximum(statistics.std(axis=0), STATISTIC_STEPS)


def _with_texture(
    features: Features, texture: Texture, location_and_scale: tuple[np.ndarray, np.ndarray]
) -> Features:
    mean, scale = location_and_scale
    statistics = (texture.statistics - mean) / scale
    return replace(features, texture=texture, texture_statistics=statistics)


def _extract(audio: np.ndarray, mel: MelSettings, classifier: Classifier | None) -> _Raw:
    def of_part(start: int) -> _Raw:
        return _extract_part(audio[start : start + _CHUNK], mel, classifier)

    parts = on_all_cores(of_part, range(0, len(audio), _CHUNK))
    columns = zip(*parts, strict=True)
    return _Raw._make(None if col[0] is None else np.concatenate(col) for col in columns)


def _extract_part(audio: np.ndarray, mel: MelSettings, classifier: Classifier | None) -> _Raw:
    spectrograms = log_mel(audio, mel)
    embedding, probabilities = (
        (None, None) if classifier is None else classifier.predict(spectrograms)
    )
    return _Raw(
        mel_statistics(spectrograms),
        pooled_spectrograms(spectrograms),
        metrics.loudness(audio),
        metrics.silent(audio),
        metrics.clipped(audio),
        metrics.offset(audio),
        embedding,
        probabilities,
    )


def _scaled(
    raw: _Raw, labels: np.ndarray, mean: np.ndarray, scale: np.ndarray, nearest: np.ndarray
) -> Features:
    return Features(
        np.asarray(labels),
        (raw.statistics - mean) / scale,
        nearest,
        raw.loudness,
        raw.silent,
        raw.clipped,
        raw.offset,
        raw.embedding,
        raw.probabilities,
    )
