"""The settings of one training step, as `WaveGAN` takes them."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from kwavegan.config.losses import LOSSES, PENALTIES
from kwavegan.errors import InputError, require_choice, setting

if TYPE_CHECKING:
    from kwavegan.gan.losses import AdversarialLoss

Schedule = float | Callable[[Any], Any]
"""A number, or a Keras learning-rate schedule: a function of the step."""


@dataclass(frozen=True)
class StepSettings:
    """What a training step does, from its losses to its seed.

    Attributes:
        loss: `"wgan-gp"`, `"cross-entropy"`, `"acgan"` or `"relativistic"`; or one's own
            `AdversarialLoss`.
        penalty: `"gp"` (weight λ), `"r1r2"` (weight γ), `"none"`, or `"auto"`, the loss's own.
        gp_weight: λ, the weight of WGAN-GP's penalty on interpolates (Gulrajani et al. 2017).
        gamma: γ in γ/2 · (R1 + R2), as in R3GAN (Huang et al. 2024). A number or a schedule over
            steps.
        smoothing: (low, high), the range that targets of real audio are drawn from.
        input_noise: standard deviation of Gaussian noise on the discriminator's input.
        class_weight: weight of the class loss, where the discriminator has a class head.
        class_loss: which network the class loss of generated audio trains, in an ACGAN:
            `"generator"`, or `"both"`, as in Hill 2018.
        d_updates: discriminator updates a step.
        g_updates: generator updates a step, after them.
        accumulate: parts that each batch is worked through in, one after the other; more need less
            memory and give the same gradients.
        latent_distribution: `"uniform"` in −1…1, or `"normal"`.
        phase_shuffle: largest phase shift, in samples.
        shuffle_per: `"example"` or `"batch"`.
        ema_decay: decay of the exponential moving average (EMA) of the generator's weights, which
            sounds are generated with; 0 for none.
        seed: integer seed of all noise.

    Raises:
        InputError: an unknown name or a value out of range.

    Example:
        >>> from kwavegan import StepSettings
        >>> StepSettings(loss="wgan-gp", d_updates=5).gp_weight
        10.0
    """

    loss: "str | AdversarialLoss" = "relativistic"
    penalty: str = "auto"
    gp_weight: float = 10.0
    gamma: Schedule = 0.3
    smoothing: tuple[float, float] = (1.0, 1.0)
    input_noise: float = 0.0
    class_weight: float = 0.3
    class_loss: str = "generator"
    d_updates: int = 1
    g_updates: int = 1
    accumulate: int = 1
    latent_distribution: str = "uniform"
    phase_shuffle: int = 2
    shuffle_per: str = "example"
    ema_decay: float = 0.999
    seed: int = 0

    def __post_init__(self) -> None:
        choices = {
            "penalty": PENALTIES,
            "class_loss": ("generator", "both"),
            "latent_distribution": ("uniform", "normal"),
            "shuffle_per": ("example", "batch"),
        }
        if isinstance(self.loss, str):
            choices["loss"] = tuple(LOSSES)
        for name, allowed in choices.items():
            require_choice(setting(name), getattr(self, name), allowed)
        for name in ("d_updates", "g_updates", "accumulate"):
            if getattr(self, name) < 1:
                raise InputError(f"{setting(name)}: {getattr(self, name)} is less than 1")
        if not 0 <= self.ema_decay < 1:
            raise InputError(f"{setting('ema_decay')}: {self.ema_decay} is not in 0…1, 1 excluded")
        object.__setattr__(self, "smoothing", tuple(self.smoothing))


STEP_SETTINGS = tuple(each.name for each in fields(StepSettings))
"""Names of the settings of a step."""
