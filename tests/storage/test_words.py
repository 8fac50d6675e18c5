"""What is printed of names, commands and failures."""

import errno
import os
import shlex
import subprocess

import pytest

from kwavegan.errors import InputError, printable, setting, shell_command
from kwavegan.storage import files
from kwavegan.storage.encodings import REPLACE, tell
from kwavegan.storage.failures import explain, first_line, reason

ODD = "a\nwarning: all is well\x1b[2K\x9b\u2028\u202e\udcff"


def test_a_name_cannot_forge_or_erase_a_line():
    assert printable(ODD) == r"a\nwarning: all is well\x1b[2K\u009b\u2028\u202e\xff"
    harmless = "日本 é 👩 \N{ZERO WIDTH NON-JOINER}"
    assert printable(harmless) == harmless
    assert InputError(f"x\x1b[2K{setting('lr')}").for_command_line() == r"x\x1b[2K--lr"


@pytest.mark.skipif(os.name == "nt", reason="quotes of a POSIX shell")
@pytest.mark.parametrize("name", ["plain", "my sounds", "it's", "$HOME `x` \\", "-x", ODD[:-2]])
def test_a_suggested_command_means_what_it_names(name):
    line = shell_command("train", name, resume=name, steps=None)
    assert "\n" not in line
    argument = f"./{name}" if name.startswith("-") else name
    if printable(name) == name:
        assert shlex.split(line) == ["kwavegan", "train", argument, "--resume", name]
    said = subprocess.run(
        ["bash", "-c", f"kwavegan() {{ printf '%s\\0' \"$@\"; }}; {line}"],
        capture_output=True,
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert said.stdout.decode().split("\0") == ["train", argument, "--resume", name, ""]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp1251", "cp932", "utf-8"])
def test_every_text_has_bytes_in_every_encoding(encoding):
    ours = "60 files → 60 clips, Fréchet ± ↑ … – ÷ ×"
    shown = ours.encode(encoding, REPLACE).decode(encoding)
    assert shown == ours if encoding == "utf-8" else "60 clips, Fr" in shown
    assert not {"?", "\\"} & set(shown)
    assert "鼓\udcff".encode("ascii", REPLACE) == rb"\u9f13\xff"


def test_python_prints_where_the_encoding_lacks_letters(capsys, monkeypatch):
    class Narrow:
        encoding = "ascii"
        written = ""

        def write(self, text):
            text.encode("ascii")
            self.written += text

    stream = Narrow()
    monkeypatch.setattr("sys.stdout", stream)
    tell("→ done")
    assert stream.written == "-> done\n"


MEMORY = (
    MemoryError(),
    RuntimeError(
        "Exception encountered when calling Pad.call().\n\n\x1b[1m[enforce fail at alloc_cpu.cpp"
        ":127] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"
    ),
    RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 1 bytes."),
    RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
)


@pytest.mark.parametrize("error", MEMORY, ids=repr)
def test_used_up_memory_is_told_in_a_line(error):
    line = str(InputError(explain(error)))
    assert line.startswith("memory ran out; ")
    assert "\x1b" not in line


def test_what_pytorch_cannot_compile_is_told_in_a_line():
    class InductorError(RuntimeError):
        __module__ = "torch._inductor.exc"

    line = InputError(explain(InductorError("No working C++ compiler\nSet X=1"))).for_command_line()
    assert line == (
        "--jit on: PyTorch cannot compile the training step: No working C++ compiler; "
        "choose --jit off"
    )


def test_a_bug_stays_a_bug_and_a_reader_who_has_gone_is_no_error():
    assert explain(ValueError("x")) is None
    assert explain(ImportError("no name", name="kwavegan.x")) is None
    assert explain(BrokenPipeError(errno.EPIPE, "Broken pipe")) is None


def test_errors_of_files_threads_and_packages_name_what_to_do():
    full = OSError(errno.ENOSPC, "No space left on device", "/x/y")
    assert explain(full).startswith("/x/y: the disk is full; ")
    assert explain(RuntimeError("can't start new thread")).startswith("the system starts no more")
    assert explain(ImportError("bad", name="numba.core")) == (
        "numba: cannot be imported: bad; install it again"
    )
    assert reason(OSError(4711, "odd")) == "odd"
    assert len(first_line(ValueError("x" * 999))) == 200


def test_what_fails_to_be_read_is_not_blamed_on_what_is_written(tmp_path):
    with pytest.raises(PermissionError), files.atomic(tmp_path / "out" / "new"):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "in" / "a.wav"))
    ours = "new: cannot be written: .*input/output error"
    with pytest.raises(InputError, match=ours), files.atomic(tmp_path / "out" / "new"):
        raise OSError(errno.EIO, "Input/output error")
