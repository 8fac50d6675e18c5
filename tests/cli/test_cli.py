"""The command line: fast help, one line for what the user can mend."""

import json
import subprocess
import sys
import time

import click
import pytest
from click.testing import CliRunner

from kwavegan.cli import main
from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.runs.run import Run


def python(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    ).stdout


def run(*arguments):
    return CliRunner().invoke(main.main, arguments)


def test_help_is_fast():
    def seconds():
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "kwavegan", "--help"], check=True, capture_output=True
        )
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 0.5


@pytest.mark.parametrize("command", ["", *main.COMMANDS])
def test_help_imports_nothing_heavy(command):
    arguments = command.split()
    heavy = "{'keras', 'numpy', 'jax', 'torch', 'tensorflow', 'soundfile'}"
    out = python(
        "import sys; from kwavegan.cli.main import main\n"
        f"try: main({[*arguments, '--help']})\n"
        f"except SystemExit as done: print(done.code, sorted({heavy} & set(sys.modules)))"
    )
    assert out.startswith(f"Usage: {' '.join(['-c', *arguments])} [OPTIONS]")
    assert out.endswith("0 []\n")


def test_help_lists_every_command():
    result = run("--help")
    assert result.exit_code == 0
    for name, help in main.COMMANDS.items():
        assert name in result.output
        assert help in result.output


def test_unknown_command_is_refused():
    result = run("trian")
    assert result.exit_code == 2
    assert "No such command 'trian'" in result.output


def test_input_error_is_one_line_and_code_2(monkeypatch):
    @click.command()
    def command():
        raise InputError("sounds: no\n  audio")

    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: command)
    result = run("info")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "kwavegan: sounds: no audio\n"


def test_runs_without_any():
    result = run("runs")
    assert result.exit_code == 0
    assert result.output.startswith("No runs in ")
    assert run("runs", "--json").output == "[]\n"


def test_runs_as_table_and_json(tmp_path):
    first = Run.create("first", Config(labels=("kick", "snare"), steps=3000))
    first.update(state="finished", step=3000, backend="torch", started="2020-01-01T00:00:00+00:00")
    Run.create("second", Config(model="wgan"))
    (tmp_path / "runs" / "third" / "checkpoints").mkdir(parents=True)
    result = run("runs")
    rows = result.stdout.splitlines()
    assert rows[0].split() == ["name", "model", "labels", "step", "state", "backend", "age"]
    assert [row.split()[0] for row in rows[1:]] == ["second", "first", "third"]
    assert "cwgan  kick, snare  3000/3000  finished  torch" in rows[2]
    assert rows[2].endswith(" d")
    assert rows[3].split() == ["third", "damaged"]
    assert "third" in result.stderr
    listed = json.loads(run("runs", "--json", "--runs-dir", str(tmp_path / "runs")).stdout)
    assert [info["state"] for info in listed] == ["stopped", "finished", "damaged"]
    assert listed[1]["labels"] == ["kick", "snare"]


def test_info_prints_versions_and_folders(monkeypatch):
    monkeypatch.setattr("kwavegan.cli.info.devices", lambda name: ["cpu:0"])
    monkeypatch.setattr("kwavegan.cli.info.select_backend", lambda name: "jax")
    result = run("info")
    assert result.exit_code == 0
    for words in ("kwavegan ", "keras ", "installed backends", "cpu:0", "runs folder"):
        assert words in result.output
    assert json.loads(run("info", "--json").output)["backend"] == "jax"


def test_info_without_a_backend(monkeypatch):
    def refuse(name):
        raise InputError("no backend is installed")

    monkeypatch.setattr("kwavegan.cli.info.select_backend", refuse)
    result = run("info")
    assert result.exit_code == 0
    assert "none: no backend is installed" in result.output
    assert run("info", "--backend", "jax").exit_code == 2
