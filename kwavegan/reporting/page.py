"""One page about a run: how it is going, what it sounds like, and what to do next."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kwavegan.backend.selection import package_folder
from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.evaluation import results
from kwavegan.monitoring.health import diagnose
from kwavegan.monitoring.previews import Album, Clip
from kwavegan.reporting.svg import HEIGHT, WIDTH, Chart, chart, player, spectrogram, wave
from kwavegan.runs.run import HEALTH, VALIDATION, Run, Status
from kwavegan.storage import files
from kwavegan.storage.csv_log import read_metrics

NAME = "report.html"

MOST_BYTES = 10_000_000
"""The page stays below this."""

_SOUND_BYTES = 6_000_000  # of players; pictures and the rest take less than what is left

_LABELS = 10

_STEPS = 8

_TEMPLATE = "report.html.j2"

_CURVES = (
    ("loss", "Loss", "metrics", {"d_loss": "discriminator", "g_loss": "generator"}),
    ("raw", "Loss before the penalty", "metrics", {"d_raw": "raw loss", "penalty": "penalty"}),
    ("score", "Scores", "metrics", {"real_score": "real", "fake_score": "generated"}),
    (
        "gradient",
        "Length of the gradient",
        "metrics",
        {"d_gradient": "discriminator", "g_gradient": "generator"},
    ),
    ("class", "Class loss", "metrics", {"class_real": "real", "class_fake": "generated"}),
    (
        "frechet",
        "Fréchet distance to validation sounds",
        "validation",
        {"frechet_distance": "generated", "floor": "training sounds"},
    ),
    ("accuracy", "Label accuracy", "validation", {"label_accuracy": "generated"}),
    ("diversity", "Diversity within a label, over real", "health", {"diversity": "generated"}),
)
"""Name, title, file and columns of each chart."""


@dataclass(frozen=True)
class Heard:
    """A sound as the page shows it: player, outline and picture are data of their own."""

    title: str
    source: str
    outline: str
    picture: str
    seconds: float
    peak: float


def require() -> None:
    """Make sure that what the page needs is installed.

    Raises:
        InputError: a package is missing.
    """
    for package in ("jinja2", "matplotlib", "librosa"):
        if package_folder(package) is None:
            raise InputError(f'report: {package} is missing; run: pip install "kwavegan[report]"')


def write_report(run: Run, refresh: bool = False, out: str | Path | None = None) -> Path:
    """Write the page about a run as it is now, atomically, and return its path.

    Args:
        run: what it is about; whatever it lacks is left out, and the page says so.
        refresh: whether the open page loads itself again while the run is training.
        out: where; None for `report.html` in the run.

    Raises:
        InputError: the settings are damaged, a package is missing, or the place is not writable.
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
    config, status, notes = run.config(), run.status(), []
    rows = {
        "metrics": read_metrics(run.path / "metrics.csv"),
        "validation": read_metrics(run.path / VALIDATION),
        "health": read_metrics(run.path / HEALTH),
    }
    sides, history = _sounds(run, config, notes)
    return {
        "run": run.name,
        "status": status,
        "minutes": status.seconds / 60,
        "refresh": refresh and status.state == "running",
        "judged": bool(rows["metrics"]),
        "findings": diagnose(run),
        "settings": {name: _shown(value) for name, value in config.as_dict().items()},
        "charts": _charts(rows),
        "last": {name: found[-1] for name, found in rows.items() if found},
        "evaluation": _evaluation(run, notes),
        "sides": sides,
        "history": history,
        "rate": config.rate,
        "next": _next(run, config, status),
        "notes": notes,
        "width": WIDTH,
        "height": HEIGHT,
    }


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _charts(rows: Mapping[str, Sequence[Mapping[str, float]]]) -> list[Chart]:
    drawn = (chart(name, title, rows[which], columns) for name, title, which, columns in _CURVES)
    return [one for one in drawn if one]


def _evaluation(run: Run, notes: list[str]) -> dict[str, Any] | None:
    if not run.evaluated():
        return None
    try:
        found = results.load(run)
    except InputError as error:
        notes.append(str(error))
        return None
    lines = [
        (results.MEASURES[name].title, row.value, row.real)
        for name, row in found.overall.items()
        if name in results.MEASURES
    ]
    return {"step": found.step, "lines": lines}


def _sounds(run: Run, config: Config, notes: list[str]) -> tuple[list, list]:
    """Return by label (real sounds, generated sounds), and by label the first sound by step."""
    album = Album(run)
    try:
        steps, real = album.steps(), album.real()
        generated = album.at(steps[-1]) if steps else ()
        chosen = [steps[i] for i in _spread(len(steps))]
        labels = list(dict.fromkeys(clip.label for clip in (*real, *generated)))[:_LABELS]
        each = 2 * config.length * max(config.channels, 1) * 4 / 3  # bytes of a player
        room = max(1, int(_SOUND_BYTES / each))
        pairs = max(1, min(3, room // (4 * max(1, len(labels)))))
        sides = [
            (
                label,
                [_heard(clip, config.rate) for clip in _of(real, label)[:pairs]],
                [_heard(clip, config.rate) for clip in _of(generated, label)[:pairs]],
            )
            for label in labels
        ]
        followed = labels[: max(1, room // (2 * max(1, len(chosen))))]
        firsts = {step: album.at(step) for step in chosen}
        history = [
            (
                label,
                [
                    _heard(clip, config.rate, f"step {step}")
                    for step, clips in firsts.items()
                    for clip in _of(clips, label)[:1]
                ],
            )
            for label in followed
        ]
    except InputError as error:
        notes.append(str(error))
        return [], []
    return sides, history


def _spread(count: int) -> list[int]:
    """Return places of some previews, denser at the beginning, where more changes."""
    if count <= _STEPS:
        return list(range(count))
    return sorted({round(place) for place in np.geomspace(1, count, _STEPS) - 1})


def _of(clips: Sequence[Clip], label: str) -> list[Clip]:
    return [clip for clip in clips if clip.label == label]


def _heard(clip: Clip, rate: int, title: str = "") -> Heard:
    return Heard(
        title or clip.name,
        player(clip.audio, rate),
        wave(clip.audio),
        spectrogram(clip.audio, rate),
        len(clip.audio) / rate,
        float(np.abs(clip.audio).max(initial=0.0)),
    )


def _next(run: Run, config: Config, status: Status) -> list[tuple[str, str]]:
    """Return what to run next, and what for."""
    name = shlex.quote(run.name)
    label = f" --label {shlex.quote(config.labels[0])}" if config.model != "wgan" else ""
    lines = []
    if status.state in ("stopped", "running", "failed"):
        lines.append((f"kwavegan train --resume {name}", "goes on where it stopped"))
    if status.state in ("finished", "stalled"):
        steps = f" --steps {2 * status.step}"
        lines.append((f"kwavegan train --resume {name}{steps}", "trains on"))
    if run.steps():
        lines += [
            (f"kwavegan generate {name}{label} -n 20", "writes sounds of the best checkpoint"),
            (f"kwavegan evaluate {name}", "measures how far they are from real ones"),
            (f"kwavegan plot {name}", "draws waves, spectrograms and losses"),
        ]
    if status.state == "diverged":
        lines.append(("kwavegan train --retry 3 …", "tries other seeds by itself"))
    return lines
