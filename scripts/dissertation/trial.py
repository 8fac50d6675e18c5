"""One run of a GAN with the dissertation's faults, in chunks of iterations that are fast on JAX."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from conditions import AGREEING, LIVE
from faults import agreeing_shifts, frozen_shifts, noise_of
from keras import ops

from kwavegan.backend import autodiff
from kwavegan.data.batches import StepBatches
from kwavegan.data.dataset import Sounds
from kwavegan.gan.model import WaveGAN
from kwavegan.gan.state import capture, restore
from kwavegan.gan.step_metrics import PEAK

CHUNK = 50
"""Iterations between two looks at the losses."""

LOGGED = ("d_loss", "g_loss", PEAK, "d_raw", "slope", "real_score", "fake_score")
"""What is kept of each iteration."""


@dataclass
class Trial:
    """A GAN, its data and its shifts; the state of the run is the GAN's own.

    Args:
        gan: compiled; its objectives may be faulty.
        sounds: to train on.
        shuffle: `"frozen"`, drawn once for the run; `"agreeing"`, frozen but alike on all branches;
            or `"live"`.
        labels: number of labels that generated audio draws from; 0 for the real audio's.
        batch: sounds in a batch.
    """

    gan: WaveGAN
    sounds: Sounds
    shuffle: str
    labels: int
    batch: int

    def __post_init__(self) -> None:
        gan = self.gan
        self.frozen = self.shuffle != LIVE
        draw = agreeing_shifts if self.shuffle == AGREEING else frozen_shifts
        self.shifts = draw(gan.seed, gan.step_noise.shuffles, gan.phase_shuffle)
        self.labelled = gan.objectives.conditional or gan.objectives.has_classes
        self.order = StepBatches(
            self.sounds, self.batch, gan.d_updates, gan.seed, 0, 1, self.labelled
        )
        self._chunk: Callable | None = None
        self._compiled = _graph(self._update)

    @property
    def iteration(self) -> int:
        """Iterations made."""
        return int(self.gan.step)

    @property
    def shown_shifts(self) -> dict[str, str]:
        """The shifts as a row of results holds them: empty where they are live."""
        return {n: " ".join(map(str, v)) if self.frozen else "" for n, v in self.shifts.items()}

    def run(self, iterations: int) -> np.ndarray:
        """Go on for some iterations; return `LOGGED` of each, (iterations, len(LOGGED))."""
        start = self.iteration
        rows = np.array([self.order.indices(start + i) for i in range(iterations)])
        if keras.backend.backend() == "jax":
            return self._run_scanned(rows)
        return np.array([self._run_one(chosen) for chosen in rows])

    def chunks(self, iterations: int) -> Iterator[np.ndarray]:
        """Yield what `run` logs, a chunk at a time, up to a number of iterations in all."""
        while (left := iterations - self.iteration) > 0:
            yield self.run(min(CHUNK, left))

    def state(self) -> dict[str, np.ndarray]:
        """Return all that a run goes on from."""
        return capture(self.gan)

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Go on from what `state` returned."""
        restore(self.gan, arrays)

    def _data(self, audio: Any, labels: Any) -> tuple:
        updates = self.gan.d_updates
        lead = (self.batch,) if updates == 1 else (self.batch, updates)
        audio = ops.reshape(audio, (*lead, *self.gan.sound_shape))
        return (audio, ops.reshape(labels, lead)) if self.labelled else (audio,)

    def _update(self, data: tuple, frozen: Any, shifts: dict) -> list:
        gan = self.gan
        for tracker in gan.trackers.values():
            tracker.reset_state()
        logs = gan.update(data, noise_of(gan, self.batch, frozen, shifts, self.labels))
        return [logs[name] for name in LOGGED]

    def _run_one(self, chosen: np.ndarray) -> list[float]:
        audio, labels = self.sounds.batch(chosen), np.asarray(self.sounds.labels)[chosen]
        data = self._data(ops.convert_to_tensor(audio), ops.convert_to_tensor(labels))
        return [float(value) for value in self._compiled(data, self.frozen, self.shifts)]

    def _run_scanned(self, rows: np.ndarray) -> np.ndarray:
        """Run on JAX without going back to Python between iterations."""
        import jax

        if self._chunk is None:
            self._audio = jax.numpy.asarray(self.sounds.batch(np.arange(len(self.sounds))))
            self._labels = jax.numpy.asarray(self.sounds.labels, "int32")
            self._chunk = jax.jit(self._scan, donate_argnums=0)
        variables = self._variables()
        state, logs = self._chunk(
            [v.value for v in variables], rows, self.frozen, self.shifts, self._audio, self._labels
        )
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)
        return np.asarray(logs)

    def _scan(
        self, state: list, rows: Any, frozen: Any, shifts: dict, audio: Any, labels: Any
    ) -> tuple:
        import jax

        variables, metrics = self._variables(), self.gan.metrics_variables

        def step(state: list, chosen: Any) -> tuple:
            lent = list(zip(variables, state, strict=True))
            lent += [(v, jax.numpy.zeros(v.shape, v.dtype)) for v in metrics]
            with keras.StatelessScope(lent) as scope:
                logs = self._update(self._data(audio[chosen], labels[chosen]), frozen, shifts)
                new = [scope.get_current_value(v) for v in variables]
            return new, jax.numpy.stack(logs)

        return jax.lax.scan(step, state, rows)

    def _variables(self) -> list:
        gan = self.gan
        optimizers = (*gan.d_optimizer.variables, *gan.g_optimizer.variables)
        networks = (*gan.discriminator.trainable_variables, *gan.generator.trainable_variables)
        return [*networks, *optimizers, gan.step, gan.seed_generator.state]


class BothReal(Trial):
    """A discriminator alone, with real audio on both branches: half a batch on each."""

    def _update(self, data: tuple, frozen: Any, shifts: dict) -> list:
        gan = self.gan
        real, other = ops.split(data[0], 2)
        noise = noise_of(gan, self.batch // 2, frozen, shifts, self.labels)["discriminator"][0]
        weights = [v.value for v in gan.discriminator.trainable_variables]
        value, parts, gradients = gan.objectives.discriminator_descent(
            weights, {"audio": real}, other, noise, {"gamma": 0.0}
        )
        autodiff.apply_gradients(gan.d_optimizer, gradients, gan.discriminator.trainable_variables)
        gan.step.assign_add(1)
        logs = {**parts, "d_loss": value, "g_loss": 0.0 * value, PEAK: ops.abs(value)}
        return [logs[name] for name in LOGGED]


def _graph(function: Callable) -> Callable:
    """Return a function as TensorFlow runs it fastest; as it is on another backend."""
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow

    return tensorflow.function(function)


def survived(peaks: np.ndarray, bound: float) -> int | None:
    """Return how many iterations come before the first whose loss passes the bound; None: all do.

    A loss that is not a number has passed it.
    """
    past = np.flatnonzero(~(peaks <= bound))
    return int(past[0]) if past.size else None
