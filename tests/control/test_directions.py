"""Directions of a run: measured, kept with it, and used by `generate`."""

import json

import numpy as np
import pytest
import soundfile
from support.players import tiny_run

from kwavegan.control import directions_of, measure_directions, steered
from kwavegan.control import kept as kept_module
from kwavegan.control.kept import control_path
from kwavegan.control.names import NAMES
from kwavegan.errors import InputError
from kwavegan.generation import load_generator


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A folder of runs with one, whose directions of kicks are kept."""
    folder = tmp_path_factory.mktemp("runs")
    directions_of(tiny_run(folder), ["kick"])
    return folder


@pytest.fixture
def tiny(base):
    return load_generator("tiny", runs_dir=base)


@pytest.fixture
def kicks(tiny):
    return directions_of(tiny, ["kick"])["kick"]


def test_a_direction_changes_what_it_is_named_for_by_what_it_says(kicks):
    useful = {name: one for name, one in kicks.items() if one.useful}
    assert {"loudness", "pc1", "pc3", "pc4"} <= useful.keys()
    assert "length" not in useful
    own = [one.effects[name] for name, one in useful.items()]
    assert np.mean(own) == pytest.approx(1, abs=0.3)
    assert min(own) > 0.3


def test_the_effect_is_heard(tiny, kicks):
    from kwavegan.control import ATTRIBUTES, measure_attributes

    place = [one.name for one in ATTRIBUTES].index("loudness")
    plain = list(tiny.recipes("kick", 20, seed=5))
    levels = []
    for amount in (-1.5, 1.5):
        recipes = steered(tiny, plain, {"kick": kicks}, {"loudness": amount})
        latents = np.stack([recipe.latent for recipe in recipes])
        sounds = tiny.generate("kick", latents=latents)
        levels.append(measure_attributes(sounds, tiny.rate)[:, place].mean())
    assert levels[1] - levels[0] > 1.5 * kicks["loudness"].spread


def test_what_is_kept_is_read_and_not_measured_again(tiny, kicks, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("measured again")

    monkeypatch.setattr(kept_module, "measure_directions", never)
    again = directions_of(tiny, ["kick"])["kick"]
    assert again.keys() == kicks.keys()
    np.testing.assert_array_equal(again["loudness"].step, kicks["loudness"].step)


@pytest.mark.parametrize("damage", ["other weights", "not JSON", "a short step"])
def test_what_is_not_of_this_checkpoint_or_damaged_is_measured_anew(tmp_path, damage, monkeypatch):
    generator = tiny_run(tmp_path)
    fresh = measure_directions(generator, "kick", sounds=40)
    calls = []

    def measure(*args, **kwargs):
        calls.append(args)
        return fresh

    monkeypatch.setattr(kept_module, "measure_directions", measure)
    directions_of(generator, ["kick"])
    path = control_path(generator)
    stored = json.loads(path.read_text(encoding="utf-8"))
    if damage == "other weights":
        stored["weights"] = "0" * 16
    name = next(iter(stored["directions"]["kick"]))
    stored["directions"]["kick"][name]["step"] = [1.0] if damage == "a short step" else []
    path.write_text("{" if damage == "not JSON" else json.dumps(stored), encoding="utf-8")
    directions_of(generator, ["kick"])
    assert len(calls) == 2


def test_a_place_that_takes_no_file_is_spoken_of(tmp_path, monkeypatch):
    generator = tiny_run(tmp_path)
    fresh = measure_directions(generator, "kick", sounds=40)
    monkeypatch.setattr(kept_module, "measure_directions", lambda *a, **k: fresh)
    (generator.run.path / "control").write_text("a file where a folder is needed")
    notes = []
    assert directions_of(generator, ["kick"], note=notes.append)["kick"] == fresh
    assert len(notes) == 1
    assert "are not kept" in notes[0]


def test_a_run_without_labels_has_directions(tmp_path):
    generator = tiny_run(tmp_path, model="wgan", latent_distribution="normal")
    found = directions_of(generator)
    assert list(found) == [""]
    (recipe,) = steered(generator, generator.recipes(None, 1, 0), found, {"pc1": 1.0})
    assert recipe.name == "sound_s0_0000_pc1+1"


def test_generate_moves_sounds_and_leaves_the_plain_ones(cli, base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call = ("generate", "tiny", "--label", "kick", "-n", 2, "--runs-dir", base, "--out", "out")
    cli(*call)
    plain = (tmp_path / "out" / "kick_s0_0001.wav").read_bytes()
    cli(*call, "--pc1", 1, "--loudness", -0.5)
    name = "kick_s0_0001_loudness-0.5_pc1+1.wav"
    assert (tmp_path / "out" / "kick_s0_0001.wav").read_bytes() == plain
    assert (tmp_path / "out" / name).read_bytes() != plain
    about = json.loads((tmp_path / "out" / "about.json").read_text(encoding="utf-8"))
    assert about["calls"][-1]["directions"] == {"loudness": -0.5, "pc1": 1.0}
    table = tmp_path / "out" / "latents.csv"
    cli("generate", "tiny", "--latents", table, "--runs-dir", base, "--out", "again")
    first, again = (soundfile.read(tmp_path / folder / name)[0] for folder in ("out", "again"))
    np.testing.assert_allclose(first, again, atol=5e-4)  # batches of other sizes


def test_a_walk_is_moved_too(cli, base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    walk = ("--interpolate", 0, 1, "--steps", 3, "--pc1", 2)
    cli("generate", "tiny", "--label", "kick", *walk, "--runs-dir", base, "--out", "out")
    assert len(list((tmp_path / "out").glob("kick_walk_*_pc1+2.wav"))) == 3


def test_a_direction_of_no_use_is_refused_in_a_line(cli, base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call = ("generate", "tiny", "--label", "kick", "--runs-dir", base, "--length", 1)
    line = cli.refuse(*call)
    assert "--length: no direction of the sounds of kick changes it (explains " in line
    assert not (tmp_path / "sounds").exists()


def test_an_attribute_that_sounds_lack_is_refused(tiny, kicks):
    without = {name: one for name, one in kicks.items() if name != "pitch"}
    recipes = tiny.recipes("kick", 1, 0)
    with pytest.raises(InputError, match="pitch: few sounds of kick have it"):
        list(steered(tiny, recipes, {"kick": without}, {"pitch": 1.0}))


def test_directions_prints_a_line_for_each_with_what_else_moves(cli, base, kicks):
    lines = cli("directions", "tiny", "--label", "kick", "--runs-dir", base).stdout.splitlines()
    assert lines[0] == "tiny, step 600: what +1 changes"
    names = [line.split()[0] for line in lines[3:]]
    assert names == [n for n in NAMES if n in kicks or not n.startswith("pc")]
    (loud,) = [line for line in lines if line.strip().startswith("loudness")]
    assert any(line.startswith("  length      none: no direction changes it") for line in lines)
    assert f"{kicks['loudness'].effects['loudness'] * kicks['loudness'].spread:+.2f} dB" in loud


def test_directions_of_a_label_that_is_not_there(cli, base):
    line = cli.refuse("directions", "tiny", "--label", "gong", "--runs-dir", base)
    assert "'gong' is not a label of tiny; choose from kick, snare" in line
