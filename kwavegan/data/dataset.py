"""A folder of audio → labels and splits; and a prepared folder → arrays to train on."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from kwavegan.audio.decoding import to_float
from kwavegan.errors import InputError

FORMAT = "kwavegan-dataset"

VERSION = 1
"""What `settings.json` of a prepared folder carries, so that a later version can tell."""

SPLITS = ("train", "validation", "test")

JUDGE = "judge.npz"
"""In a prepared folder: the classifier that `evaluate` trained on it."""


@dataclass(frozen=True)
class Sounds:
    """One split of a prepared set.

    Attributes:
        audio: (n, length, channels), int16 or float32, memory-mapped and read-only.
        labels: (n,) int32, indices into `Dataset.labels`; zeros when unlabelled.
    """

    audio: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.audio)

    def batch(self, indices: np.ndarray | Sequence[int]) -> np.ndarray:
        """The clips at `indices` as float32 (len(indices), length, channels) in [-1, 1]."""
        return to_float(np.asarray(self.audio[np.asarray(indices, dtype=np.intp)]))


def some(sounds: Sounds, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the audio and labels of a split, or of `most` of its sounds, always the same ones."""
    rows = np.random.default_rng(0).permutation(len(sounds))[:most]
    rows.sort()
    return sounds.batch(rows), np.asarray(sounds.labels)[rows]


@dataclass(frozen=True)
class Dataset:
    """A prepared folder, opened.

    Attributes:
        path: the folder.
        rate: sample rate in Hz.
        length: samples in a clip.
        channels: 1 or 2.
        labels: names in index order; () when unlabelled.
        train: the sounds to train on; `validation` and `test` likewise, either may be empty.
    """

    path: Path
    rate: int
    length: int
    channels: int
    labels: tuple[str, ...]
    train: Sounds
    validation: Sounds
    test: Sounds


def is_prepared(path: str | Path) -> bool:
    """Whether a folder was written by `prepare` (it may be damaged: `open_dataset` tells)."""
    return all((Path(path) / name).is_file() for name in ("settings.json", "manifest.csv"))


def read_settings(path: Path) -> dict:
    """`settings.json` of a prepared folder, checked for its format and version.

    Raises:
        InputError: not a prepared folder, damaged, or of a newer version.
    """
    if not is_prepared(path):
        what = "is not a prepared folder" if path.is_dir() else "no such folder"
        raise InputError(f"{path}: {what}; run `kwavegan prepare SRC {path}` first")
    try:
        stored = json.loads((path / "settings.json").read_text(encoding="utf-8"))
        name, version = stored["format"], stored["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, "settings.json") from error
    if name != FORMAT or not isinstance(version, int):
        raise _damaged(path, "settings.json")
    if version > VERSION:
        raise InputError(
            f"{path}: prepared by a newer kwavegan (format {version}, this one reads {VERSION});"
            " upgrade kwavegan or prepare again"
        )
    return stored


def open_dataset(path: str | Path) -> Dataset:
    """Open a prepared folder; nothing is read into memory but the labels.

    Raises:
        InputError: it is not a prepared folder, or is damaged.
    """
    path = Path(path)
    stored = read_settings(path)
    try:
        rate, length, channels = (int(stored[name]) for name in ("rate", "length", "channels"))
        labels = tuple(str(label) for label in stored["labels"])
        counts = [int(stored["clips"][name]) for name in SPLITS]
        dtype = np.dtype(stored["dtype"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, "settings.json") from error
    splits = [
        _open_split(path, name, (count, length, channels), dtype, max(len(labels), 1))
        for name, count in zip(SPLITS, counts, strict=True)
    ]
    return Dataset(path, rate, length, channels, labels, *splits)


def _open_split(
    path: Path, name: str, shape: tuple[int, int, int], dtype: np.dtype, labels: int
) -> Sounds:
    # An empty file cannot be mapped into memory.
    mode = "r" if shape[0] else None
    audio = _load(path, f"{name}.npy", mode)
    indices = _load(path, f"{name}_labels.npy", None)
    if audio.shape != shape or audio.dtype != dtype:
        raise _damaged(path, f"{name}.npy")
    inside = indices.dtype == np.int32 and ((indices >= 0) & (indices < labels)).all()
    if indices.shape != shape[:1] or not inside:
        raise _damaged(path, f"{name}_labels.npy")
    return Sounds(audio, indices)


def _load(path: Path, name: str, mode: Literal["r"] | None) -> np.ndarray:
    try:
        return np.load(path / name, mmap_mode=mode, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, name) from error


def _damaged(path: Path, name: str) -> InputError:
    return InputError(f"{path}: damaged ({name}); prepare it again")


def require_labels(dataset: Dataset) -> None:
    """Refuse a set that cannot condition a model.

    Raises:
        InputError: it has fewer than two labels.
    """
    if len(dataset.labels) < 2:
        count = f"only the label {dataset.labels[0]!r}" if dataset.labels else "no labels"
        raise InputError(
            f"{dataset.path}: has {count}, and a conditional model needs at least two;"
            " sort the sounds into one folder per label, or train an unconditional model"
        )


def data_digest(dataset: Dataset) -> str:
    """Return 16 hexadecimal digits of what a prepared set holds, other for any change to it."""
    shape = (dataset.rate, dataset.length, dataset.channels, dataset.labels)
    digest = hashlib.sha256(repr(shape).encode())
    digest.update((dataset.path / "manifest.csv").read_bytes())
    return digest.hexdigest()[:16]
