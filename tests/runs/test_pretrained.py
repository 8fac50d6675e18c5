"""The trained models that come with the package, and the commands that know them."""

import json
import subprocess
import sys

import numpy as np
import pytest

import kwavegan
from kwavegan.audio.soundfiles import read_audio
from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.evaluation.results import load_evaluation
from kwavegan.generation.generator import load_generator
from kwavegan.runs.pretrained import (
    FOLDER,
    find_pretrained,
    inherit_settings,
    origin_run,
    pretrained_models,
)

LARGEST = 6_000_000


@pytest.mark.parametrize("model", pretrained_models(), ids=lambda model: model.name)
def test_a_model_is_small_whole_and_of_no_ones_machine(model):
    assert model.size <= LARGEST
    assert (model.config.data, model.config.origin) == ("", "")
    evaluation = load_evaluation(model.run)
    assert evaluation.step == model.run.best_step() == model.run.checkpoint_steps()[-1]
    assert evaluation.run == model.name
    assert evaluation.overall["label_accuracy"].value >= 0.98


def strongest(sounds, rate):
    """Return the median over sounds of where half of the energy lies below, in Hz."""
    power = np.abs(np.fft.rfft(sounds[..., 0])) ** 2
    share = np.cumsum(power, axis=1) / power.sum(axis=1, keepdims=True)
    return np.median((share < 0.5).sum(axis=1)) * rate / sounds.shape[1]


def test_the_drums_sound_like_drums():
    drums = kwavegan.load_pretrained("drums")
    generated = {label: drums.generate(label, 32, seed=5) for label in drums.labels}
    for sounds in generated.values():
        loud = np.sqrt((sounds**2).mean(axis=(1, 2)))
        assert (loud > 0.005).all()
        # They die away.
        assert (np.abs(sounds[:, :512]).max(axis=(1, 2)) > np.abs(sounds[:, -512:]).max()).all()
    middle = {label: strongest(sounds, drums.rate) for label, sounds in generated.items()}
    low, high = ("kick", "tom"), ("closed-hat", "open-hat")
    assert max(middle[label] for label in low) < 250
    assert min(middle[label] for label in ("clap", "snare")) > 500
    assert max(middle[label] for label in ("clap", "snare")) < 6000
    assert min(middle[label] for label in high) > 7000


def test_an_unknown_model_is_refused_by_name():
    with pytest.raises(InputError, match="'nope' is no pretrained model; choose from drums"):
        kwavegan.load_pretrained("nope")


def test_presets_lists_pretrained_models_and_settings(cli):
    text = cli("presets").output
    for name in (
        "drums",
        "clap, closed-hat, kick, open-hat, snare, tom",
        "wavegan",
        "dissertation-cwgan",
    ):
        assert name in text
    listed = json.loads(cli("presets", "--json").output)
    drums = listed["pretrained"][0]
    evaluation = load_evaluation(find_pretrained("drums").run)
    assert drums["label_accuracy"] == evaluation.overall["label_accuracy"].value
    assert drums["bytes"] < LARGEST
    assert "default" in listed["settings"]


def test_models_are_listed_before_a_backend_is_chosen():
    """Keras would import the backend of its settings, which may be missing."""
    code = (
        "import sys, kwavegan.runs.pretrained as p; p.pretrained_models()[0].config; "
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "keras" not in done.stdout.split()


def test_generate_takes_a_pretrained_model_for_a_run(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "sounds" / "pretrained-drums"
    said = cli("generate", "--pretrained", "drums", "--label", "kick", "-n", 2, "--no-trim").output
    assert "2 sounds of drums" in said
    sound, rate = read_audio(out / "kick_s0_0000.wav")
    want = load_generator(FOLDER / "drums").generate("kick", 2, seed=0)[0]
    assert rate == 44_100
    np.testing.assert_allclose(sound, want, atol=1 / 2**15)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["generate", "--pretrained", "nope"], "--pretrained: 'nope' is no pretrained model;"),
        (["generate", "mine", "--pretrained", "drums"], "leave out mine, or --pretrained"),
        (["train", "--from", "nope"], "--from: "),
        (
            ["train", "--from", "drums", "--width", "3"],
            "--width: 3 does not go with --from drums",
        ),
    ],
)
def test_bad_input_gets_one_line(cli, args, says):
    assert says in cli.refuse(*args)


def test_a_pretrained_model_comes_before_a_run_of_that_name(tmp_path):
    config = inherit_settings(Config(origin="drums"))
    assert config.origin == "drums"
    assert (config.rate, config.length) == (44_100, 16_384)
    assert origin_run("drums").path == FOLDER / "drums"
    with pytest.raises(InputError, match="pretrained models: drums"):
        origin_run("nothing")
