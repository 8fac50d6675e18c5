"""A training that the system ends: its status, what is told, and what it goes on from."""

import errno

import pytest
from support.datasets import tiny_config
from support.training import resume, run_training

from kwavegan.errors import InputError
from kwavegan.runs.run import Run
from kwavegan.training import session


class Failing:
    """In place of a GAN: its training fails at once."""

    def __init__(self, error):
        self.error = error

    def fit(self, *args, **kwargs):
        raise self.error


def fail(dataset, error):
    config = tiny_config().for_dataset(dataset)
    with pytest.raises((InputError, type(error))) as caught:
        session.run_training(config, dataset, "my run", build=lambda config: Failing(error))
    return caught.value, Run.open("my run").status()


def test_a_full_disk_says_how_to_go_on(dataset):
    full = OSError(errno.ENOSPC, "No space left on device", "runs/x")
    error, status = fail(dataset, full)
    assert isinstance(error, InputError)
    assert str(error) == (
        "runs/x: the disk is full; free some space and continue with: "
        "kwavegan train --resume 'my run'"
    )
    assert (status.state, status.step) == ("failed", 0)


def test_a_status_has_one_line_without_colours(dataset):
    text = "Exception encountered when calling Pad.call().\n\n\x1b[1m[…] can't allocate memory: 1"
    error, status = fail(dataset, RuntimeError(text))
    assert isinstance(error, RuntimeError)
    assert status.message.startswith("memory ran out; lower batch_size or width")
    error, status = fail_again(dataset, ValueError("a bug\n\x1b[1mhere"))
    assert status.message == "ValueError: a bug"


def fail_again(dataset, error):
    with pytest.raises(type(error)):
        session.resume(Run.open("my run"), dataset, build=lambda config: Failing(error))
    return error, Run.open("my run").status()


def test_a_run_remembers_where_its_data_has_moved(dataset):
    config = tiny_config(steps=3).for_dataset(dataset, "before")
    run = run_training(config, dataset, "moved").run
    assert resume(run, dataset, steps=6, source="after").state == "finished"
    assert (run.config().data, run.config().steps) == ("after", 6)
    assert resume(run, dataset).step == 6
    assert run.config().data == "after"
