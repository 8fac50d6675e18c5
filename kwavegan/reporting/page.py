"""One page about a run: its state and health, its sounds, and what to do next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kwavegan.backend.extras import need
from kwavegan.config.settings import Config
from kwavegan.errors import InputError, shell_command
from kwavegan.evaluation import results
from kwavegan.evaluation.measures import MEASURES
from kwavegan.monitoring.health import diagnose
from kwavegan.monitoring.previews import Clip, PreviewStore
from kwavegan.reporting.svg import HEIGHT, WIDTH, Chart, audio_player, chart, spectrogram, waveform
from kwavegan.runs.run import HEALTH, VALIDATION, Run
from kwavegan.runs.status import Status
from kwavegan.storage import files
from kwavegan.storage.csv_log import read_metrics

NAME = "report.html"

MOST_BYTES = 10_000_000
"""The page stays below this."""

_SOUND_BYTES = 6_000_000  # for players; pictures and text take less than what is left

_LABELS = 10  # shown at most

_STEPS = 8  # previews shown at most of the same latent

_TEMPLATE = "report.html.j2"

_CURVES = (
    ("loss", "Loss", "metrics", {"d_loss": "discriminator", "g_loss": "generator"}),
    (
        "raw",
        "Loss before the penalty",
        "metrics",
        {"d_adversarial_loss": "raw loss", "penalty": "penalty"},
    ),
    ("score", "Scores", "metrics", {"real_score": "real", "fake_score": "generated"}),
    (
        "gradient",
        "Length of the gradient",
        "metrics",
        {"d_gradient_norm": "discriminator", "g_gradient_norm": "generator"},
    ),
    ("class", "Class loss", "metrics", {"class_real": "real", "class_fake": "generated"}),
    (
        "frechet",
        "Fréchet distance to validation sounds",
        "validation",
        {"frechet_distance": "generated", "floor": "training sounds"},
    ),
    (
        "texture",
        "Texture distance to validation sounds",
        "validation",
        {"texture_distance": "generated", "texture_floor": "training sounds"},
    ),
    ("accuracy", "Label accuracy", "validation", {"label_accuracy": "generated"}),
    ("diversity", "Diversity within a label, over real", "health", {"diversity": "generated"}),
)
"""Name, title and file of each chart, and its columns with their names in the legend."""


@dataclass(frozen=True)
class Player:
    """A sound as the page shows it.

    Attributes:
        title: above the sound.
        source: data URI of a WAV file.
        outline: SVG path of its waveform.
        picture: data URI of its spectrogram.
        seconds: its length.
        peak: its largest absolute sample; 1 is full scale.
    """

    title: str
    source: str
    outline: str
    picture: str
    seconds: float
    peak: float


_Pair = tuple[str, list[Player], list[Player]]  # label, real sounds, generated sounds

_History = tuple[str, list[Player]]  # label, its first sound by step


def require() -> None:
    """Check that the packages that the page needs are installed.

    Raises:
        InputError: a package is missing.
    """
    for package in ("jinja2", "matplotlib", "librosa"):
        need(package, "report", "report")


def write_report(run: Run, refresh: bool = False, out: str | Path | None = None) -> Path:
    """Write the page about a run as it is now, atomically, and return its path.

    The page is one HTML file below `MOST_BYTES` that needs no other file and no network.

    Args:
        run: the run; the page says what it lacks, such as previews or an evaluation.
        refresh: whether the open page reloads itself while the run is training.
        out: file to write; None for `report.html` in the run.

    Raises:
        InputError: the settings are damaged, a package is missing, or `out` is not writable.

    Example:
        >>> import tempfile
        >>> from kwavegan.reporting import write_report
        >>> from kwavegan.runs import pretrained_models
        >>> run = pretrained_models()[0].run
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_report(run, out=f"{folder}/drums.html").name
        'drums.html'
    """
    require()
    path = Path(out) if out else run.path / NAME
    files.write_text(path, _render(_content(run, refresh)))
    return path


def _render(content: Mapping[str, Any]) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kwavegan.reporting"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(_TEMPLATE).render(content)


def _content(run: Run, refresh: bool) -> dict[str, Any]:
    config, status = run.config(), run.status()
    notes: list[str] = []
    rows = {
        "metrics": read_metrics(run.path / "metrics.csv"),
        "validation": read_metrics(run.path / VALIDATION),
        "health": read_metrics(run.path / HEALTH),
    }
    pairs, history = _sounds(run, config, notes)
    return {
        "run": run.name,
        "status": status,
        "minutes": status.seconds / 60,
        "refresh": refresh and status.state == "running",
        "judged": bool(rows["metrics"]),
        "findings": diagnose(run),
        "settings": {name: _as_text(value) for name, value in config.as_dict().items()},
        "charts": _charts(rows),
        "last": {name: log[-1] for name, log in rows.items() if log},
        "evaluation": _evaluation(run, notes),
        "pairs": pairs,
        "history": history,
        "rate": config.rate,
        "next": _next(run, config, status),
        "notes": notes,
        "width": WIDTH,
        "height": HEIGHT,
    }


def _as_text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _charts(rows: Mapping[str, Sequence[Mapping[str, float]]]) -> list[Chart]:
    charts = (chart(name, title, rows[file], columns) for name, title, file, columns in _CURVES)
    return [drawn for drawn in charts if drawn]


def _evaluation(run: Run, notes: list[str]) -> dict[str, Any] | None:
    if not run.evaluation_steps():
        return None
    try:
        evaluation = results.load_evaluation(run)
    except InputError as error:
        notes.append(error.for_command_line())
        return None
    lines = [
        (MEASURES[name].title, row.value, row.real)
        for name, row in evaluation.overall.items()
        if name in MEASURES
    ]
    return {"step": evaluation.step, "lines": lines}


def _sounds(run: Run, config: Config, notes: list[str]) -> tuple[list[_Pair], list[_History]]:
    """Return (label, real players, generated players), and (label, its first sound by step)."""
    store = PreviewStore(run)
    try:
        steps, real = store.steps(), store.real()
        previews = {steps[i]: store.at(steps[i]) for i in _spread(len(steps))}
    except InputError as error:
        notes.append(error.for_command_line())
        return [], []
    newest = previews[steps[-1]] if steps else ()
    labels = list(dict.fromkeys(clip.label for clip in (*real, *newest)))[:_LABELS]
    bytes_each = 2 * config.length * max(config.channels, 1) * 4 / 3  # 16 bits, in base 64
    room = max(1, int(_SOUND_BYTES / bytes_each))
    count = max(1, min(3, room // (4 * max(1, len(labels)))))
    followed = labels[: max(1, room // (2 * max(1, len(previews))))]
    pairs = [
        (
            label,
            [_player(clip, config.rate) for clip in _of_label(real, label)[:count]],
            [_player(clip, config.rate) for clip in _of_label(newest, label)[:count]],
        )
        for label in labels
    ]
    history = [(label, _first_by_step(previews, label, config.rate)) for label in followed]
    return pairs, history


def _first_by_step(previews: Mapping[int, Sequence[Clip]], label: str, rate: int) -> list[Player]:
    return [
        _player(clip, rate, f"step {step}")
        for step, clips in previews.items()
        for clip in _of_label(clips, label)[:1]
    ]


def _spread(count: int) -> list[int]:
    """Return indices of at most `_STEPS` previews, denser at the start, where sounds change most.

    The last preview is always among them.
    """
    if count <= _STEPS:
        return list(range(count))
    return sorted({round(index) for index in np.geomspace(1, count, _STEPS) - 1})


def _of_label(clips: Sequence[Clip], label: str) -> list[Clip]:
    return [clip for clip in clips if clip.label == label]


def _player(clip: Clip, rate: int, title: str = "") -> Player:
    return Player(
        title or clip.name,
        audio_player(clip.audio, rate),
        waveform(clip.audio),
        spectrogram(clip.audio, rate),
        len(clip.audio) / rate,
        float(np.abs(clip.audio).max(initial=0.0)),
    )


def _next(run: Run, config: Config, status: Status) -> list[tuple[str, str]]:
    """Return (command, its purpose) of what to run next."""
    label = config.labels[0] if config.model != "wgan" and config.labels else None
    lines = []

    def suggest(purpose: str, verb: str, *arguments: str, **options: object) -> None:
        command = shell_command(verb, *arguments, **options, runs_dir=run.runs_dir)
        lines.append((command, purpose))

    if status.state in ("stopped", "running", "failed"):
        suggest("goes on where it stopped", "train", resume=run.name)
    if status.state in ("finished", "stalled"):
        suggest("trains on", "train", resume=run.name, steps=2 * status.step)
    if run.checkpoint_steps():
        suggest("writes sounds of the best checkpoint", "generate", run.name, label=label)
        suggest("measures how far they are from real ones", "evaluate", run.name)
        suggest("draws waves, spectrograms and losses", "plot", run.name)
    if status.state == "diverged":
        lines.append(("kwavegan train --retry 3 …", "tries other seeds by itself"))
    return lines
