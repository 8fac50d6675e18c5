"""Train a run: dataset, model, callbacks and run folder wired together; resuming; retrying."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import keras

from kwavegan.backend.selection import versions
from kwavegan.config.networks import architecture_of
from kwavegan.config.settings import Config
from kwavegan.data.batches import StepBatches
from kwavegan.data.dataset import Dataset
from kwavegan.data.load import fitted
from kwavegan.evaluation.validation import Examiner, Validation
from kwavegan.gan.model import WaveGAN
from kwavegan.gan.state import capture, restore
from kwavegan.monitoring.previews import Album, Preview
from kwavegan.runs.pretrained import origin_run
from kwavegan.runs.run import HEALTH, VALIDATION, Run
from kwavegan.storage.archive import Checkpoint
from kwavegan.storage.csv_log import MetricsLog
from kwavegan.storage.files import write_text
from kwavegan.training.build import build_gan
from kwavegan.training.callbacks.checkpoints import Checkpoints
from kwavegan.training.callbacks.interrupt import Stopper
from kwavegan.training.callbacks.metrics_logger import Recorder, Report
from kwavegan.training.callbacks.previews import Previewer
from kwavegan.training.callbacks.validation import Validator
from kwavegan.training.finetune import graft


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        run: the run.
        state: `"finished"`, `"stopped"` (asked to), `"stalled"` or `"diverged"`.
        step: steps done; for a diverged run, that of its last good checkpoint.
        message: what happened, and what to try; empty for a finished run.
    """

    run: Run
    state: str
    step: int
    message: str = ""


def _silent(what: object) -> None:
    pass


@dataclass(frozen=True)
class Watch:
    """Whom a training tells what; by default nobody.

    Attributes:
        started: of each new run, once its folder exists.
        row: of every row of metrics.
        validated: of every evaluation on the validation sounds.
        previewed: of every preview.
        note: lines about what takes time, was passed over, or differs from the usual.
    """

    started: Callable[[Run], None] = _silent
    row: Report = _silent
    validated: Callable[[Validation], None] = _silent
    previewed: Callable[[Preview], None] = _silent
    note: Callable[[str], None] = _silent


def settle(config: Config, dataset: Dataset, source: str = "") -> Config:
    """Fill the settings that a dataset decides, and check that it can be trained on.

    Args:
        config: the wishes; rate, length, channels and labels of 0 or () take the dataset's.
        dataset: what to train on.
        source: where it came from, kept in the run; "" for the built-in drums.

    Raises:
        InputError: the wishes differ from the prepared set, there are too few labels, or the
            networks cannot be built.
    """
    settled = fitted(config, dataset, source)
    architecture_of(settled)
    return settled


def train(
    config: Config,
    dataset: Dataset,
    name: str | None = None,
    runs_dir: str | Path | None = None,
    watch: Watch | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Outcome:
    """Train a new run; with `config.retry`, again with the next seed while it diverges.

    Args:
        config: settings from `settle`.
        dataset: what to train on.
        name: of the run; later tries add `-seed<k>` to it.
        runs_dir: where the run folders are.
        watch: whom to tell.
        callbacks: Keras' own or yours, for `fit`; called after the run's own.

    Raises:
        InputError: the run cannot be made, or another training holds it.
    """
    watch, first = watch or Watch(), config.seed
    while True:
        again = config.seed > first
        taken = f"{name}-seed{config.seed}" if name and again else name
        run = Run.create(taken, config, runs_dir)
        watch.started(run)
        outcome = _session(run, config, dataset, watch, callbacks)
        if outcome.state != "diverged" or config.seed >= first + config.retry:
            return outcome
        config = replace(config, seed=config.seed + 1)


def resume(
    run: Run,
    dataset: Dataset,
    steps: int | None = None,
    watch: Watch | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Outcome:
    """Go on with a run from its last whole checkpoint, exactly as if it had never stopped.

    Args:
        run: the run.
        dataset: what it was trained on.
        steps: steps to do in all, if they are to be more or fewer than before.
        watch: whom to tell.
        callbacks: as `train`.

    Raises:
        InputError: the dataset is not the run's, or another training holds the run.
    """
    config = run.config()
    settle(config, dataset, config.data)
    if steps is not None and steps != config.steps:
        config = replace(config, steps=steps)
        write_text(run.path / "config.toml", config.to_toml())
    return _session(run, config, dataset, watch or Watch(), callbacks)


def _session(
    run: Run,
    config: Config,
    dataset: Dataset,
    watch: Watch,
    callbacks: Sequence[keras.callbacks.Callback],
) -> Outcome:
    with run.lock():
        gan = build_gan(config)
        start = _begin(run, config, gan, watch.note)
        if start >= config.steps:
            run.update(state="finished", step=start, steps=config.steps, message="")
            return Outcome(run, "finished", start)
        backend = keras.backend.backend()
        run.update(
            state="running",
            step=start,
            steps=config.steps,
            backend=backend,
            versions=versions(),
            message="",
        )
        try:
            with _board(run, config, gan, start, watch) as watch:
                outcome = _fit(run, config, dataset, gan, start, watch, callbacks)
        except BaseException as error:
            run.update(state="failed", message=f"{type(error).__name__}: {error}")
            raise
        run.update(state=outcome.state, step=outcome.step, message=outcome.message)
        return outcome


def _begin(run: Run, config: Config, gan: WaveGAN, note: Callable[[str], None]) -> int:
    """Restore the newest whole checkpoint, or take over the origin's weights; return the step."""
    if not run.steps():
        if config.origin:
            origin = origin_run(config.origin)
            graft(gan, config, _told(origin.best_or_last(), note).arrays, origin.config())
            # Kept, so that the run can be resumed though the origin may be gone.
            run.save_checkpoint(0, capture(gan), {"backend": keras.backend.backend()})
        return 0
    checkpoint = _told(run.load_checkpoint(), note)
    restore(gan, checkpoint.arrays)
    return checkpoint.step


def _told(checkpoint: Checkpoint, note: Callable[[str], None]) -> Checkpoint:
    """Tell which checkpoints were passed over for this one; return it."""
    for problem in checkpoint.problems:
        note(problem)
    return checkpoint


@contextmanager
def _board(run: Run, config: Config, gan: keras.Model, start: int, watch: Watch) -> Iterator[Watch]:
    """Let a TensorBoard log hear what `watch` hears, where one is wanted and can be written."""
    if config.tensorboard == "off":
        yield watch
        return
    from kwavegan.reporting import tensorboard

    if config.tensorboard == "auto" and not tensorboard.available():
        yield watch
        return
    board = tensorboard.Board(run, config, start)
    try:
        board.networks(gan)
        names = ("row", "validated", "previewed")
        yield replace(
            watch, **{name: _both(getattr(watch, name), getattr(board, name)) for name in names}
        )
    finally:
        board.close()


def _both(first: Callable, second: Callable) -> Callable:
    def tell(what: object) -> None:
        first(what)
        second(what)

    return tell


def _fit(
    run: Run,
    config: Config,
    dataset: Dataset,
    gan: keras.Model,
    start: int,
    watch: Watch,
    more: Sequence[keras.callbacks.Callback],
) -> Outcome:
    log = run.rewind(start)
    Album(run).forget(start)
    batches = StepBatches(
        dataset.train,
        config.batch,
        config.d_updates,
        config.seed,
        start,
        config.steps,
        labelled=config.model != "wgan",
    )
    recorder = Recorder(
        run, log, start, config.steps, config.log_every, config.stop_loss, watch.row
    )
    checkpoints = Checkpoints(run, recorder, config.checkpoint_every, config.keep)
    validator = _validator(run, config, dataset, start, checkpoints, watch)
    stopper = Stopper()
    previewer = _previewer(run, config, dataset, start, recorder, watch)
    sometimes = [callback for callback in (validator, previewer) if callback]
    callbacks = [recorder, checkpoints, *sometimes, *more, stopper]
    # Python lets the main thread alone take signals.
    main = threading.current_thread() is threading.main_thread()
    with stopper if main else nullcontext():
        gan.fit(batches, shuffle=False, verbose=0, callbacks=callbacks)
    checkpoints.save(gan.get_metrics_result())
    if recorder.diverged:
        return Outcome(run, "diverged", (run.steps() or [0])[-1], recorder.diverged)
    if recorder.step == config.steps:
        return Outcome(run, "finished", recorder.step)
    if validator and validator.stalled:
        return Outcome(run, "stalled", recorder.step, validator.stalled)
    return Outcome(run, "stopped", recorder.step, f"stopped by {stopper.asked or 'a callback'}")


def _previewer(
    run: Run, config: Config, dataset: Dataset, start: int, recorder: Recorder, watch: Watch
) -> Previewer | None:
    """Return the callback that previews; None where none is wanted."""
    if not config.preview_every:
        return None
    log = MetricsLog(run.path / HEALTH, start)
    return Previewer(run, log, config, dataset, recorder, watch.previewed)


def _validator(
    run: Run,
    config: Config,
    dataset: Dataset,
    start: int,
    checkpoints: Checkpoints,
    watch: Watch,
) -> Validator | None:
    """Return the callback that evaluates; None where it would have no turn."""
    every = config.evaluate_every
    if not every or config.steps // every == start // every:
        return None
    log = MetricsLog(run.path / VALIDATION, start)
    examiner = Examiner(config, dataset, watch.note)
    return Validator(
        run, log, examiner, checkpoints, every, config.stop_when_stalled, watch.validated
    )
