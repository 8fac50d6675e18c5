"""Processes that train one run together: the first leads, the others follow.

The leader alone reads and writes the run. It tells the others the settings and the state to start
from; from then on all make the same steps, each on its own rows of every batch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kwavegan.backend.replicas import Engine
from kwavegan.config.settings import Config
from kwavegan.data.batches import StepBatches
from kwavegan.data.dataset import Dataset
from kwavegan.errors import InputError, setting
from kwavegan.gan.model import WaveGAN
from kwavegan.gan.state import restore_state
from kwavegan.training.callbacks.interrupt import InterruptHandler


@dataclass(frozen=True)
class Start:
    """What the leader tells the others before the first step of a session.

    Attributes:
        config: the run's settings.
        step: steps done.
        arrays: the state, from `capture_state`.
    """

    config: Config
    step: int
    arrays: dict[str, np.ndarray]


class StopTogether(keras.callbacks.Callback):
    """Ends the training in all processes after the step in which one of them is to stop.

    It comes last of the callbacks, so that it sees what they want.

    Args:
        engine: of the training.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine

    def set_model(self, model: keras.Model) -> None:
        # On JAX `self.model` brings the state back to the variables each time it is asked for.
        self.trained = model

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.trained.stop_training = self.engine.any(self.trained.stop_training)


def check_split(config: Config, engine: Engine) -> None:
    """Check that batches split evenly.

    Raises:
        InputError: they do not.
    """
    parts = engine.count * config.accumulate
    if config.batch_size % parts:
        raise InputError(
            f"{setting('batch_size')}: {config.batch_size} does not split into {parts} equal parts "
            f"({engine.count} devices, {setting('accumulate')} {config.accumulate}); give a "
            f"multiple of {parts}"
        )


def step_batches(config: Config, dataset: Dataset, engine: Engine, start: int) -> StepBatches:
    """Return the batches of a training from step `start` on, this process's part of each."""
    return StepBatches(
        dataset.train,
        config.batch_size,
        config.d_updates,
        config.seed,
        start,
        config.steps,
        labelled=config.model != "wgan",
        part=(engine.place, engine.processes),
    )


def follow(engine: Engine, dataset: Dataset, build: Callable[[Config], WaveGAN]) -> Any:
    """Make the leader's steps until it is done, and return what it shares in the end."""
    while isinstance(news := engine.share(None), Start):
        with engine.building():
            gan = build(news.config)
        restore_state(gan, news.arrays)
        batches = step_batches(news.config, dataset, engine, news.step)
        with InterruptHandler() as interrupt:
            callbacks = [interrupt, StopTogether(engine)]
            with engine.training():
                gan.fit(batches, shuffle=False, verbose=0, callbacks=callbacks)
    return news
