"""The search around its trials; `support/fake_worker.py` takes the place of training."""

import csv
import json
import math
import signal
import sys
import threading
import time
from pathlib import Path

import optuna
import pytest
from click.testing import CliRunner
from support.datasets import sines, tiny_config

from kwavegan.cli.main import main
from kwavegan.config.resolution import read_config
from kwavegan.config.settings import Config
from kwavegan.runs.run import Run
from kwavegan.search import job, results
from kwavegan.search.database import file_url
from kwavegan.search.plan import Plan, begin
from kwavegan.search.results import TrialResult

FAKE_WORKER = (
    sys.executable,
    "-I",
    "-S",
    str(Path(__file__).parents[1] / "support" / "fake_worker.py"),
)
SPACE = "lr = { low = 1e-5, high = 1e-1, log = true }\n"


@pytest.fixture(autouse=True)
def _fake_worker(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "COMMAND", FAKE_WORKER)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(tiny_config(lr=1e-5, steps=4).to_toml())
    (tmp_path / "space.toml").write_text(SPACE)


@pytest.fixture
def search(dataset):
    def run(*args):
        fixed = ("--config", "tiny.toml", "--space", "space.toml")
        given = [str(arg) for arg in args]
        if "--config" in given:
            fixed = fixed[2:]
        return CliRunner().invoke(main, ["search", str(dataset.path), *fixed, *given])

    return run


def trials(name="search"):
    with (Path("runs") / name / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def study(name="search"):
    folder = Path("runs") / name
    return optuna.load_study(study_name=name, storage=file_url(folder / "study.db"))


def test_a_search_finds_better_settings_than_the_first(search, tmp_path):
    made = search("--trials", 8)
    assert made.exit_code == 0, made.output
    rows = trials()
    assert [row["trial"] for row in rows] == [str(i) for i in range(8)]
    assert float(rows[0]["lr"]) == 1e-5  # the settings as they were given
    scores = [float(row["score"]) for row in rows if row["state"] == "finished"]
    assert max(scores) > scores[0]
    assert f"score {max(scores):.4g}, the first {scores[0]:.4g}: " in made.output
    assert f"next: kwavegan train --config {tmp_path}/runs/search/best.toml" in made.output
    assert Path("runs/search/importance.png").read_bytes().startswith(b"\x89PNG")


def test_best_toml_holds_the_settings_of_the_best_trial_and_of_the_user(search, dataset):
    assert search("--trials", 5, "--gamma", 2).exit_code == 0
    best = study().best_trial
    config = read_config("runs/search/best.toml")
    trained = json.loads(Path(f"runs/search/trial-{best.number:04}/config.json").read_text())
    trained = Config(**trained).as_dict()
    differing = {name for name, value in config.as_dict().items() if value != trained[name]}
    # Trials alone are looked at more often, and never begun again.
    assert differing == {"evaluate_every"}
    assert config.evaluate_every == tiny_config().evaluate_every
    assert (config.lr, config.gamma) == (best.params["lr"], 2.0)
    assert config.data == str(dataset.path)


def test_the_same_command_goes_on_up_to_its_number_of_trials(search):
    assert search("--trials", 2).exit_code == 0
    before = trials()
    made = search("--trials", 4)
    assert "continues: 2 trials so far" in made.output
    assert trials()[:2] == before
    assert len(trials()) == 4
    assert "trial 4" not in search("--trials", 4).output


def test_a_search_broken_off_tries_the_same_as_one_that_was_not(search):
    search("--name", "whole", "--trials", 7)
    for count in (2, 6, 7):
        search("--name", "parts", "--trials", count)
    search("--name", "other", "--trials", 3, "--seed", 1)
    whole, parts, other = ([row["lr"] for row in trials(n)] for n in ("whole", "parts", "other"))
    assert whole == parts
    assert len(set(whole)) == 7
    assert not set(whole[1:]) & set(other[1:])


def test_a_trial_that_was_cut_off_is_taken_up_again(search, dataset):
    """What a killed search leaves behind: a trial that the study takes for running."""
    search("--trials", 1)
    own = study()
    broken = own.ask({"lr": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True)})
    broken.report(0.0625, 1)
    made = search("--trials", 2)
    assert made.exit_code == 0, made.output
    rows = trials()
    assert [row["state"] for row in rows] == ["finished", "finished"]
    assert float(rows[1]["lr"]) == broken.params["lr"]
    assert study().trials[1].intermediate_values[1] == 0.0625  # kept, not said twice


def test_a_trial_of_another_machine_is_left_alone(search, tmp_path):
    url = f"sqlite:///{tmp_path}/shared.db"
    search("--trials", 1, "--storage", url)
    shared = optuna.load_study(study_name="search", storage=url)
    theirs = shared.ask({"lr": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True)})
    theirs.set_user_attr("home", "another")
    assert search("--trials", 3, "--storage", url).exit_code == 0
    states = [row["state"] for row in trials()]
    assert states == ["finished", "unfinished", "finished"]


def test_a_trial_of_a_machine_that_is_gone_is_done_again(search, tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/shared.db"
    search("--trials", 1, "--storage", url)
    shared = optuna.load_study(study_name="search", storage=url)
    theirs = shared.ask({"lr": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True)})
    theirs.set_user_attr("home", "another")
    shared._storage._backend.record_heartbeat(theirs._trial_id)
    monkeypatch.setattr("kwavegan.search.database.LOST_AFTER_SECONDS", 1)
    time.sleep(2.1)  # the database's clock has whole seconds
    assert search("--trials", 2, "--storage", url).exit_code == 0
    rows = trials()
    assert [row["state"] for row in rows] == ["finished", "lost", "finished"]
    assert rows[2]["lr"] == rows[1]["lr"]


def test_trials_that_lag_behind_are_cut_short(search, tmp_path):
    space = "lr = { low = 1e-4, high = 1e-2, log = true }\nbatch_size = [8, 3]\n"
    (tmp_path / "space.toml").write_text(space)
    assert search("--trials", 6).exit_code == 0
    study().enqueue_trial({"lr": 1e-3, "batch_size": 3})
    made = search("--trials", 7)
    assert "trial 6: pruned" in made.output
    assert trials()[6]["state"] == "pruned"
    assert 1 <= len(study().trials[6].intermediate_values) < 4


def test_a_trial_that_diverges_is_never_the_best(search, tmp_path):
    (tmp_path / "space.toml").write_text("batch_size = [8, 2]\n")
    (tmp_path / "tiny.toml").write_text(tiny_config(lr=1e-3, steps=4, batch_size=2).to_toml())
    assert search("--trials", 5).exit_code == 0
    rows = trials()
    assert rows[0]["state"] == "diverged"
    assert study().best_trial.params["batch_size"] == 8
    assert read_config("runs/search/best.toml").batch_size == 8


def test_survival_counts_the_steps_until_a_loss_passed_its_bound(search, tmp_path):
    (tmp_path / "space.toml").write_text("batch_size = [8, 2]\n")
    (tmp_path / "tiny.toml").write_text(
        tiny_config(steps=4, evaluate_every=1, batch_size=2).to_toml()
    )
    assert search("--trials", 4, "--objective", "survival").exit_code == 0
    survived = {row["batch_size"]: row["steps survived"] for row in trials()}
    assert survived == {"2": "3.0", "8": "4.0"}


def test_trials_that_fail_one_after_another_end_the_search(search, tmp_path):
    made = search("--trials", 6, "--batch-size", 1)
    assert made.exit_code == 2
    assert made.stderr.count("\n") == 1
    assert "3 trials failed one after another, the last because: out of luck; see" in made.stderr
    assert (tmp_path / "runs" / "search" / "trial-0002.log").read_text() == "out of luck\n"
    assert {trial.state.name for trial in study().trials} == {"FAIL"}


def test_combinations_that_cannot_be_trained_do_not_count(search, tmp_path):
    (tmp_path / "space.toml").write_text('loss = ["relativistic", "acgan"]\nbatch_size = [8, 4]\n')
    assert search("--trials", 4).exit_code == 0
    rows = trials()
    refused = [row for row in rows if row["state"] == "refused"]
    assert len(rows) - len(refused) == 4
    assert any("acgan needs the model acgan" in row["why"] for row in refused)
    kept = [(row["loss"], row["batch_size"]) for row in rows if row not in refused]
    assert set(kept) == {("relativistic", "8")}


def test_two_jobs_share_a_study(search):
    assert search("--trials", 6, "--jobs", 2).exit_code == 0
    rows = trials()
    assert len(rows) == 6
    assert len({row["lr"] for row in rows}) == 6


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_stops_and_the_trial_in_hand_is_gone_on_with(search, dataset):
    before = signal.getsignal(signal.SIGINT)

    def interrupt():
        while not Path("runs/search/trial-0000/config.json").exists():
            time.sleep(0.05)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    made = search("--trials", 3, "--batch-size", 5)  # it says nothing, ever
    assert made.exit_code == 0, made.output
    assert "stopped and saved with 1 of 3 trials begun; continue with: kwavegan" in made.output
    assert [trial.state.name for trial in study().trials] == ["RUNNING"]
    assert signal.getsignal(signal.SIGINT) is before


def test_two_searches_in_one_folder_are_refused(search, dataset):
    plan = Plan(tiny_config(), {}, str(dataset.path))
    with begin(plan):
        made = search("--trials", 1)
    assert made.exit_code == 2
    assert "another search is running here" in made.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--steps", "20"], "began with steps = 4, not 20"),
        (["--gamma", "2"], "began with gamma = 0.3, not 2"),
        (["--objective", "survival"], "began with objective = score, not survival"),
        (["--space", "other.toml"], "began with the space has lr = low 1e-05 high 0.1"),
    ],
)
def test_a_search_goes_on_with_the_same_alone(search, tmp_path, args, says):
    (tmp_path / "other.toml").write_text("lr = [1e-3, 1e-4]\n")
    search("--trials", 1)
    made = search("--trials", 2, *args)
    assert made.exit_code == 2
    assert made.stderr.count("\n") == 1
    assert says in made.stderr
    assert len(trials()) == 1


def test_a_search_does_not_go_on_with_other_data(search, tmp_path):
    search("--trials", 1)
    other = sines(tmp_path / "other")
    manifest = other.path / "manifest.csv"
    manifest.write_text(manifest.read_text().replace(",train,", ",test,", 1))
    command = ["search", str(other.path), "--config", "tiny.toml", "--space", "space.toml"]
    made = CliRunner().invoke(main, command)
    assert made.exit_code == 2
    assert "began with other data" in made.stderr


def test_a_run_and_a_search_do_not_share_a_folder(search):
    Run.create("search", Config())
    made = search()
    assert made.exit_code == 2
    assert "is a run; choose another --name" in made.stderr
    assert not Path("runs/search/study.db").exists()


def test_a_study_of_somebody_else_is_left_alone(search, tmp_path):
    url = f"sqlite:///{tmp_path}/shared.db"
    optuna.create_study(study_name="search", storage=url).add_trial(optuna.create_trial(value=1.0))
    made = search("--storage", url)
    assert made.exit_code == 2
    assert "its study is none of `kwavegan search`" in made.stderr
    assert not Path("runs/search").exists()


def outcomes(*pairs):
    """Return trials that ended so, with values of two settings, lr alone of which matters."""
    return [
        TrialResult(
            i,
            state,
            value,
            state == "finished",
            0,
            1.0,
            {"lr": lr, "batch_size": 8 + i % 2},
            False,
            "",
        )
        for i, (state, value, lr) in enumerate(pairs)
    ]


LR = optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True)
DRAWN = {"lr": LR, "batch_size": optuna.distributions.IntDistribution(8, 16)}


def test_what_mattered_is_told_apart_from_what_did_not():
    made = outcomes(*[("finished", -abs(i - 8), 10 ** (i / 5 - 5)) for i in range(20)])
    shares = results.importances(made, DRAWN)
    assert next(iter(shares)) == "lr"
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["lr"] > 0.8


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (outcomes(*[("finished", 1.0, 1e-3)] * 3), "3 trials are too few"),
        (outcomes(*[("finished", 1.0, 1e-3)] * 6), "all trials have the same value"),
        (outcomes(*[("failed", math.nan, 1e-3)] * 6), "0 trials are too few"),
    ],
)
def test_what_mattered_stays_open_where_it_cannot_be_told(made, says):
    assert says in results.importances(made, DRAWN)


def test_trials_that_diverged_count_as_the_worst_for_what_mattered():
    good = [("finished", 1.0 + i / 10, 1e-4) for i in range(5)]
    bad = [("diverged", 9.0, 1e-2)] * 5
    worse = [("diverged", math.nan, 1e-2)] * 5
    assert results.importances(outcomes(*good, *bad), DRAWN) == (
        results.importances(outcomes(*good, *worse), DRAWN)
    )


def test_equal_trials_are_all_good_or_none():
    """Steps survived are often equal: the many that came to the end, or the many that did not."""
    for count in (1, 5, 9):
        made = outcomes(
            *[("finished", 9.0, 1e-4)] * count, *[("finished", 1.0, 1e-2)] * (10 - count)
        )
        assert results.importances(made, DRAWN)["lr"] > 0.5
