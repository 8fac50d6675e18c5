"""Checkpoints and run folders that someone made on purpose: one line, and bounded memory."""

import io
import json
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.runs.run import Run, list_runs
from kwavegan.storage.archive import DamagedError, digest_of, read_archive

ARRAYS = {"generator/dense/kernel": np.arange(12, dtype="float32").reshape(3, 4)}


@pytest.fixture
def run():
    return Run.create("mine", Config(steps=100))


def saved(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def members(header, arrays=ARRAYS):
    """Return the files of a checkpoint whose checksum fits, whatever its header says."""
    entries = {f"arrays/{name}": array for name, array in arrays.items()}
    data = header if isinstance(header, bytes) else json.dumps(header).encode()
    entries["header"] = np.frombuffer(data, "uint8")
    entries["checksum"] = np.frombuffer(digest_of(entries), "uint8")
    return {f"{name}.npy": saved(array) for name, array in entries.items()}


def zipped(path, files, how=zipfile.ZIP_STORED, also=()):
    with zipfile.ZipFile(path, "w", how) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of names that are there twice
        for name, data in [*files.items(), *also]:
            archive.writestr(name, data)
    return path


def refused(path):
    with pytest.raises(DamagedError) as caught:
        read_archive(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


GOOD = {"version": 1, "step": 8, "meta": {}}


def test_a_forged_checksum_is_no_protection_and_needs_none(tmp_path):
    checkpoint = read_archive(zipped(tmp_path / "a.npz", members(GOOD)))
    assert (checkpoint.step, checkpoint.meta) == (8, {})
    np.testing.assert_array_equal(
        checkpoint.arrays["generator/dense/kernel"], next(iter(ARRAYS.values()))
    )


@pytest.mark.parametrize(
    "header",
    [
        *({**GOOD, "step": step} for step in ("8", -1, 8.0, True, None, [8], 10**20, float("nan"))),
        *({**GOOD, "version": version} for version in ("1", None, [], 1.5)),
        *({**GOOD, "meta": meta} for meta in ([], "x", None)),
        *({k: v for k, v in GOOD.items() if k != name} for name in GOOD),
        *(None, 3, "x", [1], {}),
        *(b"[" * 100_000, b"\xff", b"", b'{"version": 1, "step": 8, "meta": "\\ud800"}'),
    ],
)
def test_refuses_a_header_of_other_types(tmp_path, header):
    assert refused(zipped(tmp_path / "a.npz", members(header))).startswith("damaged")


def test_a_newer_format_is_told_whatever_else_it_holds(tmp_path):
    path = zipped(tmp_path / "a.npz", members({"version": 2, "steps": []}))
    assert "newer kwavegan" in refused(path)


def test_refuses_a_name_that_is_there_twice(tmp_path):
    files = members(GOOD)
    twice = ("arrays/generator/dense/kernel.npy", saved(np.ones((3, 4), "float32")))
    assert "twice" in refused(zipped(tmp_path / "a.npz", files, also=[twice]))
    same = ("arrays/generator/dense/kernel", twice[1])
    assert "twice" in refused(zipped(tmp_path / "b.npz", files, also=[same]))


def test_refuses_pickled_objects_without_unpickling(tmp_path):
    class Mine:
        def __reduce__(self):
            return (print, ("this ran",))

    files = members(GOOD) | {"arrays/x.npy": saved(np.array([Mine()], object))}
    assert "no array of numbers" in refused(zipped(tmp_path / "a.npz", files))


@pytest.mark.parametrize("kind", ["bomb", "stated", "shape", "overlapping"])
def test_what_states_more_than_it_holds_takes_no_memory(tmp_path, kind):
    path, files = tmp_path / "a.npz", members(GOOD)
    big = 256 << 20
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({big},), }}"
    start = b"\x93NUMPY\x01\x00\x76\x00" + header.ljust(117).encode() + b"\n"
    if kind == "bomb":
        zipped(path, files | {"arrays/x.npy": start + bytes(big)}, zipfile.ZIP_DEFLATED)
    elif kind == "shape":
        zipped(path, files | {"arrays/x.npy": start + bytes(8)})
    else:
        data = zipped(path, files).read_bytes()
        place = data.rindex(b"PK\x01\x02")
        if kind == "stated":
            data = data[: place + 24] + struct.pack("<I", 0xFFFFFFF0) + data[place + 28 :]
        else:  # a list of a thousand members that are all the same bytes
            end = data.rindex(b"PK\x05\x06")
            entry, count = data[place:end], 1_000
            first = data.index(b"PK\x01\x02")
            tail = struct.pack("<HHII", count, count, len(entry) * count, first)
            data = data[:first] + entry * count + data[end : end + 8] + tail + b"\0\0"
        path.write_bytes(data)
    tracemalloc.start()
    refused(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 << 20


def test_a_checkpoint_beyond_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("kwavegan.storage.archive._memory", lambda: 100)
    assert "more than the memory" in refused(zipped(tmp_path / "a.npz", members(GOOD)))


# -- The other files ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        *({"step": step} for step in ("5", -1, 2.5, None, True, 10**30)),
        *({"seconds": seconds} for seconds in ("5", [], "NaN")),
        *({"versions": versions} for versions in ([], "x", {"keras": 3}, None)),
        *({"started": started} for started in ("", "yesterday", "0001-01-01T00:00:00", 5)),
        *({"state": []}, {"message": {}}, {"data": 5}, {"backend": None}),
    ],
)
def test_a_status_of_other_types_is_damaged(run, change):
    path = run.path / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match="damaged"):
        run.status()
    assert [info.state for info in list_runs()] == ["damaged"]


@pytest.mark.parametrize(
    "text", ['{"step": "8"}', '{"step": true}', '{"step": [8]}', '{"step": 8.0}', "[" * 9_999, "8"]
)
def test_a_best_that_is_no_step_is_none(run, text):
    run.save_checkpoint(8, ARRAYS, {})
    (run.path / "best.json").write_text(text)
    assert run.best_step() is None
    assert run.best_or_last().step == 8
    run.rewind(4)


@pytest.mark.parametrize("text", ["step,loss\ninf,1\n", "step,loss\n1e300,2\n", "step\nnan\n-1\n"])
def test_rows_without_a_step_are_passed_over(run, text):
    from kwavegan.storage.csv_log import read_metrics

    path = run.path / "metrics.csv"
    path.write_text(f"{text}3{',1' * text.count('loss')}\n")
    assert [row["step"] for row in read_metrics(path)] == [3]
    path.write_text('step\n"' + "x" * 200_000 + "\n")
    assert read_metrics(path) == []


def test_a_training_writes_through_no_link_out_of_its_run(run, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "step-00000099.npz").write_text("precious")
    (run.path / "checkpoints").symlink_to(elsewhere)
    with pytest.raises(InputError, match="link out of the run"), run.lock():
        run.rewind(0)
    assert (elsewhere / "step-00000099.npz").read_text() == "precious"
    (run.path / "checkpoints").unlink()
    (run.path / "real").mkdir()
    (run.path / "checkpoints").symlink_to(run.path / "real")
    with run.lock():  # a link within the run leads nowhere else
        pass


def test_many_labels_take_no_square_of_time(run):
    names = [f"label {number}" for number in range(60_000)]
    path = run.path / "config.toml"
    path.write_text(f"labels = {json.dumps(names)}")
    assert len(run.config().labels) == 60_000
