"""The optimizers of a GAN: the default, and how one is stored for every backend."""

from typing import Any

import keras

from kwavegan.config.settings import Config


def default_adam() -> keras.Optimizer:
    """Return Adam with the first rate and the betas of the default recipe."""
    return keras.optimizers.Adam(Config.lr, beta_1=Config.beta1, beta_2=Config.beta2)


def portable_config(optimizer: keras.Optimizer) -> dict[str, Any]:
    """Serialize an optimizer by its public name; torch has a private class path of its own."""
    packed = keras.optimizers.serialize(optimizer)
    return {"class_name": packed["class_name"], "config": packed["config"]}
