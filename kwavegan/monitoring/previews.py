"""Previews: sounds of the same latents at many steps, so that a sound can be followed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kwavegan.audio import problems, soundfiles
from kwavegan.config.attributes import file_title
from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset
from kwavegan.errors import InputError
from kwavegan.gan import sampling
from kwavegan.monitoring.health import Finding
from kwavegan.runs.run import Run
from kwavegan.storage import files

SOUNDS = 6
"""Least number of generated sounds in a preview; as many real ones stand beside them."""

LABELS = 10
"""Largest number of labels in a preview: the first ones."""

KEPT = 40
"""Largest number of previews kept: a longer training keeps every second one, every fourth, …"""

_REAL = "real"

_FOLDER = "previews"

_STEP = re.compile(r"step-(\d{8,})")


@dataclass(frozen=True)
class Clip:
    """One sound of a preview.

    Attributes:
        name: `kick-0`, or `sound-0` in a run without labels; its file has the same name.
        label: "" in a run without labels.
        audio: (length, channels), float32 in −1…1.
    """

    name: str
    label: str
    audio: np.ndarray


@dataclass(frozen=True)
class Preview:
    """The sounds and the health of a run at a step.

    Attributes:
        step: of the training.
        real: sounds of the training set, always the same ones.
        generated: sounds of fixed latents, with the names of `real` and in its order.
        signals: `SIGNALS` by name, those that the set allows.
        findings: what is wrong, worst first; empty for a healthy run.
        rms: "real" and "generated": root mean squares of some dozens of sounds, (n,).

    Example:
        >>> import numpy as np
        >>> from kwavegan.monitoring import Preview
        >>> from kwavegan.monitoring.previews import Clip
        >>> clip = Clip("kick-0", "kick", np.zeros((4096, 1), "float32"))
        >>> preview = Preview(400, (clip,), (clip,), {"clipped": 0.0}, (), {})
        >>> "healthy" if not preview.findings else preview.findings[0].title
        'healthy'
    """

    step: int
    real: tuple[Clip, ...]
    generated: tuple[Clip, ...]
    signals: dict[str, float]
    findings: tuple[Finding, ...]
    rms: Mapping[str, np.ndarray]


def names(config: Config) -> list[tuple[str, str, int]]:
    """Return the name, label and label index of each sound of a run's previews."""
    if config.model == "wgan" or not config.labels:
        return [(f"sound-{i}", "", 0) for i in range(SOUNDS)]
    labels = config.labels[:LABELS]
    each = max(2, -(-SOUNDS // len(labels)))
    return [
        (f"{file_title(name)}-{i}", name, k) for k, name in enumerate(labels) for i in range(each)
    ]


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
            labels[fitting[0]] = -1  # so that no sound is taken twice
    return tuple(clips)


def generate_clips(network: sampling.Network, config: Config, seed: int) -> tuple[Clip, ...]:
    """Return the generated sounds of a preview.

    The first sounds of all labels share a latent, and so do the second ones: `kick-0` and `snare-0`
    differ by their label alone.

    Args:
        network: the run's generator.
        config: the run's settings.
        seed: of the latents.
    """
    clips = names(config)
    numbers = [int(name.rsplit("-", 1)[1]) for name, *_ in clips]
    latents = sampling.draw_latents(
        config.latent_distribution, config.latent_dim, max(numbers) + 1, seed
    )
    indices = [index for *_, index in clips]
    batches = sampling.generate_batches(network, latents[numbers], indices)
    sounds = np.concatenate(list(batches))
    return tuple(
        Clip(name, label, sound) for (name, label, _), sound in zip(clips, sounds, strict=True)
    )


@dataclass(frozen=True)
class PreviewStore:
    """The previews of a run, as WAV files: `previews/real/` and `previews/step-00000200/`.

    Example:
        >>> import kwavegan
        >>> from kwavegan.monitoring import PreviewStore
        >>> PreviewStore(kwavegan.load_pretrained("drums").run).steps()
        []
    """

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
            InputError: there is no preview of that step; the message names the steps that have one.
        """
        if step not in self.steps():
            known = ", ".join(map(str, self.steps())) or "none"
            raise InputError(f"{self.run.path}: no preview of step {step}; there are: {known}")
        return self._read(_name(step))

    def steps(self) -> list[int]:
        """Return the steps that have a preview, ascending."""
        matches = (_STEP.fullmatch(path.name) for path in self.path.glob("*"))
        return sorted(int(match[1]) for match in matches if match)

    def keep_real(self, clips: Sequence[Clip]) -> None:
        """Write the real sounds, unless they are there."""
        if not (self.path / _REAL).is_dir():
            self._write(_REAL, clips)

    def add(self, step: int, clips: Sequence[Clip]) -> None:
        """Write the sounds of a step, and thin out the earlier steps evenly to `KEPT` at most."""
        self._write(_name(step), clips)
        *earlier, _ = self.steps()
        if len(earlier) < 2:
            return
        apart = earlier[1] - earlier[0]
        apart *= 2 if len(earlier) > KEPT else 1
        for old in earlier:
            if old % apart:
                self.drop(old)

    def folder(self, step: int) -> Path:
        """Return the folder of a step's sounds, whether it exists or not."""
        return self.path / _name(step)

    def drop(self, step: int) -> None:
        """Remove the preview of a step, if there is one."""
        files.remove(self.folder(step))

    def forget(self, after: int) -> None:
        """Remove the previews of later steps."""
        for step in self.steps():
            if step > after:
                self.drop(step)

    def _write(self, name: str, clips: Sequence[Clip]) -> None:
        rate = self.run.config().rate
        with files.atomic(self.path / name) as partial:
            partial.mkdir()
            for clip in clips:
                soundfiles.write_wav_in_place(partial / f"{clip.name}.wav", clip.audio, rate)

    def _read(self, name: str) -> tuple[Clip, ...]:
        folder = self.path / name
        config = self.run.config()
        if not (config.rate and config.length):
            raise InputError(
                f"{self.run.path / 'config.toml'}: says no rate or length, as that of a training"
                " does; restore it"
            )
        known = ((clip, label, folder / f"{clip}.wav") for clip, label, _ in names(config))
        return tuple(
            Clip(clip, label, _sound(path, config)) for clip, label, path in known if path.is_file()
        )


def _name(step: int) -> str:
    return f"step-{step:08}"


def _sound(path: Path, config: Config) -> np.ndarray:
    """Read a sound, no more than a preview has: a small file may hold hours."""
    channels = config.channels or 1
    try:
        sound = soundfiles.load_audio(path, config.rate, channels, need=config.length)
        return sound[: config.length]
    except problems.AudioError as error:
        raise InputError(f"{path}: {error.reason}; remove the file") from error
