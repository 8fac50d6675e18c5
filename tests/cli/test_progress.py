"""The live line of `train` and `search`, and the time that a training still takes."""

import io
import sys

import pytest

from kwavegan.cli.progress import LiveLine, TimeLeft, clock


def row(step, seconds, **more):
    return {"step": step, "seconds": seconds, **more}


def test_time_left_is_steps_and_the_pauses_to_come():
    """A training of 1,000 steps of 0.5 s, with evaluations of 4 s, the first of which takes 20."""
    left = TimeLeft(1000, {"evaluation": 200, "preview": 0})
    now, told = 60.0, []  # it compiled for a minute, which does not come again
    for step in range(20, 1001, 20):
        now += 10
        told.append((now, left.after(row(step, now, steps_per_second=2.0))))
        if step == 20:
            left.paused("row", 50.0)  # writing a page, for one
            now += 50
        if step % 200 == 0:
            seconds = 20 if step == 200 else 4
            left.paused("evaluation", seconds)
            now += seconds
    assert told.pop(0)[1] == pytest.approx(490)
    for at, seconds in told[:-10]:
        assert seconds == pytest.approx(now - at, rel=0.25)


def test_time_left_follows_the_last_rows():
    left = TimeLeft(1000, {})
    for step in range(1, 101):
        left.after(row(step, 0.0, steps_per_second=0.1))
    for step in range(101, 111):
        seconds = left.after(row(step, 0.0, steps_per_second=1.0))
    assert seconds == pytest.approx(890)


def test_there_is_no_time_left_to_tell_after_a_single_step():
    assert TimeLeft(100, {}).after(row(1, 60.0)) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (9.4, "0:09"), (59.7, "1:00"), (3599, "59:59"), (7745, "2:09:05")],
)
def test_durations(seconds, text):
    assert clock(seconds) == text


class Terminal(io.StringIO):
    """A terminal of 20 columns that remembers what is sent to it."""

    def isatty(self):
        return True


def test_on_a_terminal_the_line_is_rewritten_below_the_news(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "20")
    line = LiveLine()
    line.rewrite("step 1")
    line.news("news")
    line.rewrite("a line that is far too long")
    line.rewrite("step 3", last=True)
    erase = "\r\033[K"
    assert sys.stdout.getvalue() == (
        f"{erase}step 1{erase}news\n{erase}a line that is far {erase}step 3\n"
    )


def test_elsewhere_it_is_printed_at_intervals_and_at_the_end(capsys, monkeypatch):
    line = LiveLine(10)
    for now, text, last in (
        (0.0, "first", False),
        (1.0, "too early", False),
        (11.0, "later", False),
        (12.0, "last", True),
    ):
        monkeypatch.setattr("time.monotonic", lambda now=now: now)
        line.rewrite(text, last)
    line.end()
    assert capsys.readouterr().out == "first\nlater\nlast\n"


def test_elsewhere_a_line_without_an_interval_is_printed_at_the_end_alone(capsys):
    line = LiveLine()
    line.rewrite("running")
    line.rewrite("last", last=True)
    assert capsys.readouterr().out == "last\n"
