import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from support.datasets import LENGTH, PITCHES, RATE, tiny_config, write_sines
from support.listeners import listening
from support.training import resume, run_training

from kwavegan.cli.main import main
from kwavegan.data import PrepareSettings, prepare
from kwavegan.data.dataset import open_dataset
from kwavegan.evaluation import validation
from kwavegan.evaluation.classifier import load_or_train_classifier
from kwavegan.evaluation.validation import (
    MIN_VALIDATION_SOUNDS,
    ValidationResult,
    ValidationScorer,
)
from kwavegan.generation.generator import load_generator
from kwavegan.runs.run import VALIDATION, Run
from kwavegan.storage.csv_log import read_metrics


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """The sines, beside a classifier that was trained for a moment only."""
    folder = tmp_path_factory.mktemp("toy")
    source = write_sines(folder / "sines", count=100)
    settings = PrepareSettings(rate=RATE, length=LENGTH, validation=20.0)
    prepare(source, folder / "prepared", settings, jobs=1)
    made = open_dataset(folder / "prepared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWAVEGAN_CACHE", str(folder / "cache"))
        load_or_train_classifier(made, steps=40)
    return made


def sine_generator(pitches, noise=0.0):
    """A generator that makes the toy set's sines; `pitches` by label, loudness from the latent."""
    latent, label = keras.Input((8,), name="latent"), keras.Input((), name="label", dtype="int32")
    time = np.arange(LENGTH, dtype="float32") / RATE
    phases = (2 * np.pi * np.array(pitches, "float32")[:, None] * time).astype("float32")

    class Sine(keras.layers.Layer):
        def call(self, latent, label):
            ops = keras.ops
            angle = ops.take(ops.convert_to_tensor(phases), label, axis=0) + 3 * latent[:, :1]
            hiss = ops.sin(1e4 * latent[:, 2:3] * ops.cast(ops.arange(LENGTH), "float32") ** 2)
            sound = (0.65 + 0.25 * latent[:, 1:2]) * ops.sin(angle) + noise * hiss
            return sound[..., None]

    outputs = Sine()(latent, label)
    return keras.Model({"latent": latent, "label": label}, outputs)


def test_good_sounds_score_near_1_and_worse_ones_less(dataset, monkeypatch):
    monkeypatch.setattr(validation, "MIN_VALIDATION_SOUNDS", len(dataset.validation))
    notes = []
    scorer = ValidationScorer(tiny_config().for_dataset(dataset), dataset, notes.append)
    labels = [PITCHES[name] for name in dataset.labels]
    good, hissing, swapped = (
        scorer.score(sine_generator(pitches, noise), 1)
        for pitches, noise in ((labels, 0.0), (labels, 0.3), (labels[::-1], 0.0))
    )
    assert good.label_accuracy == 1
    assert 0.2 < good.score <= 1
    assert hissing.score < good.score / 3
    assert swapped.label_accuracy == 0 == swapped.score
    assert scorer.score(sine_generator(labels), 2) == replace(good, step=2)
    assert notes == []


def test_without_labels_or_enough_validation_sounds_there_is_still_a_score(tmp_path):
    folder = write_sines(tmp_path / "sines", count=40) / "low"
    prepare(folder, tmp_path / "flat", PrepareSettings(rate=RATE, length=LENGTH), jobs=1)
    flat = open_dataset(tmp_path / "flat")
    assert len(flat.validation) < MIN_VALIDATION_SOUNDS
    notes = []
    scorer = ValidationScorer(tiny_config(model="wgan").for_dataset(flat), flat, notes.append)
    low, high = (scorer.score(sine_generator([PITCHES[name]] * 2), 1) for name in ("low", "high"))
    assert low.label_accuracy == 1
    assert high.score < low.score / 3
    assert notes == [
        f"{len(flat.validation)} validation sounds are too few to tell checkpoints apart: "
        "they are compared with the training sounds"
    ]


class Scores:
    """Stands in for a scorer, with scores from a list."""

    def __init__(self, scores):
        self.scores = iter(scores)

    def __call__(self, *settings):
        return self

    def score(self, network, step):
        distance = 1 / next(self.scores)
        return ValidationResult(step, distance, 1.0, 1.0, distance, 1.0)


@pytest.fixture
def scored(monkeypatch, dataset):
    """Train with scores from a list, and return the outcome and the evaluations."""

    def call(scores, name="toy", **changes):
        monkeypatch.setattr("kwavegan.training.session.ValidationScorer", Scores(scores))
        seen = []
        config = tiny_config(**{"evaluate_every": 2, "keep": 1, **changes}).for_dataset(dataset)
        outcome = run_training(config, dataset, name, listeners=[listening(validated=seen.append)])
        return outcome, seen

    return call


def test_a_later_checkpoint_counts_where_the_score_may_be_luck(scored):
    _, seen = scored([0.1, 0.5, 0.47, 0.46, 0.48, 0.4])
    assert [v.step for v in seen if v.best] == [2, 4, 6, 10]


def test_the_last_step_is_scored_whatever_its_number(scored):
    outcome, seen = scored([0.1, 0.2, 0.3], evaluate_every=5)
    assert [v.step for v in seen] == [5, 10, 12]
    assert outcome.run.best_step() == 12
    outcome, seen = scored([0.1], name="short", evaluate_every=13)
    assert seen == []


def test_the_best_checkpoint_is_kept_and_generated_from(scored, tmp_path):
    outcome, seen = scored([0.1, 0.5, 0.2, 0.4, 0.3, 0.4])
    run = outcome.run
    assert outcome.state == "finished"
    assert [(v.step, v.best) for v in seen] == [
        (2, True), (4, True), (6, False), (8, False), (10, False), (12, False)
    ]  # fmt: skip
    assert run.checkpoint_steps() == [4, 12]
    assert json.loads((run.path / "best.json").read_text())["score"] == 0.5
    rows = read_metrics(run.path / VALIDATION)
    assert [(row["step"], row["score"]) for row in rows][:2] == [(2, 0.1), (4, 0.5)]
    assert all(row["seconds"] > 0 for row in rows)
    assert load_generator(run.path).step == 4

    made = CliRunner().invoke(
        main, ["generate", str(run.path), "-n", "1", "--out", str(tmp_path / "out")]
    )
    assert "step 4, the best" in made.output
    run.checkpoint_path(4).write_bytes(b"damaged")
    generator = load_generator(run.path)
    assert generator.step == 12
    assert "best checkpoint, of step 4, cannot be read" in generator.problems[0]


def test_a_stalled_run_stops_and_says_so(scored):
    outcome, seen = scored([0.1, 0.3, 0.3, 0.2, 0.9], stop_when_stalled=2)
    assert outcome.state == outcome.run.status().state == "stalled"
    assert outcome.step == 8 == outcome.run.status().step
    assert outcome.message == "no better evaluation in 2; the best is kept"
    assert outcome.run.best_step() == 6
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("scores", "best"),
    [([0.5, 4.0, 1.5, 2.0], 8), ([0.5, 4.0, 1.5, 0.9], 6), ([0.9, 0.8, 0.7, 0.6], 2)],
)
def test_nearer_than_real_sounds_is_not_better_but_later_is(scored, scores, best):
    outcome, _ = scored(scores, steps=8)
    assert outcome.run.best_step() == best
    assert scored(scores, "again", stop_when_stalled=2)[0].step == (8 if best > 2 else 6)


def test_a_resumed_run_remembers_its_best(scored, dataset, monkeypatch):
    outcome, _ = scored([0.1, 0.5, 0.2, 0.9], steps=8)
    run = outcome.run
    assert run.best_step() == 8
    # As after a kill at step 7, before the last evaluation.
    run.checkpoint_path(8).rename(run.checkpoint_path(6))
    stored = run.load_checkpoint
    monkeypatch.setattr(Run, "load_checkpoint", lambda self, step=None: replace(stored(6), step=6))
    monkeypatch.setattr("kwavegan.training.session.ValidationScorer", Scores([0.4, 0.45, 0.6]))
    run.mark_best(4)
    seen = []
    resume(run, dataset, 12, [listening(validated=seen.append)])
    assert [(v.step, v.best) for v in seen] == [(8, False), (10, False), (12, True)]
    assert [row["step"] for row in read_metrics(run.path / VALIDATION)] == [2, 4, 6, 8, 10, 12]


def test_a_run_that_diverged_is_not_scored(scored):
    outcome, seen = scored([0.1, 0.2, 0.3, 0.4], stop_loss=1e-6, steps=8)
    assert outcome.state == "diverged"
    assert seen == []
    assert outcome.run.best_step() is None


@pytest.mark.parametrize("changes", [{"evaluate_every": 0}, {"evaluate_every": 13}])
def test_no_evaluation_where_there_is_no_turn(scored, changes):
    outcome, seen = scored([], **changes)
    assert outcome.state == "finished"
    assert seen == []
    assert not (outcome.run.path / VALIDATION).exists()


def test_evaluations_leave_the_training_as_it_is(dataset):
    """The EMA generator makes sounds while JAX holds the training's state elsewhere."""
    every, never = (
        run_training(tiny_config(evaluate_every=n).for_dataset(dataset), dataset, f"every{n}")
        for n in (3, 0)
    )
    first, second = (outcome.run.load_checkpoint().arrays for outcome in (every, never))
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)
