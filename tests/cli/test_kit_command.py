"""`kwavegan generate --kit`."""

import json

import pytest
import soundfile as sf

from kwavegan.cli.generate import command
from kwavegan.kits.formats import FORMATS


@pytest.fixture
def generate(cli, tmp_path, monkeypatch):
    """`generate(…)` runs the command on the pretrained drums, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *args, run=cli: run("generate", "--pretrained", "drums", *args)


def test_every_format_can_be_asked_for():
    (option,) = (each for each in command.params if each.name == "kit")
    assert list(option.type.choices) == list(FORMATS)


def test_a_kit_says_what_is_where(generate):
    printed = generate("--kit", "sfz", "-n", 1).stdout.splitlines()
    assert printed == [
        "6 sounds of drums, step 3500, the best: kits/pretrained-drums-sfz/drums.sfz",
        "notes: kick: 36 Bass Drum 1; snare: 38 Acoustic Snare; clap: 39 Hand Clap;"
        " closed-hat: 42 Closed Hi-Hat; tom: 45 Low Tom; open-hat: 46 Open Hi-Hat",
    ]


def test_a_kit_has_twelve_sounds_of_24_bits_of_each_label(generate, tmp_path):
    generate("--kit", "sfz", "--label", "kick")
    kit = tmp_path / "kits" / "pretrained-drums-sfz"
    subtypes = [sf.info(path).subtype for path in (kit / "samples").iterdir()]
    assert subtypes == ["PCM_24"] * 12
    about = json.loads((kit / "about.json").read_text(encoding="utf-8"))
    call = {"label": "kick", "count": 12, "seed": 0, "kit": "sfz", "bits": 24, "trim": True}
    assert about["calls"] == [call]


@pytest.mark.parametrize(
    ("form", "opens"),
    [("decentsampler", "drums.dspreset"), ("hydrogen", "drumkit.xml")],
)
def test_other_samplers(generate, tmp_path, form, opens):
    generate("--kit", form, "--label", "kick", "-n", 1, "--bits", 16)
    kit = tmp_path / "kits" / f"pretrained-drums-{form}"
    assert (kit / opens).exists()
    (wav,) = kit.rglob("*.wav")
    assert sf.info(wav).subtype == "PCM_16"


def test_a_second_kit_has_a_folder_of_its_own(generate, tmp_path):
    for seed in (0, 1, 1):
        generate("--kit", "sfz", "--label", "kick", "-n", 1, "--seed", seed)
    names = sorted(path.name for path in (tmp_path / "kits").iterdir())
    assert names == [f"pretrained-drums-sfz{end}" for end in ("", "-2", "-3")]


def test_a_kit_of_chosen_sounds(generate, tmp_path):
    generate("--label", "snare", "-n", 3, "--out", "chosen")
    generate("--kit", "sfz", "--latents", "chosen/latents.csv", "--out", "kit")
    assert len(list((tmp_path / "kit").rglob("038_snare_v1_r*.wav"))) == 3


def test_what_is_wrong_is_one_line(generate, cli, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    line = generate("--kit", "sfz", "-n", 1, "--out", "full", run=cli.refuse)
    assert line == "kwavegan: --out: full is there already; name a new folder\n"
    line = generate("--kit", "hydrogen", "-n", 20, run=cli.refuse)
    assert line == (
        "kwavegan: clap: 20 sounds, but Hydrogen plays at most 16 of an instrument; make fewer\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["full"]
