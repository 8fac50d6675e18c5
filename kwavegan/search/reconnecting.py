"""A storage that does again what a cut connection broke off, and nothing twice.

Where a connection is cut while the database commits, nobody knows whether it did. So everything
that is written can be written again: a trial that is made or taken bears a mark in the same
transaction, by which the second try knows the first.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial, wraps
from typing import Any

import sqlalchemy
from optuna import create_trial
from optuna.exceptions import OptunaError, UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.trial import FrozenTrial, TrialState

HOME_ATTR = "home"
"""User attribute of a trial: the search that trains it."""

MARK_ATTR = "mark"
"""System attribute of a trial: what it was made for; a study has one trial of a mark at most."""

CLAIM_ATTR = "claim"
"""System attribute of a trial that was queued: who took it out."""

WAITS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 60.0)
"""Seconds between the tries: three minutes in all, in which a server has started again."""


def database_error(error: BaseException) -> sqlalchemy.exc.DBAPIError | None:
    """Return the database's error behind one of Optuna or SQLAlchemy; None where there is none."""
    kind = sqlalchemy.exc.DBAPIError
    return next((each for each in _causes(error) if isinstance(each, kind)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _retried(name: str) -> Callable[..., Any]:
    """Return a method of `RDBStorage` that may run twice, tried again where it is cut off."""
    method = getattr(RDBStorage, name)

    @wraps(method)
    def call(self: "ReconnectingStorage", *args: Any, **options: Any) -> Any:
        return self._again(lambda: method(self, *args, **options))

    return call


class ReconnectingStorage(RDBStorage):
    """Optuna's storage in a database whose connection may be cut.

    Args:
        url: of the database.
        home: marks the trials of this search.
        **options: of `RDBStorage`.

    Attributes:
        on_cut: called with the error once for each call that was cut off.
        patient: whether to wait for a database that cannot be reached; asked all the time.
    """

    def __init__(self, url: str, home: str, **options: Any) -> None:
        self.home = home
        self.on_cut: Callable[[BaseException], None] = lambda error: None
        self.patient: Callable[[], bool] = lambda: True
        self._trying = False
        super().__init__(url, **options)

    # -- Trying again -------------------------------------------------------------------------

    def _again(self, call: Callable[[], Any]) -> Any:
        """Return what a call returns, tried again where the connection is cut."""
        if self._trying:  # a method that calls another is tried again as a whole
            return call()
        self._trying = True
        try:
            for count, wait in enumerate(WAITS):
                try:
                    return call()
                except (OptunaError, sqlalchemy.exc.SQLAlchemyError) as error:
                    if not self._is_cut(error) or (count and not self.patient()):
                        raise
                    if count == 0:
                        self.on_cut(error)
                self._wait(wait)
            return call()
        finally:
            self._trying = False

    def _is_cut(self, error: BaseException) -> bool:
        """Whether a connection was cut, or could not be made."""
        cause = database_error(error)
        if cause is None or cause.connection_invalidated:
            return cause is not None
        # Without a statement it was about the connection, which for a file is none.
        unreachable = isinstance(
            cause, sqlalchemy.exc.OperationalError | sqlalchemy.exc.InterfaceError
        )
        return unreachable and cause.statement is None and self.engine.name != "sqlite"

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self.patient():
            time.sleep(min(left, 0.2))

    # What reads, and what writes the same the second time.
    create_new_study = _retried("create_new_study")
    get_study_id_from_name = _retried("get_study_id_from_name")
    get_study_name_from_id = _retried("get_study_name_from_id")
    get_study_directions = _retried("get_study_directions")
    get_study_user_attrs = _retried("get_study_user_attrs")
    get_study_system_attrs = _retried("get_study_system_attrs")
    set_study_user_attr = _retried("set_study_user_attr")
    set_study_system_attr = _retried("set_study_system_attr")
    get_trial = _retried("get_trial")
    get_all_trials = _retried("get_all_trials")
    _get_trials = _retried("_get_trials")
    _set_trial_param = _retried("_set_trial_param")
    set_trial_intermediate_value = _retried("set_trial_intermediate_value")
    set_trial_user_attr = _retried("set_trial_user_attr")
    set_trial_system_attr = _retried("set_trial_system_attr")
    record_heartbeat = _retried("record_heartbeat")
    _get_stale_trial_ids = _retried("_get_stale_trial_ids")

    # -- Trials -------------------------------------------------------------------------------

    def _create_new_trial(
        self, study_id: int, template_trial: FrozenTrial | None = None
    ) -> FrozenTrial:
        trial = template_trial
        if trial is None:
            trial = create_trial(state=TrialState.RUNNING, user_attrs={HOME_ATTR: self.home})
        trial.system_attrs.setdefault(MARK_ATTR, uuid.uuid4().hex)
        create = super()._create_new_trial
        return self._again(lambda: create(study_id, trial))

    def _get_prepared_new_trial(self, study_id: int, template_trial: Any, session: Any) -> Any:
        """Return the trial of the template's mark, in a transaction that has locked the study."""
        attribute = models.TrialSystemAttributeModel
        mark = json.dumps(template_trial.system_attrs[MARK_ATTR])
        made = (
            session.query(models.TrialModel)
            .join(attribute)
            .filter(models.TrialModel.study_id == study_id)
            .filter(attribute.key == MARK_ATTR, attribute.value_json == mark)
            .first()
        )
        if made is not None:
            return made
        trial: Any = super()._get_prepared_new_trial(study_id, template_trial, session)
        if trial.state is TrialState.RUNNING:
            # From the start: a trial without any heartbeat would never be lost.
            session.add(models.TrialHeartbeatModel(trial_id=trial.trial_id))
        return trial

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        if state is TrialState.RUNNING:
            claim = uuid.uuid4().hex
            return self._again(lambda: self._claim(trial_id, claim))
        tell = super().set_trial_state_values
        try:
            return self._again(lambda: tell(trial_id, state, values))
        except UpdateFinishedTrialError:
            ended = self.get_trial(trial_id)
            if ended.state is state and ended.values == (values and list(values)):
                return True  # told by the try that was cut off
            raise

    def _claim(self, trial_id: int, claim: str) -> bool:
        """Take a trial out of the queue; return whether this claim has got it."""
        with _create_scoped_session(self.scoped_session) as session:
            taken = _change_state(session, trial_id, TrialState.WAITING, TrialState.RUNNING)
            trial: Any = models.TrialModel.find_or_raise_by_id(trial_id, session)
            self.check_trial_is_updatable(trial_id, trial.state)
            if not taken:
                frozen = self._build_frozen_trial_from_trial_model(trial)
                return frozen.system_attrs.get(CLAIM_ATTR) == claim
            trial.datetime_start = datetime.now()
            for model, key, value in (
                (models.TrialUserAttributeModel, HOME_ATTR, self.home),
                (models.TrialSystemAttributeModel, CLAIM_ATTR, claim),
            ):
                self._set_trial_attr_without_commit(session, model, trial_id, key, value)
            session.add(models.TrialHeartbeatModel(trial_id=trial_id))
        return True

    def requeue_stale(self, study_id: int, kept: Sequence[str]) -> None:
        """End the trials without a heartbeat, and queue their values again.

        Both in one transaction, so that no trial is lost with the search that does so.

        Args:
            study_id: of the study.
            kept: the user attributes that the new trial keeps.
        """
        for trial_id in self._get_stale_trial_ids(study_id):
            self._again(partial(self._requeue, study_id, trial_id, kept))

    def _requeue(self, study_id: int, trial_id: int, kept: Sequence[str]) -> None:
        with _create_scoped_session(self.scoped_session) as session:
            models.StudyModel.find_or_raise_by_id(study_id, session, for_update=True)
            if not _change_state(session, trial_id, TrialState.RUNNING, TrialState.FAIL):
                return  # by another search, or before the connection was cut
            trial = models.TrialModel.find_or_raise_by_id(trial_id, session)
            trial.datetime_complete = datetime.now()
            lost = self._build_frozen_trial_from_trial_model(trial)
            again = create_trial(
                state=TrialState.WAITING,
                user_attrs={key: lost.user_attrs[key] for key in kept if key in lost.user_attrs},
                system_attrs={"fixed_params": lost.params, MARK_ATTR: f"again {lost.number}"},
            )
            self._get_prepared_new_trial(study_id, again, session)


def _change_state(session: Any, trial_id: int, before: TrialState, after: TrialState) -> bool:
    """Change the state of a trial, unless another search was first; return whether it did."""
    trials = session.query(models.TrialModel)
    trials = trials.filter_by(trial_id=trial_id, state=before)
    return trials.update({"state": after}, synchronize_session=False) == 1
