"""Save checkpoints while a GAN trains."""

from collections.abc import Mapping
from typing import Any

import keras

from kwavegan.gan.state import capture_metrics, capture_state
from kwavegan.runs.run import Run
from kwavegan.training.callbacks.loss_bound import LossBound
from kwavegan.training.callbacks.pauses import Pauses
from kwavegan.training.callbacks.step import StepCallback


class Checkpoints(StepCallback):
    """Saves a checkpoint every `every` steps, unless a loss has passed its bound.

    Args:
        run: the run whose folder holds the checkpoints.
        start: steps done before this session.
        bound: keeps a diverged training from replacing a good checkpoint.
        every: steps between checkpoints.
        keep: number of checkpoints to keep, the last ones.
        pauses: of the training; saving is one.
    """

    def __init__(
        self, run: Run, start: int, bound: LossBound, every: int, keep: int, pauses: Pauses
    ) -> None:
        super().__init__(start)
        self.pauses = pauses
        self.run, self.bound, self.every, self.keep = run, bound, every, keep
        self.saved = start

    def on_step(self, step: int, logs: dict[str, Any]) -> None:
        if step % self.every == 0:
            self.save(step, logs)

    def save(self, step: int, logs: Mapping[str, float]) -> bool:
        """Save now, unless this step is saved already or the training has diverged.

        Args:
            step: steps done.
            logs: the metrics since the last row.

        Returns:
            Whether this step is saved.
        """
        if step != self.saved and self.bound.keeps(step, logs):
            meta = {"backend": keras.backend.backend()}
            with self.pauses.during("checkpoint"):
                arrays = {**capture_state(self.model), **capture_metrics(self.model)}
                self.run.save_checkpoint(step, arrays, meta, self.keep)
            self.saved = step
        return step == self.saved
