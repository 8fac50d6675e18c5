"""Previews: the same latents made into sounds again and again, so that one can be followed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kwavegan.audio import decoding, soundfiles
from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset
from kwavegan.errors import InputError
from kwavegan.monitoring.health import Finding
from kwavegan.runs.run import Run
from kwavegan.storage import files

SOUNDS = 6
"""Sounds in a preview at least; as many real ones beside them."""

LABELS = 10
"""Labels heard in a preview at most, the first ones."""

KEPT = 40
"""Previews kept; a longer training keeps every other one, then every fourth, …, and the last."""

_REAL = "real"

_FOLDER = "previews"

_STEP = re.compile(r"step-(\d{8,})")


@dataclass(frozen=True)
class Clip:
    """One sound of a preview.

    Attributes:
        name: `kick-0`, or `sound-0` of a run without labels; that of its file.
        label: "" in a run without labels.
        audio: (length, channels), float32 in −1…1.
    """

    name: str
    label: str
    audio: np.ndarray


@dataclass(frozen=True)
class Preview:
    """How a run sounds and fares at a step.

    Attributes:
        step: of the training.
        real: sounds of the training set, always the same.
        generated: sounds of fixed latents, named as `real` and in its order.
        signals: `vitals.SIGNALS` by name, as far as they could be measured.
        findings: what is wrong, worst first; empty for a healthy run.
        rms: root mean squares of some dozens of sounds each, (n,): `real` and `generated`.
    """

    step: int
    real: tuple[Clip, ...]
    generated: tuple[Clip, ...]
    signals: dict[str, float]
    findings: tuple[Finding, ...]
    rms: Mapping[str, np.ndarray]


def names(config: Config) -> list[tuple[str, str, int]]:
    """Return the name, label and label index of each sound of a run's previews."""
    if config.model == "wgan":
        return [(f"sound-{i}", "", 0) for i in range(SOUNDS)]
    labels = config.labels[:LABELS]
    each = max(2, -(-SOUNDS // len(labels)))
    return [(f"{name}-{i}", name, k) for k, name in enumerate(labels) for i in range(each)]


def real_clips(config: Config, dataset: Dataset) -> tuple[Clip, ...]:
    """Return training sounds for the previews of a run; fewer where a label has fewer."""
    rows = np.random.default_rng(0).permutation(len(dataset.train))
    labels = dataset.train.labels[rows]
    clips = []
    for name, label, index in names(config):
        fitting = np.flatnonzero(labels == index) if label else np.flatnonzero(labels >= 0)
        if len(fitting):
            (sound,) = dataset.train.batch(rows[fitting[:1]])
            clips.append(Clip(name, label, sound))
            labels[fitting[0]] = -1  # taken
    return tuple(clips)


@dataclass(frozen=True)
class Album:
    """The previews of a run, as WAV files: `previews/real/` and `previews/step-00000200/`."""

    run: Run

    @property
    def path(self) -> Path:
        """The folder."""
        return self.run.path / _FOLDER

    def real(self) -> tuple[Clip, ...]:
        """Return the real sounds; none where there are no previews yet."""
        return self._read(_REAL)

    def at(self, step: int) -> tuple[Clip, ...]:
        """Return the sounds generated at a step.

        Raises:
            InputError: there are none; the message names the steps that there are.
        """
        if step not in self.steps():
            known = ", ".join(map(str, self.steps())) or "none"
            raise InputError(f"{self.run.path}: no preview of step {step}; there are: {known}")
        return self._read(_name(step))

    def steps(self) -> list[int]:
        """Return the steps that there are previews of, ascending."""
        found = (_STEP.fullmatch(path.name) for path in self.path.glob("*"))
        return sorted(int(match[1]) for match in found if match)

    def keep_real(self, clips: Sequence[Clip]) -> None:
        """Write the real sounds, unless they are there."""
        if not (self.path / _REAL).is_dir():
            self._write(_REAL, clips)

    def add(self, step: int, clips: Sequence[Clip]) -> None:
        """Write the sounds of a step; keep evenly spaced ones of the earlier, `KEPT` at most."""
        self._write(_name(step), clips)
        *earlier, _ = self.steps()
        if len(earlier) < 2:
            return
        apart = earlier[1] - earlier[0]
        apart *= 2 if len(earlier) > KEPT else 1
        for old in earlier:
            if old % apart:
                files.remove(self.path / _name(old))

    def forget(self, after: int) -> None:
        """Remove the previews of later steps."""
        for step in self.steps():
            if step > after:
                files.remove(self.path / _name(step))

    def _write(self, name: str, clips: Sequence[Clip]) -> None:
        rate = self.run.config().rate
        with files.atomic(self.path / name) as partial:
            partial.mkdir()
            for clip in clips:
                soundfiles.write_wav_in_place(partial / f"{clip.name}.wav", clip.audio, rate)

    def _read(self, name: str) -> tuple[Clip, ...]:
        folder = self.path / name
        known = ((clip, label, folder / f"{clip}.wav") for clip, label, _ in self._names())
        return tuple(
            Clip(clip, label, _sound(path)) for clip, label, path in known if path.is_file()
        )

    def _names(self) -> list[tuple[str, str, int]]:
        return names(self.run.config())


def _name(step: int) -> str:
    return f"step-{step:08}"


def _sound(path: Path) -> np.ndarray:
    try:
        return soundfiles.read(path)[0]
    except decoding.AudioError as error:
        raise InputError(f"{path}: {error.reason}; remove the file") from error
