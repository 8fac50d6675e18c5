"""The table of adversarial losses: what settings, advice, search and health need to know of each.

`kwavegan.gan.losses` has the formulas. This table imports no Keras, so that reading a run does not.
"""

import math
from dataclasses import dataclass

PENALTIES = ("auto", "gp", "r1r2", "none")
"""`gp`: WGAN-GP's, on interpolates. `r1r2`: zero-centred, on real and generated audio."""


@dataclass(frozen=True)
class LossTraits:
    """What is known of an adversarial loss without its formula.

    Attributes:
        penalty: the gradient penalty that belongs to it: `"gp"`, `"r1r2"` or `"none"`.
        paired: whether the generator's loss needs the scores of real audio too.
        chance_loss: the discriminator's loss where it cannot tell real from generated audio; None
            where there is no such value.

    Example:
        >>> from kwavegan.config.losses import LOSSES
        >>> LOSSES["relativistic"].penalty, LOSSES["wgan-gp"].chance_loss
        ('r1r2', None)
    """

    penalty: str
    paired: bool = False
    chance_loss: float | None = None


LOSSES = {
    "wgan-gp": LossTraits("gp"),
    "cross-entropy": LossTraits("none", chance_loss=2 * math.log(2)),
    "acgan": LossTraits("none", chance_loss=math.log(2)),
    "relativistic": LossTraits("r1r2", paired=True, chance_loss=math.log(2)),
}


def penalty_of(loss: str, penalty: str = "auto") -> str:
    """Return the penalty in force: `penalty`, or the loss's own where that is `"auto"`.

    Example:
        >>> from kwavegan.config import penalty_of
        >>> penalty_of("wgan-gp"), penalty_of("wgan-gp", "none")
        ('gp', 'none')
    """
    return LOSSES[loss].penalty if penalty == "auto" else penalty
