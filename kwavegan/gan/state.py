"""All that changes in training, as plain arrays by name: what a checkpoint holds.

Nothing in it belongs to a backend: a state captured on one is restored on another.
"""

from collections.abc import Mapping

import keras
import numpy as np

from kwavegan.errors import InputError
from kwavegan.gan.model import WaveGAN

_METRICS = "metrics/"
"""Start of the names of running means, which a checkpoint may lack."""


def capture_state(gan: WaveGAN) -> dict[str, np.ndarray]:
    """Return weights, EMA weights, optimizer state, step and seed state by name."""
    # Copies: on JAX a view would change under the next step, which reuses its buffers.
    return {name: np.array(v.numpy()) for name, v in _variables(gan).items()}


def restore_state(gan: WaveGAN, arrays: Mapping[str, np.ndarray]) -> None:
    """Assign what `capture_state` returned.

    Raises:
        InputError: an array is missing, left over or of another shape: the networks differ.
    """
    variables = _variables(gan)
    arrays = {name: array for name, array in arrays.items() if not name.startswith(_METRICS)}
    wrong = sorted(variables.keys() ^ arrays.keys())
    wrong += [k for k in variables.keys() & arrays.keys() if variables[k].shape != arrays[k].shape]
    if wrong:
        raise InputError(
            f"checkpoint: {wrong[0]} does not fit the model that config.toml describes; "
            "restore the run's own config.toml, or train anew"
        )
    for name, variable in variables.items():
        variable.assign(arrays[name])


def capture_metrics(gan: WaveGAN) -> dict[str, np.ndarray]:
    """Return the running means of the metrics since the last row, by name."""
    named = _metric_variables(gan)
    return {name: np.array(v.numpy()) for name, v in named.items()}


def restore_metrics(gan: WaveGAN, arrays: Mapping[str, np.ndarray]) -> None:
    """Assign what `capture_metrics` returned; `fit` resets it where it begins an epoch."""
    for name, variable in _metric_variables(gan).items():
        if name in arrays and arrays[name].shape == variable.shape:
            variable.assign(arrays[name])


def restore_generator(generator: keras.Model, arrays: Mapping[str, np.ndarray], part: str) -> None:
    """Assign the weights of one network: `part` is `"generator"` or `"ema_generator"`.

    Raises:
        InputError: they do not fit the generator.
    """
    for weight in generator.weights:
        array = arrays.get(f"{part}/{weight.path}")
        if array is None or array.shape != tuple(weight.shape):
            raise InputError(
                f"checkpoint: {part}/{weight.path} does not fit the model that config.toml "
                "describes; restore the run's own config.toml, or train anew"
            )
        weight.assign(array)


def _metric_variables(gan: WaveGAN) -> dict[str, keras.Variable]:
    return {
        f"{_METRICS}{name}/{i}": variable
        for name, metric in gan.step_metrics.items()
        for i, variable in enumerate(metric.variables)
    }


def _variables(gan: WaveGAN) -> dict[str, keras.Variable]:
    networks = {"generator": gan.generator, "discriminator": gan.discriminator}
    if gan.settings.ema_decay:
        networks["ema_generator"] = gan.ema_generator
    named = {
        f"{part}/{weight.path}": weight
        for part, network in networks.items()
        for weight in network.weights
    }
    # Optimizers name their variables by backend; their order is the same everywhere.
    optimizers = {"d_optimizer": gan.d_optimizer, "g_optimizer": gan.g_optimizer}
    for part, optimizer in optimizers.items():
        named.update({f"{part}/{i:03}": v for i, v in enumerate(optimizer.variables)})
    return {**named, "step": gan.step, "seed": gan.seed_generator.state}
