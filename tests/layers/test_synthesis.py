"""The end of a generator of frames: the inverse transform, and the parts that are summed."""

import keras
import numpy as np
import pytest
from keras import ops
from support.gans import tiny_architecture, whole
from support.layers import run_layer_test

from kwavegan.evaluation.texture import measure_texture
from kwavegan.layers.inverse_stft import InverseSTFT
from kwavegan.layers.soft_clip import SoftClip
from kwavegan.networks.architecture import Architecture
from kwavegan.networks.build import build_networks
from kwavegan.networks.generators import build_generator
from kwavegan.networks.plan import FRAME_RMS, PARTS, FramePlan, heads_of, hop_of, openings_of

HOP, WINDOW, BINS, FRAMES = 8, 32, 16, 12


def frames_of(seed=0, channels=1, frames=FRAMES):
    shape = (2, frames, channels * 2 * BINS)
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def sounded(frames, channels=1):
    return ops.convert_to_numpy(InverseSTFT(HOP, channels)(frames))


@pytest.mark.parametrize("channels", [1, 2])
def test_inverse_fourier_is_a_keras_layer(tmp_path, channels):
    given = (frames_of(channels=channels),)
    shape = (2, FRAMES * HOP, channels)
    config = {"hop": HOP, "channels": channels}
    run_layer_test(InverseSTFT, config, given, shape, tmp_path)


def by_hand(frames):
    """Sound one channel (frames, 2 × bins) sample by sample."""
    real, imaginary = frames[:, :BINS], frames[:, BINS:]
    total = np.zeros((len(frames) + 4) * HOP)
    taper = np.hanning(WINDOW + 1)[:-1] * np.sqrt(WINDOW) / 4
    bins = np.arange(1, BINS + 1)
    twice = np.where(bins == BINS, 1, 2)
    for frame in range(len(frames)):
        times = frame * HOP + np.arange(WINDOW)
        angles = 2 * np.pi / WINDOW * np.outer(bins, times)
        waves = real[frame, :, None] * np.cos(angles) - imaginary[frame, :, None] * np.sin(angles)
        total[times] += taper * (twice[:, None] * waves).sum(axis=0) / WINDOW
    return total[2 * HOP : (len(frames) + 2) * HOP]


def test_a_sound_is_the_sum_of_its_bins():
    frames = frames_of()
    got = sounded(frames)
    for example in range(2):
        np.testing.assert_allclose(got[example, :, 0], by_hand(frames[example]), atol=1e-5)


@pytest.mark.parametrize("k", [1, 3, 6])
def test_a_constant_bin_is_a_steady_tone(k):
    frames = np.zeros((1, FRAMES, 2 * BINS), "float32")
    frames[:, :, k - 1] = 1
    tone = sounded(frames)[0, :, 0]
    times = np.arange(2 * HOP, (FRAMES + 2) * HOP)
    # Hann windows that overlap fourfold add up to 2.
    want = 2 * 2 / WINDOW * np.sqrt(WINDOW) / 4 * np.cos(2 * np.pi * k * times / WINDOW)
    # The first and last two hops have fewer windows over them.
    inner = slice(2 * HOP, -2 * HOP)
    np.testing.assert_allclose(tone[inner], want[inner], atol=1e-6)


def test_nothing_moves_a_sound_off_zero():
    frames = np.ones((1, 64, 2 * BINS), "float32")
    assert abs(sounded(frames)[0, 2 * HOP : -2 * HOP].mean()) < 1e-6


def test_channels_are_apart():
    frames = frames_of(channels=2)
    both = sounded(frames, channels=2)
    for channel, part in enumerate(np.split(frames, 2, axis=2)):
        np.testing.assert_allclose(both[:, :, channel], sounded(part)[:, :, 0], atol=1e-6)


@pytest.mark.parametrize("hop", [4, 16, 64])
def test_the_level_does_not_depend_on_the_hop(hop):
    rng = np.random.default_rng(hop)
    layer = InverseSTFT(hop)
    noise = layer(rng.standard_normal((64, 16, layer.units)).astype("float32"))
    inner = ops.convert_to_numpy(noise)[:, 4 * hop : -4 * hop]
    assert 0.38 < inner.std() < 0.48


@pytest.mark.parametrize(
    ("rate", "length", "hop"),
    [
        (4096, 4096, 64),
        (16_384, 4096, 64),
        (16_000, 16_384, 256),
        (44_100, 2**20, 512),
        (4096, 64, 1),
    ],
)
def test_hops_last_a_64th_of_a_second_and_there_are_64_of_them(rate, length, hop):
    assert hop_of(rate, length) == hop


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: InverseSTFT(0), "must be positive; got 0 and 1"),
        (lambda: InverseSTFT(8, 0), "must be positive; got 8 and 0"),
        (lambda: InverseSTFT(8)(frames_of(channels=2)), "have 32 values; got 64"),
    ],
)
def test_bad_arguments_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_a_generator_of_frames_doubles_them_until_there_is_one_each_hop():
    generator = build_generator(tiny_architecture("istft", length=300, width=4, channels=2))
    # 75 frames of 4 samples, and one more because they are doubled twice.
    assert generator.get_layer("dense").units == 19 * 64
    shapes = [generator.get_layer(f"up_{stage}").output.shape[1:] for stage in (1, 2)]
    assert shapes == [(38, 48), (76, 32)]
    assert generator.get_layer("bins").output.shape[1:] == (76, 2 * 3 * 8)
    assert generator.output_shape == (None, 300, 2)


@pytest.mark.parametrize("length", [64, 100, 1000, 5376, 16_000, 41_472, 88_200, 96_000])
@pytest.mark.parametrize("rate", [4096, 16_000, 44_100, 48_000])
def test_no_more_frames_than_a_doubling_needs(rate, length):
    plan = FramePlan.of(Architecture(length, num_labels=2, rate=rate))
    grown = 2 ** (len(plan.filters) - 1)
    assert length <= plan.first * grown * plan.hop < length + (grown + 1) * plan.hop
    assert 16 <= plan.first <= 32


def parts_of(channels=1, count=3):
    """Return the parts of `count` sounds that an untrained generator sums, by name."""
    a = tiny_architecture("istft", length=1024, width=4, channels=channels, rate=8000)
    generator, _ = build_networks(a)
    return parts_made_by(generator, count)


def parts_made_by(generator, count=3):
    """Return the parts of `count` sounds that a generator sums, by name."""
    latent_dim = generator.input["latent"].shape[1]
    latents = np.random.default_rng(0).normal(size=(count, latent_dim)).astype("float32")
    given = {"latent": latents, "label": np.zeros(count, "int32")}
    outputs = {name: generator.get_layer(f"{name}_gate").output for name in PARTS}
    parts = whole(keras.Model(generator.input, outputs))(given)
    return {name: ops.convert_to_numpy(parts[name]) for name in PARTS}


def test_a_generator_begins_with_noise():
    parts = parts_of()
    quieter = max(parts[name].std() for name in ("sweeps", "tones"))
    assert parts["noise"].std() > 1.5 * quieter
    assert min(part.std() for part in parts.values()) > 0.01


def test_a_few_tones_stand_out_at_the_start():
    tones = parts_of()["tones"][:, :, 0]
    assert measure_texture(tones[..., None], 8000).tonality.mean() > 15


def test_sounds_begin_soft_and_hard():
    loudness = 20 * np.log10(parts_of(count=64)["noise"].std(axis=(1, 2)))
    assert 2 < loudness.std() < 4


def test_a_generator_begins_with_sounds_that_share_no_period():
    texture = measure_texture(parts_of()["noise"], 8000)
    assert texture.periodicity.max() < 0.5


def test_values_of_frames_that_have_grown_stay_where_they_have_a_gradient():
    # In the first steps of a training frames have grown a thousandfold.
    a = tiny_architecture("istft", length=256, width=4)
    generator, _ = build_networks(a)
    last = generator.get_layer("up_2")
    last.kernel.assign(last.kernel.numpy() * 1e5)
    heads = heads_of(a, FramePlan.of(a).hop)
    outputs = {name: generator.get_layer(f"{name}_scaled").output for name in heads}
    given = {"latent": np.ones((1, a.latent_dim), "float32"), "label": np.zeros(1, "int32")}
    values = whole(keras.Model(generator.input, outputs))(given)
    for name, head in heads.items():
        kernel = ops.convert_to_numpy(generator.get_layer(name).kernel)
        farthest = FRAME_RMS * np.sqrt(len(kernel)) * np.linalg.norm(kernel, axis=0).max()
        own = ops.convert_to_numpy(values[name]) - head.offset
        assert np.abs(own).max() <= 1.001 * head.scale * farthest, name


def test_all_parts_follow_the_shared_heads():
    a = tiny_architecture("istft", length=256, width=4)
    generator, _ = build_networks(a)

    def levels():
        return np.array([part.std() for part in parts_made_by(generator).values()])

    before = levels()
    generator.get_layer("openness").bias.assign(np.full(openings_of(a, FramePlan.of(a).hop), -10.0))
    closed = levels()
    assert np.all(closed < 0.01 * before)
    generator.get_layer("loudness").bias.assign([-1.0])
    np.testing.assert_allclose(levels(), np.exp(-3.0) * closed, rtol=0.05)


def test_channels_begin_as_middle_and_side():
    a = tiny_architecture("istft", length=256, width=4, channels=2)
    generator, _ = build_networks(a)
    given = {"latent": np.ones((1, a.latent_dim), "float32"), "label": np.zeros(1, "int32")}
    middle_and_side = keras.Model(generator.input, generator.get_layer("sum_of_parts").output)
    middle, side = ops.convert_to_numpy(whole(middle_and_side)(given))[0].T
    left, right = ops.convert_to_numpy(whole(generator)(given))[0].T
    clip = SoftClip()
    for side_of, found in ((side, left), (-side, right)):
        want = ops.convert_to_numpy(clip(middle + side_of))
        np.testing.assert_allclose(found, want[:256], atol=1e-5)


def test_a_generator_of_frames_needs_no_label():
    generator = build_generator(tiny_architecture("wgan", generator="istft"))
    assert list(generator.input) == ["latent"]
