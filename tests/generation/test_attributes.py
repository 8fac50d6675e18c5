"""Sounds of labels with several attributes, as the command line and Python ask for them."""

import json

import click
import numpy as np
import onnxruntime
import pytest
from support.players import player_of
from support.sounds import assert_same_sounds

from kwavegan.cli.generate import command
from kwavegan.config.attributes import TAKEN_OPTIONS
from kwavegan.config.settings import Config
from kwavegan.control.names import NAMES
from kwavegan.errors import InputError
from kwavegan.exporting import export_generator
from kwavegan.generation import load_generator
from kwavegan.instrument import write_instrument
from kwavegan.monitoring.previews import names
from kwavegan.runs.run import Run

KIT = ("hat/soft", "kick/hard", "kick/soft")
TINY = {"rate": 4096, "length": 1024, "channels": 1, "width": 2, "latent_dim": 8}


def written(base, name, **changes):
    """Write a run with a checkpoint of weights that nobody trained."""
    config = Config(**{**TINY, "labels": KIT, **changes})
    run = Run.create(name, config, base)
    weights = player_of(config.architecture).weights
    run.save_checkpoint(8, {f"ema_generator/{path}": array for path, array in weights.items()}, {})
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a run of two attributes, one of one, and one of labels without."""
    base = tmp_path_factory.mktemp("runs")
    written(base, "kit", attributes=("instrument", "velocity"))
    written(base, "words", labels=("no", "yes"), attributes=("label",))
    written(base, "keys", labels=("bow/48", "bow/60", "reed/60"), attributes=("reed", "pitch"))
    written(base, "plain", labels=("hat", "kick"))
    return base


@pytest.fixture
def generate(cli, runs, tmp_path, monkeypatch):
    """`generate(…)` runs the command in an empty folder, and returns the names it wrote."""
    monkeypatch.chdir(tmp_path)

    def call(*args):
        said = cli("generate", *args, "-n", 1, "--out", "out", "--runs-dir", runs).stdout
        return said, sorted(path.stem for path in (tmp_path / "out").glob("*.wav"))

    return call


@pytest.fixture
def refuse(cli, runs):
    return lambda *args: cli.refuse("generate", *args, "--runs-dir", runs)


def test_python_asks_by_name_by_values_and_by_index(runs):
    kit = load_generator(runs / "kit")
    assert kit.labels == KIT
    assert kit.combinations == (*KIT, "hat/hard")
    named = kit.generate("kick/soft", n=2)
    assert_same_sounds(kit.generate({"velocity": "soft", "instrument": "kick"}, n=2), named)
    assert_same_sounds(kit.generate(2, n=2), named)
    new = kit.generate({"instrument": "hat", "velocity": "hard"}, n=2)
    assert np.abs(new - named).max() > 1e-4
    assert_same_sounds(kit.generate(3, n=2), new)
    with pytest.raises(InputError, match=r"'gong' is not a label of kit; choose from hat\|kick/so"):
        kit.generate("gong")
    with pytest.raises(InputError, match="velocity: is not given; choose from soft, hard"):
        kit.generate({"instrument": "kick"})
    with pytest.raises(InputError, match="pitch: is no attribute of plain; its attributes: none"):
        load_generator(runs / "plain").generate({"pitch": "low"})


def test_a_value_of_each_attribute_makes_one_label(generate):
    said, made = generate("kit", "--instrument", "kick", "--velocity=hard")
    assert made == ["kick-hard_s0_0000"]
    assert "never heard" not in said


def test_a_combination_that_was_never_heard_is_made_and_said(generate, tmp_path):
    said, made = generate("kit", "--velocity", "hard", "--instrument", "hat")
    assert made == ["hat-hard_s0_0000"]
    assert "hat/hard: never heard in training; made of what it learned of instrument and" in said
    assert (
        (tmp_path / "out" / "latents.csv")
        .read_text()
        .split("\n")[1]
        .startswith("hat-hard_s0_0000.wav,hat/hard,")
    )
    before = (tmp_path / "out" / "hat-hard_s0_0000.wav").read_bytes()
    (tmp_path / "out" / "hat-hard_s0_0000.wav").unlink()
    generate("kit", "--label", "hat/hard")
    assert (tmp_path / "out" / "hat-hard_s0_0000.wav").read_bytes() == before


def test_one_value_makes_every_combination_with_it_and_none_makes_those_heard(generate, tmp_path):
    assert generate("kit", "--instrument", "kick")[1] == ["kick-hard_s0_0000", "kick-soft_s0_0000"]
    assert json.loads((tmp_path / "out" / "about.json").read_text())["calls"][0]["label"] == (
        "kick/hard, kick/soft"
    )
    assert len(generate("kit")[1]) == 3


def test_an_attribute_may_be_called_label(generate):
    assert generate("words", "--label", "yes")[1] == ["yes_s0_0000"]


def test_an_attribute_may_be_called_as_a_direction_is(generate):
    assert generate("keys", "--pitch", "48")[1] == ["bow-48_s0_0000"]
    assert generate("keys", "--pitch", "60", "--reed=reed")[1][-1] == "reed-60_s0_0000"


def test_a_kit_has_combinations_that_were_never_heard(cli, runs, tmp_path):
    call = ["--kit", "sfz", "-n", 1, "--out", tmp_path / "new", "--runs-dir", runs]
    said = cli("generate", "kit", "--instrument=hat", "--velocity=hard", *call).stdout
    assert "hat/hard: never heard" in said
    assert len(list((tmp_path / "new").rglob("*.wav"))) == 1
    assert "hat/hard" in (tmp_path / "new" / "latents.csv").read_text()


def test_no_attribute_can_be_called_as_another_option_of_generate():
    options = {
        option
        for each in command.get_params(click.Context(command))
        for option in (*each.opts, *each.secondary_opts)
        if option.startswith("--")
    }
    assert options - {f"--{name}" for name in ("label", *NAMES)} == TAKEN_OPTIONS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kit", "--colour", "low"], "--colour: no such option, and no attribute of kit; its attrib"
         "utes: --instrument, --velocity"),
        (["kit", "--pitch", "low"], "--pitch: 'low' is no number from -5 to 5"),
        (["kit", "--velocity", "loud"], "--velocity: 'loud' is none of kit's; choose from soft, h"),
        (["kit", "--label", "kick/soft", "--velocity", "soft"], "--label: says what --velocity sa"),
        (["kit", "--velocity", "soft", "--velocity", "hard"], "--velocity: is given twice"),
        (["kit", "--label", "gong"], "--label: 'gong' is not a label of kit; choose from hat|"),
        (["kit", "--instrument", "kick", "--interpolate", "0", "1"], "--label: a walk stays in one"
         " label; name one of kick/hard, kick/soft"),
    ],
)  # fmt: skip
def test_what_a_run_does_not_have_is_refused_in_a_line(refuse, arguments, message):
    assert message in refuse(*arguments)


def test_options_that_no_run_brings_along_are_clicks_to_refuse(cli, runs):
    said = cli("generate", "plain", "--sed", "3", "--runs-dir", runs, code=2).stderr
    assert "No such option" in said
    assert "--seed" in said
    assert "No such option" in cli("generate", "kit", "--verbose", code=2).stderr


def test_previews_have_names_that_files_can_have(runs):
    assert names(load_generator(runs / "kit").config)[0][0] == "hat-soft-0"


def test_an_exported_file_and_the_page_know_the_labels(runs, tmp_path):
    kit = load_generator(runs / "kit")
    export_generator(kit, tmp_path / "kit.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "kit.onnx")
    known = session.get_modelmeta().custom_metadata_map
    assert json.loads(known["labels"]) == [*kit.combinations]
    assert json.loads(known["attributes"]) == ["instrument", "velocity"]
    latents = kit.latents(2)
    for index in range(4):
        (got,) = session.run(None, {"latent": latents, "label": np.full(2, index)})
        np.testing.assert_allclose(got, kit.generate(index, latents=latents), atol=1e-4)
    card = next(tmp_path.glob("*.md")).read_text()
    assert "| never heard in training | 3: hat/hard |" in card
    page = write_instrument(kit, tmp_path / "kit.html").read_text()
    assert '"labels": ["hat/soft", "kick/hard", "kick/soft"]' in page
