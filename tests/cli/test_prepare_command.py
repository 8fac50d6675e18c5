"""`kwavegan prepare` on the command line."""

import json
import os
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.audio_files import write

from kwavegan.data import decode_pool
from kwavegan.data.dataset import open_dataset


@pytest.fixture
def prepare(cli):
    """`prepare(…)` runs the command."""
    return partial(cli, "prepare")


@pytest.fixture
def refused(cli):
    """`refused(…)` runs the command on input that it refuses; returns the line that says so."""
    return partial(cli.refuse, "prepare", began="Preparing\n")


def test_command(prepare, src, tmp_path):
    out = tmp_path / "out"
    result = prepare(
        src, out, "--divider", 16, "--labels", "snare,kick", "--split", "10,10", "--wav"
    )
    assert "60 files (60 decoded) → 60 clips" in result.stdout
    assert f"Next: kwavegan train {out}" in result.stdout
    data = open_dataset(out)
    assert (data.rate, data.length, data.labels) == (1024, 1024, ("snare", "kick"))
    assert json.loads((out / "settings.json").read_text())["settings"]["validation"] == 10.0
    assert (out / "wav" / "train" / "kick").is_dir()


def test_command_with_every_other_option(prepare, src, tmp_path):
    for split in ("validation", "testing"):
        (src / f"{split}_list.txt").write_text("")
    prepare(
        *(src, tmp_path / "out", "--rate", 2048, "--length", 128, "--channels", 2),
        *("--fit", "slice", "--overlap", 0.5, "--trim", "--normalize", "rms", "--lists"),
        *("--jobs", 1, "--strict", "--float32"),
    )
    data = open_dataset(tmp_path / "out")
    assert data.train.audio.shape == (180, 128, 2)
    assert data.train.audio.dtype == np.float32
    rms = np.sqrt(np.mean(np.square(data.train.batch(range(180))), axis=(1, 2)))
    assert np.allclose(rms, 0.1)


def test_bad_source_folders(refused, src, tmp_path):
    out = tmp_path / "out"
    assert "no such folder" in refused(tmp_path / "nowhere", out)
    (tmp_path / "empty").mkdir()
    assert "no audio in it" in refused(tmp_path / "empty", out)
    write(src / "KICK" / "1.wav")
    assert "differ only by case" in refused(src, out)
    shutil.rmtree(src / "KICK")
    assert "did you mean 'snare'" in refused(src, out, "--labels", "kick,snair")
    assert "validation_list.txt" in refused(src, out, "--lists")
    assert not out.exists()


def test_bad_places(prepare, refused, src, tmp_path):
    out = tmp_path / "out"
    assert "lies inside" in refused(src, src / "out")
    assert "lies inside" in refused(src, src)
    assert "contains" in refused(src / "kick", src)
    out.mkdir()
    (out / "thesis.txt").write_text("precious")
    assert "did not write (such as 'thesis.txt')" in refused(src, out)
    assert (out / "thesis.txt").read_text() == "precious"
    assert "is a file" in refused(src, out / "thesis.txt")
    assert "is a file" in refused(src, out / "thesis.txt" / "deeper")
    (out / "thesis.txt").unlink()
    prepare(src, out)  # empty: welcome
    assert "already prepared" in refused(out, tmp_path / "again")
    (out / "thesis.txt").write_text("precious")
    assert "did not write" in refused(src, out, "--rate", 2048)


def test_too_little_to_train_on(refused, src, tmp_path):
    out = tmp_path / "out"
    write(src / "tom" / "1.wav")
    assert "the label 'tom' has" in refused(src, out)
    shutil.rmtree(src)
    for i in range(5):
        write(src / f"{i}.wav", np.zeros(256))
    line = refused(src, out)
    assert "none of its 5 audio files can be used (left out 5: silent" in line
    assert not out.exists()


def test_empty_splits_are_warned_of(prepare, tmp_path):
    for i in range(4):
        write(tmp_path / "src" / f"speaker7{i}_nohash_0.wav")
    result = prepare(tmp_path / "src", tmp_path / "out", "--split", "0,0")
    assert "warning: no validation sounds" in result.stdout
    assert "warning: no test sounds" in result.stdout
    data = open_dataset(tmp_path / "out")
    assert data.test.batch([]).shape == (0, 256, 1)


def test_strict_names_the_file(prepare, refused, src, tmp_path):
    (src / "kick" / "bad.wav").write_text("junk " * 100)
    line = refused(src, tmp_path / "out", "--strict")
    assert "kick/bad.wav: is not audio that can be read" in line
    prepare(src, tmp_path / "out")
    # Also when the problem is only remembered from the time before.
    assert "bad.wav: is not audio" in refused(src, tmp_path / "out", "--strict")


def test_bad_options(prepare, refused, src, tmp_path):
    out = tmp_path / "out"
    assert "--divider" in refused(src, out, "--divider", 4, "--rate", 8000)
    assert "--jobs" in refused(src, out, "--jobs", 0)
    assert "--fit" in refused(src, out, "--fit", "squeeze")
    assert "--split: the percentages" in refused(src, out, "--split", "60,40")
    assert "--overlap: is for slices; give --fit slice too" in refused(src, out, "--overlap", 0.5)
    for wrong in (("--split", "5"), ("--split", "a,b"), ("--divider", "3")):
        assert wrong[0] in prepare(src, out, *wrong, code=2).stderr


def test_not_enough_room_is_told_before_anything_is_written(refused, src, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage._replace(free=1000))
    assert "free some space" in refused(src, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no always-full device here")
def test_full_disk_on_the_way(refused, src, tmp_path, monkeypatch):
    original = Path.open

    def full(path, mode="r", *args, **kwargs):
        if path.name == "train.npy" and mode == "wb":
            path = Path("/dev/full")
        return original(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", full)
    assert "the disk is full" in refused(src, tmp_path / "out")
    assert os.listdir(tmp_path) == ["src"]


def test_a_dead_worker_is_one_line(refused, src, tmp_path, monkeypatch):
    monkeypatch.setattr(decode_pool, "CHUNK_FILES", 4)
    monkeypatch.setattr(decode_pool, "ignore_interrupts", os.abort)
    assert "a worker process died" in refused(src, tmp_path / "out", "--jobs", 2)
    assert os.listdir(tmp_path) == ["src"]
