"""The layers that a generator of frames makes a sound of: noise, tuned bins, oscillators, gates."""

import numpy as np
import pytest
from keras import ops
from support.layers import run_layer_test

from kwavegan.backend import autodiff
from kwavegan.layers.broadcast_add import BroadcastAdd
from kwavegan.layers.detuned_bins import DetunedBins
from kwavegan.layers.frame_gate import FrameGate
from kwavegan.layers.inverse_stft import InverseSTFT
from kwavegan.layers.latent_levels import LatentLevels
from kwavegan.layers.latent_noise import LatentNoise
from kwavegan.layers.latent_pulses import LatentPulses
from kwavegan.layers.oscillators import Oscillators
from kwavegan.layers.rms_limit import RMSLimit
from kwavegan.layers.soft_clip import SoftClip
from kwavegan.layers.tables import HIGHEST_HZ, LOWEST_HZ, bands_to_bins

FRAMES, BINS, HOP, RATE = 40, 16, 8, 8000


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def values(x):
    return ops.convert_to_numpy(x)


LATENT = normal(3, 20, seed=9)

# -- What every layer owes ------------------------------------------------------------------------

CASES = {
    "noise": (
        LatentNoise,
        {"bins": BINS, "channels": 2},
        (LATENT, normal(3, FRAMES, 2 * 6)),
        (3, FRAMES, 2 * 2 * BINS),
    ),
    "pulses": (
        LatentPulses,
        {"hop": HOP, "rate": RATE, "pitch": 200.0, "channels": 2},
        (LATENT, normal(3, FRAMES, 2 * 6)),
        (3, FRAMES, 2 * 2 * BINS),
    ),
    "bins": (
        DetunedBins,
        {"bins": BINS, "channels": 2},
        (
            normal(3, FRAMES, 2 * 3 * BINS),
            normal(3, FRAMES, 2 * BINS, seed=1),
            normal(3, FRAMES, 2, seed=2),
            LATENT,
        ),
        (3, FRAMES, 2 * 2 * BINS),
    ),
    "oscillators": (
        Oscillators,
        {"hop": HOP, "rate": RATE, "count": 3, "channels": 2},
        (normal(3, FRAMES, 9),),
        (3, FRAMES * HOP, 2),
    ),
    "gate": (
        FrameGate,
        {"hop": HOP},
        (normal(3, FRAMES * HOP, 2), normal(3, FRAMES, 1)),
        (3, FRAMES * HOP, 2),
    ),
    "levels": (
        LatentLevels,
        {},
        (normal(3, FRAMES, 5), normal(3, FRAMES, 2, seed=1), LATENT),
        (3, FRAMES, 5),
    ),
    "shared": (BroadcastAdd, {}, (normal(3, 7, 6), normal(3, 7, 1, seed=1)), (3, 7, 6)),
    "frames": (RMSLimit, {"limit": 0.5}, (normal(3, FRAMES, 6),), (3, FRAMES, 6)),
    "end": (SoftClip, {}, (normal(3, 50, 2),), (3, 50, 2)),
}


@pytest.mark.parametrize("case", CASES)
def test_each_is_a_keras_layer(tmp_path, case):
    layer, config, inputs, shape = CASES[case]
    run_layer_test(layer, config, inputs, shape, tmp_path)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: LatentNoise(0), "must be positive; got 0 and 1"),
        (lambda: LatentPulses(0, 8000, 200.0), "must be positive; got 0 and 8000 and 200.0"),
        (lambda: DetunedBins(4, channels=0), "must be positive; got 4 and 0"),
        (lambda: Oscillators(8, 8000, count=1), "count at least 2; got 8, 8000, 1 and 1"),
        (lambda: FrameGate(0), "hop must be positive; got 0"),
        (lambda: RMSLimit(0.0), "limit must be positive; got 0"),
    ],
)
def test_bad_arguments_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


# -- Frames ---------------------------------------------------------------------------------------


def test_frames_of_any_size_keep_their_direction_and_stay_below_the_limit():
    frames = normal(2, FRAMES, 6)
    sizes = 10.0 ** np.linspace(-4, 6, FRAMES, dtype="float32")[:, None]
    limited = values(RMSLimit(0.5)(frames * sizes))
    rms = np.sqrt((limited**2).mean(-1))
    assert rms.max() <= 0.5001
    np.testing.assert_allclose(limited[:, 0], (frames * sizes)[:, 0], rtol=1e-4)
    of_frames = np.sqrt((frames**2).mean(-1))
    np.testing.assert_allclose(limited / rms[..., None], frames / of_frames[..., None], atol=1e-4)


@pytest.mark.parametrize("batch", [1, 2])
def test_what_is_shared_is_added_frame_by_frame(batch):
    """Keras' own `Add` on TensorFlow errs where a batch of one has as many frames as values."""
    x, shared = normal(batch, 6, 6), normal(batch, 6, 1, seed=1)
    np.testing.assert_array_equal(values(BroadcastAdd()(x, shared)), x + shared)


# -- Noise ----------------------------------------------------------------------------------------


def unit_noise(latent, frames=FRAMES):
    flat = np.zeros((len(latent), frames, BINS), "float32")
    return values(LatentNoise(BINS)(latent, flat))


def test_noise_is_gaussian_and_independent():
    noise = unit_noise(LATENT).reshape(3, -1)
    assert abs(noise.mean()) < 0.05
    assert 0.95 < noise.std() < 1.05
    assert 2.7 < (noise**4).mean() / (noise**2).mean() ** 2 < 3.3
    # Sounds are as alike as their latents; frames are not, even where they take the same table.
    assert np.abs(np.corrcoef(noise) - np.corrcoef(LATENT)).max() < 0.1
    assert np.abs(np.corrcoef(unit_noise(LATENT[:1])[0]) - np.eye(FRAMES)).max() < 0.75


def test_noise_does_not_repeat():
    sound = values(InverseSTFT(HOP)(unit_noise(LATENT[:1], 128)))[0, :, 0]
    correlation = np.correlate(sound, sound, "full")[len(sound) :] / (sound**2).sum()
    assert np.abs(correlation[2 * HOP :]).max() < 0.25


def test_a_small_step_of_the_latent_changes_noise_a_little():
    near, far = unit_noise(LATENT[:1] + 1e-3 * LATENT[1:2]), unit_noise(LATENT[1:2])
    noise = unit_noise(LATENT[:1])
    assert np.abs(noise - near).max() < 0.01
    assert np.abs(noise - far).max() > 1


def test_levels_are_those_of_their_band():
    levels = np.full((3, FRAMES, 4), -3.0, "float32")
    levels[:, :, 1] = 0.0
    noise = values(LatentNoise(BINS)(LATENT, levels)) / unit_noise(LATENT)
    assert noise.max() <= 1.001
    middle = bands_to_bins(4, BINS)[1].argmax()
    assert noise[0, 0, middle] == noise[0, 0, :BINS].max()
    np.testing.assert_allclose(noise[..., [0, BINS - 1]], np.exp(-3), rtol=1e-3)


@pytest.mark.parametrize(("bands", "bins"), [(2, 5), (8, 8), (64, 512)])
def test_shares_of_bands_add_up_to_one(bands, bins):
    matrix = bands_to_bins(bands, bins)
    np.testing.assert_allclose(matrix.sum(axis=0), 1, rtol=1e-6)
    assert (matrix.max(axis=1) > 0).all() or bands == bins


# -- Bins -----------------------------------------------------------------------------------------


def steady(speed, latent, bin=4, level=0.0, spread=0.0):
    """Return the sound of one constant bin whose speed before the tanh is `speed`."""
    x = np.zeros((1, FRAMES, 3, BINS), "float32")
    x[:, :, 0], x[:, :, 2] = -1.0, speed
    x[:, :, 0, bin - 1] = 0.0
    levels = np.full((1, FRAMES, BINS), level, "float32")
    spreads = np.full((1, FRAMES, 1), spread, "float32")
    turned = DetunedBins(BINS)(x.reshape(1, FRAMES, 3 * BINS), levels, spreads, latent)
    return values(InverseSTFT(HOP)(turned))[0, :, 0]


def frequency_in_bins(sound):
    """Return the frequency of a tone, in bins of the inverse transform's window."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 16 * len(sound)))
    return spectrum.argmax() / (16 * len(sound)) * 2 * BINS


def test_a_bin_is_a_tone_at_most_three_quarters_of_a_bin_away():
    nowhere = np.zeros((1, 20), "float32")
    assert abs(frequency_in_bins(steady(0.0, nowhere)) - 4) < 0.05
    assert abs(frequency_in_bins(steady(20.0, nowhere)) - 4.75) < 0.05
    assert abs(frequency_in_bins(steady(-20.0, nowhere)) - 3.25) < 0.05


def test_a_level_is_the_logarithm_of_a_factor_on_a_bin():
    quiet, loud = (steady(0.0, LATENT[:1], level=level) for level in (0.0, np.log(8.0)))
    np.testing.assert_allclose(loud, 8 * quiet, rtol=1e-4, atol=1e-6)


def test_a_latent_has_levels_of_its_own_which_a_spread_tells_apart():
    latents = [normal(1, 20, seed=k) for k in range(40)]
    plain, apart = (
        np.log([steady(0.0, latent, spread=spread).std() for latent in latents])
        for spread in (0.0, 1.5)
    )
    assert plain.std() < 0.2
    assert (apart - plain).std() == pytest.approx(1.5, rel=0.3)
    assert abs((apart - plain).mean()) < 0.8


def test_sounds_begin_with_bins_tuned_apart():
    tuned = [frequency_in_bins(steady(0.0, normal(1, 20, seed=k))) for k in range(8)]
    assert np.std(tuned) > 0.2


# -- Oscillators ----------------------------------------------------------------------------------


def pitch_logit(hertz, oscillator=0, count=2):
    place = np.log(hertz / LOWEST_HZ) / np.log(min(HIGHEST_HZ, RATE / 4) / LOWEST_HZ)
    return np.log(place / (1 - place)) - np.linspace(-2.0, 1.5, count)[oscillator]


def test_an_oscillator_follows_its_pitch_and_level():
    x = np.full((1, FRAMES, 4), -30.0, "float32")
    x[..., 0] = pitch_logit(440.0)
    x[..., 2] = np.log(0.5)
    tone = values(Oscillators(HOP, RATE, 2)(x))[0, :, 0]
    want = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(tone)) / RATE)
    np.testing.assert_allclose(tone, want, atol=2e-3)


def test_a_sweep_is_the_integral_of_its_frequency():
    x = np.full((1, FRAMES, 4), -30.0, "float32")
    hertz = np.linspace(1000, 100, FRAMES)
    x[0, :, 0] = [pitch_logit(each) for each in hertz]
    x[..., 2] = 0.0
    sweep = values(Oscillators(HOP, RATE, 2)(x))[0, :, 0]
    between = np.interp(np.arange(FRAMES * HOP) / HOP, np.arange(FRAMES), hertz)
    # The middle of each sample's step, for an integral of straight lines.
    cycles = np.concatenate([[0], np.cumsum((between[1:] + between[:-1]) / 2)]) / RATE
    np.testing.assert_allclose(sweep, np.sin(2 * np.pi * cycles), atol=5e-3)


def test_a_level_that_rises_has_risen_a_frame_before():
    x = np.full((1, FRAMES, 4), -30.0, "float32")
    x[..., 0] = pitch_logit(1000.0)
    x[0, 10:, 2], x[0, 20:, 2] = 0.0, np.log(0.5)
    tone = np.abs(values(Oscillators(HOP, RATE, 2)(x))[0, :, 0])
    largest = tone.reshape(FRAMES, HOP).max(axis=1)
    assert largest[:8].max() < 0.01
    np.testing.assert_allclose(largest[9:18], 1, atol=0.1)
    np.testing.assert_allclose(largest[21:], 0.5, atol=0.05)


# -- Gates ----------------------------------------------------------------------------------------


def test_a_gate_opens_within_two_samples_anywhere_in_a_frame():
    logits = np.full((1, FRAMES, 1), -30.0, "float32")
    logits[:, 20:] = 30.0
    gate = FrameGate(64)
    opened = values(gate(np.ones((1, FRAMES * 64, 1), "float32"), logits))[0, :, 0]
    middle = 19 * 64 + 32
    assert opened[: middle - 8].max() < 0.003
    assert opened[middle + 8 :].min() > 0.997
    assert np.diff(opened).min() >= 0


def test_what_is_behind_a_closed_gate_is_still_to_be_heard():
    closed = np.full((1, FRAMES, 1), -1e3, "float32")
    left = values(FrameGate(HOP)(np.ones((1, FRAMES * HOP, 1), "float32"), closed))
    decibels = 20 * np.log10(left)
    assert decibels.min() > -62
    assert decibels.max() < -60


def test_a_closed_gate_learns_to_open():
    audio, gate = np.ones((1, FRAMES * HOP, 1), "float32"), FrameGate(HOP)
    closed = ops.convert_to_tensor(np.full((1, FRAMES, 1), -20.0, "float32"))
    gradient, _ = autodiff.input_gradient(lambda logits: (gate(audio, logits), ()), closed)
    assert values(gradient).min() > 1e-3


def test_a_gate_of_several_values_a_frame_lets_a_click_through():
    logits = np.full((1, FRAMES, 4), -30.0, "float32")
    logits[:, 7, 1] = 30.0
    opened = values(FrameGate(64)(np.ones((1, FRAMES * 64, 1), "float32"), logits))[0, :, 0]
    middle = 7 * 64 + 16
    assert opened[middle] > 0.997
    assert np.flatnonzero(opened > 0.003).tolist() == list(range(middle - 9, middle + 10))
    with pytest.raises(ValueError, match="3 values a frame do not divide the hop, 64"):
        FrameGate(64)(np.ones((1, 128, 1), "float32"), np.ones((1, 2, 3), "float32"))


def test_a_gate_does_not_amplify():
    audio = normal(2, FRAMES * HOP, 1)
    gated = values(FrameGate(HOP)(audio, 100 * normal(2, FRAMES, 1)))
    assert (np.abs(gated) <= np.abs(audio) + 1e-6).all()


# -- Levels of a latent's own ----------------------------------------------------------------------


def test_latents_draw_independent_numbers_of_variance_one():
    latents, variations = normal(4000, 30), np.zeros((4000, 1, 2), "float32")
    drawn = []
    for draw in range(2):
        variations[...] = np.eye(2)[draw]
        levels = LatentLevels()(np.zeros((4000, 1, 1), "float32"), variations, latents)
        drawn.append(values(levels)[:, 0, 0])
    assert np.std(drawn) == pytest.approx(1, abs=0.25)
    assert abs(np.corrcoef(drawn)[0, 1]) < 0.4


def test_a_variation_is_worth_as_much_as_its_frame_says():
    variations = np.zeros((1, 3, 2), "float32")
    variations[0, :, 0] = 0, 1, 2
    levels = values(LatentLevels()(np.ones((1, 3, 4), "float32"), variations, LATENT[:1]))[0]
    np.testing.assert_array_equal(levels[0], 1)
    np.testing.assert_allclose(levels[2] - 1, 2 * (levels[1] - 1), rtol=1e-5)
    assert abs(levels[1, 0] - 1) > 0.01


# -- The end ---------------------------------------------------------------------------------------


def test_what_is_not_loud_is_left_as_it_is():
    audio = np.linspace(-0.75, 0.75, 101, dtype="float32")
    np.testing.assert_array_equal(values(SoftClip()(audio)), audio)


def test_louder_samples_stay_within_full_scale_without_a_corner():
    audio = np.linspace(-3, 3, 6001, dtype="float32")
    bent = values(SoftClip()(audio)).astype("float64")
    assert np.abs(bent).max() <= 1
    slopes = np.diff(bent) / 0.001
    assert slopes.min() > -1e-3
    assert np.abs(np.diff(slopes)).max() < 0.01


def test_two_tones_get_no_tone_between_them():
    """A tanh gives 5,000 and 6,000 Hz at 0.3 tones of 4,000 and 7,000 Hz, 40 dB below them."""
    time = np.arange(8000) / 16_000
    audio = 0.3 * np.sin(2 * np.pi * 5000 * time) + 0.3 * np.sin(2 * np.pi * 6000 * time)
    spectrum = np.abs(np.fft.rfft(values(SoftClip()(audio.astype("float32")))))
    assert 20 * np.log10(spectrum[2000] / spectrum[2500]) < -100
