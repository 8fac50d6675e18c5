"""One trial of a search: what it says, how it stops, and how it is gone on with."""

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.datasets import sines, tiny_config
from support.training import run_training

from kwavegan.cli.main import main
from kwavegan.evaluation.classifier import load_or_train_classifier
from kwavegan.runs.run import Run
from kwavegan.search import worker
from kwavegan.storage.csv_log import read_metrics

pytestmark = pytest.mark.usefixtures("shared_gans")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """The toy set with a classifier kept beside it, which other processes then find."""
    made = sines(tmp_path_factory.mktemp("toy"))
    load_or_train_classifier(made, steps=30)
    return made


class Replies:
    """A search that replies `continue` until the `count`-th time it is asked."""

    def __init__(self, count=10**9, then="prune"):
        self.count, self.then = count, then

    def readline(self):
        self.count -= 1
        return "continue\n" if self.count > 0 else self.then


def run_trial(dataset, tmp_path, replies=None, name="trial-0000", **changes):
    """Return the outcome of a trial, and its messages."""
    config = tiny_config(evaluate_every=4, **changes).for_dataset(dataset, str(dataset.path))
    messages = io.StringIO()
    job = {"config": config.as_dict(), "folder": str(tmp_path / "search"), "name": name}
    job = json.loads(json.dumps(job))
    outcome = worker.run_job(job, worker.Channel(replies or Replies(), messages))
    sent = map(json.loads, messages.getvalue().splitlines())
    return outcome, [message for message in sent if "note" not in message]


def test_a_trial_reports_rows_and_evaluations_and_is_a_run_like_any_other(dataset, tmp_path):
    outcome, messages = run_trial(dataset, tmp_path)
    run = Run(tmp_path / "search" / "trial-0000")
    assert (outcome["ended"], outcome["step"], run.status().state) == ("finished", 12, "finished")
    rows = read_metrics(run.path / "validation.csv")
    scores = {row["step"]: row["score"] for row in rows}
    assert {each["step"]: each["score"] for each in messages if "score" in each} == scores
    assert [message["step"] for message in messages if "score" not in message] == [3, 6, 9, 12]
    assert outcome["score"] == max(scores.values())
    assert scores[outcome["best_step"]] == outcome["score"]


def test_a_trial_that_is_to_be_cut_short_stops_and_is_kept(dataset, tmp_path):
    # Asked at 3 (row), 4 (evaluation), 6 (row).
    outcome, _ = run_trial(dataset, tmp_path, Replies(3))
    run = Run(tmp_path / "search" / "trial-0000")
    assert (outcome["ended"], run.status().step) == ("pruned", 6)
    assert run.status().message == "pruned: behind the other trials of the search"
    assert run.checkpoint_steps()[-1] == 6


def test_a_trial_whose_search_is_gone_saves_and_goes_on_as_if_never_broken_off(dataset, tmp_path):
    whole, _ = run_trial(dataset, tmp_path, name="trial-0001")
    outcome, _ = run_trial(dataset, tmp_path, Replies(3, then=""))
    assert outcome["ended"] == "stopped"
    again, messages = run_trial(dataset, tmp_path)
    assert again["ended"] == "finished"
    assert [message["step"] for message in messages] == [4, 8, 9, 12, 12]  # 4 is reported once more
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}


def test_an_evaluation_that_was_missed_is_made_up_for(dataset, tmp_path):
    """Killed between the checkpoint and its evaluation, the last of all."""
    whole, _ = run_trial(dataset, tmp_path)
    path = tmp_path / "search" / "trial-0000" / "validation.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    again, messages = run_trial(dataset, tmp_path)
    assert [message["step"] for message in messages if "score" in message] == [4, 8, 12]
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}


def test_a_folder_that_was_cut_off_while_it_was_made_is_made_anew(dataset, tmp_path):
    (tmp_path / "search" / "trial-0000").mkdir(parents=True)
    assert run_trial(dataset, tmp_path)[0]["ended"] == "finished"


def test_a_trial_does_not_write_into_another_run(dataset, tmp_path):
    run_trial(dataset, tmp_path)
    outcome, _ = run_trial(dataset, tmp_path, lr=0.1)
    assert outcome["ended"] == "failed"
    assert "trial-0000: is another run" in outcome["why"]


def test_a_diverging_trial_says_how_far_it_came(dataset, tmp_path):
    outcome, _ = run_trial(dataset, tmp_path, stop_loss=1e-6)
    assert (outcome["ended"], outcome["step"], outcome["score"]) == ("diverged", 3, None)


def test_networks_that_cannot_be_built_are_refused_not_failed(dataset, tmp_path):
    config = tiny_config().for_dataset(dataset, str(dataset.path)).as_dict()
    job = {"config": {**config, "labels": ["a", "b"]}, "folder": str(tmp_path), "name": "x"}
    outcome = worker.run_job(job, worker.Channel(Replies(), io.StringIO()))
    assert outcome["ended"] == "refused"
    assert not (tmp_path / "x").exists()


def test_a_search_killed_at_any_moment_goes_on_and_best_toml_trains(dataset, tmp_path, monkeypatch):
    """SIGKILL of the search: its trial stops by itself, and the next search takes it up."""
    monkeypatch.chdir(tmp_path)
    settings = {"steps": 30, "evaluate_every": 3}
    toml = tmp_path / "tiny.toml"
    toml.write_text(tiny_config(**settings).to_toml())
    (tmp_path / "space.toml").write_text("lr = [1e-4, 1e-3]\n")
    command = ["search", str(dataset.path), "--config", "tiny.toml", "--space", "space.toml"]
    command += ["--trials", "1", "--evaluate-every", "3"]
    process = subprocess.Popen(
        [sys.executable, "-m", "kwavegan", *command], stdout=subprocess.DEVNULL
    )
    run = Run(Path(os.environ["KWAVEGAN_RUNS"]) / "search" / "trial-0000")
    deadline = time.monotonic() + 120
    while len(read_metrics(run.path / "validation.csv")) < 3:
        assert process.poll() is None, "the search ended by itself"
        assert time.monotonic() < deadline, "no evaluation within 120 s"
        time.sleep(0.01)
    process.kill()
    process.wait()
    made = CliRunner().invoke(main, command)
    assert made.exit_code == 0, made.output
    assert "continues: 1 trial so far" in made.output
    config = tiny_config(lr=1e-3, **settings).for_dataset(dataset, str(dataset.path))
    whole = run_training(config, dataset, "whole").run
    for name in ("validation.csv", "metrics.csv"):
        got, want = (read_metrics(each.path / name) for each in (run, whole))
        for row in (*got, *want):
            row.pop("seconds")
        assert got == want
    made = CliRunner().invoke(main, ["train", "--config", str(run.path.parent / "best.toml")])
    assert made.exit_code == 0, made.output
    assert "step 30/30" in made.output
