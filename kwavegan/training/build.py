"""From a run's settings to its networks, its optimizers and its GAN."""

import keras

from kwavegan.config.networks import architecture_of
from kwavegan.config.settings import Config
from kwavegan.gan.model import Schedule, WaveGAN
from kwavegan.networks.build import build

JIT = {"auto": "auto", "on": True, "off": False}


def build_gan(config: Config) -> WaveGAN:
    """Return the compiled GAN of a run, with weights drawn from its seed.

    Raises:
        InputError: a combination that cannot be built.
    """
    architecture = architecture_of(config)
    generator, discriminator = build(architecture, config.seed, config.precision)
    mismatch = config.mismatch if architecture.discriminator_sees_label else 0.0
    gan = WaveGAN(
        generator,
        discriminator,
        loss=config.loss,
        penalty=config.penalty,
        lamb=config.lamb,
        gamma=_falling(config.gamma, config.gamma_final, config.steps),
        smoothing=(config.smoothing_low, config.smoothing_high),
        noise=config.noise,
        class_weight=config.class_weight,
        class_loss=config.class_loss,
        mismatch=_falling(mismatch, config.mismatch_final, config.steps),
        labels=architecture.labels,
        d_updates=config.d_updates,
        g_updates=config.g_updates,
        latent_distribution=config.latent_distribution,
        phase_shuffle=config.phase_shuffle,
        shuffle_per=config.shuffle_per,
        average=config.average,
        seed=config.seed,
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
    """Return `start` where nothing falls, or the schedule of a cosine from it to its `fraction`."""
    if not start or fraction == 1.0:
        return start
    return keras.optimizers.schedules.CosineDecay(start, steps, alpha=fraction)
