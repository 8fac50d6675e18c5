"""The results of a search: a table, which settings mattered, and the best settings."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from kwavegan.config.settings import Config
from kwavegan.reporting.tables import text_table
from kwavegan.search.study import OUTCOME_ATTR, quiet
from kwavegan.storage import files
from kwavegan.storage.spreadsheets import csv_text

BEST, TRIALS, IMPORTANCE = "best.toml", "trials.csv", "importance.png"
"""Files in the folder of a search."""

MIN_TRIALS = 4
"""Trials that importances need at least."""

_TABLE_ROWS = 20  # trials.csv has all trials

_STATES = {TrialState.RUNNING: "unfinished", TrialState.WAITING: "waiting", TrialState.FAIL: "lost"}


@dataclass(frozen=True)
class TrialResult:
    """A trial and how it ended.

    Attributes:
        number: in the study, from 0.
        state: "finished", "pruned", "diverged", "stalled", "refused", "failed", "lost" (to another
            machine), "waiting" or "unfinished".
        value: the objective, the higher the better: the best score, or steps survived; of a trial
            that has not finished, its value until then; NaN for none.
        counts: whether the trial was trained to its end, so that it can be the best.
        step: the step of the best score; 0 for none.
        seconds: the time it was trained.
        values: the values of the searched settings, by setting.
        first: whether it has the user's own settings.
        why: the reason of its end; empty where the state says enough.
    """

    number: int
    state: str
    value: float
    counts: bool
    step: int
    seconds: float
    values: dict[str, Any]
    first: bool
    why: str


def trial_results(study: Study) -> list[TrialResult]:
    """Return the trials of a study, the best first."""
    trials = map(_result, study.get_trials(deepcopy=False))
    return sorted(trials, key=_rank)


def _rank(trial: TrialResult) -> tuple[bool, float, int]:
    value = -math.inf if math.isnan(trial.value) else trial.value
    return not trial.counts, -value, trial.number


def _result(trial: FrozenTrial) -> TrialResult:
    outcome = trial.user_attrs.get(OUTCOME_ATTR, {})
    counts = trial.state is TrialState.COMPLETE
    scores = trial.intermediate_values.values()
    value = trial.value if counts else None
    if value is None:
        value = max(scores, default=math.nan)
    return TrialResult(
        number=trial.number,
        state=outcome.get("ended") or _STATES.get(trial.state, "lost"),
        value=value,
        counts=counts,
        step=int(outcome.get("best_step") or 0),
        seconds=float(outcome.get("seconds") or 0.0),
        values=dict(trial.params),
        first=bool(trial.user_attrs.get("first")),
        why=outcome.get("why", ""),
    )


def best(trials: Sequence[TrialResult]) -> TrialResult | None:
    """Return the best trial that was trained to its end, the first of equals; None for none."""
    return trials[0] if trials and trials[0].counts else None


def table(trials: Sequence[TrialResult], names: Sequence[str], measure: str) -> str:
    """Return the best twenty trials as text.

    Args:
        trials: from `trial_results`.
        names: the settings that are searched.
        measure: the name of the objective.
    """
    lines = [("trial", "state", measure, *names)]
    for trial in trials[:_TABLE_ROWS]:
        mark = " *" if trial.first else ""
        cells = (format_value(trial.values.get(name, "")) for name in names)
        lines.append((f"{trial.number}{mark}", trial.state, format_value(trial.value), *cells))
    text = text_table(lines)
    if any(trial.first for trial in trials[:_TABLE_ROWS]):
        text += "\n* your settings"
    if len(trials) > _TABLE_ROWS:
        text += f"\nand {len(trials) - _TABLE_ROWS} more in {TRIALS}"
    return text


def format_value(value: Any) -> str:
    """Return a value as text: a number with four digits, NaN as a dash."""
    if not isinstance(value, float):
        return str(value)
    return "–" if math.isnan(value) else f"{value:.4g}"


def write_trials(
    folder: Path, trials: Sequence[TrialResult], names: Sequence[str], measure: str
) -> None:
    """Write `trials.csv`, atomically: a line for each trial, by number."""
    header = ("trial", "state", measure, "best_step", "seconds", *names, "why")
    lines: list[tuple[object, ...]] = []
    for trial in sorted(trials, key=lambda each: each.number):
        value = "" if math.isnan(trial.value) else trial.value
        cells = (trial.values.get(name, "") for name in names)
        numbers = (value, trial.step or "", round(trial.seconds, 1))
        lines.append((trial.number, trial.state, *numbers, *cells, trial.why))
    files.write_text(folder / TRIALS, csv_text([header, *lines]))


def write_best(folder: Path, base: Config, trial: TrialResult, comment: str) -> Config:
    """Write `best.toml`, atomically, for `train --config`; return its settings.

    Args:
        folder: the search's.
        base: the user's settings for the data.
        trial: the best trial.
        comment: the first line of the file.
    """
    config = replace(base, **trial.values)
    files.write_text(folder / BEST, f"# {comment}\n\n{config.to_toml()}")
    return config


def importances(
    trials: Sequence[TrialResult], space: Mapping[str, BaseDistribution]
) -> dict[str, float] | str:
    """Return how much each setting mattered, as shares of 1, the largest first.

    PED-ANOVA (Watanabe et al. 2023): how far the values of the good trials differ from those of
    all. The good trials are the best tenth, but at least five, and at most half of all. A pruned
    trial counts with the best score it had, a diverged trial as the worst of all.

    Args:
        trials: from `trial_results`.
        space: the distribution of each setting, from `kwavegan.search.space.distributions`.

    Returns:
        A share by setting; or, where there are none to give, a line that says why.
    """
    used = [
        trial
        for trial in trials
        if trial.state in ("finished", "stalled", "pruned", "diverged")
        and all(name in trial.values for name in space)
    ]
    if len(used) < MIN_TRIALS:
        return (
            f"{len(used)} trials are too few to tell which settings mattered; it takes {MIN_TRIALS}"
        )
    worst = min((trial.value for trial in used if not math.isnan(trial.value)), default=0.0)
    values = [worst if _is_bad(trial) else trial.value for trial in used]
    if min(values) == max(values):
        return "all trials have the same value: no setting that was searched mattered"
    share = min(0.5, max(0.1, 5 / len(used)))
    # Trials of equal value are all good or none is, and the worst must not be good.
    share = min(share, sum(value > min(values) for value in values) / len(values) - 1e-9)
    with quiet():
        study = optuna.create_study(direction="maximize")
        for trial, value in zip(used, values, strict=True):
            params = {name: trial.values[name] for name in space}
            study.add_trial(
                optuna.create_trial(params=params, distributions=dict(space), value=value)
            )
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=share)
        try:
            shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
        except (RuntimeError, ValueError) as error:
            return f"what mattered cannot be computed: {error}"
    return dict(sorted(shares.items(), key=lambda pair: -pair[1]))


def _is_bad(trial: TrialResult) -> bool:
    """Whether a trial counts as the worst, whatever scores it had before."""
    return math.isnan(trial.value) or (trial.state == "diverged" and not trial.counts)


def draw_importances(folder: Path, shares: Mapping[str, float]) -> Path:
    """Draw `importance.png`, atomically, and return its path."""
    from kwavegan.reporting import figures

    path = folder / IMPORTANCE
    figures.save(figures.bars(shares, "share in being among the best trials"), path)
    return path
