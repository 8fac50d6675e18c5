"""What a study may hold: a database that others share, or made, may hold anything."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial

from kwavegan.errors import InputError, setting
from kwavegan.storage.values import number, table, text, whole

MOST_TRIALS = 100_000
"""Trials of a study: more than anybody trains."""

_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What Optuna and SQLAlchemy raise on values of other types, beside their own errors."""


@contextmanager
def damage_told(shown: str) -> Iterator[None]:
    """Turn what reading a damaged study raises into one line.

    Args:
        shown: the URL of its database, without its secrets.

    Raises:
        InputError: the study cannot be read.
    """
    try:
        yield
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(
            f"{shown}: the study in it is damaged ({type(error).__name__}); give another"
            f" {setting('name')} or {setting('storage')}"
        ) from error


def check_size(study: Study) -> None:
    """Refuse a study of more trials than memory should hold, before they are read.

    Raises:
        ValueError: there are more than `MOST_TRIALS`.
    """
    if study._storage.get_n_trials(study._study_id) > MOST_TRIALS:
        raise ValueError(f"more than {MOST_TRIALS:,} trials")


def check_content(study: Study, space: Mapping[str, BaseDistribution], outcome: str) -> None:
    """Refuse a study whose values no search has written.

    Args:
        study: of the search.
        space: the distribution of each setting that is searched.
        outcome: the user attribute of a trial that says how it ended.

    Raises:
        ValueError, LookupError, TypeError: what is wrong; `damage_told` makes a line of it.
    """
    if study.directions != [StudyDirection.MAXIMIZE]:
        raise ValueError("not one value to maximize")
    trials = study.get_trials(deepcopy=False)
    if [trial.number for trial in trials] != list(range(len(trials))):
        raise ValueError("trials without a number of their own")
    for trial in trials:
        _check_trial(trial, space)
        _check_outcome(table(trial.user_attrs.get(outcome, {})))


def _check_trial(trial: FrozenTrial, space: Mapping[str, BaseDistribution]) -> None:
    if any(space[name] != distribution for name, distribution in trial.distributions.items()):
        raise ValueError("a value from another range")
    fixed = table(trial.system_attrs.get("fixed_params", {}))
    for name, value in {**trial.params, **fixed}.items():
        if not space[name]._contains(space[name].to_internal_repr(value)):
            raise ValueError("a value out of its range")
    scores = (*(trial.values or ()), *trial.intermediate_values.values())
    if not all(isinstance(score, float) for score in scores):
        raise ValueError("a score that is no number")


def _check_outcome(outcome: Mapping[str, Any]) -> None:
    for name, check in (("ended", text), ("why", text), ("best_step", whole), ("seconds", number)):
        if outcome.get(name) is not None:
            check(outcome[name])
