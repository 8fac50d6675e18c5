"""A prepared split as the batches of a training, any of which can be had at once."""

import keras
import numpy as np

from kwavegan.data.dataset import Sounds


class StepBatches(keras.utils.PyDataset):
    """One item a training step, from step `start` to step `stop`.

    The order is that of endless shuffled passes over the split. It follows from the seed and the
    step alone, so a training that is resumed sees exactly what it would have seen.

    Args:
        sounds: the split.
        batch: sounds in a batch.
        updates: discriminator updates a step, each with a batch of its own.
        seed: integer seed of the order.
        start, stop: the first step, and the one after the last.
        labelled: whether items hold labels.

    Items are `(audio, labels)` or `(audio,)`: audio (batch, length, channels), labels (batch,);
    with several updates (batch, updates, length, channels) and (batch, updates).
    """

    def __init__(
        self,
        sounds: Sounds,
        batch: int,
        updates: int,
        seed: int,
        start: int,
        stop: int,
        labelled: bool,
    ):
        super().__init__()
        self.sounds, self.shape = sounds, (batch,) if updates == 1 else (batch, updates)
        self.size, self.seed, self.labelled = batch * updates, seed, labelled
        self.start, self.stop = start, stop
        self._passes: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, item: int) -> tuple[np.ndarray, ...]:
        chosen = self.indices(self.start + item)
        audio = self.sounds.batch(chosen)
        audio = audio.reshape(*self.shape, *audio.shape[1:])
        if not self.labelled:
            return (audio,)
        return audio, np.asarray(self.sounds.labels[chosen], "int32").reshape(self.shape)

    def indices(self, step: int) -> np.ndarray:
        """Return the rows of the split that a step trains on, (batch × updates,)."""
        first, count = step * self.size, len(self.sounds)
        places = np.arange(first, first + self.size)
        passes = range(int(places[0] // count), int(places[-1] // count) + 1)
        self._passes = {number: self._order(number) for number in passes}
        return np.concatenate([self._passes[p // count][p % count, None] for p in places])

    def _order(self, number: int) -> np.ndarray:
        if number in self._passes:
            return self._passes[number]
        return np.random.default_rng([self.seed, number]).permutation(len(self.sounds))
