"""No name in a CSV for people is a formula; what kwavegan reads back keeps every name."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from support.audio_files import write
from support.datasets import tiny_config

from kwavegan.data import PrepareSettings, prepare
from kwavegan.data.manifest import read_manifest
from kwavegan.evaluation.results import Evaluation, MeasureRow, save_evaluation
from kwavegan.generation.latents_table import merged_latents, read_latents
from kwavegan.generation.recipes import Recipe
from kwavegan.runs.run import Run
from kwavegan.search.results import TrialResult, write_trials
from kwavegan.storage.csv_log import MetricsLog, read_metrics
from kwavegan.storage.spreadsheets import csv_text

FORMULA = "=HYPERLINK(1)"


def cells(text):
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize(
    "name",
    [FORMULA, "+1+1", "-1+1", "@SUM(1)", "\tx", "\r=1", "\n=1", " =1", "＝1", "-", "--lr: 2"],
)
def test_a_name_is_no_formula(name):
    assert cells(csv_text([[name, "after"]])) == [[f"'{name}", "after"]]


@pytest.mark.parametrize("number", ["-1.5", "+2", "-1e-05", "-.5", "−1.5", "-3."])
def test_numbers_stay_numbers(number):
    assert csv_text([[number, -1.5, -2, 0.1]]) == f"{number},-1.5,-2,0.1\n"


def test_names_that_are_none_stay_as_they_are():
    assert cells(csv_text([["a=b", "'kick", "kick, dry", ""]])) == [
        ["a=b", "'kick", "kick, dry", ""]
    ]


def test_compare_prints_runs_and_judges_as_text(cli, tmp_path):
    row = MeasureRow(-1.5, 0.1, -2.5, 0.1)
    result = Evaluation(
        run=FORMULA,
        step=5,
        overall={"loudness": row},
        labels={},
        external={"+judge": {"overall": row}},
        classifier={},
        sounds={"compared": 8},
        about={"data": "d"},
        warnings=(),
    )
    run = Run.create("run", tiny_config(), tmp_path)
    run.path.rename(tmp_path / FORMULA)
    save_evaluation(Run(tmp_path / FORMULA), result)
    save_evaluation(Run.create("plain", tiny_config(), tmp_path), replace(result, run="plain"))
    made = cli("compare", FORMULA, "plain", "--format", "csv", "--runs-dir", tmp_path).stdout
    header, *rows = cells(made)
    assert header[2:4] == [f"'{FORMULA} @ 5", "plain @ 5"]
    assert [line[0] for line in rows] == ["loudness", "'+judge: overall"]
    assert rows[0][2:5] == ["-1.5", "-1.5", "-2.5"]
    assert rows[0][5].startswith(f"'{FORMULA}")


def test_trials_are_text_and_numbers(tmp_path):
    trial = TrialResult(0, "failed", -0.5, False, 0, 1.0, {"critic": "@x", "lr": 1e-3}, True, "-x")
    write_trials(tmp_path, [trial], ["critic", "lr"], "score")
    (line,) = csv.DictReader(io.StringIO((tmp_path / "trials.csv").read_text()))
    assert (line["score"], line["critic"], line["lr"], line["why"]) == (
        "-0.5",
        "'@x",
        "0.001",
        "'-x",
    )


def test_what_is_read_back_keeps_its_names(tmp_path):
    for name in (FORMULA, "-kick", "@snare\r"):
        for number in range(3):
            write(tmp_path / "src" / name / f"+{number}.wav")
    settings = PrepareSettings(rate=2048, length=256, validation=0, test=0)
    prepare(tmp_path / "src", tmp_path / "set", settings)
    rows = list(read_manifest(tmp_path / "set" / "manifest.csv"))
    assert {row.label for row in rows} == {FORMULA, "-kick", "@snare\r"}
    assert f"{FORMULA}/+0.wav" in {row.source for row in rows}
    labels = [FORMULA, "@snare\r"]
    for index, name in enumerate(("-kick_s0_0000", "-snare_s0_0000")):
        with merged_latents(tmp_path / "latents.csv", 2, labels) as add:
            add(Recipe(np.float32([-1.5, 2]), index, name))
    again = read_latents(tmp_path / "latents.csv", 2, labels)
    assert [recipe.name for recipe in again] == ["-kick_s0_0000", "-snare_s0_0000"]
    assert [recipe.label for recipe in again] == [0, 1]
    assert again[0].latent.tolist() == [-1.5, 2]
    log = MetricsLog(tmp_path / "metrics.csv")
    log.append({"step": 1, "of @snare\r": -0.5})
    assert read_metrics(tmp_path / "metrics.csv") == [{"step": 1, "of @snare\r": -0.5}]
