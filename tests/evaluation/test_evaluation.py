import json
import math
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from support.datasets import LENGTH, PITCHES, RATE, tiny_config, write_sines
from support.training import run_training

from kwavegan.cli.main import main
from kwavegan.data import PrepareSettings, prepare
from kwavegan.data.dataset import Split, open_dataset
from kwavegan.errors import InputError
from kwavegan.evaluation import evaluator, external
from kwavegan.evaluation.classifier import load_or_train_classifier
from kwavegan.evaluation.evaluator import build_reference, matched_rows, scores
from kwavegan.evaluation.measures import MEASURES
from kwavegan.evaluation.results import load_evaluation
from kwavegan.gan.sampling import shares
from kwavegan.runs.run import Run


def toy(folder, count=120):
    """Return sines of two labels, beside a classifier that was trained for a moment only."""
    source = write_sines(folder / "sines", count)
    settings = PrepareSettings(rate=RATE, length=LENGTH, test=30.0)
    prepare(source, folder / "prepared", settings, jobs=1)
    dataset = open_dataset(folder / "prepared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWAVEGAN_CACHE", str(folder / "cache"))
        load_or_train_classifier(dataset, steps=40)
    return dataset


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    dataset = toy(tmp_path_factory.mktemp("toy"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWAVEGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        return build_reference(dataset)


def new_sines(n=80, seed=5):
    """Split like those of the toy set, that are not in it."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    pitch = np.array([PITCHES[name] for name in ("high", "low")])[labels, None]
    angle = 2 * np.pi * pitch * np.arange(LENGTH) / RATE + rng.uniform(0, 6.3, (n, 1))
    return (rng.uniform(0.4, 0.9, (n, 1)) * np.sin(angle))[..., None].astype("float32"), labels


def measured(reference, sounds, labels, **options):
    rows = scores(sounds, labels, reference, **options)["overall"]
    return {name: row.value for name, row in rows.items()}, rows


def test_real_sounds_are_as_good_as_real(reference):
    got, rows = measured(reference, *new_sines())
    assert list(got) == list(MEASURES)
    assert got["label_accuracy"] == 1 == rows["label_accuracy"].real
    for name in ("frechet_distance", "frechet_distance_mel"):
        assert got[name] < 3 * rows[name].real + 0.1
    assert abs(got["kernel_distance"]) < 1
    assert 0.8 < got["diversity"] < 1.25
    assert 0.8 < got["diversity_mel"] < 1.25
    assert min(got["precision"], got["recall"], got["coverage"]) > 0.8
    assert 1.8 < got["inception_score"] <= 2.01
    assert got["am_score"] < 0.1
    assert 0.4 < got["nearest_training"] / rows["nearest_training"].real < 2.5
    assert got["silent"] == got["clipped"] == 0
    assert abs(got["loudness"] - rows["loudness"].real) < 1.5


def test_noise_is_far_from_real(reference):
    noise = np.random.default_rng(0).normal(0, 0.3, (80, LENGTH, 1)).astype("float32")
    got, rows = measured(reference, np.clip(noise, -1, 1), np.arange(80) % 2)
    assert got["label_accuracy"] < 0.8
    assert got["frechet_distance"] > 10 * rows["frechet_distance"].real
    assert got["frechet_distance_mel"] > 10 * rows["frechet_distance_mel"].real
    assert got["kernel_distance"] > 3
    assert got["precision"] < 0.2
    assert got["recall"] < 0.2
    assert got["nearest_training"] > 3


def test_one_sound_repeated_has_no_diversity(reference):
    sounds, labels = new_sines()
    got, _ = measured(reference, sounds[labels], labels)
    assert got["label_accuracy"] == 1
    assert got["diversity"] < 1e-3
    assert got["diversity_mel"] < 1e-3
    assert got["recall"] == 0
    assert got["coverage"] < 0.5


def test_swapped_labels_are_noticed_in_total_and_label_by_label(reference):
    sounds, labels = new_sines()
    made = scores(sounds, 1 - labels, reference)
    assert made["overall"]["label_accuracy"].value == 0
    assert made["overall"]["precision"].value > 0.8
    rows = made["labels"]["high"]
    assert rows["label_accuracy"].value == 0
    assert rows["precision"].value < 0.2
    assert rows["frechet_distance"].value > 10 * rows["frechet_distance"].real
    assert "inception_score" not in rows


def test_copies_of_training_sounds_are_noticed(reference):
    got, rows = measured(reference, *reference.audio["train"])
    assert got["nearest_training"] == 0
    assert rows["nearest_training"].real > 0.4


def test_silence_clipping_and_loudness_are_counted(reference):
    sounds, labels = new_sines(n=40)
    sounds[:10] = 0
    sounds[10:14] = np.clip(sounds[10:14] * 5, -1, 1)
    got, _ = measured(reference, sounds, labels)
    assert got["silent"] == 0.25
    assert got["clipped"] == 0.1


def test_the_floor_has_as_many_sounds_as_are_compared(reference):
    sounds, labels = new_sines(n=400)
    made = scores(sounds, labels, reference)
    counts = np.bincount(reference.space.training.labels)
    assert made["sounds"]["generated"] == 400
    assert made["sounds"]["compared"] == counts.sum()
    few = scores(sounds[:20], labels[:20], reference)
    assert few["sounds"]["compared"] == 20
    assert few["overall"]["frechet_distance"].real != made["overall"]["frechet_distance"].real


def test_without_given_labels_the_classifier_predicts_them(reference):
    sounds, _ = new_sines()
    made = scores(sounds, np.zeros(80, int), reference, labelled=False)
    assert "label_accuracy" not in made["overall"]
    assert made["labels"] == {}
    assert 0.8 < made["overall"]["diversity"].value < 1.25


def test_a_bad_classifier_and_a_small_test_are_warned_of(reference):
    few = replace(reference, test=reference.test.take(np.arange(40)), accuracy=0.89)
    bad, small = scores(*new_sines(), few)["warnings"]
    assert bad.startswith("the classifier is right on only 89% of the real test sounds")
    assert not any("classifier" in line for line in scores(*new_sines(), reference)["warnings"])
    assert small.startswith("only 40 test sounds")


def test_shares_are_like_the_counts_and_at_least_two():
    assert shares(10, np.array([5, 5])).tolist() == [5, 5]
    assert shares(10, np.array([1, 1, 1])).tolist() == [4, 3, 3]
    assert shares(100, np.array([1000, 1, 0])).tolist() == [99, 2, 0]
    assert shares(21, np.array([6, 3, 2])).tolist() == [11, 6, 4]


def test_sets_are_matched_label_by_label_if_labels_were_asked_for():
    ours, theirs = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 0, 1, 1, 0])
    first, second = matched_rows(ours, theirs, True, np.random.default_rng(0))
    assert first.tolist() == [0, 1, 3, 4]
    assert np.bincount(theirs[second]).tolist() == [2, 2]
    first, second = matched_rows(ours, theirs, False, np.random.default_rng(0))
    assert (first.tolist(), second.tolist()) == ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])


def test_errors_are_those_of_the_bootstrap(reference):
    """The standard error of a share is √(p(1 − p) / n); of a distance it falls with n."""
    sounds, labels = new_sines(n=80)
    labels[:20] = 1 - labels[:20]
    rows = scores(sounds, labels, reference)["overall"]
    assert math.isclose(rows["label_accuracy"].error, math.sqrt(0.75 * 0.25 / 79), rel_tol=1e-6)
    errors = [
        scores(*new_sines(n), reference)["overall"]["frechet_distance"].error for n in (16, 128)
    ]
    assert errors[1] < errors[0]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Runs of a dozen steps in a folder: a conditional one and an unconditional one."""
    folder = tmp_path_factory.mktemp("runs")
    dataset = toy(tmp_path_factory.mktemp("data"))
    for model in ("cwgan", "wgan"):
        config = tiny_config(model=model).for_dataset(dataset, str(dataset.path))
        run_training(config, dataset, model, folder)
    return folder


@pytest.fixture
def cli(trained):
    def call(*args, code=0):
        made = CliRunner().invoke(main, ["evaluate", *args, "--runs-dir", str(trained)])
        assert made.exit_code == code, made.output
        return made

    return call


def test_evaluate_prints_a_table_and_keeps_the_numbers_in_the_run(cli, trained):
    made = cli("cwgan", "-n", "20")
    run = Run.open("cwgan", trained)
    evaluation = load_evaluation(run)
    assert (evaluation.run, evaluation.step) == ("cwgan", 12)
    assert evaluation.sounds["generated"] == 20
    assert set(evaluation.labels) == {"high", "low"}
    assert evaluation.classifier["accuracy"] == 1
    assert evaluation.about["seconds"] > 0
    lines = made.stdout.splitlines()
    assert lines[0].startswith("cwgan, step 12: 20 generated sounds against ")
    assert any(line.startswith("Fréchet distance") and "±" in line for line in lines)
    assert lines[-1] == str(run.evaluation_path(12))

    again = json.loads(cli("cwgan", "-n", "20", "--json", "--checkpoint", "8").stdout)
    assert again["step"] == 8
    assert run.evaluation_steps() == [8, 12]


def test_the_same_run_is_evaluated_to_the_same_numbers(cli):
    first, second, other = (
        json.loads(cli("cwgan", "-n", "20", "--seed", seed, "--json").stdout)["overall"]
        for seed in ("0", "0", "1")
    )
    assert first == second
    assert first != other


def test_an_unconditional_run_has_no_label_accuracy(cli):
    stored = json.loads(cli("wgan", "-n", "20", "--json").stdout)
    assert "label_accuracy" not in stored["overall"]
    assert "frechet_distance" in stored["overall"]
    assert stored["labels"] == {}


def test_a_set_without_labels_needs_no_classifier(tmp_path):
    folder = write_sines(tmp_path / "sines") / "low"
    prepare(folder, tmp_path / "flat", PrepareSettings(rate=RATE, length=LENGTH), jobs=1)
    flat = open_dataset(tmp_path / "flat")
    run_training(tiny_config(model="wgan").for_dataset(flat, str(flat.path)), flat, "run", tmp_path)
    made = CliRunner().invoke(main, ["evaluate", str(tmp_path / "run"), "-n", "20", "--json"])
    stored = json.loads(made.stdout)
    assert stored["classifier"] == {}
    assert "frechet_distance_mel" in stored["overall"]
    assert "frechet_distance" not in stored["overall"]


def test_an_empty_test_split_is_one_clear_line(reference):
    none = Split(reference.dataset.test.audio[:0], reference.dataset.test.labels[:0])
    with pytest.raises(InputError, match="has 0 test sounds, and evaluate needs at least 2"):
        build_reference(replace(reference.dataset, test=none))


def test_other_data_than_the_run_was_trained_on_is_one_clear_line(cli, tmp_path):
    source = write_sines(tmp_path / "sines")
    prepare(source, tmp_path / "other", PrepareSettings(rate=RATE, length=128), jobs=1)
    made = cli("cwgan", "--data", str(tmp_path / "other"), code=2)
    assert "not what cwgan was trained on" in made.stderr
    assert len(made.stderr.splitlines()) == 1
    assert "no such folder" in cli("cwgan", "--data", str(tmp_path / "none"), code=2).stderr


def test_external_ratings_stand_beside_those_of_real_sounds(reference, monkeypatch):
    """An evaluator whose ratings are known: the loudness of a sound, and an embedding."""

    def rate(name, sounds, labels, rate, names):
        assert (rate, names, len(sounds)) == (RATE, reference.dataset.labels, len(labels))
        level = np.sqrt((sounds**2).mean(axis=(1, 2)))
        if name == "embedding":
            return {"embedding": np.stack([level, labels], axis=1)}
        return {"label_accuracy": level > 0.1, "overall": level}

    monkeypatch.setattr(evaluator.external, "rate", rate)
    fake = replace(external.EVALUATORS["dnsmos"], packages=(), most=1000)
    for name in ("ratings", "embedding"):
        monkeypatch.setitem(external.EVALUATORS, name, fake)
    sounds, labels = new_sines()
    both = {"evaluators": ("ratings", "embedding")}
    made = scores(sounds / 2, labels, reference, **both)["external"]
    level = np.sqrt((sounds**2).mean(axis=(1, 2))) / 2
    row = made["ratings"]["overall"]
    assert math.isclose(row.value, level.mean(), rel_tol=1e-5)
    assert math.isclose(row.error, level.std(ddof=1) / math.sqrt(80), rel_tol=1e-4)
    assert row.real > 1.5 * row.value
    assert made["ratings"]["label_accuracy"].real == 1
    apart = made["embedding"]["frechet_distance"]
    assert apart.value > 3 * apart.real
    # A slow evaluator rates only some of the sounds.
    monkeypatch.setitem(external.EVALUATORS, "ratings", replace(fake, most=7))
    few = scores(sounds / 2, labels, reference, evaluators=("ratings",))["external"]["ratings"]
    assert few["overall"].error > 2 * row.error
    # Sounds that were generated for no label have no label to be right on.
    unlabelled = scores(sounds, labels, reference, labelled=False, **both)["external"]
    assert list(unlabelled["ratings"]) == ["overall"]


def test_an_unknown_evaluator_is_one_clear_line(cli):
    made = cli("cwgan", "--judge", "nobody", code=2)
    assert made.stderr.startswith("kwavegan: --judge: 'nobody' is no external evaluator; choose")
    assert len(made.stderr.splitlines()) == 1
