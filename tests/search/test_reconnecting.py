"""A connection that is cut while the database commits: every write, before it and after it."""

import time
from itertools import cycle

import optuna
import pytest
import sqlalchemy
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState
from sqlalchemy.orm import Session

from kwavegan.search import reconnecting, study
from kwavegan.search.database import file_url, open_storage, reason
from kwavegan.search.study import open_study, quiet, requeue_lost

SPACE = {"lr": FloatDistribution(1e-5, 1e-1, log=True)}
ABOUT = {"objective": "score", "steps": 4, "data": "d"}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(reconnecting, "WAITS", (0.0, 0.0))
    monkeypatch.setattr(study, "_WAIT", 0.0)


@pytest.fixture
def storage(tmp_path):
    with quiet():
        made = open_storage(file_url(tmp_path / "study.db"), "here")
        yield made
        made.remove_session()
        made.engine.dispose()


def cut(monkeypatch, when, which):
    """Cut the connection at a commit for each true value of `which`."""
    commit, left = Session.commit, iter(which)

    def commit_or_not(session):
        broken = next(left)
        if not broken or when == "after":
            commit(session)
        if broken:
            cause = Exception("server closed the connection unexpectedly\nmore")
            raise sqlalchemy.exc.OperationalError("", {}, cause, connection_invalidated=True)

    monkeypatch.setattr(Session, "commit", commit_or_not)


def search(storage):
    """Do all that a search does: a first trial, a pruned one, one lost and done again."""
    made = open_study(storage, "search", ABOUT, {"lr": 1e-3}, 0, SPACE)
    first = made.ask(SPACE)
    first.report(0.5, 1)
    first.set_user_attr("outcome", {"ended": "finished"})
    made.tell(first, 1.0)
    second = made.ask(SPACE)
    second.report(0.25, 1)
    made.tell(second, state=TrialState.PRUNED)
    lost = made.ask(SPACE)
    storage.record_heartbeat(lost._trial_id)
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE trial_heartbeats SET heartbeat = '2020-01-01'")
    requeue_lost(made, storage)
    requeue_lost(made, storage)
    again = made.ask(SPACE)
    assert again.params == lost.params
    made.tell(again, state=TrialState.FAIL)
    return [
        (trial.state.name, trial.params, trial.values, trial.intermediate_values, trial.user_attrs)
        for trial in made.get_trials()
    ]


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_cut_off_is_done_again_and_nothing_is_done_twice(storage, monkeypatch, when):
    said = []
    storage.on_cut = lambda error: said.append(reason(error, storage.url))
    cut(monkeypatch, when, cycle([True, False]))
    trials = search(storage)
    assert [trial[0] for trial in trials] == ["COMPLETE", "PRUNED", "FAIL", "FAIL"]
    assert [trial[2] for trial in trials] == [[1.0], [0.25], None, None]
    assert [trial[3] for trial in trials] == [{1: 0.5}, {1: 0.25}, {}, {}]
    outcome = {"outcome": {"ended": "finished"}}
    homes = [{"home": "here"}] * 4
    assert [trial[4] for trial in trials] == [homes[0] | {"first": True} | outcome, *homes[1:]]
    assert trials[0][1] == {"lr": 1e-3}
    assert trials[3][1] == trials[2][1]
    assert set(said) == {"server closed the connection unexpectedly"}


def test_a_database_that_stays_away_is_asked_a_bounded_number_of_times(storage, monkeypatch):
    made = optuna.create_study(study_name="search", storage=storage)
    asked = []
    cut(monkeypatch, "before", (asked.append(1) or True for _ in range(99)))
    with pytest.raises(optuna.exceptions.StorageInternalError):
        storage.get_study_user_attrs(made._study_id)
    assert len(asked) == 1 + len(reconnecting.WAITS)


def test_a_trial_that_two_take_goes_to_one(storage):
    made = open_study(storage, "search", ABOUT, {"lr": 1e-3}, 0, SPACE)
    [waiting] = made.get_trials()
    assert storage.set_trial_state_values(waiting._trial_id, TrialState.RUNNING)
    assert not storage.set_trial_state_values(waiting._trial_id, TrialState.RUNNING)


def test_a_trial_that_another_machine_was_given_is_not_told(storage):
    made = open_study(storage, "search", ABOUT, {"lr": 1e-3}, 0, SPACE)
    trial = made.ask(SPACE)
    storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        storage.set_trial_state_values(trial._trial_id, TrialState.COMPLETE, [1.0])


def test_a_trial_can_be_lost_from_its_first_moment(storage):
    """Killed before the first heartbeat, a search would leave a trial that runs for ever."""
    made = open_study(storage, "search", ABOUT, {"lr": 1e-3}, 0, SPACE)
    queued, drawn = made.ask(SPACE), made.ask(SPACE)
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE trial_heartbeats SET heartbeat = '2020-01-01'")
    requeue_lost(made, storage)
    trials = made.get_trials()
    assert [trial.state.name for trial in trials] == ["FAIL", "FAIL", "WAITING", "WAITING"]
    fixed = [trial.system_attrs["fixed_params"] for trial in trials[2:]]
    assert fixed == [queued.params, drawn.params]
    assert [trial.user_attrs for trial in trials[2:]] == [{"first": True}, {}]


def test_a_study_that_another_machine_is_about_to_describe_has_one_first_trial(storage):
    """Its first trial is there, and what it is about is not yet."""
    made = optuna.create_study(study_name="search", storage=storage, direction="maximize")
    system = {"fixed_params": {"lr": 1e-3}, reconnecting.MARK_ATTR: "first"}
    made.add_trial(
        optuna.create_trial(
            state=TrialState.WAITING, system_attrs=system, user_attrs={"first": True}
        )
    )
    opened = open_study(storage, "search", ABOUT, {"lr": 1e-3}, 0, SPACE)
    assert len(opened.get_trials()) == 1
