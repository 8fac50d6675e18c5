"""The judge: a small classifier of log-mel spectrograms, trained on the real training sounds.

It tells which label a sound has, and its last hidden layer is the space that distances between
real and generated sounds are measured in. It is trained once for a prepared set and kept there.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
from keras import layers

from kwavegan.audio.mel import MelSettings, log_mel, mel_settings
from kwavegan.data.dataset import JUDGE, Dataset, data_digest, require_labels, some
from kwavegan.errors import InputError
from kwavegan.storage import archive, files
from kwavegan.storage.cache import cache_folder, locked

Progress = Callable[[str], None]

FORMAT = 1
"""Of the judge: raise it when its network or its training changes."""

EMBEDDING = 64

BATCH = 64

_TRAIN_BATCH = 32

_RATE = 2e-3

_SHIFT = 0.1  # of the length, either way

_GAIN = (-9.0, 6.0)  # dB

_NOISE = (-70.0, -25.0)  # dB of full scale


@dataclass(frozen=True)
class Judge:
    """A trained judge.

    Attributes:
        labels: in index order.
        mel: the spectrograms it takes.
        digest: of its weights, 12 hexadecimal digits; numbers of different judges do not compare.
        mean, scale: of the training spectrograms, (bands, channels), in dB.
        spread: root mean variance of the training sounds' raw embedding, which embeddings are
            divided by: distances do not depend on how large a judge's numbers happen to be.
        network: from scaled spectrograms to the raw embedding and the logits.
    """

    labels: tuple[str, ...]
    mel: MelSettings
    digest: str
    mean: np.ndarray = field(repr=False)
    scale: np.ndarray = field(repr=False)
    spread: float = field(repr=False)
    network: keras.Model = field(repr=False)

    def hear(self, spectrograms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return embeddings (n, 64) and label probabilities (n, labels) of spectrograms.

        Args:
            spectrograms: of `log_mel` with `mel`.
        """
        size = min(BATCH, len(spectrograms))
        embeddings, logits = [], []
        for start in range(0, len(spectrograms), BATCH):
            part = (spectrograms[start : start + BATCH] - self.mean) / self.scale
            count = len(part)
            part = np.pad(part, ((0, size - count), *[(0, 0)] * 3))
            embedding, scores = self.network.predict_on_batch(part)
            embeddings.append(np.asarray(embedding)[:count])
            logits.append(np.asarray(scores, "float64")[:count])
        return np.concatenate(embeddings) / self.spread, _softmax(np.concatenate(logits))


def _softmax(logits: np.ndarray) -> np.ndarray:
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def judge_of(dataset: Dataset, progress: Progress | None = None) -> Judge:
    """Return the judge of a set: the one kept beside it, or a new one, kept from now on.

    Where the set's folder cannot be written, the judge is kept in the cache.

    Args:
        dataset: with at least two labels.
        progress: called with a line when a judge is to be trained.

    Raises:
        InputError: fewer than two labels, or no place to keep it.
    """
    require_labels(dataset)
    key = data_digest(dataset)
    spare = cache_folder() / "judges" / f"{key}.npz"
    with locked(spare):
        for path in (dataset.path / JUDGE, spare):
            if judge := _load(path, dataset, key):
                return judge
        if progress:
            progress(f"training a judge on the {len(dataset.train)} training sounds, once")
        arrays = _train(dataset)
        meta = {"format": FORMAT, "data": key}
        for path in (dataset.path / JUDGE, spare):
            try:
                with files.atomic(path) as partial:
                    archive.write(partial, _steps(dataset), arrays, meta)
                break
            except InputError:
                if path == spare:
                    raise
        return _judge(dataset, arrays)


def _load(path: Path, dataset: Dataset, key: str) -> Judge | None:
    """Read a kept judge; None if there is none, it is damaged, or it belongs to other data."""
    try:
        stored = archive.read(path)
    except (OSError, archive.DamagedError):
        return None
    if stored.meta != {"format": FORMAT, "data": key}:
        return None
    return _judge(dataset, stored.arrays)


def _judge(dataset: Dataset, arrays: dict[str, np.ndarray]) -> Judge:
    mel = mel_settings(dataset.rate, dataset.length)
    network = _network(dataset, mel)
    network.set_weights([arrays[f"weights/{i:02}"] for i in range(len(network.weights))])
    digest = hashlib.sha256(b"".join(arrays[name].tobytes() for name in sorted(arrays)))
    return Judge(
        labels=dataset.labels,
        mel=mel,
        digest=digest.hexdigest()[:12],
        mean=arrays["mean"],
        scale=arrays["scale"],
        spread=float(arrays["spread"]),
        network=network,
    )


def _network(dataset: Dataset, mel: MelSettings) -> keras.Model:
    """Return the untrained network: convolutions over time, bands as channels.

    Two-dimensional convolutions were five times as slow and no better on spoken digits.
    """
    seeds = iter(range(100))

    def glorot() -> keras.Initializer:
        return keras.initializers.GlorotUniform(seed=next(seeds))

    frames = 1 + dataset.length // mel.hop
    spectrogram = keras.Input((frames, mel.bands, dataset.channels))
    x = layers.Reshape((frames, mel.bands * dataset.channels))(spectrogram)
    for _ in range(3):
        convolution = layers.Conv1D(
            EMBEDDING, 5, padding="same", activation="relu", kernel_initializer=glorot()
        )
        x = layers.MaxPooling1D(2, padding="same")(convolution(x))
    x = layers.Concatenate()([layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x)])
    embedding = layers.Dense(EMBEDDING, activation="relu", kernel_initializer=glorot())(x)
    logits = layers.Dense(len(dataset.labels), kernel_initializer=glorot())(embedding)
    return keras.Model(spectrogram, [embedding, logits])


def _steps(dataset: Dataset) -> int:
    """Training steps: more for more labels; enough by trial on drums and ten spoken digits."""
    return min(1_500, 300 + 50 * len(dataset.labels))


def _train(dataset: Dataset) -> dict[str, np.ndarray]:
    """Train a judge, and return its weights and scales by name."""
    mel = mel_settings(dataset.rate, dataset.length)
    network = _network(dataset, mel)
    batches = _Batches(dataset, mel, _steps(dataset))
    logits = keras.Model(network.input, network.output[1])
    falling = keras.optimizers.schedules.CosineDecay(_RATE, len(batches), alpha=0.02)
    logits.compile(
        keras.optimizers.Adam(falling),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    logits.fit(batches, shuffle=False, verbose=0)
    arrays = {f"weights/{i:02}": np.array(w) for i, w in enumerate(network.get_weights())}
    arrays |= {"mean": batches.mean, "scale": batches.scale, "spread": np.float32(1)}
    # The judge hears the training sounds once more, for the spread of its embedding.
    raw, _ = _judge(dataset, arrays).hear(log_mel(some(dataset.train, 1024)[0], mel))
    return {**arrays, "spread": np.sqrt(raw.var(axis=0).mean())}


class _Batches(keras.utils.PyDataset):
    """Training batches, every label equally often, each sound changed a little anew.

    Shifts, gain and noise keep the judge from holding on to what does not make a label, such as
    silence that is perfect in recordings and never in generated sounds.
    """

    def __init__(self, dataset: Dataset, mel: MelSettings, steps: int):
        super().__init__()
        self.sounds, self.mel, self.steps = dataset.train, mel, steps
        labels = np.asarray(self.sounds.labels)
        self.rows = [np.flatnonzero(labels == i) for i in range(len(dataset.labels))]
        self.rows = [rows for rows in self.rows if len(rows)]
        spectrograms = log_mel(some(self.sounds, 1024)[0], mel)
        self.mean = spectrograms.mean(axis=(0, 1))
        self.scale = spectrograms.std(axis=(0, 1)) + 1

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, item: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([item, len(self.sounds)])
        kinds = rng.integers(len(self.rows), size=_TRAIN_BATCH)
        chosen = np.array([rng.choice(self.rows[kind]) for kind in kinds])
        sounds = augmented(self.sounds.batch(chosen), rng)
        spectrograms = (log_mel(sounds, self.mel) - self.mean) / self.scale
        return spectrograms, np.asarray(self.sounds.labels[chosen], "int32")


def augmented(sounds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return sounds (n, length, channels) shifted in time, louder or quieter, with noise added."""
    count, length, _ = sounds.shape
    most = int(length * _SHIFT)
    shifts = rng.integers(-most, most + 1, count)
    places = np.arange(length) - shifts[:, None]
    inside = (places >= 0) & (places < length)
    moved = np.take_along_axis(sounds, np.where(inside, places, 0)[..., None], axis=1)
    gain, noise = (10 ** (rng.uniform(*span, (count, 1, 1)) / 20) for span in (_GAIN, _NOISE))
    moved = moved * inside[..., None] * gain + noise * rng.standard_normal(sounds.shape)
    return moved.astype("float32")
