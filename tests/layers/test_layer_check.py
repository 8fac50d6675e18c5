"""`run_layer_test` itself: each fault that it is there to find makes it fail."""

import keras
import numpy as np
import pytest
from keras import ops
from support.layers import run_layer_test

from kwavegan.backend.serialization import register

AUDIO = np.random.default_rng(0).standard_normal((3, 8, 2)).astype("float32")


@register
class FaultyScale(keras.layers.Layer):
    """Multiplies by a weight; without a fault it is a layer as it should be."""

    def __init__(self, fault="", **kwargs):
        super().__init__(**kwargs)
        self.fault = fault

    def build(self, x_shape):
        self.scale = self.add_weight((x_shape[-1],), initializer="ones", name="scale")
        if self.fault == "dead weight":
            self.dead = self.add_weight((2,), initializer="ones", name="dead")
        if self.fault == "half weight":
            self.half = self.add_weight((2,), initializer="ones", name="half", dtype="bfloat16")

    def call(self, x):
        if self.fault == "dead input":
            x = ops.stop_gradient(x)
        if self.fault == "half weight":
            x = x * ops.cast(self.half, x.dtype)
        y = x * ops.cast(self.scale, x.dtype)
        return ops.cast(y, "float32") if self.fault == "full output" else y

    def compute_output_shape(self, x_shape):
        return (*x_shape[:-1], 9) if self.fault == "wrong shape" else x_shape

    def get_config(self):
        config = {**super().get_config(), "fault": self.fault}
        return {**config, "extra": object()} if self.fault == "no JSON" else config


def check(tmp_path, fault, weights=1):
    run_layer_test(FaultyScale, {"fault": fault}, (AUDIO,), AUDIO.shape, tmp_path, weights)


def test_a_good_layer_passes(tmp_path):
    check(tmp_path, "")


@pytest.mark.parametrize(
    ("fault", "weights", "error", "words"),
    [
        ("dead weight", 2, AssertionError, "no gradient reaches .*dead"),
        ("dead input", 1, AssertionError, "no gradient reaches the input"),
        ("half weight", 2, AssertionError, "half"),
        ("full output", 1, AssertionError, "float32"),
        ("wrong shape", 1, AssertionError, "9"),
        ("no JSON", 1, TypeError, "JSON"),
        ("", 2, AssertionError, "1"),
    ],
)
def test_a_faulty_layer_fails(tmp_path, fault, weights, error, words):
    with pytest.raises(error, match=words):
        check(tmp_path, fault, weights)
