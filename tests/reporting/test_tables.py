import csv
import io
import math

import pytest
from support.datasets import tiny_config

from kwavegan.errors import InputError
from kwavegan.evaluation.results import Evaluation, MeasureRow, load_evaluation, save_evaluation
from kwavegan.reporting.tables import comparison_table, evaluation_table
from kwavegan.runs.run import Run

NAN = math.nan


def evaluation(run, accuracy, distance, diversity, loudness, **changes):
    overall = {
        "label_accuracy": MeasureRow(accuracy, 0.01, 1.0, 0.0),
        "frechet_distance": MeasureRow(distance, 0.5, 2.5, 0.1),
        "diversity": MeasureRow(diversity, 0.05, 1.02, NAN),
        "loudness": MeasureRow(loudness, 0.2, -20.0, 0.3),
    }
    values = {
        "run": run,
        "step": 500,
        "overall": overall,
        "labels": {"kick": overall, "snare": {"label_accuracy": MeasureRow(0.5, 0.1, NAN, NAN)}},
        "external": {"dnsmos": {"overall": MeasureRow(accuracy + 1, 0.1, 2.4, 0.1)}},
        "classifier": {"digest": "abc", "accuracy": 1.0},
        "sounds": {"generated": 100, "compared": 80, "train": 80, "test": 20},
        "about": {"data": "d1", "seconds": 1.5},
        "warnings": ("few",),
    }
    return Evaluation(**{**values, **changes})


ONE = evaluation("one", 0.9, 31.26, 0.5, -26.0)
TWO = evaluation("two", 0.8, 1234.5, 1.4, -19.0)


def test_a_result_comes_back_from_its_file_as_it_was(tmp_path):
    run = Run.create("one", tiny_config(), tmp_path)
    path = save_evaluation(run, ONE)
    assert "NaN" not in path.read_text()
    assert repr(load_evaluation(run)) == repr(ONE)


def test_the_best_checkpoint_is_compared_then_the_last(tmp_path):
    run = Run.create("one", tiny_config(), tmp_path)
    for step in (500, 1000, 1500):
        save_evaluation(run, evaluation("one", 0.9, 1.0, 1.0, -20.0, step=step))
    assert load_evaluation(run).step == 1500
    run.mark_best(1000)
    assert load_evaluation(run).step == 1000
    assert load_evaluation(run, 500).step == 500
    with pytest.raises(InputError, match=r"run: kwavegan evaluate one --checkpoint 7"):
        load_evaluation(run, 7)
    run.evaluation_path(1000).write_text('{"overall": 3}')
    with pytest.raises(InputError, match="damaged; evaluate again"):
        load_evaluation(run)


def test_one_evaluation_shows_intervals_real_sounds_and_labels():
    lines = evaluation_table(ONE).splitlines()
    assert lines[1].split() == [
        *["label", "accuracy", "↑", "0.900", "±", "0.020", "1.000", "±", "0.000"]
    ]
    assert lines[2].split() == [
        *["Fréchet", "distance", "↓", "31.3", "±", "0.980", "2.500", "±", "0.196"]
    ]
    assert lines[3].split() == [*["diversity", "→", "1", "0.500", "±", "0.098", "1.020"]]
    assert lines[5].split()[:3] == ["dnsmos:", "overall", "↑"]
    kick, snare = lines[-2:]
    assert kick.split() == ["kick", "0.900", "(1.000)", "31.3", "(2.500)", "0.500", "(1.020)"]
    assert snare.split() == ["snare", "0.500", "(–)", "–", "(–)", "–", "(–)"]


def test_the_best_is_marked_whichever_way_is_better():
    table = comparison_table([ONE, TWO]).splitlines()
    assert table[0].split() == ["measure", "one", "@", "500", "two", "@", "500", "real"]
    for line, best, other in [
        (1, "0.900 *", "0.800"),  # higher
        (2, "31.3 *", "1,234"),  # lower
        (3, "1.400 *", "0.500"),  # nearer to 1
        (4, "-19.0 *", "-26.0"),  # nearer to the real one
        (5, "1.900 *", "1.800"),
    ]:
        assert best in table[line], table[line]
        assert f"{other} *" not in table[line]


def test_equals_are_all_best_and_a_lone_number_is_not():
    same = evaluation("same", 0.9, 40.0, NAN, -26.0)
    lines = comparison_table([ONE, same]).splitlines()
    assert lines[1].count("*") == 2
    assert "*" not in lines[3]
    assert "–" in lines[3]


def test_markdown_and_csv():
    lines = comparison_table([ONE, TWO], "markdown").splitlines()
    assert lines[1] == "|---|---|---|---|---|"
    assert lines[2] == "| label accuracy | ↑ | **0.900** | 0.800 | 1.000 |"
    rows = list(csv.DictReader(io.StringIO(comparison_table([ONE, TWO], "csv"))))
    assert rows[1]["measure"] == "frechet_distance"
    assert float(rows[1]["two @ 500"]) == 1234.5
    assert rows[1]["best"] == "one @ 500"
    assert rows[2]["best"] == "two @ 500"


@pytest.fixture
def compare(cli, tmp_path):
    for name, result in {
        "one": ONE,
        "two": TWO,
        "other": evaluation("other", 1, 1, 1, 1, classifier={"digest": "other", "accuracy": 1.0}),
        "far": evaluation("far", 1, 1, 1, 1, about={"data": "d2"}),
        "new": None,
    }.items():
        run = Run.create(name, tiny_config(), tmp_path)
        if result:
            save_evaluation(run, result)

    return lambda *runs, code=0: cli("compare", *runs, "--runs-dir", tmp_path, code=code)


def test_compare_prints_runs_side_by_side(compare):
    result = compare("one", "two@500")
    assert result.stdout.strip() == comparison_table([ONE, TWO])
    assert result.stderr == ""
    assert compare("one", "two", "--format", "csv").stdout.startswith("measure,better,one @ 500")


def test_compare_says_what_does_not_compare(compare):
    assert "different classifiers" in compare("one", "other").stderr
    assert "different data" in compare("one", "far").stderr
    assert "run: kwavegan evaluate new" in compare("one", "new", code=2).stderr
    assert "--checkpoint 9" in compare("one@9", code=2).stderr
