"""The small parts that the callbacks of a training share."""

import gc
import math
from contextlib import nullcontext, suppress
from types import SimpleNamespace

import pytest
from support.datasets import tiny_config

from kwavegan.monitoring.listener import Listener, Listeners
from kwavegan.runs.run import Run
from kwavegan.storage.csv_log import read_metrics
from kwavegan.training.callbacks.collector import RestingCollector
from kwavegan.training.callbacks.loss_bound import LossBound
from kwavegan.training.callbacks.metrics_logger import MetricsLogger
from kwavegan.training.callbacks.pauses import Pauses
from kwavegan.training.callbacks.step import StepCallback

METHODS = {
    "started": ("run",),
    "row": ({"step": 1},),
    "paused": ("preview", 1.0),
    "validated": ("result",),
    "first_sounds": (20, "folder"),
    "previewed": ("preview",),
    "note": ("text",),
}


def test_a_callback_counts_on_from_the_steps_of_earlier_sessions():
    calls = []

    class Calls(StepCallback):
        def on_step(self, step, logs):
            calls.append((step, logs))

    callback = Calls(7)
    callback.on_train_batch_end(0, {"d_loss": 1.0})
    callback.on_train_batch_end(1)
    assert calls == [(8, {"d_loss": 1.0}), (9, {})]
    assert callback.step == 9


@pytest.mark.parametrize(
    ("peak", "violation"),
    [
        (2.0, ""),
        (2.5, "a loss reached 2.5, past the bound of 2, by step 5"),
        (math.nan, "a loss was not finite by step 5"),
        (math.inf, "a loss was not finite by step 5"),
    ],
)
def test_a_bound_says_how_a_loss_passed_it_and_never_takes_that_back(peak, violation):
    bound = LossBound(2.0)
    assert bound.keeps(5, {"peak_loss": peak}) is not bool(violation)
    assert bound.violation == violation
    assert bound.keeps(6, {"peak_loss": 0.0}) is not bool(violation)
    assert bound.violation == violation


def test_a_bound_of_0_allows_every_finite_loss():
    assert LossBound(0).keeps(1, {"peak_loss": 1e30})
    assert not LossBound(0).keeps(1, {"peak_loss": math.inf})


NO_PAUSES = SimpleNamespace(seconds=0.0, during=lambda kind: nullcontext())


class _Model:
    """What a metrics logger needs of a model."""

    stop_training = False

    def reset_metrics(self):
        pass


def test_the_first_step_which_compiles_does_not_count_for_the_speed(tmp_path, monkeypatch):
    times = iter([0.0, 100.0, 102.0, 104.0])  # begin, step 1, step 3 (a row), step 6 (a row)
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    run = Run.create("run", tiny_config(), tmp_path)
    rows = []

    class Rows(Listener):
        def row(self, row):
            rows.append(row)

    logger = MetricsLogger(run, run.rewind(0), 0, 6, 3, LossBound(0), Rows(), NO_PAUSES, {})
    logger.set_model(_Model())
    logger.on_train_begin()
    for step in range(6):
        logger.on_train_batch_end(step, {"peak_loss": 1.0})
    assert [(row["step"], row["seconds"]) for row in rows] == [(3, 102.0), (6, 104.0)]
    assert [row["steps_per_second"] for row in rows] == [1.0, 1.5]
    assert "steps_per_second" not in read_metrics(run.path / "metrics.csv")[0]


def test_pauses_do_not_count_for_the_speed(tmp_path, monkeypatch):
    clock, rows, paused = [0.0], [], []
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    pauses = Pauses(lambda *pause: paused.append(pause))

    class Slow(Listener):
        def row(self, row):
            rows.append(row["steps_per_second"])
            clock[0] += 50.0

    run = Run.create("run", tiny_config(), tmp_path)
    logger = MetricsLogger(run, run.rewind(0), 0, 6, 2, LossBound(0), Slow(), pauses, {})
    logger.set_model(_Model())
    logger.on_train_begin()
    for step in range(6):
        clock[0] += 0.5
        logger.on_train_batch_end(step, {"peak_loss": 1.0})
        with pauses.during("preview"), pauses.during("checkpoint"):
            clock[0] += 7.0
    assert rows == [2.0, 2.0, 2.0]
    assert paused[:3] == [("preview", 7.0), ("row", 50.0), ("preview", 7.0)]


def test_the_collector_rests_until_the_first_step_or_an_error():
    with RestingCollector() as collector:
        assert not gc.isenabled()
        collector.on_train_batch_end(0)
        assert gc.isenabled()
    with suppress(KeyError), RestingCollector():
        raise KeyError
    assert gc.isenabled()


def test_listeners_pass_everything_on_in_order():
    calls = []

    def recorder(number):
        def method(name):
            return lambda self, *news: calls.append((number, name, news))

        return type("Recorder", (Listener,), {name: method(name) for name in METHODS})()

    both = Listeners([recorder(1), recorder(2)])
    for name, news in METHODS.items():
        getattr(both, name)(*news)
    assert calls == [(number, *each) for each in METHODS.items() for number in (1, 2)]


def test_a_listener_ignores_what_it_does_not_override():
    for name, news in METHODS.items():
        assert getattr(Listener(), name)(*news) is None
