"""Several devices train what one does: all backends, every split, and from one number to another.

The devices are simulated on the CPU, in processes of their own.
"""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from support.gans import batch_of, tiny_gan

from kwavegan.backend import replicas
from kwavegan.backend.replicas import ONE, Engine, open_engine
from kwavegan.backend.selection import versions
from kwavegan.config.settings import Config
from kwavegan.data.batches import StepBatches
from kwavegan.errors import InputError
from kwavegan.gan.state import capture_state
from kwavegan.runs.run import Run
from kwavegan.training import session
from kwavegan.training.together import check_split
from scripts.experiments.devices import launcher
from scripts.experiments.spread_worker import train

BACKEND = keras.backend.backend()
REPOSITORY = Path(__file__).parents[2]

CASES = ("wgan-gp", "relativistic")
"""A penalty of either kind, paired scores and single ones, one update of the critic and two."""

STEPS = 3


def launch(module, *arguments, processes=2):
    """Run a module on simulated devices, and return the finished process."""
    path = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "tests")))
    return subprocess.run(
        [*launcher(BACKEND, processes), "-m", module, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def largest_difference(one, many):
    named = [name for name in one if not name.endswith("/seconds")]
    assert named
    assert set(one) == set(many)
    return max(np.abs(one[name].astype("float64") - many[name]).max() for name in named)


@pytest.fixture(scope="module")
def alone():
    """The weights of all cases after some steps on one device."""
    return {name: x for case in CASES for name, x in train(case, ONE, STEPS, 1).items()}


def test_two_devices_train_what_one_does(alone, tmp_path):
    out = tmp_path / "two.npz"
    cases = [word for case in CASES for word in ("--case", case)]
    done = launch(
        "scripts.experiments.spread_worker", out, "--devices", 2, "--steps", STEPS, *cases
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(out) as stored:
        assert largest_difference(alone, dict(stored)) < 1e-5


def test_batches_in_parts_train_what_whole_ones_do(alone):
    case = CASES[0]
    whole = {name: x for name, x in alone.items() if name.startswith(f"{case}/")}
    assert largest_difference(whole, train(case, ONE, STEPS, accumulate=4)) < 1e-5


def test_a_run_goes_on_with_another_number_of_devices(dataset, tmp_path):
    """Two devices make its first steps and one the rest; one alone makes as much of it."""
    tiny = {"generator": "waveform", "critic": "waveform", "width": 2, "batch_size": 4}
    calm = {"evaluate_every": 0, "preview_every": 0, "tensorboard": "off"}
    calm |= {"lr_final": 1.0, "gamma_final": 1.0}  # else they would depend on the last step
    config = Config(steps=4, checkpoint_every=2, **tiny, **calm).for_dataset(dataset)
    session.run_training(config, dataset, "alone", tmp_path)
    (tmp_path / "config.toml").write_text(replace(config, steps=2).to_toml(), "utf-8")
    done = launch(
        "support.train_on_devices", dataset.path, tmp_path / "config.toml", "two", tmp_path
    )
    assert done.returncode == 0, done.stderr[-2000:]
    two = Run(tmp_path / "two")
    assert two.status().state == "finished"
    assert two.checkpoint_steps() == [2]
    outcome = session.resume(two, dataset, steps=4)
    assert outcome.step == 4
    one, many = (Run(tmp_path / name).load_checkpoint().arrays for name in ("alone", "two"))
    kernels = [name for name in one if "generator/" in name and name.endswith("kernel")]
    # Plain Adam makes whole steps of rounding where gradients are nought: kernels' are not.
    assert max(np.abs(one[name] - many[name]).max() for name in kernels) < 1e-4


def test_the_processes_batches_are_parts_of_the_whole_one(dataset):
    split = dataset.train
    whole = StepBatches(split, 8, 3, seed=1, start=5, stop=7, labelled=True)
    parts = [StepBatches(split, 8, 3, 1, 5, 7, True, part=(place, 4)) for place in range(4)]
    for item in range(2):
        for number, tensor in enumerate(whole[item]):
            joined = np.concatenate([part[item][number] for part in parts])
            np.testing.assert_array_equal(joined, tensor)


def test_a_batch_that_does_not_split_is_refused():
    gan = tiny_gan(accumulate=3)
    with pytest.raises(ValueError, match="a batch of 4 does not split into 3 equal parts"):
        gan.fit(*batch_of(gan), batch_size=4, verbose=0)
    with pytest.raises(InputError, match="batch_size: 16 does not split into 3 equal parts"):
        check_split(Config(accumulate=3), ONE)


class Unlike(Engine):
    """Two processes, of which this one, or the other, has another version than the first."""

    processes = 2

    def __init__(self, changed=None, other=False):
        self.changed, self.other = changed or {}, other

    def share(self, value):
        return {**value, **self.changed}

    def any(self, flag):
        return flag or self.other


def test_processes_of_unlike_versions_are_refused():
    replicas._compare_versions(Unlike(), BACKEND)
    ours = versions()["keras"]
    with pytest.raises(InputError, match=rf"this one has keras {ours}, not 2\.0; install the same"):
        replicas._compare_versions(Unlike({"keras": "2.0"}), BACKEND)
    with pytest.raises(InputError, match="this one is like the first; install the same"):
        replicas._compare_versions(Unlike(other=True), BACKEND)


def test_parts_change_no_weight_of_a_checkpoint():
    """A checkpoint of a training in parts is that of one without."""
    assert capture_state(tiny_gan(accumulate=2)).keys() == capture_state(tiny_gan()).keys()


@pytest.mark.parametrize("given", ["0", "two", "-1", "1.5"])
def test_a_number_of_devices_that_is_none_is_refused(given):
    with pytest.raises(InputError, match=r"devices: .* is no number of devices; give all"):
        open_engine(given).__enter__()


def test_more_devices_than_there_are_are_refused(monkeypatch):
    says = "torchrun --standalone" if BACKEND == "torch" else "64 are asked for, there is 1"
    with pytest.raises(InputError, match=says):
        open_engine(64).__enter__()
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("LOCAL_RANK", "0")
    says = "torchrun started 3 processes" if BACKEND == "torch" else "add backend='torch'"
    with pytest.raises(InputError, match=says):
        open_engine(2).__enter__()
