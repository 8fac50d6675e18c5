"""The classifier's network in NumPy, beside the same one in Keras on this backend."""

import keras
import numpy as np
import pytest
from keras import layers

from kwavegan.evaluation.classifier_network import (
    EMBEDDING,
    Adam,
    forward,
    gradients,
    initial_weights,
    softmax,
)

BANDS, CHANNELS, LABELS, SOUNDS = 5, 2, 3, 6


def random_weights():
    rng = np.random.default_rng(0)
    shapes = [array.shape for array in initial_weights(BANDS * CHANNELS, LABELS)]
    return [rng.normal(0, 0.2, shape).astype("float32") for shape in shapes]


def random_batch(frames):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(SOUNDS, frames, BANDS, CHANNELS)).astype("float32")
    return x, rng.integers(LABELS, size=SOUNDS).astype("int32")


def in_keras(frames, weights):
    spectrograms = keras.Input((frames, BANDS, CHANNELS))
    x = layers.Reshape((frames, BANDS * CHANNELS))(spectrograms)
    for _ in range(3):
        x = layers.Conv1D(EMBEDDING, 5, padding="same", activation="relu")(x)
        x = layers.MaxPooling1D(2, padding="same")(x)
    x = layers.Concatenate()([layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x)])
    embedding = layers.Dense(EMBEDDING, activation="relu")(x)
    network = keras.Model(spectrograms, [embedding, layers.Dense(LABELS)(embedding)])
    network.set_weights(weights)
    return network


@pytest.mark.parametrize("frames", [1, 2, 13, 16])
def test_embedding_and_logits_are_those_of_keras(frames):
    weights, (x, _) = random_weights(), random_batch(frames)
    for ours, theirs in zip(forward(weights, x), in_keras(frames, weights)(x), strict=True):
        np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(theirs), rtol=1e-4, atol=1e-4)


def test_training_takes_the_steps_of_keras():
    weights, (x, labels) = random_weights(), random_batch(13)
    network = in_keras(13, weights)
    logits = keras.Model(network.input, network.output[1])
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, 10, alpha=0.02)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    logits.compile(keras.optimizers.Adam(schedule), loss)
    optimizer = Adam(weights, 1e-3, 10)
    before = [array.copy() for array in weights]
    for _ in range(10):
        logits.train_on_batch(x, labels)
        optimizer.apply(gradients(weights, x, labels))
    for ours, theirs, old in zip(weights, network.get_weights(), before, strict=True):
        moved = np.abs(ours - old).max()
        assert moved > 3e-3
        np.testing.assert_allclose(ours, theirs, atol=0.02 * moved)


@pytest.mark.parametrize("frames", [1, 2, 13, 16])
def test_gradients_are_the_slopes_of_the_loss(frames):
    weights, (x, labels) = random_weights(), random_batch(frames)

    def loss(weights):
        return -np.log(softmax(forward(weights, x)[1])[np.arange(SOUNDS), labels]).mean()

    wide = [array.astype("float64") for array in weights]
    found = gradients(wide, x.astype("float64"), labels)
    for place, slope in enumerate(found):
        way = np.random.default_rng(place).normal(size=slope.shape)
        way *= 1e-6
        ends = [[*wide[:place], wide[place] + side * way, *wide[place + 1 :]] for side in (1, -1)]
        assert loss(ends[0]) - loss(ends[1]) == pytest.approx(2 * (slope * way).sum(), rel=1e-4)


def test_initial_weights_are_even_within_glorots_limits():
    first = initial_weights(40, 6)
    assert [array.shape for array in first][::2] == [
        (5, 40, 64),
        (5, 64, 64),
        (5, 64, 64),
        (128, 64),
        (64, 6),
    ]
    assert np.abs(first[0]).max() == pytest.approx(np.sqrt(6 / (5 * (40 + 64))), rel=1e-2)
    assert not any(array.any() for array in first[1::2])
    again = initial_weights(40, 6)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
