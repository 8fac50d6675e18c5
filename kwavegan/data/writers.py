"""The files of a prepared folder that grow clip by clip: arrays, and WAV files beside them."""

import os
from array import array
from pathlib import Path, PurePosixPath

import numpy as np

from kwavegan.audio import soundfiles
from kwavegan.data.decode import ClipSettings
from kwavegan.data.manifest import Row

_HEADER = 128  # bytes of an .npy header; large enough for any shape


class ArrayWriter:
    """`<split>.npy`, appended to clip by clip, and `<split>_labels.npy`; a context manager.

    Not a memory map: on a full disk that ends in a bus error, an append in an error one can name.
    """

    def __init__(self, folder: Path, split: str, settings: ClipSettings) -> None:
        self.labels = array("i")
        self._shape = (settings.length, settings.channels)
        self._dtype = np.dtype(settings.dtype)
        self._labels_path = folder / f"{split}_labels.npy"
        self._file = (folder / f"{split}.npy").open("wb")
        self._file.write(bytes(_HEADER))

    def __enter__(self) -> "ArrayWriter":
        return self

    def append(self, clip: np.ndarray, label: int) -> int:
        """Add a clip; return its index."""
        self._file.write(np.ascontiguousarray(clip, self._dtype).tobytes())
        self.labels.append(label)
        return len(self.labels) - 1

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                self._file.write(self._header())
        if kind is None:
            np.save(self._labels_path, np.asarray(self.labels, np.int32), allow_pickle=False)

    def _header(self) -> bytes:
        """The .npy header, version 1.0, of a fixed size because it is written last."""
        shape = (len(self.labels), *self._shape)
        text = f"{{'descr': {self._dtype.str!r}, 'fortran_order': False, 'shape': {shape}, }}"
        text = text.ljust(_HEADER - 11) + "\n"
        return b"\x93NUMPY\x01\x00" + (_HEADER - 10).to_bytes(2, "little") + text.encode("latin1")


class WavWriter:
    """Clips as PCM_16 files, named after their sources."""

    def __init__(self, folder: Path, rate: int) -> None:
        self._folder = folder
        self._rate = rate
        self._taken: set[str] = set()

    def write(self, row: Row, clip: np.ndarray) -> None:
        """Write one clip to `<folder>/<split>/<label>/`."""
        folder = self._folder / row.split / row.label
        folder.mkdir(parents=True, exist_ok=True)
        stem = PurePosixPath(row.source).stem + (f"-{row.offset:08d}" if row.offset else "")
        name, count = stem, 1
        # Two sources may differ by suffix or folder only; some disks do not tell case apart.
        while (key := os.path.join(row.split, row.label, name).casefold()) in self._taken:
            count += 1
            name = f"{stem}-{count}"
        self._taken.add(key)
        soundfiles.write_wav_in_place(folder / f"{name}.wav", clip, self._rate)
