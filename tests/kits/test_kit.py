"""The folder of a kit: sounds that are equally loud, in layers, and where they came from."""

import json
from itertools import chain

import numpy as np
import pytest
import soundfile as sf
from support.players import tiny_generator

from kwavegan.audio import momentary_loudness
from kwavegan.errors import InputError
from kwavegan.generation import Recipe
from kwavegan.generation.latents_table import read_latents
from kwavegan.kits import write_kit
from kwavegan.kits.assembly import LAYERS, Take, audible, layers_of

LABELS = ("kick", "snare")
COUNT = 12


def recipes_of(generator, count=COUNT, seed=0, labels=LABELS):
    return chain.from_iterable(generator.recipes(label, count, seed) for label in labels)


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    return tiny_generator(tmp_path_factory.mktemp("runs") / "tiny")


@pytest.fixture(scope="module")
def written(generator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kits") / "kit"
    return write_kit(generator, recipes_of(generator), folder, call={"seed": 0})


def loudness_of(path):
    audio, rate = sf.read(path, always_2d=True)
    return momentary_loudness(audio, rate)


def sounds_of(written):
    return sorted((written.path.parent / "samples").iterdir())


def test_a_person_finds_each_sound_by_its_name(written):
    names = [path.name for path in sounds_of(written)]
    assert len(names) == 2 * COUNT
    assert names[:4] == [f"036_kick_{end}.wav" for end in ("v1_r1", "v1_r2", "v1_r3", "v2_r1")]
    assert names[-1] == "038_snare_v4_r3.wav"
    assert written.path.name == "tiny.sfz"
    beside = {path.name for path in written.path.parent.iterdir()}
    assert beside == {"tiny.sfz", "samples", "about.json", "latents.csv"}


def test_the_kit_names_the_files_that_are_there(written):
    files = [f for voice in written.kit.voices for layer in voice.layers for f in layer.files]
    assert sorted(files) == [path.name for path in sounds_of(written)]
    assert [voice.note for voice in written.kit.voices] == [36, 38]
    assert [place.name for place in written.places.values()] == ["Bass Drum 1", "Acoustic Snare"]


def test_sounds_have_24_bits_and_the_largest_is_a_decibel_below_full_scale(written, generator):
    infos = [sf.info(path) for path in sounds_of(written)]
    assert {(info.subtype, info.samplerate) for info in infos} == {("PCM_24", generator.rate)}
    peaks = [np.abs(sf.read(path)[0]).max() for path in sounds_of(written)]
    assert max(peaks) == pytest.approx(10 ** (-1 / 20), abs=1e-4)


def test_sounds_of_a_label_are_equally_loud_and_labels_keep_their_balance(written, generator):
    want = {}
    for label in LABELS:
        loud = [loudness_of(path) for path in sounds_of(written) if label in path.name]
        assert np.ptp(loud) < 0.01
        own = [momentary_loudness(np.asarray(sound), generator.rate)
               for sound in generator.generate(label, COUNT)]  # fmt: skip
        assert np.ptp(own) > 0.5  # or the test says nothing
        want[label] = loud[0] - np.median(own)
    assert want["kick"] == pytest.approx(want["snare"], abs=0.1)


def test_softer_sounds_are_in_lower_layers(written, generator):
    table = read_latents(written.path.parent / "latents.csv", 8, LABELS)
    assert {recipe.name for recipe in table} == {path.stem for path in sounds_of(written)}
    kicks = sorted((r for r in table if r.label == 0), key=lambda recipe: recipe.name)
    sounds = generator.generate("kick", latents=np.stack([recipe.latent for recipe in kicks]))
    loud = np.array([momentary_loudness(np.asarray(s), generator.rate) for s in sounds])
    layers = loud.reshape(LAYERS, -1)
    assert (layers[:-1].max(axis=1) <= layers[1:].min(axis=1)).all()


def test_the_table_makes_the_sounds_of_the_seed(written, generator):
    table = read_latents(written.path.parent / "latents.csv", 8, LABELS)
    kicks = {recipe.latent.tobytes() for recipe in table if recipe.label == 0}
    assert kicks == {latent.tobytes() for latent in generator.latents(COUNT, seed=0)}


def test_the_folder_says_where_the_sounds_came_from(written):
    about = json.loads((written.path.parent / "about.json").read_text(encoding="utf-8"))
    assert (about["run"], about["step"]) == ("tiny", 600)
    assert about["calls"] == [{"seed": 0, "kit": "sfz", "bits": 24, "trim": True}]
    assert written.kit.about in written.path.read_text(encoding="utf-8")


def test_the_same_seed_makes_the_same_kit(written, generator, tmp_path):
    again = write_kit(generator, recipes_of(generator), tmp_path / "again", call={"seed": 0})
    for one, other in zip(sounds_of(written), sounds_of(again), strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert written.path.read_bytes() == again.path.read_bytes()
    other = write_kit(generator, recipes_of(generator, seed=1), tmp_path / "other")
    assert sounds_of(other)[0].read_bytes() != sounds_of(written)[0].read_bytes()


@pytest.mark.parametrize(("count", "sizes"), [
    (1, [1]), (2, [2]), (3, [3]), (4, [2, 2]), (8, [3, 3, 2]), (12, [3] * 4), (16, [4] * 4),
])  # fmt: skip
def test_there_is_a_layer_for_three_sounds_and_at_most_four(count, sizes):
    rng = np.random.default_rng(0)
    takes = [Take(None, None, loudness) for loudness in rng.permutation(count)]
    layers = layers_of(takes)
    assert [len(layer) for layer in layers] == sizes
    flat = [sorted(take.loudness for take in layer) for layer in layers]
    assert list(chain.from_iterable(flat)) == list(range(count))


def test_a_label_has_the_same_note_when_it_comes_alone(generator, tmp_path):
    alone = write_kit(generator, recipes_of(generator, 1, labels=["snare"]), tmp_path / "kit")
    assert [voice.note for voice in alone.kit.voices] == [38]


def test_a_run_of_more_labels_than_notes_makes_kits_of_some(tmp_path):
    many = tiny_generator(tmp_path / "many", labels=tuple(f"label {i}" for i in range(200)))
    kit = write_kit(many, recipes_of(many, 1, labels=["label 199"]), tmp_path / "kit").kit
    assert [(voice.label, voice.note) for voice in kit.voices] == [("label 199", 60)]
    with pytest.raises(InputError, match="200 labels: a kit has 128 notes"):
        write_kit(many, recipes_of(many, 1, labels=many.labels), tmp_path / "all")


def test_a_run_without_labels_is_one_key(tmp_path):
    plain = tiny_generator(tmp_path / "plain", model="wgan", labels=())
    kit = write_kit(plain, plain.recipes(None, 2, 0), tmp_path / "kit").kit
    assert [(voice.label, voice.note) for voice in kit.voices] == [("sound", 60)]


def test_odd_labels_make_names_that_any_system_takes(tmp_path):
    odd = tiny_generator(tmp_path / "odd", labels=('a/b: "c" = $d', "トム", "x" * 200, "?"))
    recipes = recipes_of(odd, 1, labels=odd.labels)
    names = [path.stem for path in sounds_of(write_kit(odd, recipes, tmp_path / "kit"))]
    assert names == [
        "060_a-b-c-d_v1_r1", "062_トム_v1_r1", f"064_{'x' * 40}_v1_r1", "065_label_v1_r1",
    ]  # fmt: skip


def sound(level, rate=4096):
    rng = np.random.default_rng(0)
    return Take.of(Recipe(np.zeros(8), 0, f"at {level}"), level * rng.normal(size=(800, 1)), rate)


def test_silent_sounds_are_left_out_and_named():
    takes = {"kick": [sound(level) for level in (0.1, 0.0, 0.2, 0.001)]}
    heard, others = audible(takes)
    assert [take.recipe.name for take in heard["kick"]] == ["at 0.1", "at 0.2"]
    assert [take.recipe.name for take in others] == ["at 0.0", "at 0.001"]
    with pytest.raises(InputError, match="snare: all 2 sounds are silent"):
        audible({**takes, "snare": [sound(0.0)] * 2})


REFUSED = {
    "nothing": ("sfz", 0, "no sound is asked for"),
    "a format": ("gigasampler", 1, "kit: 'gigasampler' is unknown; choose from sfz"),
    "too many": ("hydrogen", 17, "kick: 17 sounds, but Hydrogen plays at most 16"),
}


@pytest.mark.parametrize(("form", "count", "says"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_kit_is_refused_and_leaves_nothing(generator, tmp_path, form, count, says):
    with pytest.raises(InputError, match=says):
        write_kit(generator, recipes_of(generator, count), tmp_path / "kit", form)
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_there_is_written_over(generator, tmp_path):
    (tmp_path / "empty").mkdir()
    write_kit(generator, recipes_of(generator, 1), tmp_path / "empty")
    (tmp_path / "file").write_text("mine")
    for there in ("empty", "file"):
        with pytest.raises(InputError, match=f"out: .*{there} is there already; name a new folder"):
            write_kit(generator, recipes_of(generator, 1, seed=1), tmp_path / there)
    assert (tmp_path / "file").read_text() == "mine"
    assert len(sounds_of(write_kit(generator, recipes_of(generator, 1), tmp_path / "other"))) == 2
