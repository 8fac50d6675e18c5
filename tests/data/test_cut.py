"""`prepare --cut`: recordings of many sounds become a clip for each sound."""

import numpy as np
import pytest
from support.audio_files import rows, write

from kwavegan import PrepareSettings, prepare
from kwavegan.data.preparation_checks import CUTS
from kwavegan.errors import InputError
from kwavegan.storage.files import PARTIAL

RATE = 8_000
CUT = PrepareSettings(cut=True, rate=RATE)


def take(seed, count=12, floor=0.002):
    """Return noise bursts of 0.1 s, and where each begins, in samples."""
    rng = np.random.default_rng(seed)
    starts = (np.arange(count) * 0.5 * RATE + 0.2 * RATE + rng.integers(0, 800, count)).astype(int)
    sound = floor * rng.standard_normal(round((count * 0.5 + 0.3) * RATE))
    for start in starts:
        burst = rng.uniform(-0.6, 0.6, RATE // 10) * np.exp(-np.arange(RATE // 10) / 200)
        sound[start : start + RATE // 10] += burst
    return sound, starts


@pytest.fixture
def takes(tmp_path):
    """A folder of two labels with three recordings each, and the onsets in each file."""
    onsets = {}
    for label, first in (("kick", 0), ("snare", 10)):
        for number in range(3):
            sound, starts = take(first + number)
            write(tmp_path / "takes" / label / f"{number}.wav", sound, RATE)
            onsets[f"{label}/{number}.wav"] = starts
    return tmp_path / "takes", onsets


def test_each_piece_knows_its_recording_and_its_time(takes, tmp_path):
    src, onsets = takes
    summary = prepare(src, tmp_path / "out", CUT, jobs=1)
    assert summary.clips == 72
    for name, starts in onsets.items():
        found = [int(row["offset"]) for row in rows(tmp_path / "out") if row["source"] == name]
        assert np.abs(np.array(found) - starts).max() < 0.010 * RATE
    assert "100% of the pieces whole" in summary.chosen
    assert prepare(src, tmp_path / "out", CUT, jobs=1).unchanged


def test_a_recording_is_in_one_split_and_every_label_has_a_test(takes, tmp_path):
    prepare(takes[0], tmp_path / "out", CUT, jobs=1)
    splits = {(row["source"], row["split"]) for row in rows(tmp_path / "out")}
    assert len(splits) == 6
    for label in ("kick", "snare"):
        mine = {split for source, split in splits if source.startswith(label)}
        assert {"train", "test"} <= mine


def test_a_label_of_one_recording_is_split_by_piece(tmp_path):
    sound, starts = take(0, count=40)
    write(tmp_path / "takes" / "one.wav", sound, RATE)
    summary = prepare(tmp_path / "takes", tmp_path / "out", CUT, jobs=1)
    assert summary.clips == len(starts)
    assert min(summary.clips_by_split()["train"], summary.clips_by_split()["test"]) > 0
    assert prepare(tmp_path / "takes", tmp_path / "out", CUT, jobs=1).unchanged


def test_scrap_and_recordings_of_noise_are_counted_in_a_line(takes, tmp_path):
    src, _ = takes
    sound, _ = take(3)
    sound[500:510] = 0.5  # a click
    write(src / "kick" / "3.wav", sound, RATE)
    write(src / "kick" / "noise.wav", 0.003 * np.random.default_rng(0).standard_normal(RATE), RATE)
    lines = prepare(src, tmp_path / "out", CUT, jobs=1).lines()
    assert (
        sum("pieces too short or too quiet to be sounds (such as kick/3" in x for x in lines) == 1
    )
    assert sum("left out 1: nothing that stands out from the noise" in x for x in lines) == 1


def test_the_command_draws_where_it_cut(takes, tmp_path, cli):
    src, _ = takes
    out = cli("prepare", src, tmp_path / "out", "--cut", "--rate", RATE, "--jobs", 1).output
    picture = tmp_path / "out" / CUTS
    assert f"To check: {picture}" in out
    before = picture.read_bytes()
    assert before.startswith(b"\x89PNG")
    (tmp_path / "out" / f"{PARTIAL}0-{CUTS}").write_bytes(b"half")  # as a kill leaves it
    cli("prepare", src, tmp_path / "out", "--cut", "--rate", RATE, "--jobs", 1)
    assert picture.read_bytes() == before


def test_trimming_what_is_cut_is_refused():
    with pytest.raises(InputError, match="trim: cut does that itself"):
        PrepareSettings(cut=True, trim=True)
