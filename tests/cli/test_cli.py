"""The command line: fast help, one line for what the user can mend."""

import json
import os
import subprocess
import sys

import click

from kwavegan.cli import main
from kwavegan.config.settings import Config
from kwavegan.errors import InputError, setting
from kwavegan.runs.run import Run


def python(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    ).stdout


HELP_OF_EVERY_COMMAND = """
import contextlib, io, json, sys
from kwavegan.cli.main import COMMANDS, main

seen = {}
for command in ["", *COMMANDS]:
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        try:
            main([*command.split(), "--help"], prog_name="kwavegan")
        except SystemExit as done:
            code = done.code
    usage = shown.getvalue().partition(" [OPTIONS]")[0]
    seen[command] = [usage, code, [name for name in sys.argv[1:] if name in sys.modules]]
print(json.dumps(seen))
"""


def test_help_imports_nothing_heavy():
    heavy = ("keras", "numpy", "jax", "torch", "tensorflow", "soundfile", "matplotlib", "optuna")
    seen = json.loads(python("-c", HELP_OF_EVERY_COMMAND, *heavy))
    commands = ["", *main.COMMANDS]
    assert seen == {name: [f"Usage: kwavegan {name}".rstrip(), 0, []] for name in commands}


def test_help_lists_every_command(cli):
    result = cli("--help")
    for name, help in main.COMMANDS.items():
        assert name in result.output
        assert help in result.output


def test_unknown_command_is_refused(cli):
    assert "No such command 'trian'" in cli("trian", code=2).output


def test_input_error_is_one_line_and_code_2_and_names_options(cli, monkeypatch):
    @click.command()
    def command():
        raise InputError(f"{setting('d_updates')}: no\n  {setting('model', 'wgan')}")

    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: command)
    assert cli.refuse("info") == "kwavegan: --d-updates: no --model wgan\n"


def test_runs_without_any(cli):
    assert cli("runs").output.startswith("No runs in ")
    assert cli("runs", "--json").output == "[]\n"


def test_runs_as_table_and_json(cli, tmp_path):
    first = Run.create("first", Config(labels=("kick", "snare"), steps=3000))
    first.update(state="finished", step=3000, backend="torch", started="2020-01-01T00:00:00+00:00")
    Run.create("second", Config(model="wgan"))
    (tmp_path / "runs" / "third" / "checkpoints").mkdir(parents=True)
    result = cli("runs")
    rows = result.stdout.splitlines()
    assert rows[0].split() == ["name", "model", "labels", "step", "state", "backend", "age"]
    assert [row.split()[0] for row in rows[1:]] == ["second", "first", "third"]
    assert "cwgan  kick, snare  3000/3000  finished  torch" in rows[2]
    assert rows[2].endswith(" d")
    assert rows[3].split() == ["third", "damaged"]
    assert "third" in result.stderr
    listed = json.loads(cli("runs", "--json", "--runs-dir", tmp_path / "runs").stdout)
    assert [info["state"] for info in listed] == ["stopped", "finished", "damaged"]
    assert listed[1]["labels"] == ["kick", "snare"]


def test_info_prints_versions_and_folders(cli, monkeypatch):
    monkeypatch.setattr("kwavegan.cli.info.devices", lambda name: ["cpu:0"])
    monkeypatch.setattr("kwavegan.cli.info.select_backend", lambda name: "jax")
    result = cli("info")
    for words in ("kwavegan ", "keras ", "installed backends", "cpu:0", "runs folder"):
        assert words in result.output
    assert json.loads(cli("info", "--json").output)["backend"] == "jax"


def test_info_without_a_backend(cli, monkeypatch):
    def refuse(name):
        raise InputError(f"{setting('backend')}: none is installed")

    monkeypatch.setattr("kwavegan.cli.info.select_backend", refuse)
    result = cli("info")
    assert "none: --backend: none is installed" in result.output
    cli.refuse("info", "--backend", "jax")
