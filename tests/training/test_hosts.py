"""Several processes on JAX train what one does, and end together, whatever ends one of them."""

import signal
import socket
import time
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from support.hosts import STARTED, ended, start

from kwavegan.backend import launch
from kwavegan.backend.replicas import ONE, open_engine
from kwavegan.errors import InputError
from kwavegan.runs.run import Run
from kwavegan.training.session import resume
from scripts.experiments.devices import environments
from scripts.experiments.spread_worker import train

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="the processes of other backends are not JAX's"
)


@pytest.fixture(autouse=True)
def _none_left():
    """Kill what a test that failed has left running."""
    yield
    for process in STARTED:
        process.kill()
    STARTED.clear()


CASE, STEPS = "relativistic", 3

TINY = ("--generator", "waveform", "--critic", "waveform", "--width", 2, "--batch-size", 4)
CALM = ("--evaluate-every", 0, "--preview-every", 0, "--tensorboard", "off")


def training(dataset, runs, steps, *more):
    """Return the arguments of Python for a training on all processes."""
    where = ("--name", "together", "--runs-dir", runs, "--devices", "all", "--steps", steps)
    return ("-m", "kwavegan", "train", dataset.path, *where, *TINY, *CALM, *more)


def continuing(runs, steps):
    where = ("--runs-dir", runs, "--devices", "all", "--steps", steps)
    return ("-m", "kwavegan", "train", "--resume", "together", "--report", *where)


def until_checkpoint(run, step):
    """Wait for a checkpoint of a step or a later one."""
    for _ in range(3000):
        if run.path.is_dir() and max(run.checkpoint_steps(), default=0) >= step:
            return
        time.sleep(0.1)
    pytest.fail("no checkpoint came")


def test_two_processes_of_two_devices_train_what_one_does(tmp_path):
    out = tmp_path / "four.npz"
    worker = ("-m", "scripts.experiments.spread_worker", out, "--devices", 2, "--steps", STEPS)
    for code, _, err in ended(start(*worker, "--case", CASE)):
        assert code == 0, err[-2000:]
    one = train(CASE, ONE, STEPS, 1)
    with np.load(out) as stored:
        many = dict(stored)
    assert set(one) == set(many)
    names = [name for name in one if not name.endswith("/seconds")]
    assert max(np.abs(one[n].astype("float64") - many[n]).max() for n in names) < 1e-5


def test_a_killed_process_ends_all_and_a_signal_to_one_stops_all(dataset, tmp_path):
    run = Run(tmp_path / "together")
    both = start(*training(dataset, tmp_path, 100_000, "--checkpoint-every", 2))
    until_checkpoint(run, 4)
    both[1].kill()
    (code, _, err), (killed, _, _) = ended(both)
    again = "continue with: kwavegan train --resume together"
    assert err.startswith("kwavegan: JAX: another process of this training has ended; " + again)
    assert (code, err.count("\n"), killed) == (2, 1, -signal.SIGKILL)
    step = run.load_checkpoint().step
    assert step >= 4

    both = start(*continuing(tmp_path, 100_000))
    until_checkpoint(run, step + 2)
    both[1].send_signal(signal.SIGTERM)
    (code, out, err), follower = ended(both)
    assert (code, err) == (0, "")
    assert "stopped and saved at step" in out
    assert follower == (0, "", "")
    assert run.status().state == "stopped"
    step = run.load_checkpoint().step
    assert step == run.status().step

    assert resume(run, dataset, step + 1).state == "finished"  # on one device


def test_a_leader_that_is_killed_ends_the_others_in_a_line(dataset, tmp_path):
    run = Run(tmp_path / "together")
    both = start(*training(dataset, tmp_path, 100_000, "--checkpoint-every", 2))
    until_checkpoint(run, 2)
    both[0].kill()
    _, (code, out, err) = ended(both)
    assert (code, out) == (2, "")
    assert err == (
        "kwavegan: JAX: another process of this training has ended; run the command again\n"
    )
    assert run.load_checkpoint().step >= 2


def test_too_few_processes_are_told_in_a_line(dataset, tmp_path):
    hurry = "import sys; from kwavegan.backend import launch; launch.PATIENCE = 3; "
    code = f"{hurry}from kwavegan.cli.main import main; sys.exit(main())"
    (_, _, *arguments) = training(dataset, tmp_path, 2)
    for ended_with, _, err in ended(start("-c", code, *arguments, processes=3, started=2)):
        assert ended_with == 2
        assert err.count("\n") == 1
        assert "NUM_PROCESSES: 3 processes were to meet at 127.0.0.1:" in err


@pytest.fixture
def hosts():
    from kwavegan.backend import _jax_hosts

    return _jax_hosts


@pytest.fixture
def place(monkeypatch):
    """Makes this process one of two that are to meet; returns their port."""

    def take(number):
        environment = environments(2)[number]
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return int(environment["KERAS_DISTRIBUTION_JOB_ADDRESSES"].rpartition(":")[2])

    return take


def test_a_port_in_use_is_told(place):
    port = place(0)
    with socket.socket() as other:
        other.bind(("", port))
        other.listen()
        with pytest.raises(InputError, match=f"^port {port}: JAX's first process cannot wait"):
            open_engine("all").__enter__()


def test_a_first_process_that_is_not_there_is_told(place, monkeypatch):
    monkeypatch.setattr(launch, "PATIENCE", 0)
    port = place(1)
    says = f"^127.0.0.1:{port}: JAX's first process cannot be reached there: Connection refused"
    with pytest.raises(InputError, match=says):
        open_engine("all").__enter__()


def test_jax_that_has_computed_already_is_told(place):
    keras.ops.zeros(())
    place(0)
    with pytest.raises(InputError, match="must be called before any JAX"):
        open_engine("all").__enter__()


def test_processes_with_unlike_devices_are_told(hosts, monkeypatch):
    devices = [SimpleNamespace(process_index=place) for place in (0, 1, 1)]
    monkeypatch.setattr(hosts.jax, "devices", lambda: devices)
    says = "the processes have 1, 2 devices; let each have as many"
    with pytest.raises(InputError, match=says):
        hosts.open_hosts(None).__enter__()
    monkeypatch.setattr(hosts.jax, "devices", lambda: devices[:2])
    says = "devices: 4, but JAX's processes have 2 in all; give all"
    with pytest.raises(InputError, match=says):
        hosts.open_hosts(4).__enter__()
