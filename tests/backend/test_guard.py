"""A guard turns the end that JAX's runtime makes of a process into one line, and hides no other."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

REPOSITORY = Path(__file__).parents[2]

START = """
import os, signal, sys, time
from kwavegan.backend import guard
from kwavegan.errors import setting
guard.stand_guard()
guard.set_last_words(f"{setting('devices')}: another process has ended")
"""


def start(code):
    """Run code in a guarded process."""
    return subprocess.Popen(
        [sys.executable, "-c", START + code],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(code):
    """Return the exit code and the streams of a guarded process."""
    process = start(code)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_what_the_runtime_aborts_ends_in_one_line():
    fatal = b"F1128 the JAX distributed service detected fatal errors"
    assert ended(f"os.write(2, {fatal}); os.abort()") == (
        2,
        "",
        "kwavegan: --devices: another process has ended\n",
    )


def test_a_line_is_said_once_though_the_runtime_aborts_then():
    said = "guard.os._exit = lambda code: os.abort()\nguard.end_with('out of sounds')"
    fatal = b"the JAX distributed service detected fatal errors"
    assert ended(f"os.write(2, {fatal})\n{said}") == (2, "", "kwavegan: out of sounds\n")
    assert ended("guard.end_with('out of sounds')") == (2, "", "kwavegan: out of sounds\n")


def test_another_crash_shows_what_was_written():
    code, out, err = ended("os.write(2, b'malloc(): corrupted top size\\n'); os.abort()")
    assert (code, out, err) == (128 + signal.SIGABRT, "", "malloc(): corrupted top size\n")


def test_an_exit_code_and_what_python_prints_come_through():
    code = "print('to say'); print('to warn', file=sys.stderr); os.write(1, b'[Gloo]'); sys.exit(3)"
    assert ended(code) == (3, "to say\n", "to warn\n")


def test_it_leaves_before_what_runs_at_exit():
    """There JAX would wait for processes that are gone."""
    late = "import atexit; atexit.register(print, 'late')\n"
    code = f"{late}with guard.leaving_at_once():\n    print('early')\n    sys.exit(2)"
    assert ended(code) == (2, "early\n", "")
    code, out, err = ended(f"{late}with guard.leaving_at_once():\n    raise OSError('a bug')")
    assert (code, out) == (1, "")
    assert err.startswith("Traceback")
    assert err.endswith("OSError: a bug\n")


def test_a_signal_is_handed_on():
    code = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
print(os.getpid(), flush=True)
time.sleep(30)
"""
    with start(code) as process:
        assert int(process.stdout.readline()) != process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 5


def test_a_guard_that_is_killed_takes_its_process_with_it():
    with start("print('ready', flush=True)\ntime.sleep(60)") as process:
        process.stdout.readline()
        process.kill()
        process.communicate(timeout=30)  # until the other, too, holds the streams no more
