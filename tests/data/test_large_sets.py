"""Large sets in shards: as in one file, whoever builds them and however often they are killed."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from support.audio_files import SMALL, contents, write

from kwavegan.data import PrepareSettings, StepBatches, prepare, sharding
from kwavegan.data.dataset import data_digest, open_dataset
from kwavegan.data.manifest import SPLITS
from kwavegan.data.sharded_clips import ShardedClips
from kwavegan.errors import InputError
from kwavegan.storage.sole_writer import only_writer_of

SHARD = 10 * 512
"""Bytes of ten clips."""


@pytest.fixture
def plain(src, tmp_path):
    """Prepares the folder as one file for each split, and returns where."""

    def prepared(settings=SMALL, **options):
        target = tmp_path / "plain"
        shutil.rmtree(target, ignore_errors=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sharding, "SHARD_BYTES", 1 << 30)
            prepare(src, target, settings, **options)
        return target

    return prepared


@pytest.fixture
def out(tmp_path, monkeypatch):
    monkeypatch.setattr(sharding, "SHARD_BYTES", SHARD)
    return tmp_path / "out"


def shards(folder):
    """The shards of a folder: what distinguishes their files, by name."""
    return {path.name: path.stat().st_ino for path in folder.glob("audio-*.npy")}


def assert_equal_sets(one, other):
    assert (one / "manifest.csv").read_bytes() == (other / "manifest.csv").read_bytes()
    one, other = open_dataset(one), open_dataset(other)
    assert data_digest(one) == data_digest(other)
    for split in SPLITS:
        first, second = getattr(one, split), getattr(other, split)
        np.testing.assert_array_equal(first.audio[:], second.audio[:])
        np.testing.assert_array_equal(first.labels, second.labels)


def test_a_set_in_shards_is_that_in_one_file(src, out, plain):
    write(src / "kick" / "silent.wav", np.zeros(256))
    (src / "snare" / "copy.wav").write_bytes((src / "kick" / "kick3.wav").read_bytes())
    for i in range(30):  # copies whose first was in another split
        (src / "snare" / f"z{i}.wav").write_bytes((src / "snare" / f"snare{i}.wav").read_bytes())
    summary = prepare(src, out, SMALL, wav=True)
    whole = plain(wav=True)
    assert len(shards(out)) == 10
    assert_equal_sets(out, whole)
    assert contents(out / "wav") == contents(whole / "wav")
    assert summary.copies == 31
    assert not list(out.parent.glob(".out*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharding, "SHARD_BYTES", 1 << 30)
        assert summary.lines() == prepare(src, out.parent / "again", SMALL).lines()


def test_a_training_has_the_same_batches(src, out, plain):
    prepare(src, out, SMALL)
    one, other = (
        StepBatches(open_dataset(folder).train, 8, 1, 0, 0, 20, True) for folder in (out, plain())
    )
    for step in range(20):
        for sharded, whole in zip(one[step], other[step], strict=True):
            np.testing.assert_array_equal(sharded, whole)


def test_clips_in_shards_are_indexed_as_an_array():
    whole = np.arange(24, dtype="int16").reshape(12, 2, 1)
    places = np.array([11, 0, 5, 6, 3])
    clips = ShardedClips([whole[:5], whole[5:6], whole[6:]], places)
    array = whole[places]
    assert (clips.shape, clips.dtype, len(clips)) == (array.shape, array.dtype, 5)
    for index in (2, -1, slice(1, 4), [4, 0, 4], np.array([], int)):
        np.testing.assert_array_equal(clips[index], array[index])
    with pytest.raises(IndexError):
        clips[5]


def interrupt(done, total):
    raise KeyboardInterrupt


def test_whole_shards_of_a_killed_preparation_stay(src, out, plain, decoded):
    with pytest.raises(KeyboardInterrupt):
        prepare(src, out, SMALL, progress=interrupt)  # after 50 files
    assert not out.exists()
    decoded.clear()
    prepare(src, out, SMALL)
    assert len(decoded) == 20
    assert_equal_sets(out, plain())
    assert not list(out.parent.glob(".out*"))


@pytest.mark.parametrize("name", ["audio.npy", "manifest.csv", "shard.json"])
@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_shard_is_built_again(src, out, plain, decoded, name, cut):
    with pytest.raises(KeyboardInterrupt):
        prepare(src, out, SMALL, progress=interrupt)
    path = sorted((out.parent / ".out.shards").glob(f"*/{name}"))[1]
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data[:-5] if cut else data)
    decoded.clear()
    prepare(src, out, SMALL)
    assert len(decoded) == 30
    assert_equal_sets(out, plain())


def test_a_file_that_changed_after_a_kill_is_decoded_again(src, out, plain, decoded):
    with pytest.raises(KeyboardInterrupt):
        prepare(src, out, SMALL, progress=interrupt)
    write(src / "kick" / "kick0.wav", seed=5)
    prepare(src, out, SMALL)
    assert_equal_sets(out, plain())


def test_only_shards_that_change_are_written_anew(src, out, plain, decoded):
    write(src / "kick" / "silent.wav", np.zeros(256))
    prepare(src, out, SMALL)
    before = shards(out)
    for i in range(7):
        write(src / "kick" / f"a{i}.wav")  # the first of all
    decoded.clear()
    prepare(src, out, SMALL)
    assert sorted(decoded) == [f"a{i}.wav" for i in range(7)]
    after = shards(out)
    assert len(set(before.values()) & set(after.values())) == 6  # all but that of one clip
    assert len(after) == 7
    assert_equal_sets(out, plain())
    write(src / "kick" / "kick3.wav", seed=1)
    (src / "snare" / "snare29.wav").unlink()
    decoded.clear()
    summary = prepare(src, out, SMALL)
    assert decoded == ["kick3.wav"]
    assert (summary.decoded, summary.reused) == (1, 66)
    assert len(set(after.values()) & set(shards(out).values())) == 5
    assert_equal_sets(out, plain())
    assert prepare(src, out, SMALL).unchanged


def test_other_splits_and_labels_write_no_shard(src, out, plain, decoded):
    prepare(src, out, SMALL)
    before = shards(out)
    decoded.clear()
    other = PrepareSettings(rate=2048, length=256, labels=("snare", "kick"), test=40.0)
    prepare(src, out, other)
    assert not decoded
    assert set(shards(out).values()) == set(before.values())
    assert_equal_sets(out, plain(other))


def test_many_additions_end_in_few_shards(src, out, plain):
    prepare(src, out, SMALL)
    for i in range(20):
        write(src / "kick" / f"new{i}.wav")
        prepare(src, out, SMALL)
    assert len(shards(out)) <= 6 + 4
    assert_equal_sets(out, plain())


def test_a_set_of_one_file_that_grows_is_cut_into_shards_without_decoding(
    src, tmp_path, plain, decoded, monkeypatch
):
    target = plain()
    decoded.clear()
    monkeypatch.setattr(sharding, "SHARD_BYTES", SHARD)
    prepare(src, target, SMALL)
    assert not decoded
    assert len(shards(target)) == 6
    monkeypatch.setattr(sharding, "SHARD_BYTES", 1 << 30)
    prepare(src, target, SMALL)
    assert not decoded
    assert not shards(target)


def test_a_shard_that_another_process_builds_is_waited_for(src, out, plain, decoded):
    with pytest.raises(KeyboardInterrupt):
        prepare(src, out, SMALL, progress=interrupt)
    store = out.parent / ".out.shards"
    (key,) = (path.name for path in sorted(store.iterdir())[:1])
    shutil.rmtree(store / key)
    work = threading.Thread(target=prepare, args=(src, out, SMALL))
    with only_writer_of(store / key):
        work.start()
        while len([path for path in store.iterdir() if (path / "shard.json").is_file()]) < 5:
            assert work.is_alive()
            time.sleep(0.01)
        assert not out.exists()
    work.join(60)
    assert_equal_sets(out, plain())


def test_several_processes_share_the_work(src, out, plain):
    code = (
        "import sys; from kwavegan.data import PrepareSettings, prepare, sharding, decode_pool\n"
        "sharding.SHARD_BYTES, original = 5120, decode_pool.decode_file\n"
        "def decode_file(path, settings): print(path.name); return original(path, settings)\n"
        "decode_pool.decode_file = decode_file\n"
        "prepare(sys.argv[1], sys.argv[2], PrepareSettings(rate=2048, length=256))"
    )
    all_three = [
        subprocess.Popen([sys.executable, "-c", code, src, out], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=100)[0].split() for process in all_three]
    assert [process.returncode for process in all_three] == [0, 0, 0]
    assert sorted(name for names in said for name in names) == sorted(
        path.name for path in src.rglob("*.wav")
    )
    assert_equal_sets(out, plain())
    assert not list(out.parent.glob(".out*"))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("audio-00001.npy", lambda path: path.write_bytes(path.read_bytes()[:-1])),
        ("audio-00005.npy", lambda path: path.unlink()),
        ("audio-00000.npy", lambda path: np.save(path, np.zeros((9, 256, 1), "int16"))),
        ("train_rows.npy", lambda path: np.save(path, np.load(path) + 30)),
        ("train_rows.npy", lambda path: np.save(path, np.load(path)[1:])),
        ("test_rows.npy", lambda path: path.unlink()),
        ("train_labels.npy", lambda path: np.save(path, np.load(path) + 7)),
        ("settings.json", lambda path: path.write_text(path.read_text().replace('"clips"', '"x"'))),
        (
            "settings.json",
            lambda path: path.write_text(json.dumps({**settings(path), "shards": 3})),
        ),
    ],
)
def test_damage_is_noticed(src, out, plain, name, damage):
    prepare(src, out, SMALL)
    damage(out / name)
    with pytest.raises(InputError, match=rf"damaged \({name}\)"):
        open_dataset(out)
    prepare(src, out, SMALL)
    assert_equal_sets(out, plain())


def settings(path):
    return json.loads(path.read_text())


def test_a_shard_without_clips_is_none(src, out, plain):
    for i in range(20):
        write(src / "kick" / f"a{i:02}.wav", np.zeros(256))
    prepare(src, out, SMALL)
    assert all(shard["clips"] for shard in settings(out / "settings.json")["shards"])
    assert_equal_sets(out, plain())
    os.utime(src / "kick" / "kick0.wav")
    prepare(src, out, SMALL)
    assert_equal_sets(out, plain())


def test_strict_raises_what_a_shard_left_out(src, out):
    write(src / "kick" / "a.wav", np.zeros(256))
    with pytest.raises(KeyboardInterrupt):
        prepare(src, out, SMALL, progress=interrupt)
    with pytest.raises(InputError, match=r"a\.wav: is silent"):
        prepare(src, out, PrepareSettings(rate=2048, length=256, strict=True))
