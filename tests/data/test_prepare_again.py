"""Preparing what was prepared before: what changed is done, and nothing is lost."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from support.audio_files import SMALL, contents, write

from kwavegan.audio import decoding
from kwavegan.data import PrepareSettings, incremental, prepare, prepare_cached
from kwavegan.data.dataset import open_dataset
from kwavegan.storage.cache import locked


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
    assert summary.problems == {"silent": 1}
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


@pytest.mark.skipif(os.name != "posix", reason="no system's time of a change elsewhere")
def test_same_size_and_time_and_other_content_is_noticed(src, tmp_path):
    prepare(src, tmp_path / "out", SMALL)
    path = src / "kick" / "kick0.wav"
    before = path.stat()
    write(path, seed=5)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert prepare(src, tmp_path / "out", SMALL).decoded == 1


def test_what_was_not_touched_since_is_not_read(src, tmp_path, monkeypatch):
    prepare(src, tmp_path / "out", SMALL)
    later = (tmp_path / "out" / "settings.json").stat().st_mtime_ns + 10**10
    os.utime(tmp_path / "out" / "settings.json", ns=(later, later))
    monkeypatch.setattr(incremental, "checksum", None)
    assert prepare(src, tmp_path / "out", SMALL).unchanged


def test_a_set_prepared_by_a_clock_that_was_ahead_does_not_say_what_was_touched(src, tmp_path):
    prepare(src, tmp_path / "out", SMALL)
    later = (tmp_path / "out" / "settings.json").stat().st_mtime_ns + 3600 * 10**9
    os.utime(tmp_path / "out" / "settings.json", ns=(later, later))
    path = src / "kick" / "kick0.wav"
    before = path.stat()
    write(path, seed=5)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
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


def test_a_file_that_may_be_read_now_is_tried_again(src, tmp_path, monkeypatch):
    path = src / "kick" / "locked.flac"
    write(path)
    original = decoding.sf.SoundFile

    def refuse(name, *args, **kwargs):
        if name == os.fsencode(path):
            raise PermissionError(13, "Permission denied")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(decoding.sf, "SoundFile", refuse)
    assert prepare(src, tmp_path / "out", SMALL).problems == {"permission": 1}
    monkeypatch.undo()
    summary = prepare(src, tmp_path / "out", SMALL)
    assert (summary.decoded, summary.problems) == (1, {})


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


def test_the_workers_of_a_killed_preparation_end(src, tmp_path):
    code = (
        "import os, sys; from kwavegan.data import PrepareSettings, prepare\n"
        "def die(done, total): print('died', flush=True); os._exit(9)\n"
        "settings = PrepareSettings(rate=2048, length=256)\n"
        "prepare(sys.argv[1], sys.argv[2], settings, jobs=2, progress=die)"
    )
    # Its workers have its stdout too, which does not end before they do.
    done = subprocess.run(
        [sys.executable, "-c", code, src, tmp_path / "set"], stdout=subprocess.PIPE, timeout=60
    )
    assert (done.returncode, done.stdout) == (9, b"died\n")


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
        "import sys; from kwavegan.data import PrepareSettings, prepare_cached;"
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
