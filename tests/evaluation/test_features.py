"""What sounds are described by: statistics and outlines of their mel spectrograms."""

import numpy as np

from kwavegan.evaluation.features import mel_statistics, pooled_spectrograms


def test_statistics_are_mean_and_deviation_over_time():
    spectrograms = np.random.default_rng(0).normal(size=(2, 9, 5, 2))
    got = mel_statistics(spectrograms)
    assert got.shape == (2, 20)
    np.testing.assert_allclose(got[1, 3], spectrograms[1, :, 1, 1].mean())
    np.testing.assert_allclose(got[1, 13], spectrograms[1, :, 1, 1].std())


def test_outlines_average_over_time_and_know_a_sound_again():
    spectrograms = np.random.default_rng(0).normal(size=(2, 65, 5, 1))
    got = pooled_spectrograms(spectrograms, frames=4)
    assert got.shape == (2, 20)
    np.testing.assert_allclose(got[0, :5], spectrograms[0, :16, :, 0].mean(axis=0))
    np.testing.assert_allclose(got[1, -5:], spectrograms[1, 48:, :, 0].mean(axis=0))
    short = np.random.default_rng(0).normal(size=(2, 3, 5, 1))
    np.testing.assert_allclose(pooled_spectrograms(short), short.reshape(2, -1))
