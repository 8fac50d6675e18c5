import keras
import numpy as np
import pytest
from keras import ops
from support.layers import run_layer_test

from kwavegan.layers import polyphase
from kwavegan.layers.label_conditioning import LabelConcat, LabelGate, LabelScore
from kwavegan.layers.phase_shuffle import PhaseShuffle
from kwavegan.layers.strided_conv import StridedConv1D, StridedConv1DTranspose

RNG = np.random.default_rng(0)
AUDIO = RNG.standard_normal((3, 32, 2)).astype("float32")
VECTOR = RNG.standard_normal((3, 7)).astype("float32")
LABEL = np.array([0, 2, 1], "int32")
SHIFT = np.array([-2, 0, 1], "int32")
CODES = ((0, 2), (1, 3), (0, 3))
"""Of two attributes with two values each: what each label is."""


@pytest.mark.parametrize(
    ("layer", "config", "inputs", "output_shape", "weights"),
    [
        (PhaseShuffle, {"n": 2, "seed": 1}, (AUDIO,), (3, 32, 2), 0),
        (PhaseShuffle, {"n": 2, "per": "batch"}, (AUDIO, SHIFT), (3, 32, 2), 0),
        (LabelConcat, {"num_labels": 3}, (VECTOR, LABEL), (3, 10), 0),
        (LabelConcat, {"num_labels": 3, "units": 5}, (VECTOR, LABEL), (3, 12), 1),
        (LabelConcat, {"num_labels": 3}, (AUDIO, LABEL), (3, 32, 5), 0),
        (LabelConcat, {"num_labels": 3, "units": 4}, (AUDIO, LABEL), (3, 32, 6), 1),
        (LabelConcat, {"num_labels": 3, "planes": "learned"}, (AUDIO, LABEL), (3, 32, 5), 2),
        (LabelConcat, {"num_labels": 3, "codes": CODES}, (AUDIO, LABEL), (3, 32, 6), 0),
        (LabelConcat, {"num_labels": 3, "units": 5, "codes": CODES}, (VECTOR, LABEL), (3, 17), 1),
        (LabelGate, {"num_labels": 3, "codes": CODES}, (AUDIO, LABEL), (3, 32, 8), 0),
        (LabelScore, {"codes": CODES}, (VECTOR, LABEL), (3, 1), 0),
        (LabelGate, {"num_labels": 3}, (AUDIO, LABEL), (3, 32, 6), 0),
        (LabelScore, {}, (VECTOR, LABEL), (3, 1), 0),
        (StridedConv1D, {"filters": 5, "kernel_size": 25, "strides": 4}, (AUDIO,), (3, 8, 5), 2),
        (StridedConv1D, {"filters": 5, "kernel_size": 25, "strides": 3}, (AUDIO,), (3, 11, 5), 2),
        (
            StridedConv1DTranspose,
            {"filters": 5, "kernel_size": 25, "strides": 4},
            (AUDIO,),
            (3, 128, 5),
            2,
        ),
    ],
)
def test_layer_keeps_its_promises(layer, config, inputs, output_shape, weights, tmp_path):
    run_layer_test(layer, config, inputs, output_shape, tmp_path, weights)


def by_hand(x, shift):
    """Shift (time, channels) by NumPy's own reflection padding."""
    n, time = 5, len(x)
    padded = np.pad(x, ((n, n), (0, 0)), mode="reflect")
    return padded[n - shift : n - shift + time]


@pytest.mark.parametrize("shift", [-3, -1, 0, 2, 3])
def test_phase_shuffle_reflects(shift):
    got = ops.convert_to_numpy(PhaseShuffle(3)(AUDIO, np.full(3, shift, "int32")))
    for example in range(3):
        np.testing.assert_array_equal(got[example], by_hand(AUDIO[example], shift))


def shifts_drawn(per, seed=0, calls=40, batch=8):
    """Return the shifts (calls, batch) that a layer drew, read off a ramp."""
    ramp = np.broadcast_to(np.arange(32, dtype="float32")[None, :, None], (batch, 32, 1))
    layer = PhaseShuffle(2, per=per, seed=seed)
    drawn = [ops.convert_to_numpy(layer(ramp, training=True))[:, 16, 0] for _ in range(calls)]
    return 16 - np.array(drawn)


def test_phase_shuffle_draws_anew_for_every_call_and_example():
    shifts = shifts_drawn("example")
    assert set(np.unique(shifts)) == {-2, -1, 0, 1, 2}
    assert any(len(set(row)) > 1 for row in shifts), "one shift for all examples"
    assert any(len(set(column)) > 1 for column in shifts.T), "the shift is frozen"
    counts = np.unique(shifts, return_counts=True)[1]
    assert counts.min() > 0.5 * shifts.size / 5, "shifts are not uniform"


def test_phase_shuffle_per_batch_draws_one_for_all():
    shifts = shifts_drawn("batch")
    assert (shifts == shifts[:, :1]).all()
    assert len(np.unique(shifts[:, 0])) == 5


def test_phase_shuffle_follows_its_seed():
    np.testing.assert_array_equal(shifts_drawn("example", 7), shifts_drawn("example", 7))
    assert (shifts_drawn("example", 7) != shifts_drawn("example", 8)).any()


def test_phase_shuffle_is_the_identity_at_inference():
    np.testing.assert_array_equal(ops.convert_to_numpy(PhaseShuffle(2)(AUDIO)), AUDIO)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: PhaseShuffle(-1), "n must be 0 or more"),
        (lambda: PhaseShuffle(2, per="sound"), "per must be"),
        (lambda: PhaseShuffle(40)(AUDIO), "must be longer"),
        (lambda: LabelConcat(0), "at least one label"),
        (lambda: LabelGate(0), "at least one label"),
        (lambda: LabelConcat(2, planes="wavy"), "planes must be"),
        (lambda: LabelConcat(2, units=3, planes="learned"), "omit units"),
        (lambda: LabelConcat(3, planes="learned")(VECTOR, LABEL), "need audio"),
        (lambda: LabelGate(4, codes=CODES), "codes of 3 labels; there are 4"),
        (lambda: LabelConcat(2, codes=((0, 1), (0,))), "must be as many"),
    ],
)
def test_layers_refuse_bad_arguments(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_label_gate_puts_each_class_into_channels_of_its_own():
    got = ops.convert_to_numpy(LabelGate(3)(AUDIO, LABEL))
    for example, label in enumerate(LABEL):
        want = np.zeros((32, 3, 2), "float32")
        want[:, label] = AUDIO[example]
        np.testing.assert_array_equal(got[example], want.reshape(32, 6))


def test_a_gate_of_attributes_opens_the_channels_of_each_value():
    got = ops.convert_to_numpy(LabelGate(3, codes=CODES)(AUDIO, LABEL))
    for example, label in enumerate(LABEL):
        want = np.zeros((32, 4, 2), "float32")
        want[:, CODES[label]] = AUDIO[example][:, None]
        np.testing.assert_array_equal(got[example], want.reshape(32, 8))


def test_embeddings_of_attributes_stand_in_a_row():
    layer = LabelConcat(3, units=5, codes=CODES)
    got = ops.convert_to_numpy(layer(VECTOR, LABEL))
    rows = ops.convert_to_numpy(layer.embedding)[np.array(CODES)[LABEL]]
    want = np.concatenate([VECTOR, rows.reshape(3, 10)], axis=1)
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_constant_planes_hold_the_label():
    planes = ops.convert_to_numpy(LabelConcat(3)(AUDIO, LABEL))[:, :, 2:]
    np.testing.assert_array_equal(planes, np.broadcast_to(np.eye(3)[LABEL][:, None], (3, 32, 3)))


def test_learned_planes_are_the_transposed_convolution_of_the_listing():
    """One stroke of 16 taps every 64 samples, as a transposed convolution of one-hot frames."""
    audio = np.zeros((3, 256, 1), "float32")
    layer = LabelConcat(3, planes="learned")
    layer.build(audio.shape)
    layer.bias.assign([0.1, -0.2, 0.3])
    planes = ops.convert_to_numpy(layer(audio, LABEL))[:, :, 1:]
    kernel = ops.convert_to_numpy(layer.kernel)
    want = np.tile(np.array([0.1, -0.2, 0.3]), (3, 256, 1))
    for frame in range(4):
        want[:, 64 * frame : 64 * frame + 16] += kernel[:, :, LABEL].transpose(2, 0, 1)
    np.testing.assert_allclose(planes, want, atol=1e-6)


@pytest.fixture
def form():
    """Set a form of the convolutions, and the automatic one afterwards."""
    yield polyphase.set_form
    polyphase.set_form("auto")


@pytest.mark.parametrize("layer", [StridedConv1D, StridedConv1DTranspose])
@pytest.mark.parametrize("name", polyphase.FORMS[1:])
@pytest.mark.parametrize(("taps", "stride"), [(25, 4), (25, 2), (16, 4), (5, 4), (24, 3)])
def test_strided_convolutions_equal_keras_own(layer, name, taps, stride, form):
    form(name)
    plain = layer.__base__(5, taps, stride, padding="same", bias_initializer="random_normal")
    audio = RNG.standard_normal((2, 12 * stride, 3)).astype("float32")
    want = ops.convert_to_numpy(plain(audio))
    ours = layer(5, taps, stride)
    ours.build(audio.shape)
    ours.set_weights(plain.get_weights())
    np.testing.assert_allclose(ops.convert_to_numpy(ours(audio)), want, atol=2e-5)


def test_a_form_has_a_known_name(form):
    with pytest.raises(ValueError, match="auto, folded, columns, stock"):
        form("fast")


def test_strided_convolution_is_used_as_any_keras_layer(tmp_path):
    model = keras.Sequential(
        [keras.Input((64, 1)), StridedConv1D(4, 25, 4, activation="relu", use_bias=False)]
    )
    model.compile("adam", "mse")
    x, y = RNG.standard_normal((8, 64, 1)), RNG.standard_normal((8, 16, 4))
    losses = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
