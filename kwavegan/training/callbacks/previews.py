"""Previews during training: sounds of fixed latents, the run's health, and whom to tell."""

import time
from collections.abc import Callable

import keras
import numpy as np

from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset
from kwavegan.generation import sampling
from kwavegan.monitoring.health import diagnose
from kwavegan.monitoring.previews import Album, Clip, Preview, names, real_clips
from kwavegan.monitoring.signals import Vitals
from kwavegan.runs.run import Run
from kwavegan.storage.csv_log import MetricsLog
from kwavegan.training.callbacks.metrics_logger import Recorder

_SEED = 2**31 + 1  # of the latents: no seed of a run, and not that of the evaluations


class Previewer(keras.callbacks.Callback):
    """Every so many steps, and at the last: keep sounds of the same latents, and judge the health.

    A training that has gone wrong past its bound is left alone: its health is told by the metrics.

    Args:
        run: keeps the sounds.
        log: keeps the signals, and the seconds that each preview took.
        config: the run's settings.
        dataset: what it is trained on.
        recorder: knows the step, and whether the losses are sound.
        report: called with each `Preview`.
    """

    def __init__(
        self,
        run: Run,
        log: MetricsLog,
        config: Config,
        dataset: Dataset,
        recorder: Recorder,
        report: Callable[[Preview], None],
    ):
        super().__init__()
        self.run, self.log, self.recorder, self.report = run, log, recorder, report
        self.every = config.preview_every
        self.vitals = Vitals(config, dataset)
        self.album = Album(run)
        self.real = real_clips(config, dataset)
        self.clips = names(config)
        # A label's first sound has the same latent as any other label's first.
        turns = [int(name.rsplit("-", 1)[1]) for name, *_ in self.clips]
        latents = sampling.draw_latents(
            config.latent_distribution, config.latent, max(turns) + 1, _SEED
        )
        self.latents = latents[turns]

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.album.keep_real(self.real)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        step = self.recorder.step
        due = step % self.every == 0 or step == self.recorder.total
        if due and self.recorder.sound(logs or {}):
            self._preview(step)

    def _preview(self, step: int) -> None:
        began = time.perf_counter()
        gan = self.model
        indices = [index for *_, index in self.clips]
        sounds = np.concatenate(
            list(sampling.sounds(gan.sounding_generator, self.latents, indices))
        )
        generated = tuple(
            Clip(name, label, sound)
            for (name, label, _), sound in zip(self.clips, sounds, strict=True)
        )
        self.album.add(step, generated)
        signals, rms = self.vitals.measure(gan)
        self.log.append({"step": step, **signals, "seconds": time.perf_counter() - began})
        found = diagnose(self.run)
        self.report(Preview(step, self.real, generated, signals, found, rms))
