"""The run as TensorBoard shows it: a log written through tensorboardX, without TensorFlow."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import keras
import numpy as np

from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.evaluation.validation import Validation
from kwavegan.monitoring.previews import Clip, Preview
from kwavegan.reporting import figures
from kwavegan.runs.run import Run

FOLDER = "tensorboard"
"""In a run: its log."""

SCALARS = {
    "d_loss": "loss/discriminator",
    "g_loss": "loss/generator",
    "d_raw": "loss/discriminator_raw",
    "penalty": "loss/penalty",
    "class_real": "loss/class_real",
    "class_fake": "loss/class_generated",
    "peak_loss": "loss/peak",
    "slope": "gradient/slope",
    "d_gradient": "gradient/discriminator",
    "g_gradient": "gradient/generator",
    "real_score": "score/real",
    "fake_score": "score/generated",
    "steps_per_second": "speed/steps_per_second",
}
"""Tag of each column of the metrics."""


def available() -> bool:
    """Whether what writes and draws is installed."""
    return all(map(find_spec, ("tensorboardX", "matplotlib", "librosa")))


class Board:
    """Writes a run's log as it is told of rows, evaluations and previews.

    Real sounds and settings are written once a session. What a killed session left beyond `start`
    is hidden by TensorBoard when it meets the purge step of the new file.

    Args:
        run: the log is in its folder.
        config: its settings.
        start: steps done before this session.

    Raises:
        InputError: the extra `report` is not installed.
    """

    def __init__(self, run: Run, config: Config, start: int):
        if not available():
            raise InputError(
                '--tensorboard on: needs tensorboardX: pip install "kwavegan[report]", or off'
            )
        from tensorboardX import SummaryWriter

        self.config, self.verdict, self.greeted = config, None, False
        purge = start + 1 if start else None
        self.writer = SummaryWriter(str(run.path / FOLDER), purge_step=purge)
        settings = "\n".join(f"| {k} | {v} |" for k, v in config.as_dict().items())
        self.writer.add_text("settings", f"| setting | value |\n|---|---|\n{settings}", start)

    def networks(self, gan: keras.Model) -> None:
        """Write the summaries of both networks."""
        for name in ("generator", "discriminator"):
            lines: list[str] = []
            getattr(gan, name).summary(print_fn=lines.append, line_length=100)
            text = "\n".join(f"    {line}" for part in lines for line in part.splitlines())
            self.writer.add_text(f"networks/{name}", text, 0)

    def row(self, row: Mapping[str, float]) -> None:
        """Write a row of metrics."""
        for name, tag in SCALARS.items():
            if name in row:
                self.writer.add_scalar(tag, row[name], int(row["step"]))

    def validated(self, found: Validation) -> None:
        """Write an evaluation on the validation sounds."""
        for name in ("frechet_distance", "floor", "label_accuracy", "score"):
            self.writer.add_scalar(f"validation/{name}", getattr(found, name), found.step)

    def previewed(self, preview: Preview) -> None:
        """Write sounds, pictures, loudness, signals, and the verdict where it changed."""
        writer, step, rate = self.writer, preview.step, self.config.rate
        for which, rms in preview.rms.items():
            writer.add_scalar(f"rms/{which}", float(np.mean(rms)), step)
            # A tag of its own: TensorBoard takes a tag for one kind of value.
            writer.add_histogram(f"rms_of_sounds/{which}", np.asarray(rms), step)
        for name, value in preview.signals.items():
            writer.add_scalar(f"health/{name}", value, step)
        if not self.greeted:
            self._play("real", preview.real, step)
            self.greeted = True
        self._play("generated", preview.generated, step)
        columns: dict[str, Any] = {
            title: [(clip.name, clip.audio) for clip in clips]
            for title, clips in (("real", preview.real), ("generated", preview.generated))
        }
        for name, draw in (("waves", figures.waves), ("spectrograms", figures.spectrograms)):
            pixels = figures.pixels(draw(columns, rate))
            writer.add_image(name, pixels, step, dataformats="HWC")
        self._say(preview)
        writer.flush()

    def _play(self, which: str, clips: tuple[Clip, ...], step: int) -> None:
        for clip in clips:
            audio = np.clip(clip.audio, -1, 1)
            self.writer.add_audio(f"{which}/{clip.name}", audio, step, self.config.rate)

    def _say(self, preview: Preview) -> None:
        names = tuple(finding.name for finding in preview.findings)
        if names != self.verdict:
            self.verdict = names
            said = [f"**{one.title}.** {one.evidence} " for one in preview.findings]
            self.writer.add_text("verdict", "\n\n".join(said) or "healthy", preview.step)

    def close(self) -> None:
        """Write what is left; again does nothing."""
        self.writer.close()
