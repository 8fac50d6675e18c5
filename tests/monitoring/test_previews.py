from dataclasses import replace
from types import MappingProxyType

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from support.datasets import LENGTH, RATE, sines, tiny_config
from support.listeners import listening
from support.training import resume, run_training

from kwavegan.audio import soundfiles
from kwavegan.cli.main import main
from kwavegan.errors import InputError
from kwavegan.generation.generator import load_generator
from kwavegan.monitoring.health import Finding
from kwavegan.monitoring.previews import (
    KEPT,
    SOUNDS,
    Clip,
    PreviewStore,
    generate_clips,
    names,
    real_clips,
)
from kwavegan.runs.run import HEALTH, Run
from kwavegan.storage.csv_log import read_metrics
from kwavegan.training.callbacks import previews

FOUR = {"preview_every": 4, "evaluate_every": 0, "tensorboard": "off"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return sines(tmp_path_factory.mktemp("toy"))


def previewed(dataset, name="run", **changes):
    """Return the run of a tiny training, and the previews that its listener received."""
    received = []
    config = tiny_config(**{**FOUR, **changes}).for_dataset(dataset)
    outcome = run_training(config, dataset, name, listeners=[listening(previewed=received.append)])
    return outcome.run, received


def test_a_sound_is_followed_through_training(dataset):
    run, received = previewed(dataset, steps=10)
    album = PreviewStore(run)
    assert album.steps() == [preview.step for preview in received] == [4, 8, 10]
    for preview in received:
        kept = album.at(preview.step)
        assert [clip.name for clip in kept] == [clip.name for clip in preview.generated]
        for clip, generated in zip(kept, preview.generated, strict=True):
            assert clip.audio.shape == (LENGTH, 1)
            np.testing.assert_allclose(clip.audio, generated.audio, atol=1 / 32768)
    names = [clip.name for clip in received[0].generated]
    assert names == ["high-0", "high-1", "high-2", "low-0", "low-1", "low-2"]
    # The same latents at every step: the last preview is what `generate` makes of them.
    again = previewed(dataset, "again", steps=10)[1]
    for a, b in zip(received[-1].generated, again[-1].generated, strict=True):
        np.testing.assert_array_equal(a.audio, b.audio)
    assert not np.array_equal(received[0].generated[0].audio, received[1].generated[0].audio)


def test_the_first_sounds_come_early_and_make_room_for_the_first_preview(dataset):
    heard = []

    def listen(step, folder):
        heard.append((step, len(list(folder.glob("*.wav")))))

    config = tiny_config(**FOUR, steps=4).for_dataset(dataset)
    run = run_training(config, dataset, "early", listeners=[listening(first_sounds=listen)]).run
    assert heard == [(3, 6)]  # the first row is that of step 3
    assert PreviewStore(run).steps() == [4]


class LatentPlayer:
    """Stands in for a generator: its sounds are their latents."""

    input = MappingProxyType({"latent": None, "label": None})

    def predict_on_batch(self, inputs):
        return np.asarray(inputs["latent"])[..., None]


def test_labels_share_their_latents(dataset):
    """So that two labels can be compared: sound 1 of each differs by its label alone."""
    config = tiny_config(**FOUR).for_dataset(dataset)
    clips = generate_clips(LatentPlayer(), config, previews.LATENT_SEED)
    latents = {clip.name: clip.audio for clip in clips}
    np.testing.assert_array_equal(latents["high-1"], latents["low-1"])
    assert not np.array_equal(latents["high-0"], latents["high-1"])
    run, _ = previewed(dataset, "shared")
    clips = generate_clips(load_generator(run.path).network, config, previews.LATENT_SEED)
    for kept, clip in zip(PreviewStore(run).at(12), clips, strict=True):
        assert (kept.name, kept.label) == (clip.name, clip.label)
        np.testing.assert_allclose(kept.audio, clip.audio, atol=1 / 32768)


def test_real_sounds_are_the_labels_own_and_none_is_shown_twice(dataset):
    config = tiny_config().for_dataset(dataset)
    clips = real_clips(config, dataset)
    assert [clip.label for clip in clips] == ["high"] * 3 + ["low"] * 3
    training = dataset.train.batch(np.arange(len(dataset.train)))
    for clip in clips:
        (row,) = np.flatnonzero((training == clip.audio).all(axis=(1, 2)))
        assert dataset.labels[dataset.train.labels[row]] == clip.label
    assert len({clip.audio.tobytes() for clip in clips}) == SOUNDS


def test_a_run_without_labels_previews_sounds(dataset):
    run, received = previewed(dataset, model="wgan")
    assert [(clip.name, clip.label) for clip in received[0].generated][:2] == [
        ("sound-0", ""),
        ("sound-1", ""),
    ]
    assert len(PreviewStore(run).real()) == len(PreviewStore(run).at(4)) == SOUNDS


@pytest.mark.parametrize(("count", "each"), [(2, 3), (3, 2), (10, 2), (35, 2)])
def test_a_preview_has_two_sounds_of_a_label_and_ten_labels_at_most(count, each):
    labels = tuple(f"label{i:02}" for i in range(count))
    clips = names(replace(tiny_config(), labels=labels))
    assert [label for _, label, _ in clips] == [name for name in labels[:10] for _ in range(each)]


def test_previews_can_be_opened_by_anything_that_plays_wav(dataset):
    run, _ = previewed(dataset)
    sound, rate = soundfiles.read_audio(run.path / "previews" / "step-00000004" / "high-0.wav")
    assert (rate, sound.shape) == (RATE, (LENGTH, 1))
    (run.path / "previews" / "step-00000004" / "high-0.wav").write_bytes(b"no sound")
    with pytest.raises(InputError, match=r"high-0\.wav: is not audio"):
        PreviewStore(run).at(4)
    with pytest.raises(InputError, match="no preview of step 5; there are: 4"):
        PreviewStore(run).at(5)


def test_a_long_training_keeps_evenly_spaced_previews_and_the_last(dataset):
    run, _ = previewed(dataset)
    album, clip = PreviewStore(run), Clip("high-0", "high", np.zeros((4, 1), "float32"))
    for step in range(16, 4 * (5 * KEPT) + 1, 4):
        album.add(step, [clip])
    steps = album.steps()
    assert len(steps) <= KEPT + 1
    assert steps[-1] == 4 * 5 * KEPT
    assert len(set(np.diff(steps[:-1]))) == 1


class StopAt(keras.callbacks.Callback):
    """Ends a training after a batch."""

    def __init__(self, batch):
        super().__init__()
        self.at = batch

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.at:
            self.model.stop_training = True


def test_a_resumed_run_previews_as_one_that_never_stopped(dataset):
    whole, _ = previewed(dataset, "whole")
    config = tiny_config(**FOUR).for_dataset(dataset)
    run = run_training(config, dataset, "parts", callbacks=[StopAt(5)]).run
    assert run.checkpoint_steps() == [4, 6]
    album = PreviewStore(run)
    album.add(8, album.real())  # as a killed training leaves them, past its last checkpoint
    assert resume(run, dataset).state == "finished"
    assert album.steps() == [4, 8, 12]
    ours, theirs = (read_metrics(one.path / HEALTH) for one in (run, whole))
    assert [row["step"] for row in ours] == [4, 8, 12]
    for row, other in zip(ours, theirs, strict=True):
        for name in row.keys() - {"seconds"}:
            assert row[name] == pytest.approx(other[name], rel=1e-5, abs=1e-5), name
    for a, b in zip(PreviewStore(whole).at(12), album.at(12), strict=True):
        np.testing.assert_array_equal(a.audio, b.audio)


def test_previews_change_nothing_in_the_training(dataset):
    runs = [previewed(dataset, f"every-{every}", preview_every=every)[0] for every in (0, 1)]
    first, second = (run.load_checkpoint().arrays for run in runs)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)
    assert not (runs[0].path / "previews").exists()
    assert not (runs[0].path / HEALTH).exists()


def test_health_is_printed_once_when_it_changes(tmp_path, monkeypatch, dataset, shared_gans):
    alike = Finding(
        "collapsed", "All alike", "Diversity 0.01, below 0.2.", ("--seed 1",), 0.01, 0.2
    )
    verdicts = iter([(), (), (alike,), (alike,), (), ()])
    monkeypatch.setattr(previews, "diagnose", lambda run: next(verdicts))
    toml = tmp_path / "tiny.toml"
    toml.write_text(tiny_config(**FOUR).to_toml())
    args = ["train", str(dataset.path), "--name", "run", "--config", str(toml)]
    result = CliRunner().invoke(main, [*args, "--preview-every", "2"])
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if "healthy" in line or "alike" in line]
    assert lines == [
        "step 2: healthy",
        "step 6: All alike: Diversity 0.01, below 0.2. Try: --seed 1",
        "step 10: healthy",
    ]


def test_keras_callbacks_of_ones_own_take_part(dataset, tmp_path):
    """Keras' own CSVLogger, and one that stops the training."""
    log = tmp_path / "log.csv"
    config = tiny_config(**FOUR).for_dataset(dataset)
    outcome = run_training(
        config, dataset, "mine", callbacks=[keras.callbacks.CSVLogger(str(log)), StopAt(2)]
    )
    assert (outcome.state, outcome.step) == ("stopped", 3)
    assert "d_loss" in log.read_text().splitlines()[0]
    assert Run.open("mine").checkpoint_steps() == [3]
