"""From a folder of audio to a prepared folder, in Python and on the command line."""

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import tracemalloc
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from click.testing import CliRunner

from kwavegan import clips, decoding
from kwavegan import prepare as module
from kwavegan.cache import locked
from kwavegan.cli import main
from kwavegan.dataset import SPLITS, open_dataset
from kwavegan.errors import InputError
from kwavegan.prepare import PrepareSettings, prepare, prepare_cached

SMALL = PrepareSettings(rate=2048, length=256)


def write(path, sound=None, rate=2048, seed=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    if sound is None:
        seed = int(hashlib.sha1(path.name.encode()).hexdigest(), 16) if seed is None else seed
        sound = np.random.default_rng(seed).uniform(-0.5, 0.5, 256)
    sf.write(path, sound, rate, **options)


@pytest.fixture
def src(tmp_path):
    for label in ("kick", "snare"):
        for i in range(30):
            write(tmp_path / "src" / label / f"{label}{i}.wav")
    return tmp_path / "src"


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that get decoded, while no worker processes are used."""
    names = []
    original = clips.audio.load

    def load(path, *args, **kwargs):
        names.append(Path(path).name)
        return original(path, *args, **kwargs)

    monkeypatch.setattr(clips.audio, "load", load)
    return names


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(out):
    with (out / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_arrays_hold_the_sounds(src, tmp_path):
    summary = prepare(src, tmp_path / "out", SMALL)
    data = open_dataset(tmp_path / "out")
    assert (summary.files, summary.clips, summary.decoded, summary.reused) == (60, 60, 60, 0)
    assert summary.seconds == pytest.approx(60 * 256 / 2048)
    table = rows(tmp_path / "out")
    assert len(table) == 60
    for row in table:
        split = getattr(data, row["split"])
        sound, _ = sf.read(src / row["source"], dtype="int16")
        assert np.array_equal(split.audio[int(row["row"]), :, 0], sound)
        assert data.labels[split.labels[int(row["row"])]] == row["label"]
        assert row["checksum"] == hashlib.sha256((src / row["source"]).read_bytes()).hexdigest()
    for split in SPLITS:
        assert len(getattr(data, split)) == sum(n[split] for n in summary.counts.values())
    assert sorted(os.listdir(tmp_path)) == ["out", "src"]


def test_defaults_are_one_second_at_16384(tmp_path):
    for i in range(20):
        write(tmp_path / "src" / "a" / f"{i}.wav", np.full(100, 0.5), 44100)
    prepare(tmp_path / "src", tmp_path / "out")
    data = open_dataset(tmp_path / "out")
    assert (data.rate, data.length, data.channels) == (16384, 16384, 1)
    assert data.train.audio.dtype == np.int16


def test_pitch_survives_resampling(tmp_path):
    for i in range(20):
        time = np.arange(44100) / 44100
        write(tmp_path / "src" / f"{i}.wav", 0.5 * np.sin(2 * np.pi * 440 * time), 44100)
    prepare(tmp_path / "src", tmp_path / "out", PrepareSettings(rate=4096))
    sound = open_dataset(tmp_path / "out").train.batch([0])[0, :, 0]
    assert len(sound) == 4096
    assert np.argmax(np.abs(np.fft.rfft(sound))) == 440


def test_stereo_and_float32(tmp_path):
    both = np.random.default_rng(0).uniform(-0.5, 0.5, (256, 2)).astype(np.float32)
    for i in range(20):
        write(tmp_path / "src" / "a" / f"{i}.wav", both, subtype="FLOAT")
        write(tmp_path / "src" / "b" / f"{i}.wav", both[:, :1], subtype="FLOAT")
    settings = PrepareSettings(rate=2048, length=256, channels=2, dtype="float32")
    prepare(tmp_path / "src", tmp_path / "out", settings)
    data = open_dataset(tmp_path / "out")
    assert data.train.audio.dtype == np.float32
    for label, wanted in ((0, both), (1, both[:, [0, 0]])):
        index = int(np.flatnonzero(data.train.labels == label)[0])
        assert np.array_equal(data.train.batch([index])[0], wanted)


def test_slices_share_their_recordings_split(tmp_path):
    for i in range(20):
        write(tmp_path / "src" / f"{i}.wav", np.linspace(0.1, 0.9, 1000))
    settings = PrepareSettings(rate=2048, length=256, fit="slice", overlap=0.5)
    summary = prepare(tmp_path / "src", tmp_path / "out", settings)
    table = rows(tmp_path / "out")
    offsets = [int(row["offset"]) for row in table if row["source"] == "3.wav"]
    assert offsets == [0, 128, 256, 384, 512, 640, 768]
    assert summary.clips == 7 * 20
    assert summary.notes["padded"] == 20
    for name in {row["source"] for row in table}:
        assert len({row["split"] for row in table if row["source"] == name}) == 1


def test_lists_decide_the_split(src, tmp_path):
    (src / "validation_list.txt").write_text("kick/kick0.wav\nsnare/snare0.wav\n")
    (src / "testing_list.txt").write_text("kick/kick1.wav\nsnare/snare1.wav\n")
    settings = PrepareSettings(rate=2048, length=256, lists=True)
    summary = prepare(src, tmp_path / "out", settings)
    assert summary.counts["kick"] == {"train": 28, "validation": 1, "test": 1}
    splits = {row["source"]: row["split"] for row in rows(tmp_path / "out")}
    assert splits["snare/snare1.wav"] == "test"
    unlisted = prepare(src, tmp_path / "out2", SMALL)
    assert unlisted.counts["kick"] != summary.counts["kick"]


def test_nothing_changed_writes_nothing(src, tmp_path, decoded):
    out = tmp_path / "out"
    first = prepare(src, out, SMALL)
    inodes = {path: path.stat().st_ino for path in out.iterdir()}
    decoded.clear()
    again = prepare(src, out, SMALL)
    assert again.unchanged
    assert not decoded
    assert {path: path.stat().st_ino for path in out.iterdir()} == inodes
    assert (again.counts, again.clips, again.reused) == (first.counts, 60, 60)


def test_only_what_changed_is_decoded(src, tmp_path, decoded):
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    write(src / "kick" / "silent.wav", np.zeros(256))
    prepare(src, out, SMALL)
    decoded.clear()
    write(src / "kick" / "kick3.wav", seed=1)
    write(src / "kick" / "new.wav")
    (src / "snare" / "snare4.wav").unlink()
    os.utime(src / "snare" / "snare5.wav")  # touched only: its checksum has not changed
    summary = prepare(src, out, SMALL)
    assert sorted(decoded) == ["kick3.wav", "new.wav"]
    assert (summary.decoded, summary.reused) == (2, 59)
    assert summary.left_out == {"silent": 1}
    prepare(src, fresh, SMALL)
    assert contents(out) == contents(fresh)


def test_same_size_and_other_content_is_noticed(src, tmp_path):
    prepare(src, tmp_path / "out", SMALL)
    path = src / "kick" / "kick0.wav"
    before = path.stat()
    write(path, seed=5)
    assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert prepare(src, tmp_path / "out", SMALL).decoded == 1


def test_other_labels_or_splits_reuse_the_clips(src, tmp_path, decoded):
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    prepare(src, out, SMALL)
    decoded.clear()
    other = PrepareSettings(rate=2048, length=256, labels=("snare", "kick"), test=40.0)
    prepare(src, out, other)
    assert not decoded
    prepare(src, fresh, other)
    assert contents(out) == contents(fresh)


def test_other_clip_settings_start_afresh(src, tmp_path):
    prepare(src, tmp_path / "out", SMALL)
    summary = prepare(src, tmp_path / "out", PrepareSettings(rate=2048, length=128))
    assert (summary.decoded, summary.reused) == (60, 0)
    assert open_dataset(tmp_path / "out").length == 128


def test_a_damaged_folder_is_made_anew(src, tmp_path):
    out = tmp_path / "out"
    prepare(src, out, SMALL)
    whole = contents(out)
    (out / "train.npy").write_bytes(b"")
    assert prepare(src, out, SMALL).decoded == 60
    assert contents(out) == whole
    (out / "manifest.csv").write_text("source\n")
    assert prepare(src, out, SMALL).decoded == 60
    assert contents(out) == whole


def test_result_does_not_depend_on_jobs(src, tmp_path, monkeypatch):
    monkeypatch.setattr(clips, "CHUNK_FILES", 4)
    write(src / "kick" / "broken.wav", np.zeros(0))
    prepare(src, tmp_path / "one", SMALL, jobs=1)
    prepare(src, tmp_path / "three", SMALL, jobs=3)
    assert contents(tmp_path / "one") == contents(tmp_path / "three")


def test_outstanding_work_is_bounded():
    class Pool:
        def __init__(self):
            self.outstanding = 0
            self.most = 0

        def submit(self, work, chunk, settings):
            self.outstanding += 1
            self.most = max(self.most, self.outstanding)
            future = Future()
            future.set_result(chunk)
            return future

    pool = Pool()
    chunks = [[Path(str(i))] for i in range(50)]
    got = []
    for part in clips._bounded(pool, chunks, SMALL.clips, 4):
        pool.outstanding -= 1
        got.append(part)
    assert got == chunks
    assert pool.most == 4


def test_chunks_are_bounded_in_files_and_bytes():
    many = [(Path(str(i)), 10) for i in range(200)]
    assert [len(chunk) for chunk in clips._chunks(many)] == [64, 64, 64, 8]
    long = [(Path(str(i)), clips.CHUNK_BYTES) for i in range(3)]
    assert [len(chunk) for chunk in clips._chunks(long)] == [1, 1, 1]


def test_memory_does_not_grow_with_the_number_of_files(tmp_path):
    write(tmp_path / "sound.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 16384), 16384)

    def peak(count):
        folder = tmp_path / f"src{count}"
        (folder / "a").mkdir(parents=True)
        for i in range(count):
            os.link(tmp_path / "sound.wav", folder / "a" / f"{i}.wav")
        tracemalloc.start()
        prepare(folder, tmp_path / f"out{count}", jobs=1)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(50)  # what is allocated once
    few, many = peak(100), peak(500)
    # 400 more clips are 13 MB as int16; what may grow is the plan, below 2 kB for each file.
    assert many - few < 400 * 2000


def test_wav_files(src, tmp_path):
    write(src / "kick" / "deeper" / "kick0.wav", seed=9)
    out = tmp_path / "out"
    prepare(src, out, SMALL, wav=True)
    files = sorted((out / "wav").rglob("*.wav"))
    assert len(files) == 61
    assert {path.relative_to(out / "wav").parts[1] for path in files} == {"kick", "snare"}
    assert sf.info(files[0]).subtype == "PCM_16"
    name = next(path for path in files if path.name == "snare7.wav")
    assert np.array_equal(sf.read(name)[0], sf.read(src / "snare" / "snare7.wav")[0])
    assert prepare(src, out, SMALL, wav=True).unchanged
    prepare(src, out, SMALL)
    assert not (out / "wav").exists()


def test_problem_files_are_counted_and_the_rest_goes_on(src, tmp_path):
    bad = src / "kick"
    (bad / "x-junk.wav").write_text("junk " * 100)
    (bad / "x-zero.wav").write_bytes(b"")
    write(bad / "x-cut.wav", np.ones(5000) * 0.5)
    (bad / "x-cut.wav").write_bytes((bad / "x-cut.wav").read_bytes()[:3000])
    write(bad / "x-nan.wav", np.full(256, np.nan), subtype="FLOAT")
    write(bad / "x-silent.wav", np.zeros(256))
    (bad / "x-link.wav").symlink_to(bad / "nowhere")
    (src / "stray.wav").write_bytes(b"")
    summary = prepare(src, tmp_path / "out", SMALL)
    assert summary.left_out == {
        "not audio": 1,
        "empty": 1,
        "truncated": 1,
        "not finite": 1,
        "silent": 1,
        "missing": 1,
    }
    assert (summary.files, summary.clips, summary.outside) == (66, 60, 1)
    text = "\n".join(summary.lines())
    assert "left out 1: cut short or damaged" in text
    assert "kick/x-cut.wav" in text
    assert "beside the label folders" in text
    again = prepare(src, tmp_path / "out", SMALL)
    assert again.unchanged
    assert again.left_out == summary.left_out


def test_notes_are_counted(src, tmp_path):
    write(src / "kick" / "x-loud.wav", np.full(256, 1.5), subtype="FLOAT")
    write(src / "kick" / "x-long.wav", np.full(300, 0.5))
    write(src / "kick" / "x-short.wav", np.full(100, 0.5))
    summary = prepare(src, tmp_path / "out", SMALL)
    assert summary.notes == {"clipped": 1, "cropped": 1, "padded": 1}
    assert "clipped (--normalize peak avoids it) (such as kick/x-loud.wav)" in "\n".join(
        summary.lines()
    )


def test_a_file_that_may_be_read_now_is_tried_again(src, tmp_path, monkeypatch):
    path = src / "kick" / "locked.flac"
    write(path)
    original = decoding.sf.SoundFile

    def refuse(name, *args, **kwargs):
        if name == os.fsencode(path):
            raise PermissionError(13, "Permission denied")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(decoding.sf, "SoundFile", refuse)
    assert prepare(src, tmp_path / "out", SMALL).left_out == {"permission": 1}
    monkeypatch.undo()
    summary = prepare(src, tmp_path / "out", SMALL)
    assert (summary.decoded, summary.left_out) == (1, {})


def test_interruption_leaves_what_was_there(src, tmp_path):
    out = tmp_path / "out"
    prepare(src, out, SMALL)
    before = contents(out)

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(src, out, PrepareSettings(rate=2048, length=128), progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare(src, tmp_path / "new", SMALL, progress=interrupt)
    assert contents(out) == before
    assert sorted(os.listdir(tmp_path)) == ["out", "src"]


def test_progress_ends_at_the_total(src, tmp_path):
    seen = []
    prepare(src, tmp_path / "out", SMALL, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (60, 60)
    assert seen == sorted(seen)


def test_importing_it_does_not_import_keras():
    code = "import sys, kwavegan.prepare, kwavegan.drums; print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_cache(src, tmp_path, monkeypatch, decoded):
    monkeypatch.setenv("KWAVEGAN_CACHE", str(tmp_path / "cache"))
    data = prepare_cached(src, SMALL)
    assert tmp_path / "cache" in data.path.parents
    assert len(decoded) == 60
    write(src / "kick" / "new.wav")
    decoded.clear()
    assert prepare_cached(src, SMALL).path == data.path
    assert decoded == ["new.wav"]
    other = prepare_cached(src, PrepareSettings(rate=2048, length=128))
    assert other.path != data.path
    assert len(open_dataset(data.path).train) == len(prepare_cached(src, SMALL).train)


def test_the_cache_has_one_writer_at_a_time(tmp_path):
    entered = threading.Event()

    def enter():
        with locked(tmp_path / "set"):
            entered.set()

    other = threading.Thread(target=enter)
    with locked(tmp_path / "set"):
        other.start()
        assert not entered.wait(0.2)
    assert entered.wait(10)
    other.join()


def test_two_processes_prepare_the_same_set(src, tmp_path):
    code = (
        "import sys; from kwavegan.prepare import *;"
        "data = prepare_cached(sys.argv[1], PrepareSettings(rate=2048, length=256));"
        "print(len(data.train), data.path)"
    )
    environment = {**os.environ, "KWAVEGAN_CACHE": str(tmp_path / "cache")}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(src)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert said[0] == said[1]
    names = os.listdir(tmp_path / "cache" / "prepared")
    assert sorted(name.startswith(".partial") for name in names) == [False, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": 10}, "--rate: 10 is not within"),
        ({"length": 0}, "--length: must be at least 1"),
        ({"channels": 3}, "--channels"),
        ({"fit": "squeeze"}, "--fit: 'squeeze' is not one of pad, crop, slice"),
        ({"normalize": "loud"}, "--normalize"),
        ({"dtype": "int8"}, "dtype"),
        ({"overlap": 1.0, "fit": "slice"}, "--overlap: 1.0 is not within"),
        ({"overlap": 0.5}, "--overlap: only with --fit slice"),
        ({"validation": 60.0, "test": 40.0}, "--split"),
        ({"validation": -1.0}, "--split"),
        ({"labels": ()}, "--labels"),
    ],
)
def test_settings_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        PrepareSettings(**options)


# The command line.


def run(*arguments):
    return CliRunner().invoke(main, ["prepare", *map(str, arguments)])


def refused(*arguments):
    """Run what must fail: exit code 2, one line on stderr. Return that line."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("kwavegan: ")
    assert "Traceback" not in result.output
    return result.stderr


def test_command(src, tmp_path):
    out = tmp_path / "out"
    result = run(src, out, "--divider", 16, "--labels", "snare,kick", "--split", "10,10", "--wav")
    assert result.exit_code == 0, result.output
    assert "60 files (60 decoded) → 60 clips" in result.stdout
    assert f"Next: kwavegan train {out}" in result.stdout
    data = open_dataset(out)
    assert (data.rate, data.length, data.labels) == (1024, 1024, ("snare", "kick"))
    assert json.loads((out / "settings.json").read_text())["settings"]["validation"] == 10.0
    assert (out / "wav" / "train" / "kick").is_dir()


def test_command_with_every_other_option(src, tmp_path):
    for split in ("validation", "testing"):
        (src / f"{split}_list.txt").write_text("")
    result = run(
        *(src, tmp_path / "out", "--rate", 2048, "--length", 128, "--channels", 2),
        *("--fit", "slice", "--overlap", 0.5, "--trim", "--normalize", "rms", "--lists"),
        *("--jobs", 1, "--strict", "--float32"),
    )
    assert result.exit_code == 0, result.output
    data = open_dataset(tmp_path / "out")
    assert data.train.audio.shape == (180, 128, 2)
    assert data.train.audio.dtype == np.float32
    rms = np.sqrt(np.mean(np.square(data.train.batch(range(180))), axis=(1, 2)))
    assert np.allclose(rms, 0.1)


def test_bad_source_folders(src, tmp_path):
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


def test_bad_places(src, tmp_path):
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
    assert run(src, out).exit_code == 0  # empty: welcome
    assert "already prepared" in refused(out, tmp_path / "again")
    (out / "thesis.txt").write_text("precious")
    assert "did not write" in refused(src, out, "--rate", 2048)


def test_too_little_to_train_on(src, tmp_path):
    out = tmp_path / "out"
    write(src / "tom" / "1.wav")
    assert "the label 'tom' has" in refused(src, out)
    shutil.rmtree(src)
    for i in range(5):
        write(src / f"{i}.wav", np.zeros(256))
    line = refused(src, out)
    assert "none of its 5 audio files can be used (left out 5: silent" in line
    assert not out.exists()


def test_empty_splits_are_warned_of(tmp_path):
    for i in range(4):
        write(tmp_path / "src" / f"speaker7{i}_nohash_0.wav")
    result = run(tmp_path / "src", tmp_path / "out", "--split", "0,0")
    assert result.exit_code == 0
    assert "warning: no validation sounds" in result.stdout
    assert "warning: no test sounds" in result.stdout
    data = open_dataset(tmp_path / "out")
    assert data.test.batch([]).shape == (0, 16384, 1)


def test_strict_names_the_file(src, tmp_path):
    (src / "kick" / "bad.wav").write_text("junk " * 100)
    line = refused(src, tmp_path / "out", "--strict")
    assert "kick/bad.wav: is not audio that can be read" in line
    assert run(src, tmp_path / "out").exit_code == 0
    # Also when the problem is only remembered from the time before.
    assert "bad.wav: is not audio" in refused(src, tmp_path / "out", "--strict")


def test_bad_options(src, tmp_path):
    out = tmp_path / "out"
    assert "--divider" in refused(src, out, "--divider", 4, "--rate", 8000)
    assert "--jobs" in refused(src, out, "--jobs", 0)
    assert "--fit" in refused(src, out, "--fit", "squeeze")
    for wrong in (("--split", "5"), ("--split", "a,b"), ("--divider", "3")):
        result = run(src, out, *wrong)
        assert result.exit_code == 2
        assert wrong[0] in result.stderr


def test_not_enough_room_is_told_before_anything_is_written(src, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda place: usage._replace(free=1000))
    assert "free some space" in refused(src, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no always-full device here")
def test_full_disk_on_the_way(src, tmp_path, monkeypatch):
    original = Path.open

    def full(path, mode="r", *args, **kwargs):
        if path.name == "train.npy" and mode == "wb":
            path = Path("/dev/full")
        return original(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", full)
    assert "the disk is full" in refused(src, tmp_path / "out")
    assert os.listdir(tmp_path) == ["src"]


def test_a_dead_worker_is_one_line(src, tmp_path, monkeypatch):
    monkeypatch.setattr(clips, "CHUNK_FILES", 4)
    monkeypatch.setattr(clips, "_ignore_interrupt", os.abort)
    assert "a worker process died" in refused(src, tmp_path / "out", "--jobs", 2)
    assert os.listdir(tmp_path) == ["src"]
