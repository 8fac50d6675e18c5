"""One test that every layer passes."""

import json

import keras
import numpy as np
from keras import ops
from support.gans import whole

from kwavegan.backend import autodiff

POLICIES = {"float32": "float32", "mixed_bfloat16": "bfloat16"}
"""dtype policy → what a layer computes in; its weights are float32 under both."""


def run_layer_test(layer_class, config, inputs, output_shape, tmp_path, weights=0, **call):
    """Check what every layer owes: shapes, config, saving, gradients, weights and dtypes.

    Args:
        layer_class, config: the layer and its arguments.
        inputs: tuple of arrays; the first is float32 and gets a gradient.
        output_shape: what must come out.
        tmp_path: where to save a model.
        weights: how many trainable weights the layer has.
        **call: keyword arguments of the call.
    """
    layer = layer_class(**config)
    output = layer(*inputs, **call)
    assert tuple(output.shape) == output_shape
    assert np.isfinite(ops.convert_to_numpy(output)).all()
    assert len(layer.trainable_weights) == weights
    again = _from_json(layer)
    _check_model(layer, again, inputs, output_shape, tmp_path, call)
    _check_gradients(layer, inputs, call)
    for policy, dtype in POLICIES.items():
        _check_dtype(layer_class(**{**config, "dtype": policy}), inputs, dtype, call)


def _from_json(layer):
    """Return the layer that a config makes after it has been a JSON file."""
    config = layer.get_config()
    again = type(layer).from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config
    return again


def _check_model(layer, again, inputs, output_shape, tmp_path, call):
    """Check symbolic shapes, and that a file keeps a model with the layer in it."""
    symbols = [keras.Input(x.shape[1:], dtype=str(x.dtype)) for x in inputs]
    model = keras.Model(symbols, again(*symbols, **call))
    assert model.output_shape == (None, *output_shape[1:])
    again.set_weights(layer.get_weights())
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")  # without custom_objects
    want, before, after = (
        ops.convert_to_numpy(output)
        for output in (layer(*inputs, **call), model(list(inputs)), loaded(list(inputs)))
    )
    np.testing.assert_array_equal(before, after)
    np.testing.assert_allclose(want, before, rtol=1e-5, atol=1e-6)


def _check_gradients(layer, inputs, call):
    """Check that a gradient reaches the input and every trainable weight, and is finite."""
    fixed = [variable.value for variable in layer.non_trainable_variables]
    rest = [ops.convert_to_tensor(x) for x in inputs[1:]]
    shape = tuple(layer(*inputs, **call).shape)
    # Random: a plain sum would hide a weight whose gradients cancel out.
    share = ops.convert_to_tensor(np.random.default_rng(0).uniform(0.5, 1.5, shape), "float32")

    def loss(values):
        x, *trained = values
        output, _ = layer.stateless_call(trained, fixed, x, *rest, **call)
        return ops.sum(ops.cast(output, "float32") * share), ()

    values = [ops.convert_to_tensor(inputs[0])]
    values += [variable.value for variable in layer.trainable_variables]
    names = ["the input", *(variable.path for variable in layer.trainable_variables)]
    gradients = whole(lambda values: autodiff.value_and_grad(loss, values)[2])(values)
    for name, gradient in zip(names, gradients, strict=True):
        size = np.abs(ops.convert_to_numpy(gradient)).max()
        assert np.isfinite(size), f"the gradient of {name} is not finite"
        assert size > 0, f"no gradient reaches {name}"


def _check_dtype(layer, inputs, dtype, call):
    layer(*(keras.Input(x.shape[1:], dtype=str(x.dtype)) for x in inputs), **call)  # build it
    output = whole(lambda given: layer(*given, **call))(inputs)
    assert keras.backend.standardize_dtype(output.dtype) == dtype
    assert np.isfinite(ops.convert_to_numpy(ops.cast(output, "float32"))).all()
    for weight in layer.trainable_weights:
        assert keras.backend.standardize_dtype(weight.dtype) == "float32", weight.path
