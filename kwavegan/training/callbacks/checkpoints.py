"""Save checkpoints while a GAN trains."""

import keras

from kwavegan.gan.state import capture
from kwavegan.runs.run import Run
from kwavegan.training.callbacks.metrics_logger import Recorder


class Checkpoints(keras.callbacks.Callback):
    """Save a checkpoint every `every` steps, after the `recorder` has looked at the losses.

    The loss bound is checked once more before a save between two rows, so that a training that
    went wrong never replaces a good checkpoint.
    """

    def __init__(self, run: Run, recorder: Recorder, every: int, keep: int):
        super().__init__()
        self.run, self.recorder, self.every, self.keep = run, recorder, every, keep
        self.saved = recorder.step

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self.recorder.step % self.every == 0:
            self.save(logs or {})

    def save(self, logs: dict) -> bool:
        """Save now, unless this step is saved already or the training has gone wrong.

        Args:
            logs: the metrics since the last row.

        Returns:
            Whether this step is saved.
        """
        step = self.recorder.step
        if step != self.saved and self.recorder.sound(logs):
            meta = {"backend": keras.backend.backend()}
            self.run.save_checkpoint(step, capture(self.model), meta, self.keep)
            self.saved = step
        return step == self.saved
