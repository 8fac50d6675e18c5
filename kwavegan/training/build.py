"""From a run's settings to its networks, its optimizers and its GAN."""

from collections.abc import Callable
from dataclasses import replace

import keras

from kwavegan.config.settings import Config
from kwavegan.config.step import Schedule
from kwavegan.gan.model import WaveGAN
from kwavegan.networks.build import Initializer, build_networks, glorot_uniform

JIT = {"auto": "auto", "on": True, "off": False}


def build_gan(
    config: Config,
    gan_class: Callable[..., WaveGAN] = WaveGAN,
    initializer: Initializer = glorot_uniform,
) -> WaveGAN:
    """Return the compiled GAN of a run, with weights drawn from its seed.

    Args:
        config: the run's settings.
        gan_class: `WaveGAN`, a subclass, or a function that takes the same arguments, such as
            `partial(WaveGAN, objectives=…)`.
        initializer: draws each kernel; see `build_networks`.

    Raises:
        InputError: a combination that cannot be built.

    Example:
        >>> from kwavegan.config.settings import Config
        >>> from kwavegan.training import build_gan
        >>> gan = build_gan(Config(model="wgan", rate=16000, length=4096, channels=1, width=4))
        >>> gan.generator.output_shape
        (None, 4096, 1)
    """
    gamma = _falling(config.gamma, config.gamma_final, config.steps)
    settings = replace(config.step_settings, gamma=gamma)
    gan = gan_class(
        *build_networks(config.architecture, config.seed, config.precision, initializer),
        settings,
        labels=config.label_attributes.labels,
        attributes=config.label_attributes.names,
        rate=config.rate,
    )
    gan.compile(
        _adam(config, config.discriminator_lr, config.d_updates),
        _adam(config, config.lr, config.g_updates),
        jit_compile=JIT[config.jit],
    )
    return gan


def _adam(config: Config, rate: float, updates: int) -> keras.Optimizer:
    schedule = _falling(rate, config.lr_final, config.steps * updates)
    return keras.optimizers.Adam(schedule, beta_1=config.beta1, beta_2=config.beta2)


def _falling(start: float, fraction: float, steps: int) -> Schedule:
    """Return `start`, or its cosine schedule down to `fraction` of it where that is below 1."""
    if not start or fraction == 1.0:
        return start
    return keras.optimizers.schedules.CosineDecay(start, steps, alpha=fraction)
