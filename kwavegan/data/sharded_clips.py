"""The clips of a split that lie in several files, indexed as one array.

A large set is prepared into shards, `audio-00000.npy` and so on, each with clips of all splits.
`<split>_rows.npy` says where each clip of a split lies: its index in all shards, one after another.
"""

from collections.abc import Sequence

import numpy as np

from kwavegan.storage.arrays import will_need


def shard_name(number: int) -> str:
    """Return the file name of a shard."""
    return f"audio-{number:05}.npy"


def rows_name(split: str) -> str:
    """Return the name of the file that says where the clips of a split lie in the shards."""
    return f"{split}_rows.npy"


class ShardedClips:
    """Clips (n, length, channels) in several arrays; read by an index, a slice or an array of them.

    Args:
        shards: arrays (clips, length, channels) of one type, at least one.
        places: (n,) whole numbers: where each clip lies in the shards, one after another.

    Raises:
        ValueError: a place is outside.

    Example:
        >>> import numpy as np
        >>> from kwavegan.data.sharded_clips import ShardedClips
        >>> shards = [np.full((2, 4, 1), value, "int16") for value in (5, 7)]
        >>> clips = ShardedClips(shards, np.array([3, 0]))
        >>> clips.shape, int(clips[0].max()), clips[[1, 0]].max(axis=(1, 2)).tolist()
        ((2, 4, 1), 7, [5, 7])
    """

    def __init__(self, shards: Sequence[np.ndarray], places: np.ndarray) -> None:
        self._shards, self._places = shards, places
        self._starts = np.cumsum([0, *map(len, shards)])
        if len(places) and not 0 <= places.min() <= places.max() < self._starts[-1]:
            raise ValueError("a place outside of the shards")
        self.shape = (len(places), *shards[0].shape[1:])
        self.dtype = shards[0].dtype

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        places = self._places[index]
        numbers = self.number_of(places)
        rows = places - self._starts[numbers]
        if not np.ndim(places):
            return np.asarray(self._shards[int(numbers)][rows])
        for number in np.unique(numbers):
            will_need(self._shards[number], rows[numbers == number])
        clips = np.empty((len(places), *self.shape[1:]), self.dtype)
        for clip, number, row in zip(clips, numbers, rows, strict=True):
            clip[:] = self._shards[number][row]
        return clips

    @property
    def places(self) -> np.ndarray:
        """Where each clip lies in the shards, one after another, (n,)."""
        return self._places

    @property
    def starts(self) -> np.ndarray:
        """Clips before each shard, and those in all, (shards + 1,)."""
        return self._starts

    def number_of(self, places: np.ndarray) -> np.ndarray:
        """Return the number of the shard that each place lies in."""
        return np.searchsorted(self._starts, places, "right") - 1
