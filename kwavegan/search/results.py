"""What a search found: a table, what mattered, and the settings that did best."""

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
from kwavegan.reporting.tables import columns
from kwavegan.search.study import TOLD, quiet
from kwavegan.storage import files

BEST, TRIALS, IMPORTANCE = "best.toml", "trials.csv", "importance.png"
"""In the folder of a search."""

ENOUGH = 4
"""Trials that importances are worked out from, at least."""

_SHOWN = 20  # trials in the table; trials.csv has all

_STATES = {TrialState.RUNNING: "unfinished", TrialState.WAITING: "waiting", TrialState.FAIL: "lost"}


@dataclass(frozen=True)
class Tried:
    """A trial.

    Attributes:
        number: in the study, from 0.
        state: "finished", "pruned", "diverged", "stalled", "refused", "failed", "lost" (to another
            machine), or "unfinished".
        value: what is sought, the higher the better: the best score, or steps survived; of a trial
            that has not finished, what it had until then; NaN for none.
        counts: whether it may be the best: it was trained to its end.
        step: of the best score; 0 for none.
        seconds: trained.
        values: what was tried, by setting.
        first: whether it is the one with the user's own settings.
        why: it ended, where that needs words.
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


def tried(study: Study) -> list[Tried]:
    """Return the trials of a study, the best first."""
    found = [_tried(trial) for trial in study.get_trials(deepcopy=False)]
    return sorted(found, key=lambda one: (not one.counts, -_or(one.value, -math.inf), one.number))


def _or(value: float, other: float) -> float:
    return other if math.isnan(value) else value


def _tried(trial: FrozenTrial) -> Tried:
    told = trial.user_attrs.get(TOLD, {})
    counts = trial.state is TrialState.COMPLETE
    known = trial.intermediate_values.values()
    value = trial.value if counts else max(known, default=math.nan)
    return Tried(
        number=trial.number,
        state=told.get("ended") or _STATES.get(trial.state, "lost"),
        value=value,
        counts=counts,
        step=int(told.get("best_step") or 0),
        seconds=float(told.get("seconds") or 0.0),
        values=dict(trial.params),
        first=bool(trial.user_attrs.get("first")),
        why=told.get("why", ""),
    )


def best(trials: Sequence[Tried]) -> Tried | None:
    """Return the best of the trials that were trained to their end; of equal ones the first."""
    return trials[0] if trials and trials[0].counts else None


def table(trials: Sequence[Tried], names: Sequence[str], measure: str) -> str:
    """Return the best twenty trials as text.

    Args:
        trials: from `tried`.
        names: of the settings searched.
        measure: what was sought.
    """
    lines = [("trial", "state", measure, *names)]
    for one in trials[:_SHOWN]:
        mark = " *" if one.first else ""
        cells = (number(one.values.get(name, "")) for name in names)
        lines.append((f"{one.number}{mark}", one.state, number(one.value), *cells))
    text = columns(lines)
    if any(one.first for one in trials[:_SHOWN]):
        text += "\n* the settings as they were given"
    if len(trials) > _SHOWN:
        text += f"\nand {len(trials) - _SHOWN} more in {TRIALS}"
    return text


def number(value: Any) -> str:
    """Return a value in few letters."""
    if not isinstance(value, float):
        return str(value)
    return "–" if math.isnan(value) else f"{value:.4g}"


def write_trials(folder: Path, trials: Sequence[Tried], names: Sequence[str], measure: str) -> None:
    """Write `trials.csv`, atomically: a line a trial, by number."""
    header = ("trial", "state", measure, "best_step", "seconds", *names, "why")
    lines = []
    for one in sorted(trials, key=lambda one: one.number):
        value = "" if math.isnan(one.value) else one.value
        cells = (one.values.get(name, "") for name in names)
        line = (
            one.number,
            one.state,
            value,
            one.step or "",
            round(one.seconds, 1),
            *cells,
            one.why,
        )
        lines.append(dict(zip(header, line, strict=True)))
    files.write_csv(folder / TRIALS, header, lines)


def write_best(folder: Path, base: Config, found: Tried, said: str) -> Config:
    """Write `best.toml`, atomically: all that `train --config` needs; return what it says.

    Args:
        folder: of the search.
        base: the user's settings, fitted to the data.
        found: the best trial.
        said: a line about it, for the head of the file.
    """
    config = replace(base, **found.values)
    files.write_text(folder / BEST, f"# {said}\n\n{config.to_toml()}")
    return config


def importances(
    trials: Sequence[Tried], space: Mapping[str, BaseDistribution]
) -> dict[str, float] | str:
    """Return how much each setting mattered, the most first, in shares of 1; or why that is open.

    PED-ANOVA (Watanabe et al. 2023): how far the values of the good trials differ from those of
    all. The good ones are the best tenth, but at least five, and at most half of all. Trials that
    were cut short count with what they had, those that diverged as the worst.

    Args:
        trials: from `tried`.
        space: what was drawn from, by setting.
    """
    used = [
        one
        for one in trials
        if one.state in ("finished", "stalled", "pruned", "diverged")
        and all(name in one.values for name in space)
    ]
    if len(used) < ENOUGH:
        return f"{len(used)} trials are too few to tell what mattered; {ENOUGH} are enough"
    worst = min((one.value for one in used if not math.isnan(one.value)), default=0.0)
    values = [worst if _is_bad(one) else one.value for one in used]
    if min(values) == max(values):
        return "all trials came out alike: nothing that was tried mattered"
    share = min(0.5, max(0.1, 5 / len(used)))
    # Of equal ones either all are good or none: the worst must not be.
    share = min(share, sum(value > min(values) for value in values) / len(values) - 1e-9)
    with quiet():
        study = optuna.create_study(direction="maximize")
        for one, value in zip(used, values, strict=True):
            params = {name: one.values[name] for name in space}
            study.add_trial(
                optuna.create_trial(params=params, distributions=dict(space), value=value)
            )
        judge = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=share)
        try:
            found = optuna.importance.get_param_importances(study, evaluator=judge)
        except (RuntimeError, ValueError) as error:
            return f"what mattered cannot be told: {error}"
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _is_bad(one: Tried) -> bool:
    """Whether a trial came to nothing, whatever it had until then."""
    return math.isnan(one.value) or (one.state == "diverged" and not one.counts)


def draw(folder: Path, shares: Mapping[str, float]) -> Path:
    """Draw `importance.png`, atomically, and return its path."""
    from kwavegan.reporting import figures

    path = folder / IMPORTANCE
    figures.save(
        figures.bars(shares, "share of what mattered for being among the best trials"), path
    )
    return path
