"""A training that is broken off between two things it does at a step, and goes on."""

import numpy as np
import pytest
from support.datasets import tiny_config
from support.listeners import listening
from support.training import resume, run_training

from kwavegan.runs.run import HEALTH, VALIDATION, Run
from kwavegan.storage import files
from kwavegan.storage.csv_log import read_metrics

EVERYTHING = {"evaluate_every": 4, "preview_every": 8, "steps": 8, "tensorboard": "off"}


class BrokenOffError(Exception):
    """In place of a kill, which no test can time."""


def config(dataset, **changes):
    return tiny_config(**{**EVERYTHING, **changes}).for_dataset(dataset)


def break_off(dataset, name, after, which, **changes):
    """Train until the pause of a kind that comes the `which`-th time is over."""
    seen = []

    def paused(kind, seconds):
        seen.append(kind)
        if seen.count(after) == which:
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        run_training(
            config(dataset, **changes), dataset, name, listeners=[listening(paused=paused)]
        )
    return Run.open(name)


def kept(run):
    """Return all that a run has to tell, clocks apart."""
    tables = {}
    for name in ("metrics.csv", VALIDATION, HEALTH):
        tables[name] = [{**row, "seconds": 0} for row in read_metrics(run.path / name)]
    sounds = {str(p.relative_to(run.path)): p.read_bytes() for p in run.path.glob("previews/*/*")}
    return tables, sounds, run.best_step()


@pytest.fixture(scope="module")
def whole(dataset, tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    return kept(run_training(config(dataset), dataset, "whole", runs).run)


@pytest.mark.parametrize(
    ("after", "which"),
    [("checkpoint", 1), ("checkpoint", 2), ("evaluation", 2), ("first sounds", 1)],
)
def test_what_a_saved_step_still_owes_is_made_up_for(dataset, whole, after, which):
    """After a checkpoint come an evaluation and a preview: no kill between them loses one."""
    run = break_off(dataset, "cut", after, which)
    assert resume(run, dataset).state == "finished"
    tables, sounds, best = kept(run)
    assert tables == whole[0]
    assert sounds == whole[1]
    assert best == whole[2]


def test_a_row_covers_the_steps_of_the_session_before_too(dataset):
    """The checkpoint of step 4 comes between the rows of steps 3 and 6."""
    quiet = {"evaluate_every": 0, "preview_every": 0, "steps": 6}
    run = break_off(dataset, "cut", "checkpoint", 1, **quiet)
    assert run.checkpoint_steps() == [4]
    resume(run, dataset)
    whole = run_training(config(dataset, **quiet), dataset, "whole").run
    assert kept(run)[0] == kept(whole)[0]


def test_a_checkpoint_without_running_means_is_gone_on_from(dataset):
    """As those of earlier versions."""
    quiet = {"evaluate_every": 0, "preview_every": 0, "steps": 6}
    run = break_off(dataset, "cut", "checkpoint", 1, **quiet)
    checkpoint = run.load_checkpoint()
    old = {name: v for name, v in checkpoint.arrays.items() if not name.startswith("metrics/")}
    assert len(old) < len(checkpoint.arrays)
    run.save_checkpoint(4, old, {})
    assert resume(run, dataset).state == "finished"
    assert [row["step"] for row in read_metrics(run.path / "metrics.csv")] == [3, 6]


def test_a_finished_run_that_is_resumed_loses_its_unfinished_files(dataset):
    run = run_training(config(dataset, evaluate_every=0, preview_every=0), dataset, "run").run
    litter = run.path / f"{files.PARTIAL}0123456789ab-report.html"
    litter.write_text("half")
    before = np.load(run.checkpoint_path(8))["checksum"].tobytes()
    assert resume(run, dataset).state == "finished"
    assert not litter.exists()
    assert np.load(run.checkpoint_path(8))["checksum"].tobytes() == before
