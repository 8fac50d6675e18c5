"""Write a prepared folder clip by clip, so that memory does not grow with the number of files."""

import os
from array import array
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import TracebackType

import numpy as np

from kwavegan.audio import soundfiles
from kwavegan.data.copies import Copies
from kwavegan.data.manifest import SPLITS, ManifestRow, ManifestWriter, read_manifest
from kwavegan.data.prepare_settings import ClipSettings
from kwavegan.data.summary import SummaryCounter
from kwavegan.storage.arrays import open_array
from kwavegan.storage.files import atomic

HEADER = 128
"""Bytes of an .npy header: enough for any shape."""


class PreparedFolderWriter:
    """Write the arrays, the manifest and perhaps WAV files of a folder; a context manager.

    Args:
        folder: an empty folder.
        settings: of the clips.
        wav: whether to write WAV files too, to `<folder>/wav`.
    """

    def __init__(self, folder: Path, settings: ClipSettings, wav: bool) -> None:
        self._stack = ExitStack()
        with ExitStack() as stack:
            self._manifest = stack.enter_context(ManifestWriter(folder / "manifest.csv"))
            self._arrays = {
                split: stack.enter_context(ArrayWriter(folder, split, settings)) for split in SPLITS
            }
            self._stack = stack.pop_all()
        self._wavs = WavWriter(folder / "wav", settings.decided[0]) if wav else None

    def __enter__(self) -> "PreparedFolderWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def write(self, row: ManifestRow, clip: np.ndarray | None, label: int) -> None:
        """Append a row and its clip.

        Args:
            row: its index in the arrays does not count; the written row has the right one.
            clip: (length, channels); None for a file or slice that gives none.
            label: index of the label.
        """
        if clip is not None:
            row = replace(row, row=self._arrays[row.split].append(clip, label))
            if self._wavs:
                self._wavs.write(row, clip)
        self._manifest.write(row)


def keep_copies_together(
    folder: Path,
    copies: Copies,
    settings: ClipSettings,
    wav: bool,
    labels: Sequence[str],
    counter: SummaryCounter,
) -> None:
    """Write a folder anew in which each clip is in the split of all its copies.

    Args:
        folder: written by `PreparedFolderWriter`.
        copies: of its clips.
        settings, wav: it was written with.
        labels: in index order.
        counter: which has counted its clips.
    """
    index = {label: i for i, label in enumerate(labels)}
    arrays = {
        path.stem: open_array(path, mapped=True)
        for split in SPLITS
        if (path := folder / f"{split}.npy").stat().st_size > HEADER  # else there is nothing to map
    }
    with atomic(folder) as again:
        again.mkdir()
        with PreparedFolderWriter(again, settings, wav) as writer:
            for row in read_manifest(folder / "manifest.csv"):
                clip = None if row.problem else arrays[row.split][row.row]
                split = copies.split_of(row, row.split)
                if split != row.split:
                    counter.move(row, split)
                writer.write(replace(row, split=split), clip, index.get(row.label, 0))
        del arrays


class ClipWriter:
    """Append clips to an `.npy` file; a context manager.

    Not a memory map: on a full disk that ends in a bus error, while an append raises an `OSError`.

    Args:
        path: of the file.
        settings: of the clips.
    """

    def __init__(self, path: Path, settings: ClipSettings) -> None:
        self.count = 0
        self._shape = settings.shape
        self._dtype = np.dtype(settings.dtype)
        with ExitStack() as stack:
            self._file = stack.enter_context(path.open("wb"))
            self._file.write(bytes(HEADER))
            stack.pop_all()

    def __enter__(self) -> "ClipWriter":
        return self

    def append(self, clip: np.ndarray) -> bytes:
        """Add a clip; return its bytes."""
        data = np.ascontiguousarray(clip, self._dtype).tobytes()
        self._file.write(data)
        self.count += 1
        return data

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                self._file.write(self._header())

    def _header(self) -> bytes:
        """Return the .npy header, version 1.0, of a fixed size: it is written last."""
        shape = (self.count, *self._shape)
        text = f"{{'descr': {self._dtype.str!r}, 'fortran_order': False, 'shape': {shape}, }}"
        text = text.ljust(HEADER - 11) + "\n"
        return b"\x93NUMPY\x01\x00" + (HEADER - 10).to_bytes(2, "little") + text.encode("latin1")


class ArrayWriter:
    """Append clips to `<split>.npy`, and labels to `<split>_labels.npy`; a context manager."""

    def __init__(self, folder: Path, split: str, settings: ClipSettings) -> None:
        self._labels = array("i")
        self._folder, self._split = folder, split
        self._clips = ClipWriter(folder / f"{split}.npy", settings)

    def __enter__(self) -> "ArrayWriter":
        return self

    def append(self, clip: np.ndarray, label: int) -> int:
        """Add a clip; return its index."""
        self._clips.append(clip)
        self._labels.append(label)
        return len(self._labels) - 1

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._clips.__exit__(kind, *error)
        if kind is None:
            save_labels(self._folder, self._split, self._labels)


def save_labels(folder: Path, split: str, labels: Sequence[int]) -> None:
    """Write the label indices of a split, `<split>_labels.npy`."""
    path = folder / f"{split}_labels.npy"
    np.save(path, np.asarray(labels, np.int32), allow_pickle=False)


class WavWriter:
    """Write clips as PCM_16 files, named after their sources."""

    def __init__(self, folder: Path, rate: int) -> None:
        self._folder = folder
        self._rate = rate
        self._used_names: set[str] = set()

    def write(self, row: ManifestRow, clip: np.ndarray) -> None:
        """Write one clip to `<folder>/<split>/<label>/`."""
        folder = self._folder / row.split / row.label
        folder.mkdir(parents=True, exist_ok=True)
        stem = PurePosixPath(row.source).stem + (f"-{row.offset:08d}" if row.offset else "")
        name, count = stem, 1
        # Two sources may differ by suffix or folder alone; some file systems ignore case.
        while (key := os.path.join(row.split, row.label, name).casefold()) in self._used_names:
            count += 1
            name = f"{stem}-{count}"
        self._used_names.add(key)
        soundfiles.write_wav_in_place(folder / f"{name}.wav", clip, self._rate)
