"""Each statistic says what it should of sounds whose answer is known, and of nothing else."""

import numpy as np
import pytest

from kwavegan.evaluation.metrics import frechet_distance
from kwavegan.evaluation.texture import (
    STATISTIC_STEPS,
    largest_shared_period,
    measure_texture,
    pitch_spread,
)

RATE, LENGTH = 8000, 4096
TIME = np.arange(LENGTH) / RATE
STATISTICS = (
    "periodicity",
    "period",
    "tonality",
    "roughness",
    "attack",
    "crest",
    "kurtosis",
    "top",
)


def texture(sounds, rate=RATE):
    return measure_texture(np.asarray(sounds, "float32").reshape(-1, np.shape(sounds)[-1], 1), rate)


def noise(n=40, seed=0):
    """Decaying noise after a sharp attack, like a snare."""
    rng = np.random.default_rng(seed)
    return 0.2 * rng.standard_normal((n, LENGTH)) * np.exp(-TIME * 8)


def pulses(period, n=1):
    made = np.zeros((n, LENGTH))
    made[:, ::period] = 0.9
    return made


def median(sounds, name):
    return float(np.median(getattr(texture(sounds), name)))


@pytest.mark.parametrize("period", [16, 40, 80, 256])
@pytest.mark.parametrize("rate", [4096, 8000, 44100])
def test_a_pulse_train_has_its_period(period, rate):
    measured = texture(pulses(period), rate)
    multiple = np.ceil(0.0015 * rate / period)  # a period below 1.5 ms shows at its first multiple
    assert measured.periodicity[0] > 0.95
    assert measured.period[0] == pytest.approx(multiple * period / rate)


def test_noise_returns_after_no_period():
    measured = texture(noise())
    assert np.median(measured.periodicity) < 0.3
    assert largest_shared_period(measured.period) < 0.3
    assert np.median(measured.tonality) < 12
    assert np.median(measured.kurtosis) > 3


def test_a_steady_tone_is_periodic_tonal_and_smooth():
    tone = 0.5 * np.sin(2 * np.pi * 1250 * TIME)
    measured = texture(tone)
    assert measured.periodicity[0] > 0.99
    assert measured.tonality[0] > 40
    assert measured.roughness[0] < 0.1
    assert measured.crest[0] == pytest.approx(3.01, abs=0.1)
    assert measured.kurtosis[0] == pytest.approx(1.5, abs=0.02)
    assert measured.top[0] == pytest.approx(1250, abs=32)


def test_a_decaying_tone_returns_less_the_faster_it_decays():
    tone = np.sin(2 * np.pi * 200 * TIME)
    measured = texture([tone * np.exp(-TIME * rate) for rate in (1, 20, 80)])
    assert np.all(np.diff(measured.periodicity) < 0)
    # Half of a tone returns as its opposite; the first time that it returns as itself is 5 ms.
    assert measured.period == pytest.approx(0.005, abs=0.0003)


def test_a_click_is_sharp_and_no_noise():
    click = np.zeros(LENGTH)
    click[1000] = 0.9
    measured = texture(click)
    assert measured.attack[0] <= 0.001
    assert measured.kurtosis[0] > 30
    assert measured.crest[0] > 15
    assert measured.periodicity[0] < 0.05


@pytest.mark.parametrize("seconds", [0.005, 0.02, 0.08])
def test_an_attack_is_as_long_as_it_was_made(seconds):
    ramp = np.minimum(TIME / seconds, 1) * np.exp(-np.maximum(TIME - seconds, 0) * 20)
    attack = texture(ramp * np.sin(2 * np.pi * 2000 * TIME)).attack[0]
    assert attack == pytest.approx(0.9 * seconds, abs=0.001)


def test_the_top_of_a_band_is_where_it_was_cut():
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal((20, LENGTH)))
    spectrum[:, np.fft.rfftfreq(LENGTH, 1 / RATE) > 1500] = 0
    assert median(0.1 * np.fft.irfft(spectrum), "top") == pytest.approx(1500, abs=40)


def test_the_edge_of_a_band_is_no_tone():
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal((20, LENGTH)))
    spectrum[:, np.fft.rfftfreq(LENGTH, 1 / RATE) < 2500] = 0
    assert median(0.1 * np.fft.irfft(spectrum), "tonality") < 12


def test_levels_channels_and_rates_do_not_matter():
    made = noise(8)
    first = texture(made)
    for name, values in vars(texture(made / 16)).items():
        np.testing.assert_allclose(values, getattr(first, name), rtol=1e-6, err_msg=name)
    stereo = np.stack([made, -0.5 * made], axis=2).astype("float32")
    np.testing.assert_allclose(measure_texture(stereo, RATE).statistics, first.statistics)
    # At twice the rate the same samples last half as long.
    faster = texture(pulses(80), 2 * RATE)
    assert faster.period[0] == pytest.approx(texture(pulses(80)).period[0] / 2)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("length", [1, 16, 100, 400, 4096])
@pytest.mark.parametrize("rate", [1000, 8000, 48000])
def test_silence_and_short_sounds_have_numbers(length, rate):
    one = np.zeros((1, length))
    one[:, 0] = 1
    short = np.random.default_rng(0).normal(0, 0.1, (1, length))
    made = np.concatenate([np.zeros((1, length)), np.full((1, length), 0.5), one, short])
    measured = texture(made, rate)
    assert all(np.isfinite(getattr(measured, name)).all() for name in STATISTICS)
    assert np.isfinite(measured.statistics).all()
    assert all(getattr(measured, name)[:2].tolist() == [0, 0] for name in STATISTICS)
    assert len(measure_texture(np.zeros((0, length, 1)), rate)) == 0


def test_a_period_is_shared_by_those_within_three_percent():
    assert largest_shared_period(np.array([0.01, 0.0102, 0.02, 0.03])) == 0.5
    assert largest_shared_period(np.array([0.01, 0.0104, 0.02, 0.03])) == 0.25
    assert largest_shared_period(np.array([0.0, 0.0, 0.0, 0.03])) == 0.25
    assert largest_shared_period(np.zeros(3)) == 0


def test_pitch_spreads_over_sounds_that_have_one():
    tones = texture([pulses(period)[0] for period in (40, 80, 160)])
    assert pitch_spread(tones) == pytest.approx(1.0, abs=0.01)
    assert pitch_spread(tones[np.array([1, 1, 1])]) == 0
    assert pitch_spread(texture(noise(8))) == 0


# Faults of a generator, each put into real sounds


def buzzed(sounds):
    """Return sounds whose every 256 samples repeat, at their own levels: a periodic phase."""
    power = np.abs(np.fft.rfft(sounds[:, :256])) ** 2
    grain = np.fft.irfft(np.sqrt(power.mean(axis=0)) * np.exp(2j * np.arange(129) ** 2))
    train = np.tile(grain, LENGTH // 256)
    return 0.2 * train / train.std() * np.exp(-TIME * 8) * np.ones((len(sounds), 1))


def softened(sounds):
    """Return sounds that take 40 ms to begin."""
    return sounds * np.minimum(TIME / 0.04, 1)


def gated(sounds):
    """Return sounds as loud in each 32 ms as another: noise that fluctuates more."""
    rng = np.random.default_rng(9)
    gains = 10 ** (rng.normal(0, 6, (len(sounds), LENGTH // 256)) / 20)
    return np.clip(sounds * np.repeat(gains, 256, axis=1), -1, 1)


def whistled(sounds):
    """Return sounds with a tone 9 dB below them, at another frequency in each."""
    pitches = np.random.default_rng(9).uniform(1500, 3500, (len(sounds), 1))
    return sounds + 0.1 * np.exp(-TIME * 8) * np.sin(2 * np.pi * pitches * TIME)


def dulled(sounds):
    """Return sounds without what is above 2 kHz."""
    spectrum = np.fft.rfft(sounds)
    spectrum[:, np.fft.rfftfreq(LENGTH, 1 / RATE) > 2000] = 0
    return np.fft.irfft(spectrum)


FAULTS = {
    "periodicity": buzzed,
    "attack": softened,
    "roughness": gated,
    "tonality": whistled,
    "top": dulled,
}
INDEPENDENT = {
    "attack": ("periodicity", "tonality", "top"),
    "roughness": ("tonality", "top"),
    "tonality": ("attack", "kurtosis"),
    "top": ("attack", "kurtosis"),
}
"""What a fault leaves as it was. A buzz is periodic, tonal and smooth at once: it has no row.

A tone is periodic too. A narrower band has fewer bins, and so a lower highest one: dulled sounds
are a little less tonal.
"""


def moved(before, after, name):
    """Return how far the median of a statistic moved, in standard deviations of real sounds."""
    a, b = getattr(texture(before), name), getattr(texture(after), name)
    return (np.median(b) - np.median(a)) / a.std()


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_moves_its_own_number(name):
    real = noise()
    size = moved(real, FAULTS[name](real), name)
    assert abs(size) > 2
    others = {
        other: abs(moved(real, FAULTS[name](real), other)) for other in INDEPENDENT.get(name, ())
    }
    assert all(other < 1.2 for other in others.values()), others


def test_a_buzz_shares_one_period_and_real_noise_none():
    real, made = texture(noise()), texture(buzzed(noise()))
    assert largest_shared_period(made.period) == 1
    assert made.period == pytest.approx(256 / RATE)
    assert largest_shared_period(real.period) < 0.3


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_many_floors_away(name):
    real = noise().astype("float64")
    scale = np.maximum(texture(real).statistics.std(axis=0), STATISTIC_STEPS)
    points = [
        texture(s).statistics / scale for s in (real, noise(seed=1), FAULTS[name](noise(seed=2)))
    ]
    floor, distance = (frechet_distance(p, points[0]) for p in points[1:])
    assert distance > 3 * floor
