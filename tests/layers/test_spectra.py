"""The spectra of a spectral critic, and a discriminator split at them."""

import keras
import librosa
import numpy as np
import pytest
from keras import ops
from support.gans import (
    MODELS,
    arrays,
    batch_of,
    tiny_architecture,
    tiny_gan,
    train_once,
    whole,
)
from support.layers import run_layer_test

from kwavegan.audio.mel import MelSettings, mel_filters
from kwavegan.backend import autodiff
from kwavegan.gan.model import WaveGAN
from kwavegan.layers.log_spectrograms import (
    COMMON_RMS,
    POWER_FLOOR,
    QUIETEST,
    LogMel,
    LogSpectrogram,
)
from kwavegan.networks.discriminators import build_discriminator
from kwavegan.networks.front_end import FrontEnd, resolutions

SPECTRAL = [name for name, kind in MODELS.items() if kind.get("critic", "waveform") != "waveform"]
MEL = MelSettings(4096, 128, 32, 20)
SETTINGS = {"rate": 4096, "window": 128, "hop": 32, "bands": 20, "scale": 0.5}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape).astype("float32")


# -- Spectrograms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2])
def test_log_mel_is_a_keras_layer(tmp_path, channels):
    shape = (3, 7, 20 * channels)
    run_layer_test(LogMel, SETTINGS, (noise(3, 200, channels),), shape, tmp_path)


def test_levels_are_those_of_librosa():
    x = noise(1, 1024, 2)
    want = []
    for channel in x[0].T:
        # The middle of a window is the middle of its hop.
        stft = librosa.stft(np.pad(channel, 48), n_fft=128, hop_length=32, center=False)
        power = mel_filters(MEL) @ np.abs(stft / 32) ** 2
        want.append(SETTINGS["scale"] / 2 * np.log10((power + POWER_FLOOR) / POWER_FLOOR))
    got = ops.convert_to_numpy(LogMel(**SETTINGS)(x))[0]
    np.testing.assert_allclose(got, np.concatenate(want).T, atol=1e-5)


def test_silence_is_zero_and_full_scale_is_three():
    layer = LogMel(4096, 128, 32, 20)
    sine = np.sin(2 * np.pi * 512 * np.arange(1024) / 4096).astype("float32")[None, :, None]
    assert np.abs(ops.convert_to_numpy(layer(0 * sine))).max() < 1e-6
    # A band is as high as 1 in its middle, and may catch the window's other bins.
    assert 2.8 < ops.convert_to_numpy(layer(sine)).max() < 3.2


def test_a_lower_floor_hears_what_a_higher_one_hides():
    quiet = 10 ** (-70 / 20) * np.sin(2 * np.pi * 512 * np.arange(1024) / 4096)
    quiet = quiet.astype("float32")[None, :, None]
    low, high = (
        ops.convert_to_numpy(LogSpectrogram(128, 32, floor=f)(quiet)) for f in (1e-8, 1e-6)
    )
    # 10 dB above the one floor, 10 below the other; half a unit is a tenfold power.
    assert low.max() == pytest.approx(0.5 * np.log10(1 + 10), abs=0.02)
    assert high.max() == pytest.approx(0.5 * np.log10(1 + 0.1), abs=0.01)


def test_the_floor_of_the_shortest_window_is_the_highest():
    heard = sorted(resolutions(16_384, 4096), key=lambda each: each.window)
    assert [each.floor for each in heard] == [1e-6, 1e-8, 1e-8]


def test_a_floor_of_nothing_is_refused():
    with pytest.raises(ValueError, match="floor must be positive"):
        LogSpectrogram(128, 32, floor=0.0)


@pytest.mark.parametrize("layer", [LogSpectrogram, LogMel])
def test_loudness_is_a_band_of_its_own_and_the_rest_does_not_depend_on_it(layer, tmp_path):
    settings = {"window": 64, "hop": 16, "scale": 0.5, "loudness": 3.0}
    settings |= {"rate": 4096, "bands": 20} if layer is LogMel else {}
    bands = 20 if layer is LogMel else 32
    run_layer_test(layer, settings, (noise(3, 200, 2),), (3, 13, 2 * bands + 1), tmp_path)
    x = noise(1, 256, 1)
    loud, quiet = (ops.convert_to_numpy(layer(**settings)(gain * x)) for gain in (1.0, 0.01))
    np.testing.assert_allclose(quiet[..., :-1], loud[..., :-1], atol=2e-3)
    np.testing.assert_allclose(np.ptp(loud[..., -1]), 0, atol=1e-6)
    # 40 dB are two decades of the amplitude.
    np.testing.assert_allclose((loud - quiet)[0, 0, -1], 2 * 0.5 * 3.0, atol=0.02)
    # At the common loudness they are the levels of the sound as it is.
    plain = layer(**{**settings, "loudness": 0.0})
    common = x * COMMON_RMS / np.sqrt(np.mean(x**2) + QUIETEST)
    np.testing.assert_allclose(loud[..., :-1], ops.convert_to_numpy(plain(common)), atol=1e-5)
    silence = ops.convert_to_numpy(layer(**settings)(0 * x))
    assert np.abs(silence).max() < 1e-6


@pytest.mark.parametrize("loudness", [0.0, 3.0])
def test_the_gradient_at_silence_is_finite(loudness):
    layer = LogMel(**SETTINGS, loudness=loudness)
    silence = ops.zeros((2, 256, 1))
    gradient, _ = autodiff.input_gradient(lambda x: (ops.sum(layer(x), axis=(1, 2)), ()), silence)
    assert np.isfinite(arrays([gradient])[0]).all()


@pytest.mark.parametrize("channels", [1, 2])
def test_log_spectrogram_is_a_keras_layer(tmp_path, channels):
    settings = {"window": 128, "hop": 32, "scale": 0.5}
    shape = (3, 7, 64 * channels)
    run_layer_test(LogSpectrogram, settings, (noise(3, 200, channels),), shape, tmp_path)


def test_bins_tell_noise_from_a_pulse_train_and_mel_bands_do_not():
    pulses = np.zeros((1, 4096, 1), "float32")
    pulses[:, ::64] = 1.0
    hiss = np.random.default_rng(0).normal(0, pulses.std(), pulses.shape).astype("float32")
    spread = {}
    for name, layer in {"bins": LogSpectrogram(512, 128), "mel": LogMel(4096, 128, 32, 20)}.items():
        # Of the mean over time: where the energy lies, not how it fluctuates.
        levels = [ops.convert_to_numpy(layer(x))[0, 2:-2].mean(axis=0) for x in (pulses, hiss)]
        spread[name] = [np.std(each[: len(each) - 1]) for each in levels]
    assert spread["bins"][0] > 5 * spread["bins"][1]
    assert spread["mel"][0] < 3 * spread["mel"][1]


@pytest.mark.parametrize(
    ("rate", "length", "windows"),
    [
        (4096, 4096, [16, 128, 512]),
        (16_384, 4096, [32, 256, 1024]),
        (16_384, 16_384, [32, 512, 2048]),
        (48_000, 64, [8, 64]),
        (44_100, 2**20, [64, 1024, 4096]),
        (8000, 8192, [32, 256, 1024]),
        (16_000, 5000, [32, 256, 1024]),
    ],
)
def test_resolutions(rate, length, windows):
    found = resolutions(rate, length)
    assert [each.window for each in found] == windows
    short = MelSettings(rate, found[0].window, found[0].hop, found[0].bands)
    # No band is empty, and longer windows are heard bin by bin.
    assert (mel_filters(short).max(axis=1) > 0).all()
    assert not any(each.bands for each in found[1:])


def test_a_window_is_whole_hops():
    with pytest.raises(ValueError, match="multiple of hop; got 100 and 30"):
        LogMel(4096, 100, 30, 4)


# -- A discriminator in two parts -----------------------------------------------------------------


def inputs_of(gan, seed=0):
    audio, label = batch_of(gan, seed)
    shifts = np.zeros((len(audio), 3), "int32")
    given = {"audio": audio, "label": label, "shifts": shifts}
    widths = {name: x.shape[-1] for name, x in gan.discriminator.input.items()}
    given["shifts"] = given["shifts"][:, : widths.get("shifts", 0)]
    return {name: ops.convert_to_tensor(given[name]) for name in gan.discriminator.input}


class Parts:
    """The two parts of a GAN's discriminator, each compiled whole where a backend compiles."""

    def __init__(self, gan):
        front_end = gan.objectives.front_end
        weights = [v.value for v in gan.discriminator.trainable_variables]
        given = inputs_of(gan)
        self.hear = whole(front_end.features)
        self.rest = given.get("label"), given.get("shifts")
        self.judge = whole(lambda sound: front_end.heads(weights, sound, *self.rest))
        self.slope = whole(lambda sound: autodiff.input_gradient(self._score, sound)[0])

    def _score(self, sound):
        return self.judge(sound)["score"], ()


@pytest.mark.parametrize("model", MODELS)
def test_both_parts_together_are_the_discriminator(model):
    gan = tiny_gan(model)
    parts, inputs = Parts(gan), inputs_of(gan)
    got = parts.judge(parts.hear(inputs["audio"]))
    want = whole(lambda given: gan.discriminator(given, training=True))(inputs)
    assert got.keys() == want.keys()
    for name in want:
        a, b = arrays([got[name], want[name]])
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("model", SPECTRAL)
def test_scores_hear_every_part_of_a_sound(model):
    gan = tiny_gan(model)
    front_end, parts = gan.objectives.front_end, Parts(gan)
    gradient = arrays([parts.slope(parts.hear(inputs_of(gan)["audio"]))])[0]
    start = 0
    for name, shape in front_end.shapes.items():
        part = gradient[:, start : start + np.prod(shape)]
        assert (np.abs(part).max(axis=1) > 0).all(), name
        start += np.prod(shape)
    assert start == gradient.shape[1]
    assert ("samples" in front_end.shapes) == (MODELS[model]["critic"] == "both")


def slope_of_samples(scale):
    """Return the gradient of scores to what is heard of the same samples, at any scale."""
    gan = tiny_gan(architecture=tiny_architecture("gated-both", waveform_scale=scale))
    parts, inputs = Parts(gan), inputs_of(gan)
    sound = parts.hear(inputs["audio"] / scale)
    heard = arrays([sound])[0][:, :256]
    np.testing.assert_allclose(heard, arrays(inputs.values())[0][:, :, 0], rtol=1e-5)
    return arrays([parts.slope(sound)])[0][:, :256]


def test_a_penalty_holds_for_what_is_heard_whatever_its_scale():
    np.testing.assert_allclose(slope_of_samples(1.0), slope_of_samples(4.0), rtol=1e-4, atol=1e-7)


def test_a_discriminator_without_spectra_is_left_whole():
    discriminator = build_discriminator(tiny_architecture("gated"))
    front_end = FrontEnd(discriminator)
    assert front_end.critics is discriminator
    x = noise(2, 256, 1)
    assert front_end.features(x) is x


def test_a_gan_with_a_spectral_critic_is_saved_and_loaded(tmp_path):
    gan = tiny_gan("gated-both")
    train_once(gan)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert isinstance(loaded, WaveGAN)
    for each in (gan, loaded):
        train_once(each, seed=5)
    for a, b in zip(arrays(gan.weights), arrays(loaded.weights), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
