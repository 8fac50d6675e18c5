"""Recordings with sounds at known times: each is found there, and nothing else is."""

import numpy as np
import pytest

from kwavegan.audio.cutting import faded, find_pieces

RATE = 16_000
WITHIN_S = 0.010


def recording(seconds, sounds, noise_db=None, hum_db=None):
    """Return sounds (time, samples) mixed into a recording, (time, 1), with noise and hum."""
    rng, count = np.random.default_rng(0), round(seconds * RATE)
    audio = np.zeros(count)
    for start, sound in sounds:
        first = round(start * RATE)
        audio[first : first + len(sound)] += sound[: count - first]
    time = np.arange(count) / RATE
    if noise_db is not None:
        audio += 10 ** (noise_db / 20) * rng.standard_normal(count)
    if hum_db is not None:
        audio += 10 ** (hum_db / 20) * (np.sin(100 * np.pi * time) + np.sin(300 * np.pi * time))
    return audio.astype("float32")[:, None]


def hit(rng, decay=0.06, level=0.5):
    """Return a struck sound: a falling sine and noise."""
    time = np.arange(round(8 * decay * RATE)) / RATE
    sine = np.sin(2 * np.pi * (rng.uniform(80, 300) * time + 4 * (1 - np.exp(-time / 0.02))))
    body = sine + rng.uniform(0.2, 0.8) * rng.standard_normal(len(time))
    return level * body / np.abs(body).max() * np.exp(-time / decay) * np.minimum(1, time / 0.001)


def word(rng, syllables):
    """Return syllables that swell and fade, with short closures between them."""
    parts = []
    for _ in range(syllables):
        time = np.arange(round(rng.uniform(0.14, 0.22) * RATE)) / RATE
        pitch = rng.uniform(100, 180)
        voice = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12))
        swell = np.minimum(np.minimum(1, time / 0.045), (time[-1] - time) / 0.05)
        parts += [0.2 * voice * swell, np.zeros(round(0.04 * RATE))]
    return np.concatenate(parts[:-1])


def assert_found(audio, times):
    pieces = [piece for piece in find_pieces(audio, RATE) if not piece.scrap]
    starts = np.array([piece.start / RATE for piece in pieces])
    assert len(starts) == len(times), starts
    assert np.abs(starts - times).max() < WITHIN_S
    return pieces


@pytest.mark.parametrize(
    "floor", [{}, {"noise_db": -50}, {"hum_db": -50}, {"noise_db": -55, "hum_db": -55}]
)
def test_sounds_between_pauses_are_found_over_any_noise_floor(floor):
    rng = np.random.default_rng(1)
    times = 0.2 + np.cumsum(rng.uniform(0.5, 0.9, 12))
    audio = recording(
        12, [(time, hit(rng, level=rng.uniform(0.1, 0.8))) for time in times], **floor
    )
    assert_found(audio, times)


@pytest.mark.parametrize("floor", [{}, {"noise_db": -50}, {"hum_db": -50}, {"noise_db": -75}])
def test_nothing_is_found_where_nothing_sounds(floor):
    assert find_pieces(recording(5, [], **floor), RATE) == []


def test_a_drum_loop_whose_tails_overlap_is_cut_at_its_onsets():
    rng = np.random.default_rng(2)
    times = 0.05 + 0.25 * np.arange(24)
    audio = recording(6.2, [(time, hit(rng, decay=0.2)) for time in times], noise_db=-50)
    pieces = assert_found(audio, times)
    assert all(piece.joined == (True, True) for piece in pieces[1:-1])
    joined = pieces[3]
    sound = faded(audio, joined, RATE)
    assert len(sound) == joined.end - joined.start
    assert abs(sound[0, 0]) < 1e-3  # no click at either end
    assert abs(sound[-1, 0]) < 1e-3
    np.testing.assert_array_equal(sound[200:-200], audio[joined.start : joined.end][200:-200])


def test_words_are_cut_at_pauses_and_not_at_syllables():
    rng = np.random.default_rng(3)
    sounds, now = [], 0.3
    for count in (1, 2, 3, 2, 1, 3, 2):
        sounds.append((now, word(rng, count)))
        now += len(sounds[-1][1]) / RATE + rng.uniform(0.25, 0.6)
    assert_found(recording(now, sounds, noise_db=-55), [time for time, _ in sounds])


def test_a_sound_without_an_end_is_one_piece():
    time = np.arange(4 * RATE) / RATE
    pieces = find_pieces(0.3 * np.sin(880 * np.pi * time).astype("float32")[:, None], RATE)
    assert [(piece.start, piece.end) for piece in pieces] == [(0, 4 * RATE)]


def test_clicks_and_rustle_are_scrap():
    rng = np.random.default_rng(4)
    sounds = [(0.5, hit(rng, level=0.9)), (1.5, np.full(40, 0.5)), (2.5, hit(rng, level=0.008))]
    pieces = find_pieces(recording(3.5, sounds, noise_db=-80), RATE)
    assert [piece.scrap for piece in pieces] == [False, True, True]
