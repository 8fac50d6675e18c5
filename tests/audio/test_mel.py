"""Mel spectrograms: those of librosa, at any rate and length."""

import librosa
import numpy as np
import pytest

from kwavegan.audio.mel import FLOOR_DB, MelSettings, log_mel, mel_filters, mel_settings

SETTINGS = MelSettings(rate=16_000, window=512, hop=128, bands=40)


def noise(n=3, length=4096, channels=1, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.5, 0.5, (n, length, channels)).astype("float32")


def test_mel_filters_are_those_of_librosa():
    ours = mel_filters(SETTINGS)
    theirs = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=40, htk=True, norm=None)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_spectrograms_are_those_of_librosa():
    sounds = noise()
    taper = np.hanning(513)[:-1]
    power = librosa.feature.melspectrogram(
        y=sounds[:, :, 0],
        sr=16_000,
        n_fft=512,
        hop_length=128,
        n_mels=40,
        htk=True,
        norm=None,
        pad_mode="constant",
    )
    theirs = 10 * np.log10(np.maximum(power / (taper.sum() / 2) ** 2, 1e-8))
    ours = log_mel(sounds, SETTINGS)
    assert ours.shape == (3, 33, 40, 1)
    np.testing.assert_allclose(ours[..., 0], theirs.transpose(0, 2, 1), atol=1e-2)


def test_a_sine_of_full_scale_is_near_0_db_and_silence_is_the_floor():
    settings = mel_settings(16_000, 16_000)
    edges = 700 * (10 ** (np.linspace(0, np.log10(1 + 8000 / 700), settings.bands + 2)) - 1)
    sine = np.sin(2 * np.pi * edges[20] * np.arange(16_000) / 16_000)[None, :, None]
    loud = log_mel(sine, settings)
    assert loud[0, 30].argmax() == 19
    assert -2 < loud[0, 30].max() < 3
    assert (log_mel(np.zeros((1, 16_000, 1)), settings) == FLOOR_DB).all()


def test_chunks_and_channels_are_heard_apart():
    sounds = noise(n=130, length=256, channels=2)
    settings = mel_settings(4096, 256)
    whole = log_mel(sounds, settings)
    np.testing.assert_allclose(whole[100:101], log_mel(sounds[100:101], settings), rtol=1e-5)
    alone = log_mel(sounds[..., 1:], settings)
    np.testing.assert_allclose(whole[..., 1], alone[..., 0], rtol=1e-5)
    assert len(log_mel(sounds[:0], settings)) == 0


@pytest.mark.parametrize("rate", [1_000, 4_096, 16_384, 44_100, 192_000])
@pytest.mark.parametrize("length", [64, 1_024, 16_384])
def test_settings_suit_any_rate_and_length(rate, length):
    settings = mel_settings(rate, length)
    spectrogram = log_mel(noise(1, length), settings)
    assert settings.window <= max(16, length)
    assert 1 <= settings.hop <= settings.window
    assert 2 <= settings.bands <= 40
    assert (mel_filters(settings).sum(axis=1) > 0).all()
    assert spectrogram.shape[1] == 1 + length // settings.hop
    assert np.isfinite(spectrogram).all()
