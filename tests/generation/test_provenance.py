"""A folder of sounds names what made them, and sounds of another run or step go elsewhere."""

import json
import shutil
from dataclasses import replace

import pytest

import kwavegan
from kwavegan.errors import InputError
from kwavegan.generation import write_sounds
from kwavegan.generation.provenance import weights_digest
from kwavegan.player import Player
from kwavegan.runs.pretrained import FOLDER


@pytest.fixture(scope="module")
def drums():
    return kwavegan.load_pretrained("drums")


@pytest.fixture
def generate(cli, tmp_path, monkeypatch):
    """`generate(…)` runs the command in a folder with the run `mine`, which has one checkpoint."""
    shutil.copytree(FOLDER / "drums", tmp_path / "runs" / "mine")
    monkeypatch.chdir(tmp_path)
    return lambda *args: cli("generate", "mine", "--label", "kick", *args)


def trained_on(folder, step=9000, by=1.5):
    """Let the run in a folder have a later checkpoint, the best, with other weights."""
    run = kwavegan.generation.load_generator(folder).run
    stored = run.load_checkpoint()
    arrays = {name: array * by for name, array in stored.arrays.items()}
    run.save_checkpoint(step, arrays, stored.meta)
    run.mark_best(step)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def about(folder):
    return json.loads((folder / "about.json").read_text(encoding="utf-8"))


def test_a_folder_names_run_step_and_what_was_asked_for(generate, tmp_path, drums):
    generate("-n", 2, "--seed", 5)
    generate("-n", 2, "--seed", 5)
    generate("--interpolate", 0, 1, "--steps", 3, "--bits", 24, "--no-trim")
    generate("--latents", "sounds/mine/latents.csv")
    found = about(tmp_path / "sounds" / "mine")
    assert (found["run"], found["step"]) == ("mine", drums.step)
    assert found["weights"] == weights_digest(drums.player)
    assert (found["rate"], found["labels"]) == (drums.rate, list(drums.labels))
    plain, walk = {"label": "kick", "bits": 16, "trim": True}, {"interpolate": ["0", "1"]}
    assert found["calls"] == [
        {**plain, "count": 2, "seed": 5},
        {"label": "kick", "bits": 24, "trim": False, "seed": 0, "steps": 3, **walk},
        {**plain, "latents": "latents.csv"},
    ]


def test_sounds_of_another_step_never_take_the_place_of_earlier_ones(generate, tmp_path):
    generate("-n", 1)
    first = contents(tmp_path / "sounds" / "mine")
    trained_on(tmp_path / "runs" / "mine")
    printed = generate("-n", 1).stdout
    assert "in sounds/mine-step-9000" in printed
    assert "sounds/mine holds sounds of another step" in printed
    assert contents(tmp_path / "sounds" / "mine") == first
    later = contents(tmp_path / "sounds" / "mine-step-9000")
    assert later["kick_s0_0000.wav"] != first["kick_s0_0000.wav"]
    generate("-n", 2)  # more of the same step go to the same place
    assert len(contents(tmp_path / "sounds" / "mine-step-9000")) == len(later) + 1
    assert contents(tmp_path / "sounds" / "mine") == first


def test_a_run_trained_anew_under_its_name_is_another(generate, tmp_path):
    trained_on(tmp_path / "runs" / "mine")
    for by, folder in ((1.1, "mine"), (1.2, "mine-step-9000"), (1.3, "mine-step-9000-2")):
        trained_on(tmp_path / "runs" / "mine", by=by)
        assert f"in sounds/{folder} " in generate("-n", 1).stdout


def test_a_folder_that_is_named_is_refused_where_it_holds_others(generate, cli, tmp_path):
    generate("-n", 1, "--out", "out")
    before = contents(tmp_path / "out")
    step = about(tmp_path / "out")["step"]
    trained_on(tmp_path / "runs" / "mine")
    line = cli.refuse("generate", "mine", "-n", 1, "--out", "out")
    assert line == (
        f"kwavegan: --out: out holds sounds of mine, step {step}; name another folder, or delete"
        " that one\n"
    )
    assert contents(tmp_path / "out") == before


def test_the_name_of_another_run_is_enough(drums, tmp_path):
    write_sounds(drums, drums.recipes("kick", 1, 0), tmp_path / "out")
    other = replace(drums, run=replace(drums.run, path=tmp_path / "copy"))
    with pytest.raises(InputError, match="holds sounds of drums, step"):
        write_sounds(other, drums.recipes("kick", 1, 0), tmp_path / "out")


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_a_folder_that_does_not_say_whose_it_is_is_left_alone(drums, tmp_path, text):
    (tmp_path / "about.json").write_text(text)
    with pytest.raises(InputError, match="holds sounds of a run that it does not name"):
        write_sounds(drums, drums.recipes("kick", 1, 0), tmp_path)
    (tmp_path / "about.json").rename(tmp_path / "latents.csv")
    with pytest.raises(InputError, match="holds sounds of a run that it does not name"):
        write_sounds(drums, drums.recipes("kick", 1, 0), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["latents.csv"]


def test_a_folder_is_claimed_before_its_first_sound(drums, tmp_path):
    def interrupted():
        yield from drums.recipes("kick", 64, 0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sounds(drums, interrupted(), tmp_path / "out")
    assert about(tmp_path / "out")["step"] == drums.step
    assert (tmp_path / "out" / "kick_s0_0000.wav").exists()


def test_weights_have_one_digest_in_numpy_and_in_keras(drums):
    digest = weights_digest(drums.player)
    assert weights_digest(drums.network) == digest
    weights = {**drums.player.weights, "dense/bias": drums.player.weights["dense/bias"] + 1}
    assert weights_digest(Player(drums.config.architecture, weights)) != digest
