"""Run folders: names, damage of every kind, resuming, two trainings at once."""

import io
import json
import random
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.runs.naming import runs_folder
from kwavegan.runs.run import Run, list_runs
from kwavegan.storage.csv_log import MetricsLog, read_metrics
from kwavegan.storage.files import PARTIAL

ARRAYS = {
    "generator/dense/kernel": np.arange(12, dtype="float32").reshape(3, 4),
    "generator/dense/bias": np.zeros((0, 2), "float32"),
    "step": np.array(7, "int32"),
    "file": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "meta": np.array([True, False]),
}


@pytest.fixture
def run():
    return Run.create("mine", Config(steps=100))


def refusal(call, *args, **kwargs):
    with pytest.raises(InputError) as caught:
        call(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- Names and status -----------------------------------------------------------------------------


def test_base_is_option_then_environment_then_runs(monkeypatch, tmp_path):
    assert runs_folder("here").name == "here"
    assert runs_folder() == tmp_path / "runs"
    monkeypatch.delenv("KWAVEGAN_RUNS")
    assert str(runs_folder()) == "runs"


def test_create_then_open(run, tmp_path, monkeypatch):
    assert run.path == tmp_path / "runs" / "mine"
    for given in ("mine", run.path, str(run.path), None):
        found = Run.open(given)
        assert (found.name, found.config()) == ("mine", Config(steps=100))
    monkeypatch.chdir(run.path)
    assert Run.open(".").name == "mine"
    status = run.status()
    assert (status.state, status.step, status.steps) == ("stopped", 0, 100)


def test_default_names_never_meet():
    names = {Run.create(None, Config()).name for _ in range(3)}
    assert len(names) == 3
    assert all("-cwgan" in name for name in names)


@pytest.mark.parametrize(
    "name", ["", ".hidden", "a/b", "a\\b", "..", "dot.", "new\nline", "x" * 101]
)
def test_refuses_names_that_are_no_folder(name):
    assert "cannot name a folder" in refusal(Run.create, name, Config())


def test_refuses_a_taken_name(run):
    assert "exists already" in refusal(Run.create, "mine", Config())
    assert run.config().steps == 100


def test_refuses_a_base_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be made" in refusal(Run.create, None, Config(), tmp_path / "file")


def test_open_lists_what_there_is(run, tmp_path):
    message = refusal(Run.open, "mime")
    assert "mime: no such run" in message
    assert "the runs are mine" in message
    assert "no runs yet" in refusal(Run.open, None, tmp_path / "empty")
    assert "not a run" in refusal(Run.open, tmp_path)
    (tmp_path / "empty").mkdir()
    assert "empty: not a run, or damaged" in refusal(Run.open, tmp_path / "empty")


def test_a_folder_of_runs_is_no_run_and_names_one_of_its(tmp_path):
    for name in ("trial-1", "trial-0"):
        Run.create(name, Config(), tmp_path / "search")
    message = refusal(Run.open, "search", tmp_path)
    assert "search: holds runs and is none itself; give one of them, such as" in message
    assert str(tmp_path / "search" / "trial-0") in message


def test_update_keeps_the_other_fields(run):
    run.update(state="running", step=20, backend="jax")
    status = run.update(step=40, message="going on")
    assert status == run.status()
    assert (status.state, status.step, status.steps, status.backend) == ("running", 40, 100, "jax")
    assert status.updated >= status.started


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{}", '{"state": "?"}', '{"state": "stopped", "started": 3}']
)
def test_damaged_status_is_listed_not_raised(run, text):
    (run.path / "status.json").write_text(text)
    assert "damaged" in refusal(run.status)
    assert [info.state for info in list_runs()] == ["damaged"]
    assert "no runs yet" in refusal(Run.open, None)


def test_list_is_newest_first_with_damaged_last(run):
    run.update(started="2020-01-01T00:00:00+00:00")
    Run.create("newer", Config())
    Run.create("broken", Config()).path.joinpath("config.toml").write_text("lr = ")
    (run.path.parent / "other").mkdir()
    (run.path.parent / "file.txt").write_text("")
    assert [info.name for info in list_runs()] == ["newer", "mine", "broken"]
    assert Run.open(None).name == "newer"


def test_the_last_run_is_the_newest_whatever_the_clock_says(run):
    run.update(started="2999-01-01T00:00:00.000+00:00")  # a clock that was ahead
    for name in ("second", "third"):
        Run.create(name, Config())
    assert [info.name for info in list_runs()] == ["third", "second", "mine"]
    run.update(started="9999-12-31T23:59:59.999+00:00")  # no time is after this
    assert Run.create("fourth", Config()).status().started < "2999-01-02"


# -- Checkpoints ----------------------------------------------------------------------------------


def assert_same(checkpoint):
    assert checkpoint.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        loaded = checkpoint.arrays[name]
        assert (loaded.dtype, loaded.shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(loaded, array)


def test_checkpoint_round_trip(run):
    meta = {"seed": 3, "name": "å", "rates": [1e-4, None]}
    path = run.save_checkpoint(500, ARRAYS, meta)
    assert path.name == "step-00000500.npz"
    checkpoint = run.load_checkpoint()
    assert_same(checkpoint)
    assert (checkpoint.step, checkpoint.meta, checkpoint.problems) == (500, meta, ())
    with np.load(path, allow_pickle=False) as plain:
        assert "arrays/generator/dense/kernel" in plain.files


def test_keeps_the_last_and_the_best(run):
    run.save_checkpoint(1, ARRAYS, {}, keep=2)
    run.mark_best(1, distance=0.5)
    for step in (2, 3, 4):
        run.save_checkpoint(step, ARRAYS, {}, keep=2)
    assert run.checkpoint_steps() == [1, 3, 4]
    assert run.best_step() == 1


def test_refuses_what_would_need_pickle(run):
    with pytest.raises(TypeError, match="weight: object cannot be saved"):
        run.save_checkpoint(1, {"weight": np.array([None])}, {})
    assert run.checkpoint_steps() == []
    assert not list(run.path.rglob(f"{PARTIAL}*"))


def test_truncated_checkpoint_gives_way_to_the_one_before(run):
    run.save_checkpoint(1, ARRAYS, {})
    path = run.save_checkpoint(2, ARRAYS, {})
    whole = path.read_bytes()
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        checkpoint = run.load_checkpoint()
        assert checkpoint.step == 1
        assert len(checkpoint.problems) == 1
        assert "step-00000002.npz: damaged" in checkpoint.problems[0]
    assert "damaged" in refusal(run.load_checkpoint, 2)
    run.checkpoint_path(1).write_bytes(b"")
    assert "damaged" in refusal(run.load_checkpoint)


def test_no_flipped_byte_goes_through(run):
    path = run.save_checkpoint(1, ARRAYS, {"seed": 3})
    whole = path.read_bytes()
    for position in random.Random(0).sample(range(len(whole)), 400):
        damaged = bytearray(whole)
        damaged[position] ^= 0x5A
        path.write_bytes(damaged)
        try:
            checkpoint = run.load_checkpoint()
        except InputError:
            continue
        # A byte that says nothing, such as the zip's time of writing.
        assert_same(checkpoint)
        assert checkpoint.meta == {"seed": 3}


def test_sum_covers_what_the_zip_does_not(run):
    """An array swapped for another, in a zip that is whole."""
    path = run.save_checkpoint(1, ARRAYS, {})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    other = io.BytesIO()
    np.save(other, np.array(8, "int32"))
    members["arrays/step.npy"] = other.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert "its checksum differs" in refusal(run.load_checkpoint)


def test_newer_format_says_upgrade(run, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr("kwavegan.storage.archive.VERSION", 2)
        run.save_checkpoint(1, ARRAYS, {})
    assert "newer kwavegan" in refusal(run.load_checkpoint)


def test_missing_step_lists_those_there_are(run):
    assert "no checkpoint yet" in refusal(run.load_checkpoint)
    assert "there are: none yet" in refusal(run.load_checkpoint, 5)
    run.save_checkpoint(1, ARRAYS, {})
    run.save_checkpoint(2, ARRAYS, {})
    assert "no checkpoint of step 5; there are: 1, 2" in refusal(run.load_checkpoint, 5)
    assert run.load_checkpoint(1).step == 1


def test_rewind_forgets_what_came_after(run):
    log = run.rewind(0)
    for step in (1, 2, 3):
        run.save_checkpoint(step, ARRAYS, {})
        log.append({"step": step, "d_loss": 0.5})
    run.mark_best(3)
    (run.path / "checkpoints" / f"{PARTIAL}x-step-00000004.npz").write_bytes(b"half")
    run.rewind(2)
    assert (run.checkpoint_steps(), run.best_step()) == ([1, 2], None)
    assert [row["step"] for row in read_metrics(run.path / "metrics.csv")] == [1, 2]
    assert not list(run.path.rglob(f"{PARTIAL}*"))


# -- Metrics --------------------------------------------------------------------------------------


@pytest.fixture
def csv_path(tmp_path):
    return tmp_path / "metrics.csv"


def logged(path, *steps):
    log = MetricsLog(path)
    for step in steps:
        log.append({"step": np.int32(step), "d_loss": np.float32(0.5), "g_loss": step / 3})
    return log


def test_rows_are_on_disk_at_once(csv_path):
    log = logged(csv_path, 20, 40)
    assert csv_path.read_text().splitlines()[:2] == ["step,d_loss,g_loss", f"20,0.5,{20 / 3!r}"]
    log.append({"step": 60, "d_loss": float("nan")})
    rows = read_metrics(csv_path)
    assert rows[1] == {"step": 40, "d_loss": 0.5, "g_loss": 40 / 3}
    assert np.isnan(rows[2]["d_loss"])
    assert "g_loss" not in rows[2]


def test_resuming_drops_later_rows(csv_path):
    logged(csv_path, 20, 40, 60)
    MetricsLog(csv_path, 40).append({"step": 60, "d_loss": 9.0, "g_loss": 9.0})
    assert [(row["step"], row["d_loss"]) for row in read_metrics(csv_path)] == [
        (20, 0.5),
        (40, 0.5),
        (60, 9.0),
    ]


def test_a_torn_line_is_passed_over_wherever_it_is_torn(csv_path):
    logged(csv_path, 20, 40)
    whole = csv_path.read_bytes()
    start = whole.index(b"40,")
    for size in range(start + 1, len(whole)):
        csv_path.write_bytes(whole[:size])
        assert [row["step"] for row in read_metrics(csv_path)] == [20]
    MetricsLog(csv_path, 40).append({"step": 40, "d_loss": 1.0, "g_loss": 1.0})
    assert [row["step"] for row in read_metrics(csv_path)] == [20, 40]


@pytest.mark.parametrize("content", [b"", b"step,d_l", b"\0\0\0", b"\xff\n\n", b"\n\n"])
def test_a_useless_file_is_begun_anew(csv_path, content):
    csv_path.write_bytes(content)
    assert read_metrics(csv_path) == []
    MetricsLog(csv_path, 40).append({"step": 60, "d_loss": 1.0})
    assert csv_path.read_text() == "step,d_loss\n60,1.0\n"


def test_new_names_widen_the_table(csv_path):
    log = logged(csv_path, 20)
    log.append({"step": 40, "accuracy of kick, dry": 0.25})
    assert read_metrics(csv_path) == [
        {"step": 20, "d_loss": 0.5, "g_loss": 20 / 3},
        {"step": 40, "accuracy of kick, dry": 0.25},
    ]


# -- Two at once ----------------------------------------------------------------------------------


def test_lock_keeps_a_second_training_out(run):
    with run.lock():
        assert run.is_locked()
        assert "another training" in refusal(run.lock().__enter__)
    assert not run.is_locked()
    with run.lock():
        pass


def test_a_killed_training_leaves_no_lock(run):
    code = (
        "import sys, time; from pathlib import Path; from kwavegan.runs.run import Run\n"
        f"run = Run(Path({str(run.path)!r}))\n"
        "with run.lock():\n"
        "    run.update(state='running'); print('locked', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout.readline() == b"locked\n"
            assert "another training" in refusal(run.lock().__enter__)
            assert list_runs()[0].state == "running"
        finally:
            other.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    assert list_runs()[0].state == "interrupted"
    with run.lock():
        assert run.is_locked()


def test_status_file_is_plain_json(run):
    run.update(versions={"keras": "3.15.1"}, seconds=12.5)
    stored = json.loads((run.path / "status.json").read_text())
    assert stored["versions"] == {"keras": "3.15.1"}
    assert stored["seconds"] == 12.5
