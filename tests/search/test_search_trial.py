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

from kwavegan.cli.main import main
from kwavegan.evaluation import classifier
from kwavegan.runs.run import Run
from kwavegan.search import worker
from kwavegan.storage.csv_log import read_metrics
from kwavegan.training.session import settle, train


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """The toy set with its judge beside it, which other processes then find."""
    made = sines(tmp_path_factory.mktemp("toy"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "_steps", lambda dataset: 30)
        classifier.judge_of(made)
    return made


class Answers:
    """A search that says `on` until the `count`-th time it is asked."""

    def __init__(self, count=10**9, then="prune"):
        self.count, self.then = count, then

    def readline(self):
        self.count -= 1
        return "on\n" if self.count > 0 else self.then


def tried(dataset, tmp_path, answers=None, name="trial-0000", **changes):
    """Return how a trial ended and what it said."""
    config = settle(tiny_config(evaluate_every=4, **changes), dataset, str(dataset.path))
    told = io.StringIO()
    job = {"config": config.as_dict(), "folder": str(tmp_path / "search"), "name": name}
    job = json.loads(json.dumps(job))
    ended = worker._outcome(job, worker.Line(answers or Answers(), told))
    said = map(json.loads, told.getvalue().splitlines())
    return ended, [news for news in said if "note" not in news]


def test_a_trial_tells_rows_and_evaluations_and_is_a_run_like_any_other(dataset, tmp_path):
    ended, said = tried(dataset, tmp_path)
    run = Run(tmp_path / "search" / "trial-0000")
    assert (ended["ended"], ended["step"], run.status().state) == ("finished", 12, "finished")
    rows = read_metrics(run.path / "validation.csv")
    scores = {row["step"]: row["score"] for row in rows}
    assert {news["step"]: news["score"] for news in said if "score" in news} == scores
    assert [news["step"] for news in said if "score" not in news] == [3, 6, 9, 12]
    assert ended["score"] == max(scores.values())
    assert scores[ended["best_step"]] == ended["score"]


def test_a_trial_that_is_to_be_cut_short_stops_and_is_kept(dataset, tmp_path):
    # Asked at 3 (row), 4 (evaluation), 6 (row).
    ended, _ = tried(dataset, tmp_path, Answers(3))
    run = Run(tmp_path / "search" / "trial-0000")
    assert (ended["ended"], run.status().step) == ("pruned", 6)
    assert run.status().message == "pruned: behind the other trials of the search"
    assert run.steps()[-1] == 6


def test_a_trial_whose_search_is_gone_saves_and_goes_on_as_if_never_broken_off(dataset, tmp_path):
    whole, _ = tried(dataset, tmp_path, name="trial-0001")
    ended, _ = tried(dataset, tmp_path, Answers(3, then=""))
    assert ended["ended"] == "stopped"
    again, said = tried(dataset, tmp_path)
    assert again["ended"] == "finished"
    assert [news["step"] for news in said] == [4, 8, 9, 12, 12]  # 4 is said once more
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}


def test_an_evaluation_that_was_missed_is_made_up_for(dataset, tmp_path):
    """Killed between the checkpoint and its evaluation, the last of all."""
    whole, _ = tried(dataset, tmp_path)
    path = tmp_path / "search" / "trial-0000" / "validation.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    again, said = tried(dataset, tmp_path)
    assert [news["step"] for news in said if "score" in news] == [4, 8, 12]
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}


def test_a_folder_that_was_cut_off_while_it_was_made_is_made_anew(dataset, tmp_path):
    (tmp_path / "search" / "trial-0000").mkdir(parents=True)
    assert tried(dataset, tmp_path)[0]["ended"] == "finished"


def test_a_trial_does_not_write_into_another_run(dataset, tmp_path):
    tried(dataset, tmp_path)
    ended, _ = tried(dataset, tmp_path, lr=0.1)
    assert ended["ended"] == "failed"
    assert "trial-0000: is another run" in ended["why"]


def test_a_diverging_trial_says_how_far_it_came(dataset, tmp_path):
    ended, _ = tried(dataset, tmp_path, stop_loss=1e-6)
    assert (ended["ended"], ended["step"], ended["score"]) == ("diverged", 3, None)


def test_networks_that_cannot_be_built_are_refused_not_failed(dataset, tmp_path):
    config = settle(tiny_config(), dataset, str(dataset.path)).as_dict()
    job = {"config": {**config, "labels": ["a", "b"]}, "folder": str(tmp_path), "name": "x"}
    ended = worker._outcome(job, worker.Line(Answers(), io.StringIO()))
    assert ended["ended"] == "refused"
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
    assert "going on: 1 trial so far" in made.output
    config = settle(tiny_config(lr=1e-4, **settings), dataset, str(dataset.path))
    whole = train(config, dataset, "whole").run
    for name in ("validation.csv", "metrics.csv"):
        got, want = (read_metrics(each.path / name) for each in (run, whole))
        for row in (*got, *want):
            row.pop("seconds")
        assert got == want
    made = CliRunner().invoke(
        main, ["train", "--config", str(run.path.parent / "best.toml"), "--steps", "3"]
    )
    assert made.exit_code == 0, made.output
    assert "step 3/3" in made.output
