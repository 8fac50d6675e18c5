"""What is for the test is not learned: folders that are a split, and copies of a sound."""

import shutil

import numpy as np
import pytest
from support.audio_files import SMALL, contents, rows, write

from kwavegan.data import PrepareSettings, prepare
from kwavegan.data.dataset import data_digest, open_dataset
from kwavegan.errors import InputError, for_command_line


def said(summary):
    return "\n".join(summary.lines(for_command_line))


def fill(folder, count=10):
    for i in range(count):
        write(folder / f"{i}.wav", seed=hash((folder.as_posix()[-30:], i)) % 2**32)


NAMES = [("train", "valid", "test"), ("Training", "dev", "eval"), ("train", "val", "Test")]


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("inside", ["labels", "splits", "nothing"])
def test_folders_named_as_a_split_are_the_split(tmp_path, names, inside):
    src = tmp_path / "src"
    for name in names:
        if inside == "nothing":
            fill(src / name)
        for label in ("kick", "snare"):
            if inside == "labels":
                fill(src / name / label)
            elif inside == "splits":
                fill(src / label / name)
    summary = prepare(src, tmp_path / "out", SMALL)
    assert summary.labels == (() if inside == "nothing" else ("kick", "snare"))
    for counts in summary.counts.values():
        assert counts == {"train": 10, "validation": 10, "test": 10}
    for row in rows(tmp_path / "out"):
        folder = row["source"].split("/")[1 if inside == "splits" else 0]
        assert row["split"] == ("train", "validation", "test")[names.index(folder)]
    assert "are taken as the split" in said(summary)
    assert prepare(src, tmp_path / "out", SMALL).unchanged


def test_a_split_without_a_folder_comes_from_the_training_sounds(tmp_path):
    for name in ("train", "test"):
        for label in ("kick", "snare"):
            fill(tmp_path / "src" / name / label, 40)
    settings = PrepareSettings(2048, 256, validation=30.0)
    summary = prepare(tmp_path / "src", tmp_path / "out", settings)
    for counts in summary.counts.values():
        assert counts["test"] == 40
        assert 0 < counts["validation"] < 40
    folders = {row["split"]: row["source"].split("/")[0] for row in rows(tmp_path / "out")}
    assert folders == {"train": "train", "validation": "train", "test": "test"}


def test_such_folders_can_be_labels(tmp_path):
    for name in ("train", "test"):
        fill(tmp_path / "src" / name, 20)
    settings = PrepareSettings(2048, 256, labels=("train", "test"))
    assert prepare(tmp_path / "src", tmp_path / "out", settings).labels == ("train", "test")
    fill(tmp_path / "src" / "plane", 20)  # no split, with this beside it
    summary = prepare(tmp_path / "src", tmp_path / "two", SMALL)
    assert summary.labels == ("plane", "test", "train")
    assert "test and train are taken as labels, as plane is beside them" in said(summary)


def test_copies_of_a_sound_are_in_one_split(src, tmp_path):
    for i in range(30):
        shutil.copy(src / "kick" / "kick0.wav", src / "kick" / f"copy{i}.wav")
    shutil.copy(src / "kick" / "kick1.wav", src / "snare" / "kick.wav")
    sound = np.random.default_rng(3).integers(-9000, 9000, 256).astype("int16")
    for name in ("a.wav", "b.flac", "c.aiff", "d.wav", "e.flac"):  # alike, and other bytes
        write(src / "snare" / name, sound)
    summary = prepare(src, tmp_path / "out", SMALL)
    table = rows(tmp_path / "out")
    splits = {}
    for row in table:
        splits.setdefault(row["sound"], set()).add(row["split"])
    assert all(len(each) == 1 for each in splits.values())
    [first] = {r["sound"] for r in table if r["source"] == "snare/a.wav"}
    assert sum(row["sound"] == first for row in table) == 5
    data = open_dataset(tmp_path / "out")
    for row in table:  # the arrays agree with the table
        split = getattr(data, row["split"])
        assert data.labels[split.labels[int(row["row"])]] == row["label"]
    for split, count in summary.clips_by_split().items():
        assert count == len(getattr(data, split)) == sum(row["split"] == split for row in table)
    assert (summary.copies, summary.across) == (30 + 1 + 4, 1)
    assert "1 sounds are in several labels (such as kick/kick1.wav and snare/kick.wav)" in said(
        summary
    )
    again = prepare(src, tmp_path / "out", SMALL)
    assert (again.unchanged, again.copies) == (True, 35)


def test_copies_end_alike_however_they_came(src, tmp_path):
    for i in range(10):
        shutil.copy(src / "kick" / "kick0.wav", src / "kick" / f"copy{i}.wav")
    prepare(src, tmp_path / "out", SMALL)
    for i in range(10, 20):
        shutil.copy(src / "kick" / "kick0.wav", src / "kick" / f"copy{i}.wav")
        shutil.copy(src / "snare" / f"snare{i}.wav", src / "kick" / f"snare{i}.wav")
    prepare(src, tmp_path / "out", SMALL, wav=True)
    prepare(src, tmp_path / "fresh", SMALL, wav=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_a_copy_of_a_test_sound_is_not_learned(tmp_path):
    for name in ("train", "test"):
        for label in ("kick", "snare"):
            fill(tmp_path / "src" / name / label, 12)
    shutil.copy(tmp_path / "src/test/kick/3.wav", tmp_path / "src/train/kick/leak.wav")
    prepare(tmp_path / "src", tmp_path / "out", SMALL)
    split = {row["source"]: row["split"] for row in rows(tmp_path / "out")}
    assert split["train/kick/leak.wav"] == split["test/kick/3.wav"] == "test"


def test_a_label_of_one_sound_can_be_learned(tmp_path):
    for label in "ab":
        for i in range(20):
            write(tmp_path / "src" / label / f"{i}.wav", seed=ord(label))
    summary = prepare(tmp_path / "src", tmp_path / "out", SMALL)
    assert summary.clips_by_split() == {"train": 40, "validation": 0, "test": 0}


def test_the_digest_of_a_set_is_that_of_its_sounds(src, tmp_path):
    prepare(src, tmp_path / "a", SMALL)
    shutil.copytree(src, tmp_path / "elsewhere")  # with other times
    for path in (tmp_path / "elsewhere").rglob("*.wav"):
        path.touch()
    prepare(tmp_path / "elsewhere", tmp_path / "b", SMALL)
    first = data_digest(open_dataset(tmp_path / "a"))
    assert data_digest(open_dataset(tmp_path / "b")) == first
    write(tmp_path / "elsewhere" / "kick" / "kick7.wav", seed=1)
    prepare(tmp_path / "elsewhere", tmp_path / "b", SMALL)
    assert data_digest(open_dataset(tmp_path / "b")) != first


def test_training_sounds_that_are_all_test_sounds_too_are_refused(tmp_path):
    for label in ("kick", "snare"):
        fill(tmp_path / "src" / "train" / label)
        shutil.copytree(tmp_path / "src/train" / label, tmp_path / "src/test" / label)
    with pytest.raises(InputError, match=r"'kick' has 0 of its 20 usable .*copies"):
        prepare(tmp_path / "src", tmp_path / "out", SMALL)
