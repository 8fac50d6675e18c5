"""What was measured of a run's control, kept with the run: `control/step-00003500.json`."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from kwavegan.control.directions import Direction, measure_directions
from kwavegan.control.names import NAMES
from kwavegan.errors import InputError, setting, shell_command
from kwavegan.generation.generator import SoundGenerator
from kwavegan.generation.provenance import weights_digest
from kwavegan.runs.links import refuse_links_out
from kwavegan.runs.pretrained import FOLDER
from kwavegan.storage import files
from kwavegan.storage.reading import read_json
from kwavegan.storage.sole_writer import only_writer_of, unannounced
from kwavegan.storage.values import number, table

_WHICH = ("step", "weights")
"""What else than parts the file has: which generator was measured."""

_DIGITS = 4
"""Digits of a number that are kept: measured ones have two."""

Progress = Callable[[str, int, int], None]
"""Called with a label, and sounds measured and sounds in all."""


def control_path(generator: SoundGenerator) -> Path:
    """Return the file of what was measured of a generator."""
    return generator.run.path / "control" / f"step-{generator.step:08}.json"


def read_kept(generator: SoundGenerator) -> dict[str, Any]:
    """Return what is kept of a generator; empty where it is of other weights, or damaged."""
    try:
        stored = table(read_json(control_path(generator)))
    except (OSError, ValueError):
        return {}
    if stored.get("weights") != weights_digest(generator.player):
        return {}
    # Parts that are no tables have been damaged, and are measured anew.
    return {name: part for name, part in stored.items() if name in _WHICH or isinstance(part, dict)}


def keep(generator: SoundGenerator, part: str, label: str, value: Any) -> str:
    """Add what was measured of a label to what is kept, atomically.

    Args:
        generator: measured.
        part: of the file.
        label: "" in a run without labels.
        value: that JSON can represent.

    Returns:
        A line that says why it could not be kept; "" if it was.
    """
    path = control_path(generator)
    try:
        refuse_links_out(generator.run.path)
        with only_writer_of(path, wait=unannounced):  # nobody keeps for long
            stored = read_kept(generator) or {
                "step": generator.step,
                "weights": weights_digest(generator.player),
            }
            stored.setdefault(part, {})[label] = value
            text = json.dumps(files.without_nan(stored), ensure_ascii=False)
            files.write_text(path, text + "\n")
    except InputError as error:
        return str(error)
    return ""


def directions_of(
    generator: SoundGenerator,
    labels: Sequence[str] | None = None,
    progress: Progress | None = None,
    note: Callable[[str], None] | None = None,
) -> dict[str, dict[str, Direction]]:
    """Return the directions of labels, by label and name; those not kept yet are measured.

    What is measured is kept with the run, for this checkpoint and these very weights.

    Args:
        generator: of a run, or pretrained.
        labels: some of its labels; None for all. A run without labels has one, "".
        progress: called while sounds are measured.
        note: called with a line where a measurement cannot be kept.

    Raises:
        InputError: no such label.

    Example:
        >>> import kwavegan
        >>> from kwavegan.control import directions_of
        >>> drums = kwavegan.load_pretrained("drums")
        >>> tom = directions_of(drums, ["tom"])["tom"]
        >>> tom["pitch"].useful, tom["pitch"].effects["pitch"] > 0.5
        (True, True)
    """
    for label in labels or ():
        generator.label_index(label or None)
    kept = read_kept(generator).get("directions", {})
    found = {}
    for label in generator.labels or ("",) if labels is None else labels:
        found[label] = _read(kept.get(label), generator.config.latent_dim)
        if not found[label]:
            show = None if progress is None else _bound(progress, label)
            found[label] = measure_directions(generator, label or None, progress=show)
            value = {name: _plain(one) for name, one in found[label].items()}
            problem = keep(generator, "directions", label, value)
            if problem and note:
                note(f"{problem}; the directions of {label or generator.run.name} are not kept")
    return found


def _bound(progress: Progress, label: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(label, done, total)


def _plain(direction: Direction) -> dict[str, Any]:
    values = asdict(direction)
    del values["name"]
    step = [_short(x) for x in direction.step] if direction.step.any() else []
    effects = {name: _short(x) for name, x in direction.effects.items()}
    shorter = {name: _short(values[name]) for name in ("explained", "spread")}
    return {**shorter, "effects": effects, "step": step}


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _read(stored: Any, latent_dim: int) -> dict[str, Direction]:
    """Return the directions of a label; none where they are not all there, or damaged."""
    try:
        return {
            name: Direction(
                name=name,
                step=_step(one["step"], latent_dim),
                explained=number(one["explained"]),
                spread=number(one["spread"]),
                effects={key: number(value) for key, value in table(one["effects"]).items()},
            )
            for name, one in table(stored).items()
            if name in NAMES
        }
    except (KeyError, TypeError, ValueError):
        return {}


def _step(values: list[float], latent_dim: int) -> np.ndarray:
    step = np.array(list(map(number, values)) or [0.0] * latent_dim, "float64")
    if step.shape != (latent_dim,) or not np.isfinite(step).all():
        raise ValueError(f"a step of {len(values)} values")
    return step


def useful_direction(
    generator: SoundGenerator,
    directions: Mapping[str, Mapping[str, Direction]],
    label: str,
    name: str,
) -> Direction:
    """Return a direction of a label.

    Raises:
        InputError: it changes nothing that could be measured, or the label's sounds have no such
            attribute.
    """
    found = directions[label].get(name)
    if found is not None and found.useful:
        return found
    of = f" of {label}" if label else ""
    why = (
        f"few sounds{of} have it"
        if found is None
        else f"no direction of the sounds{of} changes it (explains {max(0, found.explained):.0%})"
    )
    run = generator.run
    source = {"pretrained": run.name} if run.path.parent == FOLDER else {}
    names = [] if source else [run.name]
    table = shell_command("directions", *names, **source, runs_dir=None if source else run.runs_dir)
    others = "" if len(generator.labels) < 2 else f", name another {setting('label')}"
    raise InputError(f"{setting(name)}: {why}; leave it out{others}, or see {table}")
