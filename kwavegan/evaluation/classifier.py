"""A small classifier of log-mel spectrograms, trained on the real training sounds of a set.

It predicts the label of a sound, and its last hidden layer is the embedding in which distances
between real and generated sounds are measured. It is trained once for a prepared set and kept
beside it. Its network is `kwavegan.evaluation.classifier_network`, in NumPy.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kwavegan.audio.mel import MelSettings, log_mel, mel_settings
from kwavegan.backend.cores import usable_cores
from kwavegan.data.ahead import Ahead
from kwavegan.data.dataset import CLASSIFIER, Dataset, data_digest, subset
from kwavegan.errors import InputError
from kwavegan.evaluation.classifier_network import (
    Adam,
    Weights,
    forward,
    gradients,
    initial_weights,
    softmax,
)
from kwavegan.storage import archive, files
from kwavegan.storage.cache import cache_folder, locked

Progress = Callable[[str], None]

FORMAT = 1
"""Version of the kept classifier: raise it when the network or its training changes."""

_PREDICTION_BATCH = 64  # spectrograms whose intermediate results are in memory at once

_TRAINING_BATCH = 32

_LEARNING_RATE = 2e-3

_SCALING_SOUNDS = 1024  # training sounds that the mean, the scale and the spread are taken from

_MAX_SHIFT = 0.1  # share of the length, in either direction

_GAIN_DB = (-9.0, 6.0)

_NOISE_DBFS = (-70.0, -25.0)


@dataclass(frozen=True)
class LabelClassifier:
    """A trained classifier of log-mel spectrograms; `load_or_train_classifier` makes one.

    Attributes:
        labels: label names in index order.
        mel: settings of the spectrograms that it takes.
        digest: 12 hexadecimal digits of a hash of its weights. Numbers measured with different
            classifiers do not compare.
        mean, scale: mean and standard deviation of the training spectrograms, (bands, channels),
            in dB.
        spread: root mean variance of the raw embedding over the training sounds. Embeddings are
            divided by it, so that distances do not depend on the size of a classifier's numbers.
        weights: of the network from scaled spectrograms to the raw embedding and the logits.

    Example:
        >>> from kwavegan import open_dataset
        >>> from kwavegan.audio import log_mel
        >>> from kwavegan.evaluation import train_classifier
        >>> dataset = open_dataset("set")
        >>> classifier = train_classifier(dataset, steps=2)
        >>> classifier.labels
        ('hat', 'kick', 'snare')
        >>> spectrograms = log_mel(dataset.test.batch(range(5)), classifier.mel)
        >>> embeddings, probabilities = classifier.predict(spectrograms)
        >>> embeddings.shape, probabilities.shape
        ((5, 64), (5, 3))
    """

    labels: tuple[str, ...]
    mel: MelSettings
    digest: str
    mean: np.ndarray = field(repr=False)
    scale: np.ndarray = field(repr=False)
    spread: float = field(repr=False)
    weights: Weights = field(repr=False)

    def predict(self, spectrograms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return embeddings (n, 64) and label probabilities (n, labels) of spectrograms.

        Args:
            spectrograms: (n, frames, bands, channels) in dB, of `log_mel` with `mel`.
        """
        embeddings, logits = [], []
        for start in range(0, len(spectrograms), _PREDICTION_BATCH):
            part = (spectrograms[start : start + _PREDICTION_BATCH] - self.mean) / self.scale
            embedding, scores = forward(self.weights, part)
            embeddings.append(embedding)
            logits.append(scores.astype("float64"))
        return np.concatenate(embeddings) / self.spread, softmax(np.concatenate(logits))


def load_or_train_classifier(
    dataset: Dataset, progress: Progress | None = None, steps: int | None = None
) -> LabelClassifier:
    """Return the classifier of a set: the one kept beside it, or a new one, which is then kept.

    Where the set's folder cannot be written, the classifier is kept in the cache.

    Args:
        dataset: with at least two labels.
        progress: called with a line when a classifier is to be trained.
        steps: training steps of a new one; None for `default_steps`. A kept one is returned as it
            is, so whoever wants another length trains the classifier first.

    Raises:
        InputError: the set has fewer than two labels, or there is no place to keep a classifier.

    Example:
        >>> from kwavegan import open_dataset
        >>> from kwavegan.evaluation import load_or_train_classifier
        >>> dataset = open_dataset("set")
        >>> classifier = load_or_train_classifier(dataset)  # some seconds, once
        >>> again = load_or_train_classifier(dataset, print)  # no line: it was kept
        >>> again.digest == classifier.digest
        True
    """
    dataset.require_labels()
    key = data_digest(dataset)
    spare = cache_folder() / "classifiers" / f"{key}.npz"
    with locked(spare):
        for path in (dataset.path / CLASSIFIER, spare):
            if classifier := _load(path, dataset, key):
                return classifier
        if progress:
            progress(f"training a classifier on the {len(dataset.train)} training sounds, once")
        steps = steps or default_steps(dataset)
        arrays = _train(dataset, steps)
        meta = {"format": FORMAT, "data": key}
        for path in (dataset.path / CLASSIFIER, spare):
            try:
                with files.atomic(path) as partial:
                    archive.write_archive(partial, steps, arrays, meta)
                break
            except InputError:
                if path == spare:
                    raise
        return _with_weights(dataset, arrays)


def train_classifier(dataset: Dataset, steps: int | None = None) -> LabelClassifier:
    """Train a classifier and keep it nowhere; the same set and steps give the same classifier.

    Args:
        dataset: with at least two labels.
        steps: training steps; None for `default_steps`.

    Raises:
        InputError: the set has fewer than two labels.

    Example:
        >>> from kwavegan import open_dataset
        >>> from kwavegan.audio import log_mel
        >>> from kwavegan.evaluation import train_classifier
        >>> train = open_dataset("set").train
        >>> classifier = train_classifier(open_dataset("set"), steps=30)
        >>> spectrograms = log_mel(train.batch(range(len(train))), classifier.mel)
        >>> _, probabilities = classifier.predict(spectrograms)
        >>> float((probabilities.argmax(axis=1) == train.labels).mean()) > 0.8
        True
    """
    dataset.require_labels()
    return _with_weights(dataset, _train(dataset, steps or default_steps(dataset)))


def default_steps(dataset: Dataset) -> int:
    """Return the training steps of a set's classifier: more for more labels, at most 1,500.

    Found by trial: enough for drums and for ten spoken digits.
    """
    return min(1_500, 300 + 50 * len(dataset.labels))


def _load(path: Path, dataset: Dataset, key: str) -> LabelClassifier | None:
    """Read a kept classifier; None if there is none, it is damaged, or it is of other data."""
    try:
        stored = archive.read_archive(path)
    except (OSError, archive.DamagedError):
        return None
    if stored.meta != {"format": FORMAT, "data": key} or not _fit(stored.arrays, dataset):
        return None
    return _with_weights(dataset, stored.arrays)


def _fit(arrays: dict[str, np.ndarray], dataset: Dataset) -> bool:
    """Return whether arrays are those of a classifier of this set, in name and shape."""
    bands = mel_settings(dataset.rate, dataset.length).bands
    weights = initial_weights(bands * dataset.channels, len(dataset.labels))
    shapes = {f"weights/{i:02}": array.shape for i, array in enumerate(weights)}
    shapes |= {"mean": (bands, dataset.channels), "scale": (bands, dataset.channels), "spread": ()}
    return {name: array.shape for name, array in arrays.items()} == shapes


def _with_weights(dataset: Dataset, arrays: dict[str, np.ndarray]) -> LabelClassifier:
    """Return the classifier of the arrays that `_train` returns."""
    count = sum(name.startswith("weights/") for name in arrays)
    digest = hashlib.sha256(b"".join(arrays[name].tobytes() for name in sorted(arrays)))
    return LabelClassifier(
        labels=dataset.labels,
        mel=mel_settings(dataset.rate, dataset.length),
        digest=digest.hexdigest()[:12],
        mean=arrays["mean"],
        scale=arrays["scale"],
        spread=float(arrays["spread"]),
        weights=[arrays[f"weights/{i:02}"] for i in range(count)],
    )


def _train(dataset: Dataset, steps: int) -> dict[str, np.ndarray]:
    """Train a network and return its weights, mean, scale and spread by name."""
    mel = mel_settings(dataset.rate, dataset.length)
    batches = AugmentedBatches(dataset, mel)
    weights = initial_weights(mel.bands * dataset.channels, len(dataset.labels))
    optimizer = Adam(weights, _LEARNING_RATE, steps)
    # Augmenting and transforming take three times as long as the step itself.
    threads = usable_cores()
    ahead = Ahead(batches.batch, steps, 2 * threads, threads)
    for step in range(steps):
        optimizer.apply(gradients(weights, *ahead.get(step)))
    arrays = {f"weights/{i:02}": array for i, array in enumerate(weights)}
    arrays |= {"mean": batches.mean, "scale": batches.scale, "spread": np.ones((), np.float32)}
    # With a spread of 1, `predict` gives the raw embedding, whose spread is then known.
    spectrograms = log_mel(subset(dataset.train, _SCALING_SOUNDS)[0], mel)
    raw, _ = _with_weights(dataset, arrays).predict(spectrograms)
    return {**arrays, "spread": np.sqrt(raw.var(axis=0).mean())}


class AugmentedBatches:
    """Training batches with every label equally often and each sound augmented anew.

    Shifts, gain and noise keep the classifier from relying on what does not make a label, such as
    silence that is perfect in recordings and never in generated sounds.

    Args:
        dataset: its training sounds are drawn from.
        mel: settings of the spectrograms.
    """

    def __init__(self, dataset: Dataset, mel: MelSettings):
        self.split, self.mel = dataset.train, mel
        labels = np.asarray(self.split.labels)
        rows = [np.flatnonzero(labels == index) for index in range(len(dataset.labels))]
        self.rows_by_label = [own for own in rows if len(own)]
        spectrograms = log_mel(subset(self.split, _SCALING_SOUNDS)[0], mel)
        self.mean = spectrograms.mean(axis=(0, 1))
        self.scale = spectrograms.std(axis=(0, 1)) + 1

    def batch(self, item: int) -> tuple[np.ndarray, np.ndarray]:
        """Return scaled spectrograms and label indices of a step, always the same ones."""
        rng = np.random.default_rng([item, len(self.split)])
        drawn = rng.integers(len(self.rows_by_label), size=_TRAINING_BATCH)
        rows = np.array([rng.choice(self.rows_by_label[index]) for index in drawn])
        sounds = augmented(self.split.batch(rows), rng)
        spectrograms = (log_mel(sounds, self.mel) - self.mean) / self.scale
        return spectrograms, np.asarray(self.split.labels[rows], "int32")


def augmented(sounds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return sounds shifted in time, louder or quieter, with white noise added.

    Args:
        sounds: (n, length, channels) in −1…1.
        rng: draws a shift, a gain and a noise level for each sound.

    Returns:
        (n, length, channels), float32.
    """
    count, length, _ = sounds.shape
    most = int(length * _MAX_SHIFT)
    shifts = rng.integers(-most, most + 1, (count,))
    gain, noise = (
        10 ** (rng.uniform(*decibels, (count, 1, 1)) / 20) for decibels in (_GAIN_DB, _NOISE_DBFS)
    )
    made = rng.standard_normal(sounds.shape)
    made *= noise
    for own, sound, shift in zip(made, gain * sounds, shifts, strict=True):
        own[max(shift, 0) : length + min(shift, 0)] += sound[
            max(-shift, 0) : length - max(shift, 0)
        ]
    return made.astype("float32")
