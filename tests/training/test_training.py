import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from support.datasets import LENGTH, RATE, pitch_labels, tiny_config, write_sines
from support.listeners import listening
from support.training import resume, run_training

from kwavegan.errors import InputError
from kwavegan.generation.generator import load_generator
from kwavegan.runs.run import Run
from kwavegan.storage.csv_log import read_metrics
from kwavegan.training import session
from kwavegan.training.callbacks.interrupt import InterruptHandler


def trained(dataset, name="run", **changes):
    return run_training(tiny_config(**changes).for_dataset(dataset), dataset, name)


def final(run):
    return run.load_checkpoint().arrays


def assert_same(got, want):
    assert got.keys() == want.keys()
    for name, array in want.items():
        np.testing.assert_array_equal(got[name], array, err_msg=name)


def test_a_run_holds_all_that_is_needed_to_go_on(dataset):
    outcome = trained(dataset)
    assert (outcome.state, outcome.step) == ("finished", 12)
    run = outcome.run
    config = run.config()
    assert (config.rate, config.length, config.labels) == (RATE, LENGTH, ("high", "low"))
    assert run.status().state == "finished"
    assert run.status().backend == keras.backend.backend()
    rows = read_metrics(run.path / "metrics.csv")
    assert [row["step"] for row in rows] == [3, 6, 9, 12]
    assert all(np.isfinite(list(row.values())).all() for row in rows)
    assert run.checkpoint_steps() == [4, 8, 12]


def test_the_metrics_of_a_row_are_of_its_own_steps(dataset):
    """Rows are means since the last row: with a row a step, the peak is the larger loss."""
    rows = read_metrics(trained(dataset, log_every=1).run.path / "metrics.csv")
    for row in rows:
        assert row["peak_loss"] == pytest.approx(max(abs(row["d_loss"]), abs(row["g_loss"])))


@pytest.mark.parametrize("model", ["wgan", "acgan"])
def test_stopped_and_resumed_equals_never_stopped(dataset, model):
    """The default, "cwgan", is killed below."""
    whole = trained(dataset, "whole", model=model, d_updates=2, input_noise=0.01)

    def interrupt(row):
        if row["step"] == 6:
            signal.raise_signal(signal.SIGINT)

    config = tiny_config(model=model, d_updates=2, input_noise=0.01).for_dataset(dataset)
    outcome = run_training(config, dataset, "cut", listeners=[listening(row=interrupt)])
    # The signal comes while step 6 is reported, so that step is the last.
    assert (outcome.state, outcome.step) == ("stopped", 6)
    assert outcome.run.status().state == "stopped"
    outcome = session.resume(outcome.run, dataset)
    assert (outcome.state, outcome.step) == ("finished", 12)
    assert_same(final(outcome.run), final(whole.run))
    rows = [read_metrics(run.path / "metrics.csv") for run in (outcome.run, whole.run)]
    for got, want in zip(*rows, strict=True):
        got.pop("seconds"), want.pop("seconds")
        assert got == want


SCRIPT = """
from kwavegan.data.dataset import open_dataset
from kwavegan.training.session import run_training
from support.datasets import tiny_config
import sys
dataset = open_dataset(sys.argv[1])
run_training(tiny_config(steps=100, checkpoint_every=2).for_dataset(dataset), dataset, "run")
"""


def test_killed_at_any_moment_and_resumed_equals_never_killed(dataset):
    """SIGKILL leaves no time to save: the run goes on from its last checkpoint."""
    where = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(dataset.path)],
        env={**os.environ, "PYTHONPATH": where},
        stderr=subprocess.DEVNULL,
    )
    checkpoints = Path(os.environ["KWAVEGAN_RUNS"]) / "run" / "checkpoints"
    deadline = time.monotonic() + 90
    while len(list(checkpoints.glob("step-*"))) < 3:
        assert process.poll() is None, "the training ended by itself"
        assert time.monotonic() < deadline, "no checkpoint within 90 s"
        time.sleep(0.01)
    seed = time.time_ns()
    print(f"killed after a pause drawn from seed {seed}")
    time.sleep(np.random.default_rng(seed).uniform(0, 0.1))
    process.kill()
    process.wait()
    run = Run.open("run")
    assert run.checkpoint_steps()[-1] < 100, "the training was over before it was killed"
    assert run.status().state == "running"  # nobody was left to say otherwise
    assert resume(run, dataset).state == "finished"
    whole = trained(dataset, "whole", steps=100, checkpoint_every=50)
    assert_same(final(run), final(whole.run))


def test_a_damaged_checkpoint_is_reported_and_the_one_before_is_used(dataset):
    whole = final(trained(dataset, "whole").run)
    run = trained(dataset, "damaged").run
    path = run.checkpoint_path(12)
    path.write_bytes(path.read_bytes()[:-1000])
    problems = []
    outcome = resume(run, dataset, listeners=[listening(note=problems.append)])
    assert (outcome.state, outcome.step) == ("finished", 12)
    assert len(problems) == 1
    assert "step-00000012.npz: damaged" in problems[0]
    assert_same(final(run), whole)


def test_a_finished_run_can_be_given_more_steps(dataset):
    run = trained(dataset).run
    outcome = resume(run, dataset, steps=15)
    assert (outcome.state, outcome.step) == ("finished", 15)
    assert run.config().steps == 15


def test_a_loss_past_its_bound_stops_the_run_and_keeps_the_last_good_checkpoint(dataset):
    """With this rate the loss leaves any bound; the weights before are kept."""
    outcome = trained(
        dataset, loss="wgan-gp", lr=0.3, steps=400, lr_final=1.0, checkpoint_every=1, log_every=1
    )
    assert outcome.state == "diverged"
    assert "past the bound of 400" in outcome.message
    assert outcome.run.status().state == "diverged"
    rows = read_metrics(outcome.run.path / "metrics.csv")
    assert rows[-1]["peak_loss"] > 400
    assert outcome.step == outcome.run.checkpoint_steps()[-1] == rows[-2]["step"]
    for array in final(outcome.run).values():
        assert np.isfinite(array).all()


def test_a_diverged_run_is_tried_again_with_the_next_seed(dataset):
    outcome = trained(dataset, stop_loss=1e-6, retry=2, seed=5)
    assert outcome.state == "diverged"
    assert outcome.run.name == "run-seed7"
    assert [Run.open(name).config().seed for name in ("run", "run-seed6", "run-seed7")] == [5, 6, 7]


def test_a_second_training_of_a_run_is_refused(dataset):
    run = trained(dataset).run
    with run.lock(), pytest.raises(InputError, match="another training"):
        resume(run, dataset, steps=20)


def test_signals_are_given_back():
    before = signal.getsignal(signal.SIGINT)
    with InterruptHandler() as handler:
        signal.raise_signal(signal.SIGTERM)
        assert handler.signal_name == "SIGTERM"
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rate": 4096}, "rate: 4096 is asked for, but"),
        ({"length": 512}, "length: 512 is asked for, but"),
        ({"labels": ("low", "high")}, "labels: low,high is asked for, but"),
        ({"channels": 2}, "channels: 2 is asked for, but"),
    ],
)
def test_settings_that_the_data_do_not_have_are_refused(dataset, changes, says):
    with pytest.raises(InputError) as error:
        tiny_config(**changes).for_dataset(dataset)
    assert says in str(error.value)


def learns_labels(dataset, seed):
    """Whether a short training ends with sounds of their labels' pitches."""
    fast = {"width": 8, "batch_size": 16, "steps": 200, "lr": 3e-3, "gamma": 1.0, "seed": seed}
    name = f"run-{seed}"
    outcome = trained(dataset, name, generator="istft", **fast, ema_decay=0.95, log_every=50)
    generator = load_generator(outcome.run.path)
    made = [generator.generate(label, 100, seed=1) for label in generator.labels]
    right = [(pitch_labels(sounds) == index).mean() for index, sounds in enumerate(made)]
    loud = [np.sqrt((sounds**2).mean()) for sounds in made]
    return min(right) >= 0.95 and min(loud) > 0.1


def test_it_learns_which_sound_belongs_to_which_label(dataset):
    """The default model and loss on two sines: nearly every sound has its label's pitch.

    So short a training at so high a rate is a matter of luck: of 55 of this generator and its
    variants 15 had too many sounds of a label wrong, or too quiet.
    """
    assert any(learns_labels(dataset, seed) for seed in range(3))


def test_three_commands_from_a_folder_to_sounds(tmp_path, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    write_sines(tmp_path / "sines", 30)
    cli("prepare", "sines", "set", "--rate", RATE, "--length", LENGTH)
    toml = tmp_path / "tiny.toml"
    toml.write_text(tiny_config().to_toml())
    output = cli("train", "set", "--config", toml, "--steps", 5, "--name", "first").output
    assert "step 5/5" in output
    assert "kwavegan generate first" in output
    cli("generate", "-n", 3)
    names = {path.name for path in (tmp_path / "sounds" / "first").glob("*.wav")}
    assert names == {f"{label}_s0_{i:04}.wav" for label in ("high", "low") for i in range(3)}
    cli("train", "--resume", "--steps", 7)
    assert Run.open("first").checkpoint_steps()[-1] == 7


@pytest.mark.usefixtures("shared_gans")
def test_training_on_a_raw_folder_says_what_becomes_of_it(tmp_path, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"s\xedn") if os.name == "posix" else "sín"  # not UTF-8
    write_sines(tmp_path / "sines", 20)
    (tmp_path / "sines" / "low" / "bad.wav").write_text("junk " * 100)
    (tmp_path / "sines").rename(name)
    toml = tmp_path / "tiny.toml"
    toml.write_text(tiny_config().to_toml())
    output = cli("train", name, "--config", toml, "--steps", 1, "--name", "raw").output
    assert f"chosen for this folder: {RATE:,} Hz" in output
    assert "left out 1: not audio that can be read" in output
    assert "low/bad.wav" in output
    config = Run.open("raw").config()
    assert (config.rate, config.length, config.channels) == (RATE, LENGTH, 1)
    changed = "its sounds have changed since this run was last trained"
    assert changed not in cli("train", "--resume", "raw", "--steps", 2).output
    (tmp_path / name / "low" / "low_003.wav").unlink()
    assert changed in cli("train", "--resume", "raw", "--steps", 3).output
    assert changed not in cli("train", "--resume", "raw", "--steps", 4).output


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["train", "nowhere"], "nowhere: no such folder"),
        (["train", "--resume", "nothing"], "no such run"),
        (["train", "--resume", "--lr", "0.1"], "--lr: cannot change on --resume"),
        (["train", "--resume", "--name", "x"], "--name: cannot change on --resume"),
        (["train", "--lr", "-1"], "--lr"),
        (["train", "--config", "none.toml"], "none.toml"),
        (["train", "flat", "--rate", "2048", "--length", "256"], "label"),
        (["train", "empty"], "no audio"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(tmp_path, monkeypatch, cli, args, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    write_sines(tmp_path / "sines", 20)
    (tmp_path / "sines" / "low").rename(tmp_path / "flat")
    assert says in cli.refuse(*args)
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())
