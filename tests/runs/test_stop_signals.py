import os
import signal

import pytest

from kwavegan.runs import stop_signals
from kwavegan.runs.stop_signals import NAMES, StopSignals

HERE = [name for name in NAMES if hasattr(signal, name)]


@pytest.fixture
def terminal():
    """A process that a terminal's end would end, though the tests run under `nohup`."""
    if not hasattr(signal, "SIGHUP"):  # Windows
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("name", HERE)
def test_each_signal_stops_once_and_the_handlers_from_before_come_back(name):
    number = getattr(signal, name)
    before = {other: signal.getsignal(getattr(signal, other)) for other in HERE}
    told = []
    with StopSignals(told.append):
        os.kill(os.getpid(), number)
    assert {n: signal.getsignal(getattr(signal, n)) for n in HERE} == before
    assert told == [name]


def test_a_second_signal_acts_at_once_and_an_echo_of_the_first_does_not(monkeypatch):
    told = []
    # In the background of a shell it is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with StopSignals(told.append):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)  # by whoever watches this process, of the same Ctrl-C
        monkeypatch.setattr(stop_signals, "ECHO", 0.0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)
    assert told == ["SIGTERM"]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_under_nohup_a_closed_terminal_is_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    told = []
    try:
        with StopSignals(told.append):
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert told == []
