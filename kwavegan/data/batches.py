"""A prepared split as the batches of a training, with random access to each step."""

import keras
import numpy as np

from kwavegan.data.ahead import Ahead
from kwavegan.data.dataset import Split

AHEAD = 2
"""Steps whose sounds are read while a step is made: one is read while another waits."""


class StepBatches(keras.utils.PyDataset):
    """One item per training step, from step `start` to step `stop`.

    The order is that of endless shuffled passes over the split. It depends on the seed and the
    step alone, so a resumed training sees the same batches as an unbroken one. A thread reads the
    next `AHEAD` items while one is in use.

    Items are `(audio, labels)` or `(audio,)`: audio (batch_size, length, channels) and labels
    (batch_size,); with several updates (batch_size, updates, length, channels) and (batch_size,
    updates), which `kwavegan.gan.batching.split_batches` takes apart.

    Args:
        split: the sounds.
        batch_size: sounds in a batch.
        updates: discriminator updates per step, each with its own batch.
        seed: integer seed of the order.
        start, stop: the first step, and the one after the last.
        labelled: whether items hold labels.
        part: (place, count): an item holds the `place`th of `count` equal parts of its batch, for
            one of several processes that train together.

    Example:
        >>> from kwavegan.data import StepBatches, open_dataset
        >>> train = open_dataset("set").train
        >>> batches = StepBatches(train, 16, updates=2, seed=0, start=0, stop=100, labelled=True)
        >>> audio, labels = batches[0]
        >>> len(batches), audio.shape, labels.shape
        (100, (16, 2, 1024, 1), (16, 2))
    """

    def __init__(
        self,
        split: Split,
        batch_size: int,
        updates: int,
        seed: int,
        start: int,
        stop: int,
        labelled: bool,
        part: tuple[int, int] = (0, 1),
    ):
        super().__init__()
        self.split, self.seed, self.labelled = split, seed, labelled
        self.place, parts = part
        rows = batch_size // parts
        self.shape = (rows,) if updates == 1 else (rows, updates)
        self.sounds = rows * updates
        self.sounds_per_step = batch_size * updates
        self.start, self.stop = start, stop
        self._passes: dict[int, np.ndarray] = {}
        self._ahead = Ahead(self._read, len(self), AHEAD)

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, item: int) -> tuple[np.ndarray, ...]:
        return self._ahead.get(item)

    def _read(self, item: int) -> tuple[np.ndarray, ...]:
        rows = self.indices(self.start + item)
        audio = self.split.batch(rows)
        audio = audio.reshape(*self.shape, *audio.shape[1:])
        if not self.labelled:
            return (audio,)
        return audio, np.asarray(self.split.labels[rows], "int32").reshape(self.shape)

    def indices(self, step: int) -> np.ndarray:
        """Return the rows of the split that a step trains on here, (batch_size × updates,)."""
        first, count = step * self.sounds_per_step + self.place * self.sounds, len(self.split)
        places = range(first, first + self.sounds)
        passes = range(places[0] // count, places[-1] // count + 1)
        orders = {number: self._order(number) for number in passes}
        self._passes = orders  # a local name too: another thread may go on meanwhile
        return np.concatenate([orders[p // count][p % count, None] for p in places])

    def _order(self, number: int) -> np.ndarray:
        known = self._passes.get(number)
        if known is not None:
            return known
        return np.random.default_rng([self.seed, number]).permutation(len(self.split))
