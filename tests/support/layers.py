"""One test that every layer passes."""

import keras
import numpy as np
from keras import ops

from kwavegan.backend import autodiff


def run_layer_test(layer_class, config, inputs, output_shape, tmp_path, **call):
    """Check what every layer owes: shapes, config, saving inside a model, gradients, bfloat16.

    Args:
        layer_class, config: the layer and its arguments.
        inputs: tuple of arrays; the first is float32 and gets the gradient.
        output_shape: what must come out.
        tmp_path: where to save a model.
        **call: keyword arguments of the call.
    """
    layer = layer_class(**config)
    output = layer(*inputs, **call)
    assert tuple(output.shape) == output_shape
    assert np.isfinite(ops.convert_to_numpy(output)).all()

    # Symbolic and eager shapes agree, and the config builds the same layer.
    symbols = [keras.Input(x.shape[1:], dtype=str(x.dtype)) for x in inputs]
    again = layer_class.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    model = keras.Model(symbols, again(*symbols, **call))
    assert model.output_shape == (None, *output_shape[1:])
    again.set_weights(layer.get_weights())

    # A model with the layer in it survives a file, without custom_objects.
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    before, after = (ops.convert_to_numpy(m(list(inputs))) for m in (model, loaded))
    np.testing.assert_array_equal(before, after)

    # A gradient reaches the input and every weight.
    x = ops.convert_to_tensor(inputs[0])
    gradient, _ = autodiff.input_gradient(lambda x: (layer(x, *inputs[1:], **call), ()), x)
    assert np.abs(ops.convert_to_numpy(gradient)).max() > 0

    half = layer_class(**{**config, "dtype": "mixed_bfloat16"})(*inputs, **call)
    assert keras.backend.standardize_dtype(half.dtype) == "bfloat16"
