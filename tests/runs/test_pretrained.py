"""The trained models that come with the package, and the commands that know them."""

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from kwavegan.audio.soundfiles import read
from kwavegan.cli.main import main
from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.generation.generator import load_run
from kwavegan.runs.pretrained import FOLDER, adopt, find_trained, origin_run, trained

LARGEST = 4_000_000


def cli(*args, code=0):
    result = CliRunner().invoke(main, list(args))
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.parametrize("preset", trained(), ids=lambda preset: preset.name)
def test_a_preset_is_small_whole_and_of_no_ones_machine(preset):
    assert preset.size <= LARGEST
    assert (preset.config.data, preset.config.origin) == ("", "")
    assert preset.evaluation.step == preset.run.best_step() == preset.run.steps()[-1]
    assert preset.evaluation.run == preset.name
    assert preset.evaluation.overall["label_accuracy"].value >= 0.98


def strongest(sounds, rate):
    """Return the median over sounds of where half of the energy lies below, in Hz."""
    power = np.abs(np.fft.rfft(sounds[..., 0])) ** 2
    share = np.cumsum(power, axis=1) / power.sum(axis=1, keepdims=True)
    return np.median((share < 0.5).sum(axis=1)) * rate / sounds.shape[1]


def test_the_drums_sound_like_drums():
    drums = load_run(find_trained("drums").run.path)
    found = {label: drums.generate(label, 32, seed=5) for label in drums.labels}
    for sounds in found.values():
        loud = np.sqrt((sounds**2).mean(axis=(1, 2)))
        assert (loud > 0.02).all()
        # They die away.
        assert (np.abs(sounds[:, :512]).max(axis=(1, 2)) > np.abs(sounds[:, -512:]).max()).all()
    middle = {label: strongest(sounds, drums.rate) for label, sounds in found.items()}
    assert middle["kick"] < 150 < middle["snare"] < middle["hat"]


def test_presets_lists_trained_models_and_settings():
    text = cli("presets")
    for name in ("drums", "hat, kick, snare", "wavegan", "dissertation-cwgan"):
        assert name in text
    listed = json.loads(cli("presets", "--json"))
    drums = listed["trained"][0]
    assert (
        drums["label_accuracy"] == find_trained("drums").evaluation.overall["label_accuracy"].value
    )
    assert drums["bytes"] < LARGEST
    assert "default" in listed["settings"]


def test_presets_are_found_before_a_backend_is_chosen():
    """Keras would import the backend of its settings, which may be missing."""
    code = (
        "import sys, kwavegan.runs.pretrained as p; p.trained()[0].evaluation; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "keras" not in done.stdout.split()


def test_generate_takes_a_preset_for_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "sounds" / "preset-drums"
    said = cli("generate", "--preset", "drums", "--label", "kick", "-n", "2")
    assert "2 sounds of drums" in said
    sound, rate = read(out / "kick_s0_0000.wav")
    want = load_run(FOLDER / "drums").generate("kick", 2, seed=0)[0]
    assert rate == 16_384
    np.testing.assert_allclose(sound, want, atol=1 / 2**15)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["generate", "--preset", "nope"], "--preset: 'nope' is no trained preset; choose from"),
        (["generate", "mine", "--preset", "drums"], "leave out mine, or --preset"),
        (["train", "--from", "nope"], "--from: "),
        (
            ["train", "--from", "drums", "--width", "3"],
            "--width: 3 cannot be had with",
        ),
    ],
)
def test_bad_input_gets_one_line(args, says):
    text = cli(*args, code=2)
    assert says in text
    assert text.count("\n") == 1


def test_a_preset_comes_before_a_run_of_that_name(tmp_path):
    taken = adopt(Config(origin="drums"))
    assert taken.origin == "drums"
    assert (taken.rate, taken.length) == (16_384, 4_096)
    assert origin_run("drums").path == FOLDER / "drums"
    with pytest.raises(InputError, match="trained presets are: drums"):
        origin_run("nothing")
