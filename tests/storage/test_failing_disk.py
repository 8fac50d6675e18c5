"""Every change of files fails once: one line, exit code 2, and the last good state is intact."""

import errno
import shutil

import pytest
from click.testing import CliRunner
from support.audio_files import contents, write

from kwavegan.cli.main import main
from scripts.reliability.failing import FailingDisk

CODES = (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO)


def tree(folder):
    return contents(folder) if folder.exists() else {}


def fail_each(cli, folder, out, arguments):
    """Let changes of a command fail, one in each call; return what was to be said."""
    before = tree(out)
    with FailingDisk(folder, 0, 0).mounted() as disk:
        cli(*arguments)
    total = disk.count
    shutil.rmtree(out)
    restore(out, before)
    failed = []
    for at in [*range(1, 8), *range(8, total - 8, 9), *range(total - 8, total + 1)]:
        with FailingDisk(folder, at, CODES[at % 4]).mounted() as disk:
            result = invoke(arguments)
        assert disk.failed
        if result.exit_code == 0:  # a folder that was there needed not be made
            assert disk.failed == "mkdir"
            shutil.rmtree(out)
            restore(out, before)
            continue
        assert result.exit_code == 2
        assert result.stderr.startswith("kwavegan: ")
        assert result.stderr.count("\n") == 1
        assert tree(out) == before, (at, disk.failed)
        assert list(folder.rglob(".partial-*")) == []
        failed.append(disk.failed)
    return failed


def invoke(arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def restore(out, files):
    for name, data in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)


@pytest.mark.parametrize("again", [False, True])
def test_preparing_on_a_disk_that_fails(tmp_path, cli, again):
    for label in ("kick", "snare"):
        for number in range(6):
            write(tmp_path / "src" / label / f"{label}{number}.wav")
    folder = tmp_path / "disk"
    folder.mkdir()
    arguments = ["prepare", tmp_path / "src", folder / "set", "--jobs", 1, "--length", 128, "--wav"]
    if again:
        cli("prepare", tmp_path / "src", folder / "set", "--jobs", 1, "--length", 256)
    failed = fail_each(cli, folder, folder / "set", arguments)
    assert {"open", "write", "rename"} <= set(failed)
