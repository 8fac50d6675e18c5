"""`kwavegan plot`: figures of audio files and of runs."""

import shutil
import sys
from functools import partial

import numpy as np
import pytest
import soundfile
from matplotlib.image import imread
from support.datasets import tiny_config
from support.sounds import assert_same_sounds

from kwavegan.audio.soundfiles import write_wav
from kwavegan.config.settings import Config
from kwavegan.generation import generator as generation
from kwavegan.generation.generator import SoundGenerator
from kwavegan.networks.generators import build_generator
from kwavegan.reporting import figures
from kwavegan.runs.run import Run
from kwavegan.storage.csv_log import MetricsLog

RATE, LENGTH = 8000, 4096


def sine(hertz=1000.0, amplitude=1.0, length=LENGTH, rate=RATE):
    time = np.arange(length) / rate
    return (amplitude * np.sin(2 * np.pi * hertz * time)).astype("float32")


@pytest.fixture
def plot(cli, tmp_path, monkeypatch):
    """`plot(…)` runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return partial(cli, "plot")


@pytest.fixture
def seen(monkeypatch):
    """What the command drew: (kind, columns, rate) of each figure of sounds."""
    monkeypatch.setattr(figures, "DPI", 40)  # soon written
    drawn = []

    def spy(kind):
        draw = getattr(figures, kind)
        return lambda columns, rate: drawn.append((kind, columns, rate)) or draw(columns, rate)

    for kind in ("waves", "spectrograms"):
        monkeypatch.setattr(figures, kind, spy(kind))
    return drawn


def names_of(columns):
    return {title: [name for name, _ in sounds] for title, sounds in columns.items()}


@pytest.fixture
def run(tmp_path):
    """A run of two labels with previews of two steps, the later twice as loud, and metrics."""
    run = Run.create("mine", Config(rate=RATE, length=256, labels=("high", "low"), steps=400))
    for label, hertz in {"high": 2000, "low": 500}.items():
        for i in range(3):
            sound = sine(hertz, 0.2, 256)
            write_wav(run.path / "previews" / "real" / f"{label}-{i}.wav", sound, RATE)
            for step in (200, 400):
                path = run.path / "previews" / f"step-{step:08}" / f"{label}-{i}.wav"
                write_wav(path, sound * step / 200, RATE)
    log = MetricsLog(run.path / "metrics.csv")
    for step in range(20, 401, 20):
        log.append({"step": step, "d_loss": 1.0, "g_loss": 2.0})
    return run


def test_files_are_drawn_with_their_names(plot, tmp_path, seen):
    write_wav("a.wav", sine(500), RATE)
    soundfile.write("b.flac", np.stack([sine(600), sine(700)], axis=1) / 2, RATE)
    result = plot("a.wav", "b.flac")
    assert result.stdout.split() == ["plots/waves.png", "plots/spectrograms.png"]
    assert result.stderr == ""
    assert imread("plots/waves.png").shape[1] > 200
    (kind, columns, rate), (other, *_) = seen
    assert (kind, other, rate) == ("waves", "spectrograms", RATE)
    assert names_of(columns) == {"": ["a.wav", "b.flac"]}
    assert [audio.shape for _, audio in columns[""]] == [(LENGTH, 1), (LENGTH, 2)]


def test_files_of_other_rates_are_drawn_at_the_highest(plot, tmp_path, seen):
    write_wav("x/a.wav", sine(500), RATE)
    write_wav("y/a.wav", sine(500, rate=2 * RATE), 2 * RATE)
    result = plot("x/a.wav", "y/a.wav", "--kind", "spectrograms", "--format", "svg", "--out", "new")
    assert result.stdout.split() == ["new/spectrograms.svg"]
    assert "different sample rates" in result.stderr
    ((_, columns, rate),) = seen
    assert rate == 2 * RATE
    assert names_of(columns) == {"": ["x/a.wav", "y/a.wav"]}
    assert [len(audio) for _, audio in columns[""]] == [2 * LENGTH, LENGTH]


def test_many_files_get_several_figures(plot, seen):
    for i in range(13):
        write_wav(f"{i:02}.wav", sine(length=64), RATE)
    result = plot(*(f"{i:02}.wav" for i in range(13)), "--kind", "waves")
    assert result.stdout.split() == ["plots/waves-1.png", "plots/waves-2.png"]
    assert [len(columns[""]) for _, columns, _ in seen] == [12, 1]


def test_a_run_gives_real_beside_generated_and_losses(plot, run, seen):
    result = plot()
    paths = [run.path / "plots" / f"{kind}.png" for kind in ("waves", "spectrograms", "losses")]
    assert result.stdout.split() == list(map(str, paths))
    for path in paths:
        assert imread(path).shape[1] > 200
    names = [f"{label}-{i}" for label in ("high", "low") for i in range(3)]
    for _, columns, rate in seen:
        assert names_of(columns) == {"real": names, "generated, step 400": names}
        assert rate == RATE
        assert np.abs(columns["generated, step 400"][0][1]).max() == pytest.approx(0.4, abs=0.01)


def test_a_run_s_preview_and_labels_can_be_chosen(plot, run, seen, tmp_path):
    result = plot("mine", "--step", 200, "--label", "low", "--kind", "waves", "--out", "here")
    assert result.stdout.split() == ["here/waves-step-00000200.png"]
    names = ["low-0", "low-1", "low-2"]
    ((_, columns, _),) = seen
    assert names_of(columns) == {"real": names, "generated, step 200": names}
    assert plot(run.path, "--kind", "losses").stdout.split() == [f"{run.path}/plots/losses.png"]


def test_rows_are_pairs_where_a_real_sound_is_missing(plot, run, seen):
    (run.path / "previews" / "real" / "high-1.wav").unlink()
    plot("--kind", "waves", "--label", "high")
    ((_, columns, _),) = seen
    assert names_of(columns) == {
        "real": ["high-0", "high-2"],
        "generated, step 400": ["high-0", "high-2", "high-1"],
    }


def test_a_file_wins_over_a_run_of_its_name(plot, run, tmp_path, seen):
    write_wav("mine", sine(), RATE)
    assert plot("mine", "--kind", "waves").stdout.split() == ["plots/waves.png"]
    assert names_of(seen[0][1]) == {"": ["mine"]}


def test_a_run_without_previews_makes_sounds_from_its_checkpoint(
    plot, cli, dataset, tmp_path, seen, monkeypatch
):
    data = shutil.copytree(dataset.path, tmp_path / "set")
    config = tiny_config().for_dataset(dataset, str(data))
    run = Run.create("bare", config)
    run.save_checkpoint(2, {}, {})  # the untrained network stands for what it holds
    MetricsLog(run.path / "metrics.csv").append({"step": 3, "d_loss": 1.0, "g_loss": 2.0})
    network = build_generator(config.architecture)
    generator = SoundGenerator(run, config, 2, ("an older one",), network)
    monkeypatch.setattr(generation, "load_generator", lambda *args, **options: generator)
    result = plot("bare", "--kind", "waves", "--label", "low")
    assert "an older one" in result.stderr
    ((_, columns, _),) = seen
    names = ["low-0", "low-1", "low-2"]
    assert names_of(columns) == {"real": names, "generated, step 2": names}
    sounds = np.stack([audio for _, audio in columns["generated, step 2"]])
    want = generator.generate("low", 3)
    assert_same_sounds(sounds, want)
    assert np.ptp(want, axis=0).max() > 0.01
    # Without its data there is nothing to stand beside: the losses alone, and why.
    data.rename(tmp_path / "moved")
    result = plot("bare")
    assert result.stdout.split() == [f"{run.path}/plots/losses.png"]
    assert "no sounds to draw" in result.stderr
    assert "no such folder" in cli.refuse("plot", "bare", "--kind", "waves")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nothing"], "nothing: neither a file nor a run in"),
        (["nothing.wav", "sound.wav"], "nothing.wav: no such file"),
        (["mine", "mine"], "mine: no such file; name audio files, or one run"),
        (["text.wav"], "text.wav: is not audio that can be read; convert it"),
        (["sound.wav", "--kind", "losses"], "--kind losses: is for runs"),
        (["sound.wav", "--step", "200"], "--step: is for runs"),
        (["sound.wav", "--label", "low"], "--label: is for runs"),
        (["sound.wav", "--out", "sound.wav"], "a file stands where a folder is needed"),
        (["mine", "--step", "300"], "no preview of step 300; there are: 200, 400"),
        (["mine", "--label", "mid"], "--label: 'mid' is not in the previews"),
        (["plain", "--label", "mid"], "--label: plain has no labels"),
        (["plain", "--kind", "losses"], "no losses yet"),
        (["plain"], "no preview and no checkpoint yet"),
        (["folder"], "folder: not a run, or damaged"),
    ],
)
def test_bad_input_is_one_line(plot, cli, run, tmp_path, args, words):
    Run.create("plain", Config(model="wgan", rate=RATE, length=256))
    write_wav("sound.wav", sine(length=64), RATE)
    (tmp_path / "text.wav").write_text("no sound at all")
    (tmp_path / "folder").mkdir()
    assert words in cli.refuse("plot", *args)


def test_the_command_without_matplotlib_says_what_to_install(plot, cli, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert 'pip install "kwavegan[plots]"' in cli.refuse("plot")


def test_help_says_that_a_file_wins(plot):
    help = plot("--help").output
    assert "both a file and a run means the file" in " ".join(help.split())
