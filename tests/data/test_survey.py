"""Rate, length and channels that suit a folder, where the user leaves them open."""

from collections import Counter

import numpy as np
import pytest
from support.audio_files import write

from kwavegan.data import PrepareSettings, open_dataset, prepare, prepare_cached, survey
from kwavegan.errors import InputError

RNG = np.random.default_rng(0)


def noise(samples, channels=1):
    return RNG.uniform(-0.5, 0.5, (samples, channels)).astype(np.float32)


def fill(folder, sounds):
    for i, (sound, rate) in enumerate(sounds):
        write(folder / f"{i:03}.wav", sound, rate)
    return folder


def shape(folder):
    data = open_dataset(folder)
    return data.rate, data.length, data.channels


def test_the_rate_is_that_of_most_files_and_the_length_holds_nearly_all(tmp_path):
    long, other = (noise(9000), 44100), (noise(1000), 22050)
    src = fill(tmp_path / "src", [(noise(1000 + i), 44100) for i in range(38)] + [long, other])
    summary = prepare(src, tmp_path / "out")
    # 1,037 samples, and 1,000 at half the rate, are the longest but one: the next 64 above 2,000.
    assert shape(tmp_path / "out") == (44100, 1088, 1)
    assert summary.notes["cropped"] == 2
    assert "44,100 Hz, as 98% of the files, 1,088 samples (0.02 s)" in summary.chosen
    assert "95% of the files whole, mono" in summary.chosen
    assert summary.chosen in summary.lines()


def test_a_length_has_its_longest(tmp_path):
    src = fill(tmp_path / "src", [(noise(5000), 1000) for _ in range(20)])
    prepare(src, tmp_path / "out")
    assert shape(tmp_path / "out") == (1000, 2048, 1)


def test_nobody_hears_more_than_48_khz(tmp_path):
    src = fill(tmp_path / "src", [(noise(960), 96000) for _ in range(20)])
    summary = prepare(src, tmp_path / "out")
    assert shape(tmp_path / "out") == (48000, 512, 1)
    assert "48,000 Hz, where most files have 96,000" in summary.chosen


def test_of_equally_many_rates_the_highest_is_taken_and_named():
    found = survey.Survey(Counter({44100: 3, 96000: 3}), (1.0,) * 6, 0.0)
    assert (found.commonest_rate, found.rate) == (96000, 48000)
    assert survey._rate_reason(found) == "48,000 Hz, where most files have 96,000"


def test_stereo_is_where_left_and_right_differ(tmp_path):
    alike = np.repeat(noise(256), 2, axis=1)
    for name, sounds, channels in (
        ("alike", [alike] * 20, 1),
        ("few", [alike] * 12 + [noise(256, 2)] * 8, 1),
        ("wide", [alike] * 8 + [noise(256, 2)] * 12, 2),
        ("one", [noise(256)] * 20, 1),
    ):
        prepare(fill(tmp_path / name, [(s, 8000) for s in sounds]), tmp_path / f"out-{name}")
        assert shape(tmp_path / f"out-{name}")[2] == channels, name


def test_what_the_user_chooses_holds(tmp_path):
    src = fill(tmp_path / "src", [(noise(1000), 8000) for _ in range(20)])
    summary = prepare(src, tmp_path / "a", PrepareSettings(rate=4000))
    assert shape(tmp_path / "a") == (4000, 512, 1)
    assert "Hz" not in summary.chosen
    summary = prepare(src, tmp_path / "b", PrepareSettings(rate=4000, length=100, channels=2))
    assert shape(tmp_path / "b") == (4000, 100, 2)
    assert summary.chosen == ""


def test_later_files_do_not_change_a_prepared_folder(tmp_path):
    src = fill(tmp_path / "src", [(noise(1000), 8000) for _ in range(20)])
    prepare(src, tmp_path / "out")
    for i in range(100, 130):
        write(src / f"{i}.wav", noise(4000), 16000)
    summary = prepare(src, tmp_path / "out")
    assert shape(tmp_path / "out") == (8000, 1024, 1)
    assert (summary.decoded, summary.reused) == (30, 20)
    prepare(src, tmp_path / "other")
    assert shape(tmp_path / "other") == (16000, 4032, 1)


def test_the_cache_has_one_place_for_equal_clips(tmp_path):
    src = fill(tmp_path / "src", [(noise(1000), 8000) for _ in range(20)])
    said = []
    chosen = prepare_cached(src, note=said.append)
    again = prepare_cached(src, PrepareSettings(rate=8000, length=1024, channels=1))
    assert chosen.path == again.path
    assert [line[:6] for line in said] == ["chosen", "20 cli"]


def test_files_of_no_use_do_not_count(tmp_path):
    src = fill(tmp_path / "src", [(noise(1000), 8000) for _ in range(20)])
    for i in range(30):
        (src / f"broken{i}.wav").write_bytes(b"RIFF")
    prepare(src, tmp_path / "out")
    assert shape(tmp_path / "out") == (8000, 1024, 1)
    for file in src.glob("[0-9]*.wav"):
        file.unlink()
    with pytest.raises(InputError, match=r"none of its 30 .* \(30: not audio"):
        prepare(src, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_large_folder_is_looked_at_in_part(tmp_path, monkeypatch):
    monkeypatch.setattr(survey, "MOST_FILES", 10)
    names = [f"{i}" for i in range(1000)]
    looked = survey._spread(names, 10)
    assert len(set(looked)) == 10
    assert {"0", "999"} <= set(looked)
