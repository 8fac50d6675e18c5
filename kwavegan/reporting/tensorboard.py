"""A TensorBoard log of a run, written by tensorboardX, which needs no TensorFlow."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import keras
import numpy as np

from kwavegan.backend.extras import need
from kwavegan.config.settings import Config
from kwavegan.errors import InputError, setting
from kwavegan.evaluation.validation import ValidationResult
from kwavegan.monitoring.listener import Listener
from kwavegan.monitoring.previews import Clip, Preview
from kwavegan.reporting import figures
from kwavegan.reporting.event_log import EventLog
from kwavegan.runs.run import Run

FOLDER = "tensorboard"
"""The folder of the log, in that of the run."""

SCALARS = {
    "d_loss": "loss/discriminator",
    "g_loss": "loss/generator",
    "d_adversarial_loss": "loss/discriminator_raw",
    "penalty": "loss/penalty",
    "gradient_penalty": "loss/gradient_penalty",
    "class_real": "loss/class_real",
    "class_fake": "loss/class_generated",
    "peak_loss": "loss/peak",
    "d_gradient_norm": "gradient/discriminator",
    "g_gradient_norm": "gradient/generator",
    "real_score": "score/real",
    "fake_score": "score/generated",
    "steps_per_second": "speed/steps_per_second",
}
"""A tag for each column of the metrics."""


_LOUDNESSES = np.concatenate([[0.0], np.geomspace(1e-5, 10.0, 61)])
"""Edges of a histogram of root mean squares."""

_PACKAGES = ("tensorboardX", "matplotlib", "librosa")
"""Of the extra `report`: what writes and what draws."""


def available() -> bool:
    """Whether the packages of the extra `report` that write and draw are installed."""
    return all(map(find_spec, _PACKAGES))


class Board(Listener):
    """Writes the rows, evaluations and previews of a training into a TensorBoard log.

    Settings and real sounds are written once per session. A killed session may have written beyond
    `start`; TensorBoard hides that, because the new file holds `start` as its purge step.

    Args:
        run: its folder holds the log.
        config: the run's settings.
        start: steps done before this session.

    Raises:
        InputError: the extra `report` is not installed, or damaged; or the log cannot be written.
    """

    def __init__(self, run: Run, config: Config, start: int):
        if not available():
            raise InputError(
                f"{setting('tensorboard', 'on')}: tensorboardX, matplotlib or librosa is missing; "
                f"run: pip install 'kwavegan[report]', or give {setting('tensorboard', 'off')}"
            )
        for package in _PACKAGES:
            need(package, setting("tensorboard", "on"), "report")
        from tensorboardX import summary

        self.config, self.real_written = config, False
        self.verdict: tuple[str, ...] | None = None
        purge = start + 1 if start else None
        self.log, self.summary = EventLog(run.path / FOLDER, purge), summary
        settings = "\n".join(f"| {k} | {v} |" for k, v in config.as_dict().items())
        self._text("settings", f"| setting | value |\n|---|---|\n{settings}", start)

    def _text(self, tag: str, text: str, step: int) -> None:
        self.log.add(self.summary.text(tag, text), step)

    def _scalar(self, tag: str, value: float, step: int) -> None:
        self.log.add(self.summary.scalar(tag, value), step)

    def networks(self, gan: keras.Model) -> None:
        """Write the summaries of both networks."""
        for name in ("generator", "discriminator"):
            lines: list[str] = []
            getattr(gan, name).summary(print_fn=lines.append, line_length=100)
            text = "\n".join(f"    {line}" for part in lines for line in part.splitlines())
            self._text(f"networks/{name}", text, 0)

    def row(self, row: Mapping[str, float]) -> None:
        """Write a row of metrics as scalars."""
        for name, tag in SCALARS.items():
            if name in row:
                self._scalar(tag, row[name], int(row["step"]))

    def validated(self, result: ValidationResult) -> None:
        """Write an evaluation on the validation sounds."""
        names = ("frechet_distance", "floor", "texture_distance", "texture_floor")
        for name in (*names, "label_accuracy", "score"):
            self._scalar(f"validation/{name}", getattr(result, name), result.step)

    def previewed(self, preview: Preview) -> None:
        """Write sounds, pictures, loudness and signals, and the verdict if it has changed."""
        log, summary, step, rate = self.log, self.summary, preview.step, self.config.rate
        for which, rms in preview.rms.items():
            self._scalar(f"rms/{which}", float(np.mean(rms)), step)
            # With a tag of its own: TensorBoard shows only one kind of value for each tag.
            histogram = summary.histogram(f"rms_of_sounds/{which}", np.asarray(rms), _LOUDNESSES)
            log.add(histogram, step)
        for name, value in preview.signals.items():
            self._scalar(f"health/{name}", value, step)
        if not self.real_written:
            self._write_sounds("real", preview.real, step)
            self.real_written = True
        self._write_sounds("generated", preview.generated, step)
        columns: dict[str, Any] = {
            title: [(clip.name, clip.audio) for clip in clips]
            for title, clips in (("real", preview.real), ("generated", preview.generated))
        }
        for name, draw in (("waves", figures.waves), ("spectrograms", figures.spectrograms)):
            pixels = figures.pixels(draw(columns, rate))
            log.add(summary.image(name, pixels, dataformats="HWC"), step)
        self._write_verdict(preview)

    def _write_sounds(self, which: str, clips: tuple[Clip, ...], step: int) -> None:
        for clip in clips:
            audio = np.clip(clip.audio, -1, 1)
            sound = self.summary.audio(f"{which}/{clip.name}", audio, self.config.rate)
            self.log.add(sound, step)

    def _write_verdict(self, preview: Preview) -> None:
        names = tuple(finding.name for finding in preview.findings)
        if names != self.verdict:
            self.verdict = names
            lines = [f"**{each.title}.** {each.evidence} " for each in preview.findings]
            self._text("verdict", "\n\n".join(lines) or "healthy", preview.step)
