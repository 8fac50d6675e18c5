"""Pulses with a pitch, and how noise and pulses share a level."""

import keras
import numpy as np
from keras import ops

from kwavegan.audio.periodicity import periods_of
from kwavegan.layers.inverse_stft import InverseSTFT
from kwavegan.layers.latent_noise import LatentNoise
from kwavegan.layers.latent_pulses import LatentPulses
from kwavegan.layers.tables import PITCH_SPREAD
from kwavegan.layers.voicing import Voicing
from kwavegan.player import parts


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def values(x):
    return ops.convert_to_numpy(x)


VOICE_HOP, VOICE_RATE = 64, 4096


def hummed(count=60, pitch=125.0, level=0.0):
    """Sounds of pulses alone, a second each, (count, samples)."""
    levels = np.full((count, 64, 8), level, "float32")
    bins = LatentPulses(VOICE_HOP, VOICE_RATE, pitch)(normal(count, 100), levels)
    return values(InverseSTFT(VOICE_HOP)(bins))[:, :, 0]


def test_pulses_have_a_pitch_that_differs_from_latent_to_latent_and_strays():
    middle = hummed()[:, 1024:3072].reshape(-1, 8, 256)  # windows of a 16th of a second
    counts = np.full(len(middle) * 8, 256)
    windows = (middle - middle.mean(-1, keepdims=True)).reshape(-1, 256)
    height, period = periods_of(windows, counts, VOICE_RATE, 0.002)
    assert np.median(height) > 0.7
    pitches = -np.log(period.reshape(-1, 8))
    own = np.median(pitches, axis=1)
    assert abs(np.median(own) - np.log(125)) < 0.15
    assert 0.7 * PITCH_SPREAD < own.std() < 1.5 * PITCH_SPREAD
    assert 0.05 < np.median(pitches.std(axis=1)) < 0.25


def test_pulses_are_twice_as_loud_as_noise_and_follow_their_levels():
    flat = np.zeros((60, 64, 8), "float32")
    noise = LatentNoise(2 * VOICE_HOP)(normal(60, 100), flat)
    hiss = values(InverseSTFT(VOICE_HOP)(noise))
    assert 1.9 < hummed().std() / hiss.std() < 2.5
    np.testing.assert_allclose(hummed(level=-1.0), hummed() * np.exp(-1.0), atol=1e-5)


def test_overtones_of_pulses_are_not_a_click():
    """All at once they would be 12 times as high as their root mean square."""
    sounds = hummed()[:, 512:-512]
    crest = np.abs(sounds).max(axis=1) / sounds.std(axis=1)
    assert np.median(crest) < 5


def test_noise_and_pulses_share_a_level():
    levels, logits = normal(2, 5, 6), np.linspace(-40, 40, 60, dtype="float32").reshape(2, 5, 6)
    noise, pulses = Voicing()(levels, logits)
    amplitudes = np.exp(values(noise)) + np.exp(values(pulses))
    np.testing.assert_allclose(amplitudes, np.exp(levels), rtol=1e-5)
    shares = values(pulses) - levels
    assert (np.diff(shares.ravel()) >= 0).all()
    assert -6.1 < shares.min() < -5.9
    given = [keras.Input((5, 6)), keras.Input((5, 6))]
    model = keras.Model(given, Voicing(name="voicing")(*given))
    again = keras.Model.from_config(model.get_config())
    np.testing.assert_array_equal(values(again([levels, logits])[0]), values(noise))


def test_pulses_are_alike_on_every_backend():
    """To 2e-4 of their level, in a second of voice: those of NumPy are the reference."""
    latent, levels = normal(20, 100), np.zeros((20, 64, 8), "float32")
    got = values(LatentPulses(VOICE_HOP, VOICE_RATE, 125.0)(latent, levels))
    want = parts.latent_pulses(levels, parts.direction_of(latent), 1, VOICE_HOP, VOICE_RATE, 125.0)
    want = np.concatenate([want.real, want.imag], axis=-1).reshape(got.shape)
    assert (got - want).std() < 2e-4 * want.std()
