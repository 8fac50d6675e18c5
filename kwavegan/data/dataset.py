"""A prepared folder, as arrays to train on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kwavegan.audio.pcm import to_float
from kwavegan.audio.voices import voice_pitch
from kwavegan.data.manifest import SPLITS, read_manifest
from kwavegan.data.sharded_clips import ShardedClips, rows_name, shard_name
from kwavegan.errors import InputError, setting, shell_command
from kwavegan.storage.arrays import open_array, will_need
from kwavegan.storage.reading import open_plain, read_json
from kwavegan.storage.values import table, text, texts, whole

FORMAT = "kwavegan-dataset"

VERSION, SHARDED = 1, 2
"""The format's version, in `settings.json` of a prepared folder: of one file for each split, and of
shards."""

CLASSIFIER = "classifier.npz"
"""Name of the file in a prepared folder with the classifier that `evaluate` trained on it."""

_DTYPES = {name: np.dtype(name) for name in ("int16", "float32")}
"""Types of samples, by their names in `settings.json`."""

_HEARD = 2_000
"""Most sounds whose levels are measured."""

_LISTENED_TO = 200
"""Most sounds in which a voice is looked for."""

_SILENCE = 1e-7
"""Power at which silence begins: -70 dBFS."""


@dataclass(frozen=True)
class Split:
    """One split of a prepared set.

    Attributes:
        audio: (n, length, channels), int16 or float32, memory-mapped and read-only; of a large set
            `kwavegan.data.sharded_clips.ShardedClips`, which is indexed alike.
        labels: (n,) int32, indices into `Dataset.labels`; zeros without labels.

    Example:
        >>> import numpy as np
        >>> from kwavegan.data import Split
        >>> split = Split(np.full((3, 800, 1), 16384, "int16"), np.zeros(3, "int32"))
        >>> len(split), float(split.batch([0, 2]).max())
        (3, 0.5)
    """

    audio: np.ndarray | ShardedClips
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.audio)

    def batch(self, indices: np.ndarray | Sequence[int]) -> np.ndarray:
        """Return clips as float32 (len(indices), length, channels) in [-1, 1]."""
        rows = np.asarray(indices, dtype=np.intp)
        if isinstance(self.audio, np.ndarray):
            will_need(self.audio, rows)
        return to_float(np.asarray(self.audio[rows]))


def subset(split: Split, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Return audio and labels of up to `limit` random sounds of a split, always the same ones.

    Returns:
        float32 (n, length, channels) in [-1, 1], and (n,) int32.
    """
    rows = np.random.default_rng(0).permutation(len(split))[:limit]
    rows.sort()
    return split.batch(rows), np.asarray(split.labels)[rows]


@dataclass(frozen=True)
class Dataset:
    """An open prepared folder; see `open_dataset`.

    Attributes:
        path: the folder.
        rate: sample rate in Hz.
        length: samples in a clip.
        channels: 1 or 2.
        labels: names in index order; () without labels.
        train: the sounds to train on, at least two of each label.
        validation: the sounds that choose the best checkpoint; may be empty.
        test: the sounds that measure the finished model; may be empty.
        source: the folder of audio that was prepared into the cache; None for another folder.
        attributes: what the parts of a label say, as in `kick/hard`; () for a label as a whole.
        address: where `source` was copied from; "" for a folder of this machine.

    Example:
        >>> from kwavegan import open_dataset
        >>> dataset = open_dataset("set")
        >>> dataset.rate, dataset.length, dataset.labels
        (4096, 1024, ('hat', 'kick', 'snare'))
        >>> len(dataset.train) + len(dataset.validation) + len(dataset.test)
        60
    """

    path: Path
    rate: int
    length: int
    channels: int
    labels: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    source: Path | None = None
    attributes: tuple[str, ...] = ()
    address: str = ""

    @property
    def spelled(self) -> str:
        """The folder that the user gave."""
        return self.address or str(self.source or self.path)

    @cached_property
    def level_spread(self) -> float:
        """How unevenly loud the sounds of a label are: standard deviation in dB, mean over labels.

        Of 2,000 training sounds at most; what is below -70 dBFS counts as that.
        """
        audio, labels = subset(self.train, _HEARD)
        levels = 10 * np.log10(np.square(audio, dtype="float64").mean(axis=(1, 2)) + _SILENCE)
        return float(np.mean([levels[labels == label].std() for label in np.unique(labels)]))

    @cached_property
    def voice_pitch(self) -> float:
        """Median pitch of the voices of 200 training sounds, in Hz; 0 where most have none."""
        return voice_pitch(subset(self.train, _LISTENED_TO)[0], self.rate)

    def require_labels(self) -> None:
        """Refuse a set that has too few labels for a conditional model.

        Raises:
            InputError: the set has fewer than two labels.
        """
        if len(self.labels) < 2:
            count = f"only the label {self.labels[0]!r}" if self.labels else "no labels"
            raise InputError(
                f"{self.spelled}: has {count}, and a conditional model needs at least two; "
                f"{self._where_labels_are()}, or train an unconditional model: "
                f"{setting('model', 'wgan')}"
            )

    def _where_labels_are(self) -> str:
        """Say how to get labels: they may lie one folder further down."""
        if self.source and len(self.labels) == 1:
            inner = self.source / self.labels[0]
            labels = [name.name for name in sorted(inner.iterdir()) if name.is_dir()]
            if len(labels) > 1:
                shown = ", ".join(labels[:4]) + (", ..." if len(labels) > 4 else "")
                return f"give {self.spelled}/{self.labels[0]}, which holds {shown}"
        return f"sort the sounds into one folder per label, or say {setting('labels_from')}"


def is_prepared(path: str | Path) -> bool:
    """Return whether `prepare` wrote a folder; only `open_dataset` checks it for damage."""
    return all((Path(path) / name).is_file() for name in ("settings.json", "manifest.csv"))


def read_settings(path: Path) -> dict[str, Any]:
    """Read `settings.json` of a prepared folder, and check its format and version.

    Raises:
        InputError: the folder is not prepared, damaged, or of a newer version.
    """
    if not is_prepared(path):
        what = "is not a prepared folder" if path.is_dir() else "no such folder"
        if path.is_dir() and any(path.iterdir()):
            advice = f"prepare it into another: {shell_command('prepare', path, 'SET')}"
        else:
            advice = f"prepare sounds into it: {shell_command('prepare', 'SOUNDS', path)}"
        raise InputError(f"{path}: {what}; {advice}")
    try:
        stored = table(read_json(_own_file(path, "settings.json")))
        name, version = stored["format"], whole(stored["version"])
    except (OSError, ValueError, KeyError) as error:
        raise _damaged(path, "settings.json") from error
    if name != FORMAT:
        raise _damaged(path, "settings.json")
    if version > SHARDED:
        raise InputError(
            f"{path}: prepared by a newer kwavegan (format {version}, this one reads {SHARDED});"
            " upgrade kwavegan or prepare again"
        )
    return stored


def open_dataset(path: str | Path) -> Dataset:
    """Open a prepared folder; only labels are read into memory, audio is memory-mapped.

    Raises:
        InputError: the folder is not prepared, or damaged.

    Example:
        >>> from kwavegan import open_dataset
        >>> open_dataset("set").train.audio.shape[1:]
        (1024, 1)
    """
    path = Path(path)
    stored = read_settings(path)
    try:
        rate, length, channels = (whole(stored[name], 1) for name in ("rate", "length", "channels"))
        labels, attributes = texts(stored["labels"]), texts(stored.get("attributes", []))
        counts = [whole(table(stored["clips"])[name]) for name in SPLITS]
        dtype = _DTYPES[text(stored["dtype"])]
        shards = [whole(table(shard)["clips"], 1) for shard in stored.get("shards", ())]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, "settings.json") from error
    arrays = [
        _load(path, shard_name(number), (clips, length, channels), dtype)
        for number, clips in enumerate(shards)
    ]
    splits = [
        _open_split(path, name, (count, length, channels), dtype, max(len(labels), 1), arrays)
        for name, count in zip(SPLITS, counts, strict=True)
    ]
    train, validation, test = splits
    return Dataset(
        path, rate, length, channels, labels, train, validation, test, attributes=attributes
    )


def _open_split(
    path: Path,
    name: str,
    shape: tuple[int, int, int],
    dtype: np.dtype,
    num_labels: int,
    shards: list[np.ndarray],
) -> Split:
    audio: np.ndarray | ShardedClips
    if shards:
        places = _load(path, rows_name(name), shape[:1], np.dtype("int64"))
        try:
            audio = ShardedClips(shards, places)
        except ValueError as error:
            raise _damaged(path, rows_name(name)) from error
    else:
        audio = _load(path, f"{name}.npy", shape, dtype)
    indices = _load(path, f"{name}_labels.npy", shape[:1], np.dtype("int32"))
    if not ((indices >= 0) & (indices < num_labels)).all():
        raise _damaged(path, f"{name}_labels.npy")
    return Split(audio, indices)


def _load(path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Open an array of a prepared folder; audio that is not empty is mapped into memory."""
    try:
        array = open_array(_own_file(path, name), mapped=len(shape) > 1 and shape[0] > 0)
    except (OSError, ValueError) as error:
        raise _damaged(path, name) from error
    if array.shape != shape or array.dtype != dtype:
        raise _damaged(path, name)
    return array


def _own_file(path: Path, name: str) -> Path:
    """Return a file of a prepared folder; raise a ValueError where it is a link out of it."""
    file = path / name
    if file.is_symlink() and not file.resolve().is_relative_to(path.resolve()):
        raise ValueError(f"{file} is a link out of the folder")
    return file


def _damaged(path: Path, name: str) -> InputError:
    return InputError(f"{path}: damaged ({name}); prepare it again")


def data_digest(dataset: Dataset) -> str:
    """Return 16 hexadecimal digits that change where the sounds of a prepared set, their labels or
    splits do, and not with the names and times of their files.
    """
    shape: tuple[object, ...] = (dataset.rate, dataset.length, dataset.channels, dataset.labels)
    if dataset.attributes:
        shape += (dataset.attributes,)
    digest = hashlib.sha256(repr(shape).encode())
    try:
        for row in read_manifest(dataset.path / "manifest.csv"):
            if not row.problem:
                kept = (row.split, row.row, row.label, row.offset, row.checksum)
                digest.update(repr(kept).encode("utf-8", "surrogateescape"))
    except ValueError:  # of another version of the package
        with open_plain(dataset.path / "manifest.csv") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
