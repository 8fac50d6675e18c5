"""The outcome of `evaluate`, and its file in the run: one for each checkpoint evaluated."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kwavegan.errors import InputError, shell_command
from kwavegan.runs.links import refuse_links_out
from kwavegan.runs.run import Run
from kwavegan.storage import files
from kwavegan.storage.reading import read_json
from kwavegan.storage.values import number, table, text, texts, whole


@dataclass(frozen=True)
class MeasureRow:
    """One measure of generated sounds, beside that of real sounds.

    For a distance or a ratio between two sets, `real` is its floor, the real-versus-real distance:
    training sounds against the test sounds, as many of them as of generated ones. For a measure of
    one set, `real` is the number of the test sounds.

    Attributes:
        value, error: the number of the generated sounds and its standard error, which is
            bootstrapped for distances; NaN where there are too few sounds.
        real, real_error: the same of real sounds.
    """

    value: float
    error: float
    real: float
    real_error: float


@dataclass(frozen=True)
class Evaluation:
    """The outcome of `evaluate`.

    Attributes:
        run, step: name of the run, and step of the checkpoint.
        overall: `MeasureRow` by measure, in the order of `MEASURES`.
        labels: the same by label, for each label.
        external: `MeasureRow` by measure, for each external evaluator.
        classifier: "digest" and "accuracy" on the real test sounds; empty for a set without labels.
        sounds: counts: "generated", "compared" (of generated sounds, and of training sounds for
            the floor), "train", "test".
        about: seed, model, backend, versions, digest of the data, seconds.
        warnings: one line for each reason to be careful with the numbers.

    Example:
        >>> import kwavegan
        >>> from kwavegan.evaluation import load_evaluation
        >>> evaluation = load_evaluation(kwavegan.load_pretrained("drums").run)
        >>> evaluation.sounds["generated"]
        1000
        >>> row = evaluation.overall["label_accuracy"]
        >>> row.value > 0.95, row.real > 0.95
        (True, True)
    """

    run: str
    step: int
    overall: dict[str, MeasureRow]
    labels: dict[str, dict[str, MeasureRow]]
    external: dict[str, dict[str, MeasureRow]]
    classifier: dict[str, Any]
    sounds: dict[str, int]
    about: dict[str, Any]
    warnings: tuple[str, ...] = field(default=())


def save_evaluation(run: Run, evaluation: Evaluation) -> Path:
    """Write an evaluation into its run, atomically, and return the file.

    Raises:
        InputError: the disk is full or not writable, or the run has a link to elsewhere.
    """
    refuse_links_out(run.path)
    path = run.evaluation_path(evaluation.step)
    files.write_json(path, asdict(evaluation))
    return path


def load_evaluation(run: Run, step: int | None = None) -> Evaluation:
    """Read an evaluation of a run.

    Args:
        run: its folder.
        step: of the checkpoint; None for the best one, or the last evaluated one if the best was
            not evaluated.

    Raises:
        InputError: that checkpoint was not evaluated, or the file is damaged.

    Example:
        >>> import kwavegan
        >>> from kwavegan.evaluation import load_evaluation
        >>> load_evaluation(kwavegan.load_pretrained("drums").run).run
        'drums'
    """
    known = run.evaluation_steps()
    if step is None:
        step = run.best_step() if run.best_step() in known else next(reversed(known), None)
    if step not in known:
        evaluate = shell_command("evaluate", run.name, checkpoint=step, runs_dir=run.runs_dir)
        raise InputError(f"{run.path}: not evaluated yet; run: {evaluate}")
    path = run.evaluation_path(step)
    try:
        return _read(table(read_json(path)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        again = shell_command("evaluate", run.name, checkpoint=step, runs_dir=run.runs_dir)
        raise InputError(f"{path}: damaged; evaluate again: {again}") from error


def _read(stored: dict[str, Any]) -> Evaluation:
    """Return an evaluation from values of any type."""
    classifier = table(stored["classifier"])
    if classifier:
        text(classifier["digest"]), number(classifier["accuracy"])
    text(table(stored["about"])["data"])
    read = {
        "run": text(stored["run"]),
        "step": whole(stored["step"]),
        "overall": _rows(stored["overall"]),
        "labels": {label: _rows(rows) for label, rows in table(stored["labels"]).items()},
        "external": {name: _rows(rows) for name, rows in table(stored["external"]).items()},
        "sounds": {name: whole(count) for name, count in table(stored["sounds"]).items()},
        "warnings": texts(stored["warnings"]),
    }
    return Evaluation(**{**stored, **read})


def _rows(stored: Any) -> dict[str, MeasureRow]:
    return {
        name: MeasureRow(**{part: number(value) for part, value in table(row).items()})
        for name, row in table(stored).items()
    }
