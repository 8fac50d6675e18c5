"""From a run's settings to the architecture of its networks."""

from kwavegan.config.settings import Config, auto_width
from kwavegan.networks.architecture import Architecture


def architecture_of(config: Config) -> Architecture:
    """Return the architecture of a run.

    Raises:
        InputError: a combination that cannot be built.
    """
    return Architecture(
        length=config.length,
        channels=config.channels,
        labels=0 if config.model == "wgan" else len(config.labels),
        model=config.model,
        conditioning=config.conditioning,
        generator=config.generator,
        width=config.width or auto_width(config.length),
        latent=config.latent,
        label_embedding=config.label_embedding,
        phase_shuffle=config.phase_shuffle,
        critic=config.critic,
        rate=config.rate,
        wave_scale=config.wave_scale,
        spectral_scale=config.spectral_scale,
    )
