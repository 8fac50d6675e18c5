"""Files of others: bounded, and refused by one kind of error, whatever they hold."""

import io
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from kwavegan.errors import InputError
from kwavegan.storage import reading
from kwavegan.storage.arrays import open_array, read_array, will_need
from kwavegan.storage.reading import (
    parse_json,
    parse_toml,
    read_bytes,
    read_json,
    read_table,
    read_toml,
)


def sparse(path, start=b"", size=1 << 40):
    """Return a file of a terabyte that takes no room on the disk."""
    path.write_bytes(start)
    os.truncate(path, size)
    return path


@pytest.fixture
def little_memory():
    """Fail a test that takes more than 64 MB of Python's memory."""
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 << 20


# -- JSON and TOML --------------------------------------------------------------------------------

DEEP = {"deep": 40, "deeper": 100_000}


@pytest.mark.parametrize("depth", DEEP.values(), ids=DEEP)
def test_refuses_what_is_nested_deeply(depth):
    for text in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
        with pytest.raises(ValueError, match="nested too deeply"):
            parse_json(text)
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_toml(f"labels = {'[' * depth}{']' * depth}")


@pytest.mark.parametrize(
    "text",
    ["NaN", "[-Infinity]", "1" * 30, "9" * 5_000, r'"\ud800"', r'{"\udc00": 1}', "{", "\xff"],
)
def test_refuses_json_that_none_of_our_files_holds(text):
    with pytest.raises(ValueError, match=r"."):
        parse_json(text.encode("latin1"))


def test_reads_json_and_toml_as_they_are():
    assert parse_json('{"a": [1, -2.5, null, "å", {"b": true}]}') == {
        "a": [1, -2.5, None, "å", {"b": True}]
    }
    assert parse_toml('lr = 2e-4\nlabels = ["a.b", "c"]') == {"lr": 2e-4, "labels": ["a.b", "c"]}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"steps = 0x" + b"f" * 6_000, "beyond 64 bits"),
        (b"steps = " + b"9" * 6_000, "steps"),
        (b"a" + b".a" * 500_000 + b" = 1", "nested too deeply"),
        (b"lr = '\xff'", "not UTF-8"),
        (b"lr = ", "not TOML"),
        (b"\0", "not TOML"),
    ],
)
def test_a_file_of_settings_is_refused_in_one_line(tmp_path, data, words):
    path = tmp_path / "mine.toml"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"mine\.toml") as caught:
        read_toml(path)
    line = caught.value.for_command_line()
    assert words in line or words == "steps"
    assert len(line) < 2_100


# -- Sizes and kinds of files ---------------------------------------------------------------------


@pytest.mark.usefixtures("little_memory")
def test_a_file_of_a_terabyte_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_TEXT", 1 << 20)
    with pytest.raises(ValueError, match="larger than 1 MB"):
        read_bytes(sparse(tmp_path / "huge"), 1 << 20)
    with pytest.raises(InputError, match="larger than 4 MB"):
        read_toml(sparse(tmp_path / "huge.toml"))
    with pytest.raises(ValueError, match="row of more than"):
        list(read_table(sparse(tmp_path / "huge.csv", b"a,b\n")))
    with pytest.raises(ValueError, match="no array"):
        open_array(sparse(tmp_path / "huge.npy"), mapped=False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_or_device_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "status.json")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    for name in ("status.json", "zeros"):
        with pytest.raises(ValueError, match="no plain file"):
            read_json(tmp_path / name)


# -- Tables ---------------------------------------------------------------------------------------


def test_reads_a_table_row_by_row(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text('a,b\n"x,\ny",2\n', encoding="utf-8")
    assert list(read_table(path)) == [["a", "b"], ["x,\ny", "2"]]


@pytest.mark.parametrize("data", [b"a," + b"x" * 200_000, b'"', b"\xff", b'"\n",' * 3_000_000])
@pytest.mark.usefixtures("little_memory")
def test_a_table_is_refused_or_read_in_bounds(tmp_path, data):
    path = tmp_path / "table.csv"
    path.write_bytes(data)
    try:
        for _ in read_table(path):
            pass
    except ValueError:
        pass


# -- Arrays ---------------------------------------------------------------------------------------


def saved(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="float32").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros((0, 4, 1), "int16"),
        np.array(7, "int64"),
        np.array([True, False]),
        np.arange(3, dtype=">f4"),
        np.zeros((2, 0), "float16"),
    ],
)
def test_reads_what_numpy_writes(tmp_path, array):
    data = saved(array)
    path = tmp_path / "array.npy"
    path.write_bytes(data)
    arrays = [read_array(io.BytesIO(data), len(data)), open_array(path, mapped=False)]
    arrays += [open_array(path, mapped=True)] if array.size else []
    for read in arrays:
        assert (read.dtype, read.shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(read, array)


def with_header(text, content=b""):
    text = text.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


HEADERS = {
    "huge": "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 9999), }",
    "beyond any": f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({'9' * 19}, 9), }}",
    "negative": "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }",
    "code": "{'descr': '<f4', 'fortran_order': False, 'shape': (__import__('os').getpid(),), }",
    "deep": "(" * 9_000 + ")" * 9_000,
    "objects": "{'descr': '|O', 'fortran_order': False, 'shape': (), }",
    "bytes of none": "{'descr': '<f3', 'fortran_order': False, 'shape': (2,), }",
    "axes": f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({'1, ' * 60}), }}",
}


@pytest.mark.parametrize("text", HEADERS.values(), ids=HEADERS)
@pytest.mark.usefixtures("little_memory")
def test_refuses_a_header_that_lies(tmp_path, text):
    path = tmp_path / "array.npy"
    path.write_bytes(with_header(text, bytes(8)))
    for mapped in (False, True):
        with pytest.raises(ValueError, match="array"):
            open_array(path, mapped)


@pytest.mark.parametrize(
    "array",
    [
        np.array([{}], object),
        np.zeros(2, [("a", "f4"), ("b", "O")]),
        np.array(["x"]),
        np.array([1j]),
        np.array("2020-01-01", "datetime64[D]"),
    ],
    ids=["object", "structured", "text", "complex", "time"],
)
def test_refuses_arrays_of_anything_but_numbers(array):
    data = saved(array)
    with pytest.raises(ValueError, match="no array of numbers"):
        read_array(io.BytesIO(data), len(data))


def test_refuses_an_array_that_does_not_fill_its_file():
    data = saved(np.arange(5))
    for size in (len(data) - 1, len(data) + 1):
        with pytest.raises(ValueError, match="another size"):
            read_array(io.BytesIO(data), size)
    with pytest.raises(ValueError, match="cut short"):
        read_array(io.BytesIO(data[:-1]), len(data))


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="nothing counts what is read")
def test_rows_that_will_be_needed_are_read_and_little_else(tmp_path):
    """Rows of 40 kB in a file of 40 MB, of which nothing is in memory; not where /tmp is memory."""

    def read():
        io = Path("/proc/self/io").read_text().split()
        return int(io[io.index("read_bytes:") + 1])

    path = tmp_path / "a.npy"
    np.save(path, np.repeat(np.arange(1000, dtype="int16"), 20_000).reshape(1000, -1))
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    array, before = open_array(path, mapped=True), read()
    rows = [999, 30, 500, -100, 700, 250, 600, 50]
    will_need(array, rows)
    assert array[rows][:, -1].tolist() == [n % 1000 for n in rows]
    assert read() - before < 2 * len(rows) * 40_000


def test_what_is_not_mapped_needs_no_reading(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((5, 3)))
    for array in (np.zeros((5, 3)), open_array(tmp_path / "a.npy", mapped=True)[:0]):
        will_need(array, [0, 4])
