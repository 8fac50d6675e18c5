"""Loudness is that of ITU-R BS.1770: its reference tone, and the filters of its table."""

import numpy as np
import pytest
from scipy.signal import lfilter

from kwavegan.audio import momentary_loudness

RATE = 48_000

# Tables 1 and 2 of BS.1770-5, for 48 kHz: numerator, denominator.
SHELF = ([1.53512485958697, -2.69169618940638, 1.19839281085285],
         [1.0, -1.69065929318241, 0.73248077421585])  # fmt: skip
HIGH_PASS = [1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621]


def by_the_table(audio):
    heard = lfilter(*HIGH_PASS, lfilter(*SHELF, audio, axis=0), axis=0)
    power = np.convolve((heard**2).sum(axis=1), np.ones(RATE * 2 // 5), "full").max()
    return -0.691 + 10 * np.log10(power / (RATE * 0.4))


def tone(frequency, seconds=1.0, rate=RATE):
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)[:, None]


def test_the_reference_tone():
    assert momentary_loudness(tone(997), RATE) == pytest.approx(-3.01, abs=0.01)
    assert momentary_loudness(0.1 * tone(997), RATE) == pytest.approx(-23.01, abs=0.01)
    both = np.repeat(tone(997), 2, axis=1)
    assert momentary_loudness(both, RATE) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("frequency", [30, 60, 500, 3000, 12_000, 20_000])
def test_the_filters_are_those_of_the_standard(frequency):
    burst = np.concatenate([np.zeros((500, 1)), tone(frequency, 0.2), np.zeros((RATE, 1))])
    assert momentary_loudness(burst, RATE) == pytest.approx(by_the_table(burst), abs=0.02)


def test_a_short_sound_has_little_and_the_loudest_part_counts():
    whole, half = (momentary_loudness(tone(997, seconds), RATE) for seconds in (0.4, 0.2))
    assert whole - half == pytest.approx(3.01, abs=0.05)
    later = np.concatenate([0.01 * tone(997, 2), tone(997, 0.4)])
    assert momentary_loudness(later, RATE) == pytest.approx(whole, abs=0.05)


@pytest.mark.parametrize("rate", [3000, 16_000, 44_100, 96_000])
def test_any_rate_does(rate):
    assert momentary_loudness(tone(997, rate=rate), rate) == pytest.approx(-3.01, abs=0.4)


def test_silence_is_minus_infinity():
    assert momentary_loudness(np.zeros((100, 1)), RATE) == -np.inf
