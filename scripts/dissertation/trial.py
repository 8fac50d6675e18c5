"""One run of a GAN with the dissertation's faults, in chunks of iterations that are fast on JAX."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from kwavegan.backend import autodiff
from kwavegan.config.settings import Config
from kwavegan.data.batches import StepBatches
from kwavegan.data.dataset import Split
from kwavegan.gan.model import WaveGAN
from kwavegan.gan.state import capture_state, restore_state
from kwavegan.training.build import build_gan
from scripts.dissertation.conditions import AGREEING, BRANCHES, CHUNK, LIVE, LOGGED
from scripts.dissertation.faults import (
    FaultyObjectives,
    agreeing_shifts,
    faulty_noise,
    frozen_shifts,
)
from scripts.dissertation.products import speed_up

SCORED_TOGETHER = 16
"""Sounds that share a shift where a discriminator is tested, as in training."""


@dataclass
class Trial:
    """A GAN, its data and its shifts; the state of the run is the GAN's own.

    Args:
        gan: compiled; its objectives may be faulty.
        sounds: to train on.
        shuffle: `"frozen"`, drawn once for the run; `"agreeing"`, frozen but alike on all branches;
            or `"live"`.
        num_labels: number of labels that generated audio draws from; 0 to give it the labels of the
            real audio.
        batch_size: sounds in a batch.
        scanned: on JAX, run a chunk without going back to Python between iterations.
    """

    gan: WaveGAN
    sounds: Split
    shuffle: str
    num_labels: int
    batch_size: int
    scanned: bool = True

    def __post_init__(self) -> None:
        gan, settings = self.gan, self.gan.settings
        self.frozen = self.shuffle != LIVE
        draw = agreeing_shifts if self.shuffle == AGREEING else frozen_shifts
        self.shifts = draw(settings.seed, gan.step_noise.shuffles, settings.phase_shuffle)
        self.labelled = gan.num_labels > 0
        self.order = StepBatches(
            self.sounds, self.batch_size, settings.d_updates, settings.seed, 0, 1, self.labelled
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
        if self.scanned and keras.backend.backend() == "jax":
            return self._run_scanned(rows)
        return np.array([self._run_one(chosen) for chosen in rows])

    def chunks(self, iterations: int, size: int = CHUNK) -> Iterator[np.ndarray]:
        """Yield what `run` logs, `size` iterations at a time, up to a number in all."""
        while (left := iterations - self.iteration) > 0:
            yield self.run(min(size, left))

    def state(self) -> dict[str, np.ndarray]:
        """Return all that a run goes on from."""
        return capture_state(self.gan)

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Go on from what `state` returned."""
        restore_state(self.gan, arrays)

    def scores(self, audio: np.ndarray, labels: np.ndarray, branch: str, seed: int) -> np.ndarray:
        """Return the discriminator's scores (n,) of sounds on a branch, `"real"` or `"fake"`.

        The shifts are the branch's where the trial's are frozen, else drawn anew for each batch of
        `SCORED_TOGETHER`; sounds that do not fill a batch are left out.

        Args:
            audio: (n, length, channels).
            labels: (n,).
            branch: whose shifts to use.
            seed: of live shifts.
        """
        discriminator, largest = self.gan.discriminator, self.gan.settings.phase_shuffle
        rng, scores = np.random.default_rng([seed, BRANCHES.index(branch)]), []
        size = SCORED_TOGETHER
        for start in range(0, len(audio) // size * size, size):
            shifts = self.shifts[f"shifts_{branch}"]
            if not self.frozen:
                shifts = rng.integers(-largest, largest + 1, shifts.shape)
            given = {
                "audio": audio[start : start + size],
                "label": labels[start : start + size].astype("int32"),
                "shifts": np.broadcast_to(shifts, (size, len(shifts))).astype("int32"),
            }
            inputs = {name: given[name] for name in discriminator.input}
            score = discriminator.predict_on_batch(inputs)["score"]
            scores.append(np.ravel(ops.convert_to_numpy(score)))
        return np.concatenate(scores)

    def _data(self, audio: Any, labels: Any) -> tuple:
        updates = self.gan.settings.d_updates
        lead = (self.batch_size,) if updates == 1 else (self.batch_size, updates)
        audio = ops.reshape(audio, (*lead, *self.gan.audio_shape))
        return (audio, ops.reshape(labels, lead)) if self.labelled else (audio,)

    def _update(self, data: tuple, frozen: Any, shifts: dict) -> list:
        gan = self.gan
        for tracker in gan.step_metrics.values():
            tracker.reset_state()
        noise = faulty_noise(gan, self.batch_size, frozen, shifts, self.num_labels)
        logs = gan.update(data, noise)
        return [logs[name] for name in LOGGED]

    def _run_one(self, chosen: np.ndarray) -> list[float]:
        audio, labels = self.sounds.batch(chosen), np.asarray(self.sounds.labels)[chosen]
        data = self._data(ops.convert_to_tensor(audio), ops.convert_to_tensor(labels))
        return [float(value) for value in self._compiled(data, self.frozen, self.shifts)]

    def _run_scanned(self, rows: np.ndarray) -> np.ndarray:
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
        noise = faulty_noise(gan, self.batch_size // 2, frozen, shifts, self.num_labels)
        weights = [v.value for v in gan.discriminator.trainable_variables]
        value, parts, gradients = gan.objectives.discriminator_loss_and_gradients(
            weights, {"audio": real}, other, noise["discriminator"][0], 0.0
        )
        autodiff.apply_gradients(gan.d_optimizer, gradients, gan.discriminator.trainable_variables)
        gan.step.assign_add(1)
        logs = {**parts, "d_loss": value, "g_loss": 0.0 * value, "peak_loss": ops.abs(value)}
        return [logs[name] for name in LOGGED]


def build_trial(
    config: Config, sounds: Split, shuffle: str, faulty_labels: bool, **options: Any
) -> Trial:
    """Return the trial of a GAN.

    Args:
        config: of `build_gan`.
        sounds, shuffle: as in `Trial`.
        faulty_labels: whether generated audio has labels of its own, and the penalty the fault.
        **options: `scanned` of `Trial`.
    """
    objectives = {"objectives": FaultyObjectives} if faulty_labels else {}
    gan = speed_up(build_gan(config, partial(WaveGAN, **objectives)))
    num_labels = len(config.labels) if faulty_labels else 0
    return Trial(gan, sounds, shuffle, num_labels, config.batch_size, **options)


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


def share_above_zero(differences: np.ndarray) -> float:
    """Return the share of differences above zero; ties count half, so chance is 0.5."""
    return float((differences > 0).mean() + (differences == 0).mean() / 2)


def auc(real: np.ndarray, other: np.ndarray) -> float:
    """Return how often a score of `real` lies above one of `other`, over all pairs."""
    return share_above_zero(real[:, None] - other[None])
