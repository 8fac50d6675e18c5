"""The study behind a search: Optuna's, in a database that several machines may share."""

import logging
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import sqlalchemy
from optuna.distributions import BaseDistribution
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning, OptunaError
from optuna.samplers import BaseSampler, TPESampler
from optuna.storages import RDBStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from kwavegan.errors import InputError

ABOUT = "kwavegan"
"""User attribute of a study: what is searched, how, on which data; see `open_study`."""

TOLD = "told"
"""User attribute of a trial: how it ended, as `kwavegan.search.worker` says."""

LOTS = 5
"""Trials that are drawn by lot before the sampler begins to draw conclusions."""

UNPRUNED = 4
"""Trials that must have finished before another one is cut short."""

BEAT = 60
"""Seconds between two signs of life of a trial."""

GRACE = 600
"""Seconds without one after which another machine does a trial again."""

_WAIT = 3.0  # for the machine that is just beginning the study to say what it is about

_BUSY = 60.0  # seconds that SQLite waits for another process to let go of the file


class Numbered(BaseSampler):
    """Optuna's TPE, whose chance comes from the seed and the trial's number alone.

    So a search that was broken off goes on as it would have, and two machines never draw the same.

    Args:
        seed: not negative.
    """

    def __init__(self, seed: int) -> None:
        self._seed, self._number = seed, -1

    def _of(self, trial: FrozenTrial) -> TPESampler:
        # Kept for all the parameters of a trial: they must not be drawn from one number.
        if trial.number != self._number:
            state = np.random.SeedSequence([self._seed, trial.number]).generate_state(1)
            self._number = trial.number
            self._sampler = TPESampler(n_startup_trials=LOTS, seed=int(state[0]))
        return self._sampler

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: Any
    ) -> Any:
        return self._of(trial).sample_independent(study, trial, param_name, param_distribution)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from speaking for itself; the heartbeat is sent by us, outside its loop."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for name in ("alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.filterwarnings("ignore", "Heartbeat of storage")
        yield


def file_url(path: Path) -> str:
    """Return the URL of an SQLite file."""
    url = sqlalchemy.URL.create("sqlite", database=str(path.resolve()))
    # Optuna fills in templates, such as {SCHEMA_VERSION}.
    return url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")


def open_storage(url: str) -> RDBStorage:
    """Open the database that studies are kept in; its tables are made if need be.

    Args:
        url: of SQLAlchemy, such as `sqlite:///search.db` or `postgresql://user:word@host/name`.

    Raises:
        InputError: it is no URL of a database, its driver is missing, or it cannot be reached;
            the message never holds the password.
    """
    shown = _shown(url)
    options = {"connect_args": {"timeout": _BUSY}} if url.startswith("sqlite") else {}
    try:
        return RDBStorage(url, engine_kwargs=options, heartbeat_interval=BEAT, grace_period=GRACE,
                          heartbeat_stale_trial_callback=_again)  # fmt: skip
    except ImportError as error:
        driver = getattr(error.__cause__, "name", None) or "its driver"
        raise InputError(f"{shown}: {driver} is missing; install it with pip") from None
    except sqlalchemy.exc.NoSuchModuleError:
        raise InputError(
            f"{shown}: is no database that Optuna knows; take sqlite:///FILE, postgresql://… or "
            "mysql://…"
        ) from None
    except (sqlalchemy.exc.SQLAlchemyError, OptunaError) as error:
        why = _reason(error, url)
        raise InputError(f"{shown}: cannot be used: {why}; check --storage") from None
    except (RuntimeError, KeyError, ValueError) as error:
        # RuntimeError: tables of another version of Optuna; KeyError: a template of a URL.
        why = _reason(error, url)
        raise InputError(f"{shown}: cannot be used: {why}; take another --storage") from None


def _shown(url: str) -> str:
    """A URL without what may be secret in it."""
    try:
        parsed = sqlalchemy.make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise InputError(
            "--storage: is no URL of a database; write sqlite:///FILE or postgresql://…"
        ) from None
    return parsed.set(query={}).render_as_string(hide_password=True)


def _reason(error: BaseException, url: str) -> str:
    cause = error.__cause__ if isinstance(error, OptunaError) and error.__cause__ else error
    lines = str(getattr(cause, "orig", None) or cause).strip().splitlines()
    text = lines[0].rstrip(".") if lines else type(cause).__name__
    parsed = sqlalchemy.make_url(url)
    queried = [v for values in parsed.normalized_query.values() for v in values]
    for secret in filter(None, [parsed.password, *queried]):
        text = text.replace(str(secret), "***")
    return text


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Put a storage that is gone into one line.

    Raises:
        InputError: the database failed within the block.
    """
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, OptunaError) as error:
        raise InputError(
            f"{_shown(url)}: is gone: {_reason(error, url)}; the trials in hand are saved: when it"
            " is back, give the same command again"
        ) from error


def open_study(
    storage: RDBStorage, name: str, about: Mapping[str, Any], first: Mapping[str, Any], seed: int
) -> Study:
    """Begin a study, or go on with it.

    Args:
        storage: from `open_storage`.
        name: of the study.
        about: what is searched: `objective`, `steps`, `space`, `settings` and `data`, as JSON can
            hold them; a study goes on with the same alone.
        first: the values of the first trial, by setting.
        seed: of what is tried.

    Raises:
        InputError: a study of that name is about something else.
    """
    pruner: Any = optuna.pruners.NopPruner()
    if about["objective"] == "score":
        pruner = optuna.pruners.MedianPruner(UNPRUNED, n_warmup_steps=about["steps"] // 4)
    how = {"study_name": name, "storage": storage, "sampler": Numbered(seed), "pruner": pruner}
    try:
        study = optuna.create_study(direction="maximize", **how)
    except DuplicatedStudyError:
        study = optuna.load_study(**how)
        deadline = time.monotonic() + _WAIT
        while ABOUT not in study.user_attrs and not study.trials and time.monotonic() < deadline:
            time.sleep(0.1)
    if ABOUT not in study.user_attrs and not study.trials:
        study.enqueue_trial(dict(first), user_attrs={"first": True})
        study.set_user_attr(ABOUT, dict(about))
    _check_same(name, study.user_attrs.get(ABOUT), about)
    return study


def _check_same(name: str, stored: Any, about: Mapping[str, Any]) -> None:
    if not isinstance(stored, dict):
        raise InputError(f"--name: {name}: its study is none of `kwavegan search`; choose another")
    for part, was in stored.items():
        now = about.get(part)
        if was == now:
            continue
        if part == "data":
            what = "with other data"
        elif isinstance(was, dict) and isinstance(now, dict):
            names = {**was, **now}
            key = next(key for key in names if was.get(key) != now.get(key))
            told = [_told(each[key]) if key in each else "nothing" for each in (was, now)]
            where = "the space has " if part == "space" else ""
            what = f"with {where}{key} = {told[0]}, not {told[1]}"
        else:
            what = f"with {part} = {_told(was)}, not {_told(now)}"
        raise InputError(
            f"--name: the search {name} was begun {what}; give the same options to go on with it,"
            " or another --name"
        )


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {_told(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _again(study: Study, trial: FrozenTrial) -> None:
    """Queue what a machine that is gone had been trying."""
    attributes = {key: value for key, value in trial.user_attrs.items() if key == "first"}
    study.enqueue_trial(trial.params, user_attrs=attributes)


def take_back_lost(study: Study) -> None:
    """Queue again the trials that have not given a sign of life for `GRACE` seconds."""
    with quiet():
        optuna.storages.fail_stale_trials(study)


def live(study: Study, trial: FrozenTrial) -> Trial:
    """Return a trial that is still running, to go on with."""
    return Trial(study, trial._trial_id)


def reported(trial: Trial) -> set[int]:
    """Return the steps whose score the study knows."""
    return set(trial.storage.get_trial(trial._trial_id).intermediate_values)


def beat(storage: RDBStorage, trial: Trial) -> None:
    """Give a sign of life of a trial."""
    storage.record_heartbeat(trial._trial_id)


def counted(study: Study) -> int:
    """Return how many trials there are against the budget: not those that could never be trained.

    Nor those that another machine was given again.
    """
    return sum(_counts(trial) for trial in study.get_trials(deepcopy=False))


def _counts(trial: FrozenTrial) -> bool:
    ended = trial.user_attrs.get(TOLD, {}).get("ended")
    if trial.state is TrialState.FAIL:
        return ended is not None
    return trial.state is not TrialState.WAITING and ended != "refused"
