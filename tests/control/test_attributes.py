"""What is measured of a sound, how latents move, and what a fit finds."""

import numpy as np
import pytest

from kwavegan.control import ATTRIBUTES, Likeness, measure_attributes
from kwavegan.control.fitting import Fit, apart_from, fit_slope
from kwavegan.control.normals import arc, from_normals, moved, to_normals

RATE = 8192
TIME = np.arange(4096) / RATE
TONE = np.sin(2 * np.pi * 200 * TIME) * np.exp(-TIME / 0.05)
NOISE = np.random.default_rng(0).normal(0, 0.1, 4096)
HISS = np.sin(2 * np.pi * 2000 * TIME)

CHANGES = {
    "loudness": (TONE, TONE / 2, 20 * np.log10(2)),
    "brightness": (np.sin(2 * np.pi * 800 * TIME), np.sin(2 * np.pi * 200 * TIME), 2),
    "length": (TONE, np.sin(2 * np.pi * 200 * TIME) * np.exp(-TIME / 0.025), 1),
    "attack": (HISS * np.minimum(1, TIME / 0.4), HISS * np.minimum(1, TIME / 0.2), 1),
    "pitch": (np.sin(2 * np.pi * 400 * TIME), np.sin(2 * np.pi * 200 * TIME), 1),
}
"""Attribute → a sound with more of it, one with less, and by how much."""


@pytest.mark.parametrize("name", CHANGES)
def test_an_attribute_is_what_it_is_named_for(name):
    more, less, want = CHANGES[name]
    values = measure_attributes(np.stack([more, less])[:, :, None], RATE)
    place = [one.name for one in ATTRIBUTES].index(name)
    assert values[0, place] - values[1, place] == pytest.approx(want, rel=0.2)


def test_noise_is_noisier_than_a_tone_and_has_no_pitch():
    tone, noise = measure_attributes(np.stack([TONE, NOISE])[:, :, None], RATE)
    assert noise[5] > tone[5] + 10
    assert np.isnan(noise[4])
    assert not np.isnan(tone[4])


def test_silence_has_no_attribute():
    assert np.isnan(measure_attributes(np.zeros((1, 4096, 2), "float32"), RATE)).all()


def test_a_sound_is_like_itself_later_and_softer():
    likeness = Likeness.of(RATE, 4096)
    later = np.pad(TONE, (300, 0))[:4096] / 8
    rows = likeness.features(np.stack([TONE, later, NOISE])[:, :, None])
    same, other = likeness.distances(rows[0], rows[1:])
    assert same < 0.5
    assert other > 10 * same


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_a_moved_latent_is_as_likely_as_before(distribution):
    rng = np.random.default_rng(1)
    latent = rng.uniform(-1, 1, 100) if distribution == "uniform" else rng.standard_normal(100)
    normals = to_normals(latent, distribution)
    np.testing.assert_allclose(from_normals(normals, distribution), latent, atol=1e-6)
    far = moved(normals, 3 * rng.standard_normal(100))
    assert np.linalg.norm(far) == pytest.approx(np.linalg.norm(normals))
    assert np.abs(far - normals).max() > 1
    assert np.isfinite(to_normals(np.array([-1.0, 1.0]), distribution)).all()


def test_an_arc_turns_evenly_and_keeps_its_length():
    points = arc(np.array([3.0, 0, 0]), np.array([0, 3.0, 0]), 4)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 3)
    turns = (points[1:] * points[:-1]).sum(axis=1) / 9
    np.testing.assert_allclose(turns, np.cos(np.pi / 6))
    same = arc(np.ones(3), np.ones(3), 3)
    np.testing.assert_array_equal(same, np.ones((3, 3)))


def test_a_fit_tells_a_slope_from_chance():
    rng = np.random.default_rng(2)
    normals = rng.standard_normal((400, 20))
    slope = rng.standard_normal(20)
    fit = fit_slope(normals, normals @ slope + rng.standard_normal(400))
    want = slope / np.linalg.norm(slope)
    assert fit.explained > 0.8
    assert fit.slope @ want / np.linalg.norm(fit.slope) > 0.97
    assert fit_slope(normals, rng.standard_normal(400)).explained < 0.1
    assert fit_slope(normals, np.ones(400)).explained == 0


def test_a_step_raises_its_own_number_by_one_and_others_little():
    own = Fit(np.array([0.8, 0.0]), 0.64, 0.8)
    other = Fit(np.array([0.6, 0.6]), 0.7, 0.85)
    alone, apart = apart_from(own, []), apart_from(own, [other])
    assert own.slope @ alone == pytest.approx(1)
    assert own.slope @ apart == pytest.approx(1)
    assert abs(other.slope @ apart) < 0.5 * abs(other.slope @ alone)
