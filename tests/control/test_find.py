"""One's own recordings: found among a run's sounds, varied, and walked between."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from support.players import tiny_run

from kwavegan.audio.resampling import resample
from kwavegan.audio.soundfiles import write_wav
from kwavegan.control import Finder, Found, Likeness, blended, read_recording, variations
from kwavegan.control.kept import keep
from kwavegan.control.nearness import in_words, measure_real, real_nearness
from kwavegan.errors import InputError
from kwavegan.generation import load_generator


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A folder of runs with one, of which is known what real sounds get."""
    folder = tmp_path_factory.mktemp("runs")
    generator = tiny_run(folder)
    for label in generator.labels:
        keep(generator, "real", label, 1.5)
    return folder


@pytest.fixture(scope="module")
def tiny(base):
    return load_generator("tiny", runs_dir=base)


@pytest.fixture(scope="module")
def recordings(tiny, tmp_path_factory):
    """A kick and a snare of the run as one might have recorded them: other rate, level, start."""
    folder = tmp_path_factory.mktemp("recordings")
    for label in tiny.labels:
        sound = resample(tiny.generate(label, seed=9)[0], tiny.rate, 11025)
        late = np.pad(0.1 * np.repeat(sound, 2, axis=1), ((2000, 500), (0, 0)))
        write_wav(folder / f"my {label}.wav", late, 11025)
    return folder


def test_a_sound_of_the_run_is_found_again(tiny):
    finder = Finder(tiny)
    for label in (0, 1):
        found = finder.find(np.asarray(tiny.generate(label, seed=9)[0]))
        assert found.label == label
        assert found.distance < 0.7 * found.usual


def test_the_search_comes_nearer_than_the_sounds_it_begins_with(tiny):
    sound = np.asarray(tiny.generate("kick", seed=9)[0])
    likeness = Likeness.of(tiny.rate, tiny.config.length)
    first = likeness.features(np.asarray(tiny.generate("kick", 192, seed=0)))
    best = likeness.distances(first, likeness.features(sound[None])).min()
    found = Finder(tiny).find(sound)
    assert found.distance < 0.9 * best
    again = likeness.features(np.asarray(tiny.generate("kick", latents=found.latent[None])))
    got = likeness.distances(again, likeness.features(sound[None]))
    assert got == pytest.approx(found.distance, abs=1e-3)


def test_a_label_can_be_stayed_in(tiny):
    snare = np.asarray(tiny.generate("snare", seed=9)[0])
    assert Finder(tiny).find(snare, label=0).label == 0


def test_find_writes_the_sound_variations_and_their_recipes(
    cli, base, tiny, recordings, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    call = ("find", "tiny", recordings / "my snare.wav", "--variations", 3, "--runs-dir", base)
    printed = cli(*call).stdout
    assert "my snare.wav: snare, " in printed
    assert "the nearest other real snare to a real one: 1.5 dB" in printed
    folder = tmp_path / "sounds" / "tiny-found"
    names = sorted(path.stem for path in folder.glob("*.wav"))
    assert names == ["my snare_snare", *(f"my snare_snare_v{i}" for i in (1, 2, 3))]
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    assert about["calls"][0]["find"]["my snare.wav"]["label"] == "snare"
    again = ("generate", "tiny", "--latents", folder / "latents.csv", "--out", "again")
    cli(*again, "--runs-dir", base)
    for name in names:
        first, second = (
            soundfile.read(place / f"{name}.wav")[0] for place in (folder, tmp_path / "again")
        )
        np.testing.assert_array_equal(first, second)


def test_variations_are_as_far_as_asked_in_different_directions(tiny):
    (kick,) = tiny.recipes("kick", 1, 0)
    with pytest.raises(InputError, match="amount: 2 is out of range"):
        list(variations(tiny, kick, 1, 2))
    (same,) = variations(tiny, kick, 1, 0)
    np.testing.assert_allclose(same.latent, kick.latent, atol=1e-6)
    near, far = (
        [np.abs(one.latent - kick.latent).mean() for one in variations(tiny, kick, 5, amount)]
        for amount in (0.2, 0.8)
    )
    assert max(near) < min(far)
    first, second = variations(tiny, kick, 2, 0.5)
    assert np.abs(first.latent - second.latent).max() > 0.1


def test_two_recordings_of_one_name_keep_apart(cli, base, recordings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sound = recordings / "my kick.wav"
    cli("find", "tiny", sound, sound, "--label", "kick", "--runs-dir", base, "--out", "out")
    names = sorted(path.name for path in (tmp_path / "out").glob("*.wav"))
    assert names == ["my kick_kick.wav", "my kick_kick~2.wav"]


def test_a_recording_becomes_a_sound_of_the_run(recordings, tiny):
    recording = read_recording(recordings / "my kick.wav", tiny.config)
    assert recording.audio.shape == (1024, 1)
    assert np.abs(recording.audio).max() == pytest.approx(0.95)
    assert np.abs(recording.audio[:40]).max() > 0.002  # no silence before it


def write_bad(folder):
    time = np.arange(8000) / 8000
    write_wav(folder / "silent.wav", np.zeros(4000), 8000)
    write_wav(folder / "click.wav", np.pad([0.9, -0.9], (100, 4000)), 4096)
    tone = np.sin(2 * np.pi * 200 * time)
    write_wav(folder / "cancels.wav", np.stack([tone, -tone], axis=1), 8000)
    (folder / "text.wav").write_text("no sound at all, but words")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("silent.wav", "it is silent; name a file with a sound in it"),
        ("click.wav", "is too short"),
        ("cancels.wav", "its channels cancel out"),
        ("text.wav", "is not audio that can be read"),
        ("missing.wav", "is not there"),
    ],
)
def test_what_is_no_recording_is_refused(cli, base, recordings, tmp_path, monkeypatch, name, why):
    monkeypatch.chdir(tmp_path)
    write_bad(tmp_path)
    line = cli.refuse("find", "tiny", recordings / "my kick.wav", name, "--runs-dir", base)
    assert f"{name}: {why}" in line
    assert not (tmp_path / "sounds").exists()


def test_what_is_missing_is_asked_for(cli, base, recordings):
    assert "name a recording" in cli.refuse("find", "tiny", "--runs-dir", base)
    sound = recordings / "my kick.wav"
    assert "takes two recordings" in cli.refuse("morph", "tiny", sound, "--runs-dir", base)


def test_the_latest_run_is_meant_where_only_recordings_are_named(
    cli, base, recordings, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    cli("find", recordings / "my kick.wav", "--runs-dir", base)
    assert (tmp_path / "sounds" / "tiny-found" / "my kick_kick.wav").exists()


def rows(folder):
    with (folder / "latents.csv").open(newline="", encoding="utf-8") as file:
        return [row[:2] for row in csv.reader(file)][1:]


def test_a_morph_goes_from_one_label_to_another(cli, base, recordings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ends = (recordings / "my kick.wav", recordings / "my snare.wav")
    call = ("morph", "tiny", *ends, "--steps", 5, "--runs-dir", base, "--no-trim", "--bits", 32)
    printed = cli(*call).stdout
    assert "latents.csv holds the first and the last alone" in printed
    folder = tmp_path / "sounds" / "tiny-morph"
    paths = sorted(folder.glob("*.wav"))
    assert [path.stem[-2:] for path in paths] == ["01", "02", "03", "04", "05"]
    assert [label for _, label in rows(folder)] == ["kick", "snare"]
    likeness = Likeness.of(4096, 1024)
    features = likeness.features(
        np.stack([soundfile.read(path, dtype="float32", always_2d=True)[0] for path in paths])
    )
    from_start = likeness.distances(features, features[0])
    from_end = likeness.distances(features, features[-1])
    assert from_start[1] < from_start[3]
    assert from_end[3] < from_end[1]


def test_a_morph_within_a_label_can_be_made_again(cli, base, recordings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ends = (recordings / "my kick.wav", recordings / "my snare.wav")
    cli("morph", "tiny", *ends, "--label", "kick", "--steps", 3, "--runs-dir", base, "--out", "out")
    assert [label for _, label in rows(tmp_path / "out")] == ["kick"] * 3


@pytest.mark.parametrize("kind", ["istft", "waveform", "dissertation"])
def test_labels_blend(tmp_path, kind):
    generator = tiny_run(tmp_path, generator=kind)
    kick, snare = (np.asarray(generator.generate(label)) for label in ("kick", "snare"))
    blends = [np.asarray(blended(generator, 0, 1, share).generate("kick")) for share in (0, 0.5, 1)]
    np.testing.assert_allclose(blends[0], kick, atol=1e-6)
    np.testing.assert_allclose(blends[2], snare, atol=1e-6)
    assert min(np.abs(blends[1] - end).max() for end in (kick, snare)) > 1e-5
    np.testing.assert_array_equal(generator.generate("kick"), kick)


def test_real_sounds_are_nearer_to_each_other_within_a_label(dataset):
    within = [measure_real(dataset, label) for label in (0, 1)]
    assert 0 < max(within) < 3


def test_what_real_sounds_get_is_measured_once_and_kept(dataset, tmp_path):
    settings = {"rate": dataset.rate, "length": dataset.length, "labels": dataset.labels}
    generator = tiny_run(tmp_path, data=str(dataset.path), **settings)
    first = real_nearness(generator, dataset.labels[0])
    assert first == pytest.approx(measure_real(dataset, 0))
    gone = replace(generator, config=replace(generator.config, data="/gone"))
    assert real_nearness(gone, dataset.labels[0]) == pytest.approx(first, abs=1e-3)
    notes = []
    assert real_nearness(gone, dataset.labels[1], notes.append) is None
    assert "/gone: no such folder any more" in notes[0]


def test_data_that_are_others_by_now_are_not_measured(dataset, tmp_path):
    generator = tiny_run(tmp_path, data=str(dataset.path))
    notes = []
    assert real_nearness(generator, "kick", notes.append) is None
    assert "has other sounds than the run was trained on" in notes[0]


def test_nearness_is_put_into_words():
    def words(distance, real):
        return in_words(Found(0, np.zeros(2), distance, usual=8.0), real)

    assert words(2.0, 2.0) == "as near as another real sound"
    assert words(4.0, 2.0) == words(3.9, None) == "near"
    assert words(6.0, 2.0) == words(6.0, None) == "somewhat alike"
    assert words(7.9, 2.0) == "not alike: this run makes no such sound"
