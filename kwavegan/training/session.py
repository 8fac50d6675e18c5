"""Train a run: wire dataset, model, callbacks and run folder together; resume; retry."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from kwavegan.backend.compilations import keep_compilations
from kwavegan.backend.replicas import ONE, Engine
from kwavegan.backend.selection import versions
from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset, data_digest
from kwavegan.errors import InputError, shell_command
from kwavegan.evaluation.validation import ValidationScorer
from kwavegan.gan.model import WaveGAN
from kwavegan.gan.state import capture_state, restore_state
from kwavegan.monitoring.listener import Listener, Listeners
from kwavegan.monitoring.previews import PreviewStore
from kwavegan.player.weights import refuse_unfit, weights_of
from kwavegan.runs.pretrained import origin_run
from kwavegan.runs.run import HEALTH, VALIDATION, Run
from kwavegan.storage.archive import Checkpoint
from kwavegan.storage.csv_log import MetricsLog
from kwavegan.storage.failures import AGAIN, explain, first_line
from kwavegan.storage.files import write_text
from kwavegan.training.build import build_gan
from kwavegan.training.callbacks.checkpoints import Checkpoints
from kwavegan.training.callbacks.collector import RestingCollector
from kwavegan.training.callbacks.interrupt import InterruptHandler
from kwavegan.training.callbacks.loss_bound import LossBound
from kwavegan.training.callbacks.metrics_logger import MetricsLogger
from kwavegan.training.callbacks.pauses import Pauses
from kwavegan.training.callbacks.previews import PreviewCallback
from kwavegan.training.callbacks.validation import ValidationCallback, is_due
from kwavegan.training.finetune import transfer_weights
from kwavegan.training.together import Start, StopTogether, check_split, follow, step_batches

Build = Callable[[Config], WaveGAN]
"""Makes the GAN of a run from its settings."""


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        run: the run.
        state: `"finished"`, `"stopped"` (by a signal or a callback), `"stalled"` or `"diverged"`.
        step: steps done; for a diverged run, the step of its last good checkpoint.
        message: what happened, and what to try; empty for a finished run.

    Example:
        >>> from kwavegan.runs.run import Run
        >>> from kwavegan.training import Outcome
        >>> Outcome(Run("runs/drums"), "stopped", 340, "stopped by SIGINT").step
        340
    """

    run: Run
    state: str
    step: int
    message: str = ""


def run_training(
    config: Config,
    dataset: Dataset,
    name: str | None = None,
    runs_dir: str | Path | None = None,
    listeners: Sequence[Listener] = (),
    callbacks: Sequence[keras.callbacks.Callback] = (),
    build: Build = build_gan,
    engine: Engine = ONE,
) -> Outcome:
    """Train a new run; with `config.retry`, again with the next seed while it diverges.

    Args:
        config: settings from `Config.for_dataset`.
        dataset: what to train on.
        name: the run's name; later tries add `-seed<k>` to it. None: time and model.
        runs_dir: the folder of run folders; None for `KWAVEGAN_RUNS`, or `./runs`.
        listeners: receive the news of the training.
        callbacks: Keras' own or yours, for `fit`; called after the run's own.
        build: makes the GAN.
        engine: the devices to train on, from `kwavegan.backend.replicas.open_engine`.

    Raises:
        InputError: the run cannot be made, or another training holds it.

    Example:
        >>> from kwavegan import Config, open_dataset
        >>> from kwavegan.training import run_training
        >>> dataset = open_dataset("set")
        >>> tiny = {"generator": "waveform", "critic": "waveform", "width": 2}
        >>> plain = {"evaluate_every": 0, "preview_every": 0, "tensorboard": "off", **tiny}
        >>> config = Config(steps=2, **plain).for_dataset(dataset)
        >>> outcome = run_training(config, dataset, "short")
        >>> outcome.state, outcome.step
        ('finished', 2)
    """
    check_split(config, engine)
    if not engine.leads:
        return follow(engine, dataset, build)
    first_seed = config.seed
    while True:
        retried = config.seed > first_seed
        run = Run.create(
            f"{name}-seed{config.seed}" if name and retried else name, config, runs_dir
        )
        session = _Session(run, config, dataset, Listeners(listeners), callbacks, build, engine)
        outcome = session.train()
        if outcome.state != "diverged" or config.seed >= first_seed + config.retry:
            return engine.share(outcome)
        config = replace(config, seed=config.seed + 1)


def resume(
    run: Run,
    dataset: Dataset,
    steps: int | None = None,
    listeners: Sequence[Listener] = (),
    callbacks: Sequence[keras.callbacks.Callback] = (),
    build: Build = build_gan,
    source: str | Path | None = None,
    engine: Engine = ONE,
) -> Outcome:
    """Go on with a run from its last whole checkpoint, exactly as if it had never stopped.

    Args:
        run: the run.
        dataset: what the run was trained on.
        steps: steps to do in all; None for as many as before.
        listeners, callbacks, build: as for `run_training`.
        source: where the dataset comes from, if it has moved; kept in the run.
        engine: the devices to train on: others than before, if need be.

    Raises:
        InputError: the dataset is not the run's, or another training holds the run.

    Example:
        >>> from kwavegan import Config, open_dataset
        >>> from kwavegan.runs import Run
        >>> from kwavegan.training import resume
        >>> dataset = open_dataset("set")
        >>> tiny = {"generator": "waveform", "critic": "waveform", "width": 2}
        >>> plain = {"evaluate_every": 0, "preview_every": 0, "tensorboard": "off", **tiny}
        >>> config = Config(steps=9, **plain).for_dataset(dataset)
        >>> run = Run.create("broken-off", config)  # as a training leaves it that is killed early
        >>> resume(run, dataset, steps=2).step
        2
    """
    if not engine.leads:
        return follow(engine, dataset, build)
    stored = run.config()
    config = stored.for_dataset(dataset, stored.data if source is None else str(source))
    config = replace(config, steps=stored.steps if steps is None else steps)
    check_split(config, engine)
    session = _Session(run, config, dataset, Listeners(listeners), callbacks, build, engine)
    return engine.share(session.train())


@dataclass
class _Session:
    """The training of a run from its last checkpoint until it ends or stops."""

    run: Run
    config: Config
    dataset: Dataset
    listener: Listener
    callbacks: Sequence[keras.callbacks.Callback]
    build: Build
    engine: Engine

    def train(self) -> Outcome:
        run, config = self.run, self.config
        keep_compilations()
        with run.lock(), RestingCollector() as collector:
            # Not before: what is refused must change no setting of the training that goes on.
            if config != run.config():
                write_text(run.path / "config.toml", config.to_toml())
            self.listener.started(run)
            self._check_data()
            source = self._source()
            with self.engine.building():
                gan = self.build(config)
            start, means = self._restore(gan, source)
            run.update(
                state="running",
                step=start,
                steps=config.steps,
                backend=keras.backend.backend(),
                versions=versions(),
                message="",
            )
            try:
                self._log_to_tensorboard(gan, start)
                outcome = self._fit(gan, start, means, collector)
            except BaseException as error:
                line = _in_a_line(error)
                with suppress(InputError, OSError):  # would hide what went wrong
                    run.update(state="failed", message=line)
                if AGAIN in line:
                    again = shell_command("train", resume=run.name, runs_dir=run.runs_dir)
                    raise InputError(line.replace(AGAIN, f"continue with: {again}")) from error
                raise
            run.update(state=outcome.state, step=outcome.step, message=outcome.message)
            return outcome

    def _check_data(self) -> None:
        """Say where the data has changed since the last session, and keep its digest."""
        digest, known = data_digest(self.dataset), self.run.status().data
        if known and known != digest:
            self.listener.note(
                f"{self.config.data or self.dataset.path}: its sounds have changed since this run"
                " was last trained; it goes on with those of now (a new run on them:"
                f" kwavegan train --from {self.run.name})"
            )
        if known != digest:
            self.run.update(data=digest)

    def _source(self) -> tuple[Config, Checkpoint] | None:
        """Return the newest whole checkpoint, or the origin's, with its settings; None at a start.

        It is read before the networks are built: a config.toml that does not go with it may
        describe networks that no memory holds.
        """
        if self.run.checkpoint_steps():
            run, checkpoint = self.run, self._checked(self.run.load_checkpoint())
        elif self.config.origin:
            run = origin_run(self.config.origin)
            checkpoint = self._checked(run.best_or_last())
        else:
            return None
        config = run.config()
        if self.build is build_gan:
            weights = weights_of(checkpoint.arrays, config.inference_part)
            refuse_unfit(run.path, config.architecture, weights)
        return config, checkpoint

    def _restore(
        self, gan: WaveGAN, source: tuple[Config, Checkpoint] | None
    ) -> tuple[int, Mapping[str, np.ndarray]]:
        """Restore the run's checkpoint, or start from the origin's.

        Returns:
            The step, and the checkpoint's arrays; none at the start.
        """
        if source is None:
            return 0, {}
        settings, checkpoint = source
        if self.run.checkpoint_steps():
            restore_state(gan, checkpoint.arrays)
            return checkpoint.step, checkpoint.arrays
        transfer_weights(gan, self.config, checkpoint.arrays, settings)
        # Kept, so that the run can be resumed though the origin may be gone.
        self.run.save_checkpoint(0, capture_state(gan), {"backend": keras.backend.backend()})
        return 0, {}

    def _checked(self, checkpoint: Checkpoint) -> Checkpoint:
        """Report the checkpoints that were passed over for this one, and return it."""
        for problem in checkpoint.problems:
            self.listener.note(problem)
        return checkpoint

    def _log_to_tensorboard(self, gan: WaveGAN, start: int) -> None:
        """Add a TensorBoard log to the listeners, where one is wanted and can be written."""
        wanted = self.config.tensorboard
        if wanted == "off":
            return
        from kwavegan.reporting import tensorboard

        if wanted == "auto" and not tensorboard.available():
            return
        try:
            board = tensorboard.Board(self.run, self.config, start)
        except InputError as error:
            if wanted == "on":
                raise
            self.listener.note(f"{error.args[0]}; goes on without")
            return
        self.listener = Listeners([self.listener, board])
        board.networks(gan)

    def _fit(
        self,
        gan: WaveGAN,
        start: int,
        means: Mapping[str, np.ndarray],
        collector: RestingCollector,
    ) -> Outcome:
        run, config = self.run, self.config
        log = run.rewind(start)
        PreviewStore(run).forget(start)
        bound, pauses = LossBound(config.stop_loss), Pauses(self.listener.paused)
        logger = MetricsLogger(
            run, log, start, config.steps, config.log_every, bound, self.listener, pauses, means
        )
        checkpoints = Checkpoints(run, start, bound, config.checkpoint_every, config.keep, pauses)
        validation = self._validation(start, checkpoints, pauses)
        previews = self._previews(start, bound, pauses)
        interrupt = InterruptHandler()
        # Previews judge the health from the files that logger and validation write, so they come
        # after those. The user's own callbacks find everything of the step in the run folder.
        own = [logger, checkpoints, validation, previews]
        callbacks = [collector, *filter(None, own), *self.callbacks, interrupt]
        if self.engine.processes > 1:
            callbacks.append(StopTogether(self.engine))
        with interrupt:
            for each in filter(None, (validation, previews)):
                each.set_model(gan)
                each.catch_up()
            if start < config.steps and not (validation and validation.stalled):
                if self.engine.processes > 1:
                    self.engine.share(Start(config, start, capture_state(gan)))
                batches = step_batches(config, self.dataset, self.engine, start)
                with self.engine.training():
                    gan.fit(batches, shuffle=False, verbose=0, callbacks=callbacks)
        step = logger.step
        checkpoints.save(step, gan.get_metrics_result())
        if bound.violation:
            return Outcome(run, "diverged", (run.checkpoint_steps() or [0])[-1], bound.violation)
        if step >= config.steps:
            return Outcome(run, "finished", step)
        if validation and validation.stalled:
            return Outcome(run, "stalled", step, validation.stalled)
        return Outcome(run, "stopped", step, f"stopped by {interrupt.signal_name or 'a callback'}")

    def _previews(self, start: int, bound: LossBound, pauses: Pauses) -> PreviewCallback | None:
        """Return the callback that keeps previews; None where none are wanted."""
        if not self.config.preview_every:
            return None
        log = MetricsLog(self.run.path / HEALTH, start)
        return PreviewCallback(
            self.run, log, self.config, self.dataset, start, bound, self.listener, pauses
        )

    def _validation(
        self, start: int, checkpoints: Checkpoints, pauses: Pauses
    ) -> ValidationCallback | None:
        """Return the callback that scores the generator; None where no step left is due."""
        every, last = self.config.evaluate_every, self.config.steps
        if not 0 < every <= last or (start >= last and not is_due(start, every, last)):
            return None
        log = MetricsLog(self.run.path / VALIDATION, start)

        def make_scorer() -> ValidationScorer:
            return ValidationScorer(self.config, self.dataset, self.listener.note)

        patience, report = self.config.stop_when_stalled, self.listener.validated
        return ValidationCallback(
            self.run, log, make_scorer, checkpoints, start, every, last, patience, report, pauses
        )


def _in_a_line(error: BaseException) -> str:
    """Return what ended a training, for its status."""
    if isinstance(error, InputError):
        return str(error)
    line = explain(error)
    return f"{type(error).__name__}: {first_line(error)}" if line is None else str(InputError(line))
