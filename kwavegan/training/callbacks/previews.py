"""Keep previews while a GAN trains: sounds of fixed latents, and the health of the run."""

import time
from typing import Any

from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset
from kwavegan.monitoring.health import diagnose
from kwavegan.monitoring.listener import Listener
from kwavegan.monitoring.previews import Clip, Preview, PreviewStore, generate_clips, real_clips
from kwavegan.monitoring.signals import SignalMeter
from kwavegan.runs.run import Run
from kwavegan.storage.csv_log import MetricsLog, read_metrics
from kwavegan.training.callbacks.loss_bound import LossBound
from kwavegan.training.callbacks.pauses import Pauses
from kwavegan.training.callbacks.step import StepCallback

LATENT_SEED = 2**31 + 1
"""Outside the range of `Config.seed`, and another than that of validation and of the signals."""


class PreviewCallback(StepCallback):
    """Keeps sounds of the same latents every so many steps, and judges the health of the run.

    Does so at the last step too, but not once a loss has passed its bound: then the metrics alone
    say what is wrong. The first sounds are kept at the first row of metrics already, for whoever
    waits to hear something; they are not judged, and make room for those of the first preview.

    The health is judged from the run folder, the unit that every command reads: the callbacks that
    write rows and evaluations of the same step must come before this one.

    Args:
        run: keeps the sounds.
        log: the file of signals, and of the seconds that each preview took.
        config: the run's settings.
        dataset: what the run is trained on.
        start: steps done before this session.
        bound: of the losses.
        listener: receives each `Preview`.
        pauses: of the training; a preview is one.
    """

    def __init__(
        self,
        run: Run,
        log: MetricsLog,
        config: Config,
        dataset: Dataset,
        start: int,
        bound: LossBound,
        listener: Listener,
        pauses: Pauses,
    ) -> None:
        super().__init__(start)
        self.pauses = pauses
        self.first = config.log_every if config.log_every < config.preview_every else 0
        self.run, self.log, self.config = run, log, config
        self.bound, self.listener = bound, listener
        self.every, self.total = config.preview_every, config.steps
        self.meter = SignalMeter(config, dataset)
        self.store = PreviewStore(run)
        self.real = real_clips(config, dataset)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.store.keep_real(self.real)

    def on_step(self, step: int, logs: dict[str, Any]) -> None:
        if (self._is_due(step) or step == self.first) and self.bound.keeps(step, logs):
            self._keep(step)

    def catch_up(self) -> None:
        """Keep the preview of the step that the session before saved, where it was ended before."""
        step = self.step
        judged = step in {row["step"] for row in read_metrics(self.log.path)}
        heard = step != self.first or self.store.folder(step).is_dir()
        if step and not (judged if self._is_due(step) else heard):
            self.store.keep_real(self.real)
            self._keep(step)

    def _is_due(self, step: int) -> bool:
        return step % self.every == 0 or step == self.total

    def _keep(self, step: int) -> None:
        if self._is_due(step):
            with self.pauses.during("preview"):
                self._preview(step)
            return
        with self.pauses.during("first sounds"):
            self.store.add(step, self._generated())
            self.listener.first_sounds(step, self.store.folder(step))

    def _generated(self) -> tuple[Clip, ...]:
        return generate_clips(self.model.inference_generator, self.config, LATENT_SEED)

    def _preview(self, step: int) -> None:
        began = time.perf_counter()
        generated = self._generated()
        self.store.drop(self.first)
        self.store.add(step, generated)
        signals, rms = self.meter.measure(self.model)
        self.log.append({"step": step, **signals, "seconds": time.perf_counter() - began})
        findings = diagnose(self.run)
        self.listener.previewed(Preview(step, self.real, generated, signals, findings, rms))
