"""Train in one call: what `kwavegan train` does, from Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kwavegan.backend.replicas import open_engine
from kwavegan.config.resolution import resolve
from kwavegan.config.sound_set import remarks_on
from kwavegan.data.load import load_dataset, stored_source
from kwavegan.errors import for_python
from kwavegan.evaluation.validation import ValidationResult
from kwavegan.generation.generator import SoundGenerator, load_generator
from kwavegan.monitoring.listener import Listener
from kwavegan.runs.pretrained import inherit_settings
from kwavegan.runs.run import Run
from kwavegan.storage.encodings import tell
from kwavegan.training.session import run_training

Note = Callable[[str], None]


def train(
    data: str | Path | None = None,
    name: str | None = None,
    *,
    preset: str | None = None,
    config: str | Path | None = None,
    runs_dir: str | Path | None = None,
    devices: str | int = 1,
    note: Note | None = tell,
    **settings: Any,
) -> SoundGenerator:
    """Train a new run on a folder of audio, and return its generator.

    Args:
        data: a folder with a folder of audio for each label, or a prepared one; None for the
            built-in drums.
        name: of the run; None for a name with the date.
        preset: of settings, such as `"wavegan"`; see `kwavegan presets`.
        config: a TOML file of settings.
        runs_dir: where run folders are; None for `KWAVEGAN_RUNS`, or `./runs`.
        devices: how many share each batch, or `"all"`, of all processes started together.
        note: called with a line now and then, by default it prints; None for silence.
        **settings: any setting of `Config`, over preset and file.

    Returns:
        The generator of the best checkpoint; its run is `.run`.

    Raises:
        InputError: a setting, folder or name that cannot be used; or the training diverged before
            its first checkpoint.

    Example:
        >>> import kwavegan
        >>> tiny = {"generator": "waveform", "critic": "waveform", "width": 2}
        >>> plain = {"evaluate_every": 0, "preview_every": 0, "tensorboard": "off", **tiny}
        >>> generator = kwavegan.train("set", "tiny", steps=2, note=None, **plain)
        >>> generator.generate("kick", n=2, seed=0).shape
        (2, 1024, 1)
    """
    chosen = resolve(preset, config, settings)
    chosen = inherit_settings(chosen, settings, runs_dir)
    source = str(data) if data is not None else chosen.data
    dataset = load_dataset(source, chosen, note=_spelled(note))
    asked = chosen
    chosen = chosen.for_dataset(dataset, stored_source(source) if source else "")
    for remark in remarks_on(asked, chosen, dataset):
        if note:
            note(for_python(remark))
    listeners = [_Progress(note)] if note else []
    with open_engine(devices) as engine:
        outcome = run_training(chosen, dataset, name, runs_dir, listeners, engine=engine)
    if outcome.message and note:
        note(f"{outcome.state}: {outcome.message}")
    return load_generator(outcome.run.path)


def _spelled(note: Note | None) -> Note | None:
    return None if note is None else lambda line: note(for_python(line))


class _Progress(Listener):
    """Passes the news of a training on as lines."""

    def __init__(self, note: Note):
        self._note = note

    def started(self, run: Run) -> None:
        self._note(f"{run.name}: training; the run is {run.path}")

    def validated(self, result: ValidationResult) -> None:
        best = ", the best so far" if result.best else ""
        self._note(f"step {result.step}: score {result.score:.3f}{best}")

    def note(self, text: str) -> None:
        self._note(for_python(text))
