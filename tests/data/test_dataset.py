"""Scanning a folder, splitting by name, opening a prepared folder."""

import errno
import json
import re

import numpy as np
import pytest
import soundfile as sf

from kwavegan.config.settings import Config
from kwavegan.config.sound_set import remark_on_loudness, remark_on_pitch
from kwavegan.data import PrepareSettings, dataset, prepare, scanner
from kwavegan.data.dataset import Dataset, Split, open_dataset
from kwavegan.data.manifest import SPLITS
from kwavegan.data.scanner import scan_folder, split_of
from kwavegan.errors import InputError, for_command_line


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.fixture
def prepared(tmp_path):
    noise = np.random.default_rng(0)
    for label in ("kick", "snare"):
        for i in range(30):
            path = tmp_path / "src" / label / f"{i}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            sf.write(path, noise.uniform(-0.5, 0.5, 256), 2048)
    prepare(tmp_path / "src", tmp_path / "out", PrepareSettings(rate=2048, length=256))
    return tmp_path / "out"


@pytest.mark.parametrize(
    ("name", "split"),
    # The SHA-1 modulo 2^27, times 100 / (2^27 - 1), worked out with sha1sum and bc.
    [
        ("speaker16_nohash_3.wav", "validation"),  # 1.43
        ("below/speaker29_nohash_0.wav", "test"),  # 5.41
        ("speaker7_nohash_12.flac", "test"),  # 11.99
        ("0a2b400e_nohash_0.wav", "train"),  # 49.63
        ("kick_001.wav", "train"),  # 71.36, of the whole name
    ],
)
def test_split_of_known_names(name, split):
    assert split_of(name) == split


def test_split_proportions():
    names = [f"{i:08x}_nohash_0.wav" for i in range(20000)]
    splits = [split_of(name) for name in names]
    assert splits.count("validation") / len(names) == pytest.approx(0.05, abs=0.005)
    assert splits.count("test") / len(names) == pytest.approx(0.20, abs=0.01)
    assert {split_of(name, 0.0, 0.0) for name in names} == {"train"}
    half = [split_of(name, 50.0, 0.0) for name in names]
    assert half.count("validation") / len(names) == pytest.approx(0.5, abs=0.01)
    assert "test" not in half


def test_a_speaker_is_on_one_side_only():
    for speaker in range(500):
        takes = [
            f"{folder}/{speaker:08x}_nohash_{i}.wav" for folder in ("yes", "no") for i in range(3)
        ]
        assert len({split_of(take) for take in takes}) == 1
    # Without the mark the whole name counts, so that takes may differ.
    assert len({split_of(f"kick_{i}.wav") for i in range(200)}) == 3


def test_speaker():
    assert scanner.speaker_of("yes/0a2b400e_nohash_1.wav") == "0a2b400e"
    assert scanner.speaker_of("yes/kick.wav") == ""


def test_scan_of_label_folders(tmp_path):
    touch(tmp_path, "b/2.wav", "b/1.FLAC", "b/deep/er/3.mp3", "a/x.ogg", "a/notes.txt", "docs/r.md")
    touch(tmp_path, "_background_noise_/n.wav", ".git/x.wav", "a/.hidden.wav", "a/_old/y.wav")
    touch(tmp_path, "stray.wav")
    scan = scan_folder(tmp_path)
    assert scan.labels == ("a", "b")
    assert [(source.name, source.label) for source in scan.sources] == [
        ("a/x.ogg", 0),
        ("b/1.FLAC", 1),
        ("b/2.wav", 1),
        ("b/deep/er/3.mp3", 1),
    ]
    assert scan.outside == 1
    assert scan_folder(tmp_path, ["b", "a"]).labels == ("b", "a")
    assert scan_folder(tmp_path, ["b"]).sources[0].label == 0


def test_scan_of_a_flat_folder(tmp_path):
    touch(tmp_path, "2.wav", "1.wav", "readme.txt", "_background_noise_/n.wav")
    scan = scan_folder(tmp_path)
    assert scan.labels == ()
    assert [source.name for source in scan.sources] == ["1.wav", "2.wav"]
    assert {source.label for source in scan.sources} == {0}


def test_scan_follows_links_but_not_in_circles(tmp_path):
    touch(tmp_path / "elsewhere", "1.wav")
    (tmp_path / "src" / "a").mkdir(parents=True)
    (tmp_path / "src" / "a" / "circle").symlink_to(tmp_path / "src")
    (tmp_path / "src" / "b").symlink_to(tmp_path / "elsewhere")
    assert [source.name for source in scan_folder(tmp_path / "src").sources] == ["b/1.wav"]


def test_scan_refuses(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        scan_folder(tmp_path / "nowhere")
    touch(tmp_path, "empty/notes.txt", "case/Kick/1.wav", "case/kick/1.wav", "flat/1.wav")
    touch(tmp_path, "good/kick/1.wav", "good/snare/1.wav")
    with pytest.raises(InputError, match="no audio in it"):
        scan_folder(tmp_path / "empty")
    with pytest.raises(InputError, match="give the folder it lies in"):
        scan_folder(tmp_path / "empty" / "notes.txt")
    with pytest.raises(InputError, match="'Kick' and 'kick' differ only by case"):
        scan_folder(tmp_path / "case")
    with pytest.raises(InputError, match="no label folders"):
        scan_folder(tmp_path / "flat", ["kick"])
    with pytest.raises(InputError, match="did you mean 'kick'"):
        scan_folder(tmp_path / "good", ["Kik"])
    with pytest.raises(InputError, match="given twice"):
        scan_folder(tmp_path / "good", ["kick", "kick"])


def test_lists(tmp_path):
    (tmp_path / "validation_list.txt").write_text("a/1.wav\n")
    with pytest.raises(InputError, match=r"testing_list\.txt: cannot be read"):
        scanner.read_lists(tmp_path)
    (tmp_path / "testing_list.txt").write_text("a/2.wav\nb/3.wav\n\n")
    assert scanner.read_lists(tmp_path) == {
        "a/1.wav": "validation",
        "a/2.wav": "test",
        "b/3.wav": "test",
    }


def test_opened_set(prepared):
    data = open_dataset(prepared)
    assert (data.rate, data.length, data.channels) == (2048, 256, 1)
    assert data.labels == ("kick", "snare")
    assert sum(len(getattr(data, split)) for split in SPLITS) == 60
    assert isinstance(data.train.audio, np.memmap)
    assert not data.train.audio.flags.writeable
    assert data.train.labels.dtype == np.int32
    assert set(data.train.labels) == {0, 1}
    batch = data.train.batch([3, 0, 3])
    assert batch.shape == (3, 256, 1)
    assert batch.dtype == np.float32
    assert np.array_equal(batch[0], data.train.audio[3] / np.float32(32768))
    assert np.array_equal(batch[0], batch[2])
    assert data.train.batch([]).shape == (0, 256, 1)
    data.require_labels()


def test_a_set_without_labels_cannot_condition(tmp_path):
    for i in range(20):
        path = tmp_path / "src" / f"{i}.wav"
        path.parent.mkdir(exist_ok=True)
        sf.write(path, np.full(256, 0.5), 2048)
    prepare(tmp_path / "src", tmp_path / "out", PrepareSettings(rate=2048, length=256))
    data = open_dataset(tmp_path / "out")
    assert data.labels == ()
    assert not data.train.labels.any()
    with pytest.raises(InputError, match="has no labels, and a conditional model needs"):
        data.require_labels()


def test_what_is_not_a_prepared_folder(tmp_path):
    assert not dataset.is_prepared(tmp_path)
    for path, what in ((tmp_path, "is not a prepared folder"), (tmp_path / "x", "no such folder")):
        with pytest.raises(InputError, match=f"{what}; prepare sounds into it"):
            open_dataset(path)
    (tmp_path / "sound.wav").touch()
    with pytest.raises(InputError, match="is not a prepared folder; prepare it into another"):
        open_dataset(tmp_path)


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def pickled(path):
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("train.npy", cut),
        ("train.npy", lambda path: path.unlink()),
        ("train.npy", pickled),
        ("train.npy", lambda path: np.save(path, np.zeros((3, 256, 1), np.int16))),
        ("test.npy", lambda path: path.write_bytes(b"")),
        ("train_labels.npy", cut),
        ("train_labels.npy", lambda path: np.save(path, np.load(path) + 7)),
        ("settings.json", cut),
        ("settings.json", lambda path: path.write_text("[]")),
        ("settings.json", lambda path: path.write_text('{"format": "other", "version": 1}')),
        (
            "settings.json",
            lambda path: path.write_text('{"format": "kwavegan-dataset", "version": 1}'),
        ),
    ],
)
def test_damage_is_noticed(prepared, name, damage):
    damage(prepared / name)
    assert dataset.is_prepared(prepared)
    with pytest.raises(InputError, match=re.escape(f"damaged ({name})")):
        open_dataset(prepared)


def test_a_folder_that_cannot_be_listed_is_told_with_what_to_do(tmp_path, monkeypatch):
    def refuse(folder):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(scanner.os, "scandir", refuse)
    with pytest.raises(InputError, match=r"cannot be listed: too many files are open; raise the"):
        scan_folder(tmp_path)


def test_a_newer_format_is_refused(prepared):
    path = prepared / "settings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 99}))
    with pytest.raises(InputError, match="newer kwavegan"):
        open_dataset(prepared)


def test_the_spread_of_levels_is_that_within_labels(tmp_path):
    """Labels of different loudness do not count; sounds of a label do."""
    levels = np.array([-6, -6, -6, -6, -20, -40, -20, -40])
    sine = np.sin(2 * np.pi * np.arange(256) / 8)
    audio = (10 ** (levels / 20)[:, None, None] * sine[:, None]).astype("float32")
    sounds = Split(audio, np.repeat([0, 1], 4).astype("int32"))
    data = Dataset(tmp_path, 2048, 256, 1, ("loud", "soft"), sounds, sounds, sounds)
    assert data.level_spread == pytest.approx((0 + 10) / 2, abs=0.05)


@pytest.mark.parametrize(
    ("critic", "spread", "asked", "loudness"),
    [
        ("spectral", 9.0, -1.0, 3.0),
        ("spectral", 4.0, -1.0, 0.0),
        ("waveform", 9.0, -1.0, 0.0),
        ("spectral", 9.0, 0.0, 0.0),
        ("both", 4.0, 2.0, 2.0),
    ],
)
def test_settings_take_the_loudness_that_suits_a_set(prepared, critic, spread, asked, loudness):
    data = open_dataset(prepared)
    vars(data)["level_spread"] = spread  # as measured
    config = Config(critic=critic, loudness=asked).for_dataset(data)
    assert config.loudness == config.architecture.loudness == loudness
    remark = for_command_line(remark_on_loudness(asked, config.loudness, spread))
    assert ("by 9 dB: critics hear loudness apart (--loudness 3)" in remark) == (loudness == 3.0)


@pytest.mark.parametrize(
    ("generator", "found", "asked", "pitch"),
    [
        ("istft", 120.0, -1.0, 120.0),
        ("istft", 0.0, -1.0, 0.0),
        ("waveform", 120.0, -1.0, 0.0),
        ("istft", 120.0, 0.0, 0.0),
        ("istft", 0.0, 200.0, 200.0),
    ],
)
def test_settings_take_the_voice_of_a_set(prepared, generator, found, asked, pitch):
    data = open_dataset(prepared)
    vars(data)["voice_pitch"] = found  # as measured
    config = Config(generator=generator, pitch=asked).for_dataset(data)
    assert config.pitch == config.architecture.pitch == pitch
    remark = for_command_line(remark_on_pitch(asked, config.pitch))
    assert ("at 120 Hz: the generator is given one (--pitch 120)" in remark) == (pitch == 120.0)


def test_python_is_told_of_the_loudness_that_is_taken(prepared, monkeypatch):
    """As the command line is; the training itself is not begun."""
    from kwavegan.training import api

    def refuse(*_, **__):
        raise InputError("far enough")

    data, notes = open_dataset(prepared), []
    vars(data)["level_spread"] = 9.0
    monkeypatch.setattr(api, "load_dataset", lambda *_, **__: data)
    monkeypatch.setattr(api, "run_training", refuse)
    for loudness in (-1.0, 2.0):
        with pytest.raises(InputError, match="far enough"):
            api.train(prepared, critic="spectral", loudness=loudness, note=notes.append)
    assert len(notes) == 1
    assert notes[0].endswith("differ by 9 dB: critics hear loudness apart (loudness 3)")
