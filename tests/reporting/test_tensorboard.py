import io
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from support.datasets import LENGTH, RATE, tiny_config
from support.training import resume, run_training

from kwavegan.backend.selection import select_backend
from kwavegan.errors import InputError
from kwavegan.monitoring.health import Finding
from kwavegan.monitoring.listener import Listener
from kwavegan.monitoring.previews import Clip, Preview
from kwavegan.reporting import tensorboard
from kwavegan.reporting.tensorboard import SCALARS, Board
from kwavegan.runs.run import Run
from kwavegan.storage.csv_log import read_metrics

FOUR = {"preview_every": 4, "evaluate_every": 0, "tensorboard": "on"}


def events(run):
    """Return the events of a run's log, as TensorBoard reads them: (step, value) by tag.

    A file is records of length, checksum, data, checksum; a START record takes back what earlier
    files have at its step and later (https://github.com/tensorflow/tensorboard, event_accumulator).
    """
    from tensorboardX.proto.event_pb2 import Event, SessionLog

    by_tag = {}
    for path in sorted((run.path / "tensorboard").glob("events.*"), key=lambda p: p.name):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            event, data = Event.FromString(data[12 : 12 + length]), data[16 + length :]
            if event.session_log.status == SessionLog.START:
                for tag, kept in by_tag.items():
                    by_tag[tag] = [one for one in kept if one[0] < event.step]
            for value in event.summary.value:
                by_tag.setdefault(value.tag, []).append((event.step, value))
    return by_tag


def scalars(logged, tag):
    return {step: value.simple_value for step, value in logged[tag]}


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):
    """A run with a log, and what the log holds."""
    base = tmp_path_factory.mktemp("runs")
    outcome = run_training(tiny_config(**FOUR).for_dataset(dataset), dataset, "run", base)
    return outcome.run, events(outcome.run)


def test_every_number_of_a_training_is_in_the_log(trained):
    run, logged = trained
    rows = read_metrics(run.path / "metrics.csv")
    columns = rows[0].keys() - {"step", "seconds"}
    assert {"d_loss", "penalty", "gradient_penalty"} <= columns
    for column in columns:
        want = {row["step"]: row[column] for row in rows}
        tag = SCALARS[column]
        assert scalars(logged, tag) == pytest.approx(want, rel=1e-5, abs=1e-6), tag
    assert min(scalars(logged, "speed/steps_per_second").values()) > 0
    for row in read_metrics(run.path / "health.csv"):
        assert scalars(logged, "health/real_fake_auc")[row["step"]] == pytest.approx(
            row["real_fake_auc"]
        )


def test_sounds_are_heard_at_the_runs_rate(trained):
    _, logged = trained
    tags = [
        f"{which}/{label}-{i}"
        for which in ("real", "generated")
        for label in ("high", "low")
        for i in range(3)
    ]
    for tag in tags:
        steps = [step for step, _ in logged[tag]]
        assert steps == ([4, 8, 12] if tag.startswith("generated") else [4])
        audio = logged[tag][0][1].audio
        sound, rate = soundfile.read(io.BytesIO(audio.encoded_audio_string))
        assert (rate, audio.sample_rate, len(sound)) == (RATE, RATE, LENGTH)
        assert np.abs(sound).max() > 1e-3


def test_pictures_are_in_colour_and_loudness_is_a_histogram(trained):
    _, logged = trained
    for tag in ("waves", "spectrograms"):
        assert [step for step, _ in logged[tag]] == [4, 8, 12]
        image = logged[tag][-1][1].image
        picture = Image.open(io.BytesIO(image.encoded_image_string))
        assert picture.size == (image.width, image.height)
        assert picture.mode in ("RGB", "RGBA")
        colours = np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)
        assert len(colours) > 20
    for which in ("real", "generated"):
        histograms = [value.histo for _, value in logged[f"rms_of_sounds/{which}"]]
        means = list(scalars(logged, f"rms/{which}").values())
        assert len(histograms) == len(means) == 3
        for histogram, mean in zip(histograms, means, strict=True):
            assert histogram.min <= mean <= histogram.max
            assert histogram.sum / histogram.num == pytest.approx(mean, rel=1e-4)


def test_a_tag_stands_for_one_kind_of_value(trained):
    """TensorBoard keeps the first kind it meets, and loses the others."""
    for tag, values in trained[1].items():
        assert len({value.WhichOneof("value") for _, value in values}) == 1, tag


def text(value):
    return value.tensor.string_val[0].decode()


def test_settings_networks_and_verdicts_are_text(trained):
    _, logged = trained
    (settings,) = (text(value) for _, value in logged["settings/text_summary"])
    assert "| batch_size | 8 |" in settings
    for name, layer in (("generator", "latent"), ("discriminator", "score")):
        ((_, value),) = logged[f"networks/{name}/text_summary"]
        assert layer in text(value)
        assert "Total params" in text(value)
    assert logged["verdict/text_summary"]


def preview(step, findings=()):
    clip = Clip("sound-0", "", np.full((64, 2), 0.5, "float32"))
    rms = {"real": np.array([0.1]), "generated": np.array([0.2])}
    return Preview(step, (clip,), (clip,), {}, findings, rms)


def test_a_verdict_is_written_when_it_changes_and_stereo_stays_stereo(tmp_path):
    config = tiny_config(rate=RATE, length=64, channels=2, model="wgan")
    run = Run.create("run", config, tmp_path)
    silent = Finding("silent", "Silent", "Nothing above −60 dBFS.", ("--lr 1e-4",), 1.0, 0.5)
    board = Board(run, config, 0)
    for step, findings in ((1, ()), (2, ()), (3, (silent,)), (4, (silent,)), (5, ())):
        board.previewed(preview(step, findings))
    logged = events(run)
    assert [step for step, _ in logged["verdict/text_summary"]] == [1, 3, 5]
    assert "Nothing above" in text(logged["verdict/text_summary"][1][1])
    assert logged["generated/sound-0"][0][1].audio.num_channels == 2


def test_a_resumed_run_shows_every_step_once(dataset, tmp_path):
    config = tiny_config(**FOUR).for_dataset(dataset)
    run = run_training(config, dataset, "run", tmp_path).run
    for step in (8, 12):  # as if it had been killed after step 4 was saved
        run.checkpoint_path(step).unlink()
    run.update(state="running")
    assert resume(run, dataset).state == "finished"
    logged = events(run)
    for tag in ("loss/discriminator", "generated/high-0", "waves"):
        steps = [step for step, _ in logged[tag]]
        assert len(steps) == len(set(steps)), tag
        assert steps[-1] == 12


def test_it_works_without_tensorflow_and_says_what_is_missing(tmp_path, monkeypatch):
    backend = select_backend(None)
    if backend != "tensorflow":
        code = (
            "import sys; sys.modules['tensorflow'] = None;"
            "import kwavegan.reporting.tensorboard as t;"
            "from kwavegan.config.settings import Config; from kwavegan.runs.run import Run;"
            "c = Config(rate=2048, length=64, channels=1);"
            f"t.Board(Run.create('run', c, {str(tmp_path)!r}), c, 0)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    assert not tensorboard.available()
    with pytest.raises(InputError, match=r"pip install 'kwavegan\[report\]'"):
        Board(Run.create("other", tiny_config(), tmp_path), tiny_config(), 0)


def test_auto_leaves_it_out_where_it_is_not_installed(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    changes = {**FOUR, "tensorboard": "auto"}
    outcome = run_training(tiny_config(**changes).for_dataset(dataset), dataset, "run", tmp_path)
    assert not (outcome.run.path / "tensorboard").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a Linux device")
def test_a_full_disk_is_told_where_it_is_met(tmp_path):
    """A thread of tensorboardX would die of it, and the training wait for it for ever."""
    before = threading.active_count()
    board = Board(Run.create("run", tiny_config(), tmp_path), tiny_config(), 0)
    assert threading.active_count() == before
    board.log.path = Path("/dev/full")
    with pytest.raises(InputError, match="the disk is full"):
        board.row({"step": 1, "d_loss": 1.0})


def test_auto_goes_on_without_a_package_that_is_damaged(dataset, tmp_path, monkeypatch):
    """NumPy and Numba that do not go together, for instance, on which librosa depends."""

    def damaged(package, title, extra):
        raise InputError(f"{package} cannot be imported")

    monkeypatch.setattr(tensorboard, "need", damaged)
    told = []
    listener = Listener()
    listener.note = told.append
    config = tiny_config(**{**FOUR, "tensorboard": "auto"}).for_dataset(dataset)
    outcome = run_training(config, dataset, "run", tmp_path, [listener])
    assert outcome.state == "finished"
    assert told == ["tensorboardX cannot be imported; goes on without"]


def test_a_log_goes_on_after_its_last_file_though_the_clock_went_back(tmp_path, monkeypatch):
    from kwavegan.reporting import event_log

    made = []
    for now in (1.8e9, 1.7e9, 1.7e9, 1.9e9):
        monkeypatch.setattr(event_log.time, "time", lambda now=now: now)
        made.append(event_log.EventLog(tmp_path).path.name)
    assert made == sorted(set(made))
