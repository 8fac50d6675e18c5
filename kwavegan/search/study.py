"""The study behind a search: Optuna's, in a database that several machines can share."""

import logging
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from kwavegan.errors import InputError, setting
from kwavegan.search.checking import check_content, check_size
from kwavegan.search.reconnecting import MARK_ATTR, ReconnectingStorage

STUDY_ATTR = "kwavegan"
"""User attribute of a study: what is searched, how, and on which data; see `open_study`."""

OUTCOME_ATTR = "outcome"
"""User attribute of a trial: how it ended, as `kwavegan.search.worker` says."""

N_STARTUP_TRIALS = 5
"""Trials drawn at random before the sampler learns from the results."""

PRUNER_STARTUP_TRIALS = 4
"""Trials that must have finished before the pruner stops another one."""

_NAME = setting("name")

_WAIT = 3.0  # seconds in which the machine that creates a study describes it


class ReproducibleTPESampler(BaseSampler):
    """Optuna's TPE (Bergstra et al. 2011), seeded only by the search's seed and a trial's number.

    So an interrupted search continues as it would have without the interruption, also between two
    values of a trial, and two machines never draw the same trial.

    Args:
        seed: ≥ 0.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._of_all = self._sampler(-1)

    def _sampler(self, number: int, name: str = "") -> TPESampler:
        """Return a new sampler for a trial, and for one of its settings where that is named."""
        entropy = [self._seed, number + 1, *name.encode()]
        state = np.random.SeedSequence(entropy).generate_state(1)
        return TPESampler(n_startup_trials=N_STARTUP_TRIALS, seed=int(state[0]))

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        self._of_all = self._sampler(trial.number)
        return self._of_all.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._of_all.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: Any
    ) -> Any:
        # By a sampler of its own: a value stays the same where those before it are known already.
        sampler = self._sampler(trial.number, param_name)
        return sampler.sample_independent(study, trial, param_name, param_distribution)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Optuna in a block, its warning about heartbeats too: the search sends them itself."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    # Even as an error it would tell with a traceback that it closed a connection which was cut.
    logging.getLogger("sqlalchemy").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.filterwarnings("ignore", "Heartbeat of storage")
        yield


def open_study(
    storage: ReconnectingStorage,
    name: str,
    about: Mapping[str, Any],
    first: Mapping[str, Any],
    seed: int,
    space: Mapping[str, BaseDistribution],
) -> Study:
    """Create a study, or open the one of that name.

    Args:
        storage: from `open_storage`.
        name: the study's.
        about: `objective`, `steps`, `space`, `settings` and `data` of the search, as JSON can hold
            them; an existing study must have the same.
        first: the values of the first trial, by setting.
        seed: of the sampler.
        space: the distribution of each setting that is searched.

    Raises:
        InputError: the study of that name is about something else.
        ValueError, LookupError, TypeError: it is damaged; see `checking.damage_told`.
    """
    pruner: Any = optuna.pruners.NopPruner()
    if about["objective"] == "score":
        pruner = optuna.pruners.MedianPruner(
            PRUNER_STARTUP_TRIALS, n_warmup_steps=about["steps"] // 4
        )
    options = {
        "study_name": name,
        "storage": storage,
        "sampler": ReproducibleTPESampler(seed),
        "pruner": pruner,
    }
    try:
        study = optuna.create_study(direction="maximize", **options)
    except DuplicatedStudyError:
        study = optuna.load_study(**options)
        check_size(study)
        deadline = time.monotonic() + _WAIT
        while _is_undescribed(study) and time.monotonic() < deadline:
            time.sleep(0.1)
    if _is_undescribed(study):
        system = {"fixed_params": dict(first), MARK_ATTR: "first"}
        trial = optuna.create_trial(
            state=TrialState.WAITING, user_attrs={"first": True}, system_attrs=system
        )
        study.add_trial(trial)
        study.set_user_attr(STUDY_ATTR, dict(about))
    _check_same(name, study.user_attrs.get(STUDY_ATTR), about)
    check_content(study, space, OUTCOME_ATTR)
    return study


def _is_undescribed(study: Study) -> bool:
    """Whether a study is so new that nobody has said what it is about."""
    if STUDY_ATTR in study.user_attrs:
        return False
    return all(trial.system_attrs.get(MARK_ATTR) == "first" for trial in study.trials)


def _check_same(name: str, stored: Any, about: Mapping[str, Any]) -> None:
    if not isinstance(stored, dict):
        raise InputError(f"{_NAME}: {name}: its study is none of `kwavegan search`; choose another")
    for part, was in stored.items():
        now = about.get(part)
        if was == now:
            continue
        if part == "data":
            what = "with other data"
        elif isinstance(was, dict) and isinstance(now, dict):
            names = {**was, **now}
            key = next(key for key in names if was.get(key) != now.get(key))
            then, today = (_spell(each[key]) if key in each else "nothing" for each in (was, now))
            where = "the space has " if part == "space" else ""
            what = f"with {where}{key} = {then}, not {today}"
        else:
            what = f"with {part} = {_spell(was)}, not {_spell(now)}"
        raise InputError(
            f"{_NAME}: the search {name} began {what}; give the same options to continue it, or "
            f"another {_NAME}"
        )


def _spell(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {_spell(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_spell, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def requeue_lost(study: Study, storage: ReconnectingStorage) -> None:
    """Queue again the trials without a heartbeat for `database.LOST_AFTER_SECONDS`."""
    storage.requeue_stale(study._study_id, kept=("first",))


def running_trial(study: Study, trial: FrozenTrial, space: Mapping[str, BaseDistribution]) -> Trial:
    """Return a trial that the study takes for running, so that it can be continued.

    A search that was killed while it drew the values of the trial has left some of them out.
    """
    running = Trial(study, trial._trial_id)
    for name, distribution in space.items():
        running._suggest(name, distribution)  # the value that it has, or else draws one
    return running


def reported_steps(trial: Trial) -> set[int]:
    """Return the steps whose score the study knows."""
    return set(trial.storage.get_trial(trial._trial_id).intermediate_values)


def send_heartbeat(storage: ReconnectingStorage, trial: Trial) -> None:
    """Show other machines that a trial is still being trained."""
    storage.record_heartbeat(trial._trial_id)


def count_trials(study: Study) -> int:
    """Return the number of trials that count against the budget.

    Trials whose settings were refused do not count, nor those that another machine took over.
    """
    return sum(_counts(trial) for trial in study.get_trials(deepcopy=False))


def _counts(trial: FrozenTrial) -> bool:
    ended = trial.user_attrs.get(OUTCOME_ATTR, {}).get("ended")
    if trial.state is TrialState.FAIL:
        return ended is not None
    return trial.state is not TrialState.WAITING and ended != "refused"
