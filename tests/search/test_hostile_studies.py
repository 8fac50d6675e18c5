"""Studies that are damaged, hostile or shared: one line and exit code 2, or the search goes on."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from support.datasets import sines, tiny_config

from kwavegan.search import job, loop
from kwavegan.search.database import file_url

WORKER = Path(__file__).parents[1] / "support" / "fake_worker.py"
SETTINGS = ("--config", "tiny.toml", "--space", "space.toml")

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT"

DAMAGE = {
    "an outcome that is a list": "UPDATE trial_user_attributes SET value_json = '[1]'",
    "an outcome that is no JSON": "UPDATE trial_user_attributes SET value_json = '{'",
    "an outcome nested deeply": "UPDATE trial_user_attributes SET value_json ="
    " replace(hex(zeroblob(50000)), '00', '[')",
    "an outcome of other types": "UPDATE trial_user_attributes SET value_json ="
    ' \'{"ended": [], "seconds": "x"}\' WHERE key = \'outcome\'',
    "infinite numbers": "UPDATE trial_user_attributes SET value_json ="
    " '{\"best_step\": 1e400}' WHERE key = 'outcome'",
    "no description": "UPDATE study_user_attributes SET value_json = NULL",
    "an unknown range": "UPDATE trial_params SET distribution_json ="
    ' \'{"name": "os.system", "attributes": {}}\'',
    "a value that is text": "UPDATE trial_params SET param_value = 'x'",
    "a setting that is none": "UPDATE trial_params SET param_name = '../../x'"
    " WHERE param_name = 'lr'",
    "a score that is text": "UPDATE trial_values SET value = 'x'",
    "a row that is text": "UPDATE trial_intermediate_values SET intermediate_value = 'x'",
    "an unknown state": "UPDATE trials SET state = 'WHAT'",
    "no numbers": "UPDATE trials SET number = NULL",
    "no time": "UPDATE trials SET datetime_start = 'x'",
    "two directions": "INSERT INTO study_directions (direction, study_id, objective)"
    " VALUES ('MAXIMIZE', 1, 1)",
    "a queued trial that is none": "INSERT INTO trials (number, study_id, state)"
    " VALUES (2, 1, 'WAITING'); INSERT INTO trial_system_attributes (trial_id, key, value_json)"
    " SELECT trial_id, 'fixed_params', '[1]' FROM trials WHERE number = 2",
}

REFUSED = {
    "a view that never ends": (
        f"ALTER TABLE trials RENAME TO was; CREATE VIEW trials AS {ENDLESS} x AS trial_id FROM c",
        "holds views or triggers, which no study has",
    ),
    "a trigger": (
        "CREATE TRIGGER t AFTER INSERT ON trials BEGIN DELETE FROM trials; END",
        "holds views or triggers",
    ),
    "columns of another": ("ALTER TABLE trials RENAME COLUMN state TO was", "no such column"),
    "tables of another version": ("UPDATE alembic_version SET version_num = 'x'", "cannot be used"),
    "a huge value": (
        "UPDATE study_user_attributes SET value_json = zeroblob(20000000)",
        "too big",
    ),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a search of two trials."""
    from click.testing import CliRunner

    from kwavegan.cli.main import main

    folder = tmp_path_factory.mktemp("made")
    data = sines(folder).path
    (folder / "tiny.toml").write_text(tiny_config(lr=1e-5, steps=4).to_toml())
    (folder / "space.toml").write_text(
        "lr = { low = 1e-5, high = 1e-1, log = true }\nbeta1 = [0.0, 0.5]\n"
        "d_updates = { low = 1, high = 5 }\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "COMMAND", (sys.executable, "-I", "-S", str(WORKER)))
        patch.chdir(folder)
        patch.setenv("KWAVEGAN_RUNS", "runs")
        result = CliRunner().invoke(main, ["search", str(data), *SETTINGS, "--trials", "2"])
        assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def world(made, tmp_path, monkeypatch):
    """A copy of it, where `search(…)` goes on with the search."""
    shutil.copytree(made, tmp_path / "world")
    monkeypatch.chdir(tmp_path / "world")
    monkeypatch.setenv("KWAVEGAN_RUNS", "runs")
    monkeypatch.setattr(job, "COMMAND", (sys.executable, "-I", "-S", str(WORKER)))
    return tmp_path / "world"


def change(sql):
    database = sqlite3.connect("runs/search/study.db")
    database.executescript(sql)
    database.close()


def refused(cli, *args):
    return cli.refuse("search", "prepared", *SETTINGS, "--trials", 3, *args)


@pytest.mark.parametrize("sql", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_study_gets_one_line(cli, world, sql):
    change(sql)
    said = refused(cli)
    assert "study.db: the study in it is damaged (" in said
    assert "give another --name or --storage" in said


@pytest.mark.parametrize(("sql", "says"), REFUSED.values(), ids=REFUSED)
def test_a_database_of_something_else_is_refused(cli, world, sql, says):
    change(sql)
    assert says in refused(cli)


def test_a_study_of_more_trials_than_anybody_trains_is_not_read(cli, world, monkeypatch):
    monkeypatch.setattr("kwavegan.search.checking.MOST_TRIALS", 1)
    assert "damaged" in refused(cli)


def test_a_file_that_is_huge_or_none_is_refused_at_once(cli, world):
    with open("huge.db", "wb") as file:
        file.truncate(2 << 30)  # of which nothing is written
    assert "larger than 1024 MB, which no study is" in refused(
        cli, "--storage", "sqlite:///huge.db"
    )
    if hasattr(os, "mkfifo"):
        os.mkfifo("pipe")
        assert "pipe: cannot be used" in refused(cli, "--storage", "sqlite:///pipe")


def test_searches_that_make_one_database_in_one_moment(tmp_path):
    code = (
        "import sys; from optuna.distributions import FloatDistribution\n"
        "from kwavegan.search.database import open_storage\n"
        "from kwavegan.search.study import open_study, quiet\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "about = {'objective': 'score', 'steps': 4, 'data': 'd'}\n"
        "space = {'lr': FloatDistribution(1e-5, 1e-1, log=True)}\n"
        "with quiet():\n"
        "    storage = open_storage(sys.argv[1])\n"
        "    open_study(storage, 'search', about, {'lr': 1e-3}, 0, space)\n"
    )
    command = [sys.executable, "-c", code, file_url(tmp_path / "shared.db")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    both = [subprocess.Popen(command, text=True, **pipes) for _ in range(2)]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=150)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said


def test_a_trial_killed_while_its_values_were_drawn_gets_the_others(cli, world):
    """Without them it would be trained with one's own settings, and the table would not say so."""
    arguments = ("search", "prepared", *SETTINGS, "--trials", 3)
    shutil.copytree("runs", "kept")
    cli(*arguments)
    whole = Path("runs/search/trials.csv").read_text()
    for kept in range(3):
        shutil.rmtree("runs")
        shutil.copytree("kept", "runs")
        cli(*arguments)
        change(
            f"DELETE FROM trial_params WHERE trial_id = 3 AND param_id NOT IN (SELECT param_id"
            f" FROM trial_params WHERE trial_id = 3 ORDER BY param_id LIMIT {kept});"
            "DELETE FROM trial_values WHERE trial_id = 3;"
            "DELETE FROM trial_intermediate_values WHERE trial_id = 3;"
            "DELETE FROM trial_user_attributes WHERE trial_id = 3;"
            "UPDATE trials SET state = 'RUNNING', datetime_complete = NULL WHERE trial_id = 3"
        )
        cli(*arguments)
        assert Path("runs/search/trials.csv").read_text() == whole


def test_a_clock_that_jumps_makes_no_trial_of_ones_own_lost(cli, world, monkeypatch):
    receive = loop.Search._receive

    def receive_and_jump(search):
        receive(search)
        change("UPDATE trial_heartbeats SET heartbeat = '2020-01-01 00:00:00'")

    monkeypatch.setattr(loop.Search, "_receive", receive_and_jump)
    result = cli("search", "prepared", *SETTINGS, "--trials", 6, "--jobs", 2)
    assert "another machine" not in result.stderr
    assert len(Path("runs/search/trials.csv").read_text().splitlines()) == 7


def test_what_a_killed_search_left_unfinished_is_cleared_away(cli, world):
    left = Path("runs/search/.partial-0123456789ab-importance.png")
    left.touch()
    cli("search", "prepared", *SETTINGS, "--trials", 2)
    assert not left.exists()
