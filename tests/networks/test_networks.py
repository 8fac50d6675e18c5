import keras
import numpy as np
import pytest
from keras import ops
from support.gans import MODELS, arrays, tiny_architecture, whole

from kwavegan.errors import InputError
from kwavegan.networks.architecture import Architecture, Stages
from kwavegan.networks.build import build_networks
from kwavegan.networks.discriminators import build_discriminator
from kwavegan.networks.generators import build_generator

PLAIN = {"generator": "waveform", "critic": "waveform"}
TABLES = {
    "num_labels": 2,
    "generator": "dissertation",
    "critic": "waveform",
    "conditioning": "concat",
    "width": 32,
}


@pytest.mark.parametrize(
    ("architecture", "generator", "discriminator"),
    [
        # Dissertation, tables 2 and 3; 4 and 5; 6 and 7 (sizes summed by hand from the tables).
        (Architecture(4096, model="wgan", width=32, **PLAIN), 1_489_921, 1_080_577),
        (Architecture(4096, model="cwgan", **TABLES), 18_267_191, 1_082_177),
        (Architecture(4096, model="acgan", **TABLES), 18_267_191, 1_088_771),
        # Donahue et al. 2018, tables 3 and 4, at d = 64.
        (Architecture(16384, model="wgan", width=64, **PLAIN), 19_065_345, 17_427_969),
    ],
)
def test_weights_are_counted_as_in_the_tables(architecture, generator, discriminator):
    assert build_generator(architecture).count_params() == generator
    assert build_discriminator(architecture).count_params() == discriminator


def layer_outputs(model, kind):
    return [layer.output.shape[1:] for layer in model.layers if isinstance(layer, kind)]


def test_layers_have_the_shapes_of_tables_2_and_3():
    a = Architecture(4096, model="wgan", width=32, **PLAIN)
    stages = [(1024, 32), (256, 64), (64, 128), (16, 256)]
    assert layer_outputs(build_discriminator(a), keras.layers.Conv1D) == stages
    ups = [(64, 128), (256, 64), (1024, 32), (4096, 1)]
    assert layer_outputs(build_generator(a), keras.layers.Conv1DTranspose) == ups


def test_layers_have_the_shapes_of_tables_5_and_6():
    a = Architecture(4096, model="acgan", **TABLES)
    discriminator = build_discriminator(a)
    assert layer_outputs(discriminator, keras.layers.Conv1D)[-1] == (1, 1)
    assert layer_outputs(discriminator, keras.layers.Dense) == [(2,)]
    # Tables 2, 4 and 6: a LeakyReLU after every convolution, a shuffle after all but the last.
    names = [type(layer).__name__ for layer in discriminator.layers]
    assert names.count("LeakyReLU") == 4
    assert names.count("PhaseShuffle") == 3
    generator = build_generator(a)
    assert layer_outputs(generator, keras.layers.Dense) == [(4094,)]
    assert layer_outputs(generator, keras.layers.Conv1DTranspose)[0] == (16, 256)
    assert [type(layer).__name__ for layer in generator.layers].count("ReLU") == 5


@pytest.mark.parametrize(
    ("length", "made", "strides"),
    [
        (64, 64, (4,)),
        (1024, 1024, (4, 4, 4)),
        (8192, 8192, (4, 4, 4, 4, 2)),
        (16384, 16384, (4, 4, 4, 4, 4)),
        (32768, 32768, (4, 4, 4, 4, 4, 2)),
        (5000, 8192, (4, 4, 4, 4, 2)),
        (8193, 16384, (4, 4, 4, 4, 4)),
        (1_048_576, 1_048_576, (4,) * 8),
    ],
)
def test_ladder_reaches_the_length_with_the_fewest_stages(length, made, strides):
    stages = Stages.of(length, 8)
    assert (stages.length, stages.strides) == (made, strides)
    assert stages.filters[0] == 8


SHAPES = [(256, 1), (128, 2), (100, 1), (300, 2)]
"""Lengths and channels: whole stages of four, a stage of two, and ends that are cut off."""
EVERY_SHAPE = ("cwgan", "gated", "istft")
"""Each generator, and critics of both kinds; others differ in how labels enter: two shapes do."""


@pytest.mark.parametrize(
    ("model", "length", "channels"),
    [
        (model, *shape)
        for model in MODELS
        for shape in (SHAPES if model in EVERY_SHAPE else SHAPES[2:])
    ],
)
def test_every_model_runs_at_every_length(model, length, channels):
    a = tiny_architecture(model, length=length, channels=channels)
    generator, discriminator = build_networks(a)
    label = np.array([0, 1, 1], "int32")
    latent = {"latent": np.zeros((3, 8), "float32"), "label": label}
    audio = whole(generator)({name: latent[name] for name in generator.input})
    assert tuple(audio.shape) == (3, length, channels)
    given = {"audio": audio, "label": label, "shifts": np.zeros((3, a.shuffles), "int32")}
    given = {name: ops.convert_to_tensor(given[name]) for name in discriminator.input}
    heads = whole(discriminator)(given)
    assert tuple(heads["score"].shape) == (3, 1)
    projects = a.model == "cwgan" and a.conditioning == "gate" and a.critic != "waveform"
    assert ("logits" in heads) == (a.model == "acgan" or projects) == a.has_class_head


def test_a_seed_means_the_same_weights_on_every_backend():
    generator, discriminator = build_networks(tiny_architecture("acgan"), seed=3)
    # Numbers from NumPy alone: equal wherever this test runs.
    weights = arrays([generator.weights[1], discriminator.weights[0]])
    np.testing.assert_allclose([abs(w).sum() for w in weights], [106.15417, 6.900686], rtol=1e-6)


def test_seeds_differ_and_biases_start_at_zero():
    first, second = (build_networks(tiny_architecture(), seed=seed)[0] for seed in (0, 1))
    assert (
        ops.convert_to_numpy(first.weights[1]) - ops.convert_to_numpy(second.weights[1]) != 0
    ).all()
    assert not ops.convert_to_numpy(first.weights[2]).any()


def test_kernels_are_glorot_uniform():
    generator, _ = build_networks(Architecture(1024, model="wgan", width=16))
    kernel = ops.convert_to_numpy(generator.weights[0])
    limit = np.sqrt(6 / sum(kernel.shape))
    assert 0.99 * limit < np.abs(kernel).max() <= limit
    assert abs(kernel.std() - limit / np.sqrt(3)) < 0.01 * limit


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model": "gan"}, "model: 'gan' is unknown; choose from wgan, cwgan, acgan"),
        ({"conditioning": "add"}, "conditioning"),
        ({"generator": "big"}, "generator"),
        ({"length": 20}, "length: 20 is out of range; choose 64 to 1048576"),
        ({"channels": 3}, "channels"),
        ({"width": 0}, "width"),
        ({"latent_dim": 0}, "latent_dim"),
        ({"phase_shuffle": 16}, "phase_shuffle"),
        ({"num_labels": 1}, "model='cwgan': needs at least two labels, and there are 1"),
        (
            {"num_labels": 40, "generator": "dissertation", "length": 64, "width": 2},
            "40 labels leave no room in 32 units",
        ),
    ],
)
def test_impossible_architectures_are_refused_in_one_line(change, says):
    given = {"length": 1024, "num_labels": 2, "model": "cwgan", **change}
    with pytest.raises(InputError) as error:
        Architecture(**given)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_bfloat16_ends_in_float32():
    generator, discriminator = build_networks(tiny_architecture("acgan"), dtype="mixed_bfloat16")
    assert generator.get_layer("up_1").compute_dtype == "bfloat16"
    assert generator.weights[0].dtype == "float32"
    for output in (generator.output, *discriminator.output.values()):
        assert output.dtype == "float32"
