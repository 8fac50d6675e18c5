"""What commands print, on any stream and of any name, and the advice they give."""

import errno
import shutil
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from support.audio_files import write
from support.datasets import tiny_config

from kwavegan.cli import main, output
from kwavegan.errors import InputError, setting
from kwavegan.runs.run import Run

SMALL = ("--rate", 4096, "--length", 1024)


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "cp932"])
def test_a_narrow_encoding_ends_no_command(encoding, src, tmp_path):
    """Python's encoding of files and pipes on Windows."""
    arguments = ["prepare", src, tmp_path / "out", *SMALL]
    result = CliRunner(charset=encoding).invoke(main.main, [str(each) for each in arguments])
    assert result.exit_code == 0, result.exception
    assert "60 clips" in result.stdout_bytes.decode(encoding)


def test_every_character_of_the_help_can_be_printed_anywhere():
    for name in main.COMMANDS:
        result = CliRunner(charset="cp1251").invoke(main.main, [name, "--help"])
        assert result.exit_code == 0, (name, result.exception)


def test_a_file_s_name_cannot_write_lines_of_its_own(cli, src, tmp_path):
    (src / "kick" / "a\nwarning: all is well.wav").write_bytes(b"x")
    (src / "kick" / "\x1b[2Kb.wav").write_bytes(b"x")
    text = cli("prepare", src, tmp_path / "out", *SMALL).output
    assert "\x1b" not in text
    assert not any(line.startswith("warning: all is well") for line in text.splitlines())
    assert r"a\nwarning: all is well.wav" in text


def test_the_next_command_can_be_copied(cli, src, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = cli("prepare", src, "my set", *SMALL).output
    assert text.splitlines()[-1] == "Next: kwavegan train 'my set'"


def test_a_run_elsewhere_is_named_with_its_folder(tmp_path, cli):
    here = Run.create("my run", tiny_config())
    there = Run.create("my run", tiny_config(), tmp_path / "there")
    assert (here.runs_dir, there.runs_dir) == (None, str(tmp_path / "there"))
    line = cli.refuse("compare", "my run", "--runs-dir", there.runs_dir)
    assert line.endswith(f"run: kwavegan evaluate 'my run' --runs-dir {there.runs_dir}\n")


def test_an_option_of_another_command_is_named_with_it(cli, tmp_path):
    for label in ("kick", "snare"):
        for i in range(3):
            write(tmp_path / "few" / label / f"0{i}.wav")
    line = cli.refuse("train", tmp_path / "few", *SMALL)
    assert "see --split of kwavegan prepare" in line
    assert f"{tmp_path / 'few'}: the label" in line
    prepare = ("prepare", tmp_path / "few", tmp_path / "out", *SMALL)
    assert "see --split\n" in cli.refuse(*prepare, began="Preparing\n")


def test_labels_one_folder_further_down_are_found(cli, src, tmp_path):
    shutil.move(src, tmp_path / "f" / "Drums")
    line = cli.refuse("train", tmp_path / "f", *SMALL)
    assert line.startswith(f"kwavegan: {tmp_path / 'f'}: has only the label 'Drums'")
    assert f"give {tmp_path / 'f' / 'Drums'}, which holds kick, snare" in line
    assert "--model wgan" in line


def test_moved_data_is_asked_for_with_the_command_that_takes_it(cli, tmp_path):
    Run.create("my run", tiny_config(data=str(tmp_path / "gone")))
    assert "kwavegan train SOUNDS --resume 'my run'" in cli.refuse("train", "--resume", "my run")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x"), "x: the disk is full; "),
        (MemoryError(), "memory ran out; lower --batch-size or --width, "),
        (InputError(f"a\x1b[1m {setting('lr')}"), r"a\x1b[1m --lr"),
    ],
    ids=str,
)
def test_a_failure_of_the_system_is_one_line_and_code_2(error, line, cli, monkeypatch):
    @click.command()
    def command():
        raise error

    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: command)
    assert cli.refuse("info").startswith(f"kwavegan: {line}")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a Linux device")
def test_a_full_disk_under_a_log_ends_no_training(monkeypatch, capfd):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        for line in ("step 1", "step 2"):
            output.say_while_heard(line)
    error = capfd.readouterr().err
    assert error.startswith("kwavegan: stdout: the disk is full")
    assert error.count("\n") == 1
