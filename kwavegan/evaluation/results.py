"""What `evaluate` found, as a file of the run: one a checkpoint."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from kwavegan.errors import InputError
from kwavegan.runs.run import Run
from kwavegan.storage import files

INTERVAL = 1.96
"""Standard errors either way that make an interval of 95 %."""


class Measure(NamedTuple):
    """What a number says.

    `better` is "higher", "lower", "one" (1 is as real sounds are) or "real" (the real sounds'
    own number is).
    """

    title: str
    better: str
    help: str


MEASURES = {
    "label_accuracy": Measure(
        "label accuracy", "higher", "Share of sounds in which the judge hears their label."
    ),
    "frechet_distance": Measure(
        "Fréchet distance", "lower", "Between Gaussians in the judge's embedding."
    ),
    "frechet_distance_mel": Measure(
        "Fréchet distance, mel", "lower", "The same in log-mel statistics: no judge."
    ),
    "kernel_distance": Measure(
        "kernel distance", "lower", "Unbiased MMD², cubic kernel, judge's embedding."
    ),
    "diversity": Measure("diversity", "one", "Spread within a label in the embedding, over real."),
    "diversity_mel": Measure("diversity, mel", "one", "The same in log-mel statistics."),
    "precision": Measure("precision", "higher", "Share of sounds near some real sound."),
    "density": Measure("density", "higher", "How many real neighbourhoods a sound lies in."),
    "recall": Measure("recall", "higher", "Share of real sounds near some generated sound."),
    "coverage": Measure("coverage", "higher", "Share of real neighbourhoods with a sound in them."),
    "inception_score": Measure(
        "inception score", "higher", "In ten parts, as Donahue et al. 2018."
    ),
    "inception_score_halves": Measure(
        "inception score, halves", "higher", "Marginal from the other half, after Goel et al. 2022."
    ),
    "modified_inception_score": Measure(
        "modified inception score", "higher", "Over pairs of sounds (Gurumurthy et al. 2017)."
    ),
    "am_score": Measure("AM score", "lower", "Zhou et al. 2018."),
    "nearest_training": Measure(
        "nearest training sound",
        "real",
        "Distance to it, over that among training sounds; copies are near 0.",
    ),
    "silent": Measure("silent", "real", "Share of sounds below -60 dBFS."),
    "clipped": Measure("clipped", "real", "Share of sounds with 0.1 % of samples at full scale."),
    "loudness": Measure("loudness", "real", "Mean RMS in dBFS."),
    "offset": Measure("offset", "real", "Mean size of the DC offset; full scale is 1."),
}
"""Every measure by name, in the order of tables."""


@dataclass(frozen=True)
class Row:
    """One measure: its number and standard error, and those of real sounds.

    For a distance or a ratio between two sets, `real` is its floor: training sounds against the
    test sounds, as many of them as of generated ones. For what a set is by itself, `real` is the
    test sounds' own number. Standard errors are bootstrapped; NaN where there are too few sounds.
    """

    value: float
    error: float
    real: float
    real_error: float


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Attributes:
        run, step: what was evaluated.
        overall: `Row` by measure, in the order of `MEASURES`.
        labels: the same for each label.
        outside: of other judges, `Row` by measure by judge.
        judge: its digest and accuracy on real test sounds; empty for a set without labels.
        sounds: how many: "generated", "compared" (with the floor's count), "train", "test".
        about: seed, backend, versions, data digest, seconds.
        warnings: lines about what to be careful with.
    """

    run: str
    step: int
    overall: dict[str, Row]
    labels: dict[str, dict[str, Row]]
    outside: dict[str, dict[str, Row]]
    judge: dict[str, Any]
    sounds: dict[str, int]
    about: dict[str, Any]
    warnings: tuple[str, ...] = field(default=())


def save(run: Run, evaluation: Evaluation) -> Path:
    """Write an evaluation into its run, atomically, and return the file."""
    path = run.evaluation_path(evaluation.step)
    files.write_json(path, _without_nan(asdict(evaluation)))
    return path


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: null stands for it."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def load(run: Run, step: int | None = None) -> Evaluation:
    """Read an evaluation of a run.

    Args:
        run: the run.
        step: of the checkpoint; None for the best one's, else for the last that was evaluated.

    Raises:
        InputError: there is none, or it is damaged.
    """
    known = run.evaluated()
    if step is None:
        step = run.best_step() if run.best_step() in known else (known or [None])[-1]
    if step not in known:
        which = "" if step is None else f" --checkpoint {step}"
        raise InputError(f"{run.path}: not evaluated yet; run: kwavegan evaluate {run.name}{which}")
    path = run.evaluation_path(step)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        rows = {name: _read_rows(stored[name]) for name in ("labels", "outside")}
        overall = _read_rows({"": stored["overall"]})[""]
        warnings = tuple(stored["warnings"])
        return Evaluation(**{**stored, **rows, "overall": overall, "warnings": warnings})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: damaged; evaluate again: kwavegan evaluate {run.name} --checkpoint {step}"
        ) from error


def _read_rows(stored: dict) -> dict[str, dict[str, Row]]:
    def number(value: float | None) -> float:
        return math.nan if value is None else float(value)

    return {
        name: {key: Row(**{k: number(v) for k, v in row.items()}) for key, row in rows.items()}
        for name, rows in stored.items()
    }


def rank(evaluation: Mapping[str, float]) -> float:
    """Return what checkpoints are compared by: the score, with no gain for nearer than real.

    Below the floor a distance says no more, but few kinds of sounds, close to the middle of real
    ones, get the lowest. Of equal ranks the later is the better: variety grows.

    Args:
        evaluation: `score` and `label_accuracy`, as a row of `validation.csv` has them.
    """
    return min(evaluation["score"], evaluation["label_accuracy"])
