"""The adversarial games, as pure functions of scores, and the penalties on their gradients.

A game says what the discriminator and the generator want from the scores of real and generated
audio. In every game, `target` is 1 for plain training; soft and noisy labels draw it from a range
around 1 (dissertation F.1, `_categorical_loss`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from keras import ops

from kwavegan.types import Tensor


def cross_entropy(logit: Tensor, target: Tensor) -> Tensor:
    """Return the mean sigmoid cross-entropy of `logit` against `target`; any target is allowed."""
    return ops.mean(ops.softplus(logit) - target * logit)


def class_cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """Return the mean softmax cross-entropy of `logits` (batch, labels) against integer labels."""
    one_hot = ops.one_hot(label, logits.shape[-1], dtype=logits.dtype)
    return -ops.mean(ops.sum(one_hot * ops.log_softmax(logits, axis=-1), axis=-1))


def mismatch(own: Tensor, other: Tensor) -> Tensor:
    """Return how little the scores of real audio prefer its own label to another one.

    The pairing loss of the relativistic game, with the same sound on both sides, so that nothing
    but the label can tell them apart (the contrastive term of stable-audio-tools, `arc.py`). It is
    bounded below, so that it goes with any game.

    Args:
        own, other: scores (batch, 1) of the same audio with its label, and with another.
    """
    return _relativistic_discriminator(own, other, 1.0)


def slope_penalty(gradient: Tensor) -> Tensor:
    """Return the mean of (‖gradient‖ − 1)², one norm an example (Gulrajani et al. 2017)."""
    # The square root has no slope at zero; the tiny term keeps a dead score from making NaN.
    slope = ops.sqrt(_squared_norm(gradient) + 1e-12)
    return ops.mean(ops.square(slope - 1.0))


def zero_centred_penalty(gradient: Tensor) -> Tensor:
    """Return the mean of ‖gradient‖², one norm an example (Mescheder et al. 2018, R1 and R2)."""
    return ops.mean(_squared_norm(gradient))


def global_norm(gradients: list) -> Tensor:
    """Return the length of all gradients as one vector."""
    return ops.sqrt(sum(ops.sum(ops.square(ops.cast(g, "float32"))) for g in gradients))


def _squared_norm(gradient: Tensor):
    axes = tuple(range(1, len(gradient.shape)))
    return ops.sum(ops.square(ops.cast(gradient, "float32")), axis=axes)


def _wasserstein_discriminator(real: Tensor, fake: Tensor, target: Tensor):
    return ops.mean(fake) - ops.mean(target * real)


def _wasserstein_generator(real: Tensor, fake: Tensor):
    return -ops.mean(fake)


def _cross_entropy_discriminator(real: Tensor, fake: Tensor, target: Tensor):
    return cross_entropy(real, target) + cross_entropy(fake, 0.0)


def _cross_entropy_generator(real: Tensor, fake: Tensor):
    return cross_entropy(fake, 1.0)


def _acgan_discriminator(real: Tensor, fake: Tensor, target: Tensor):
    return _cross_entropy_discriminator(real, fake, target) / 2


def _relativistic_discriminator(real: Tensor, fake: Tensor, target: Tensor):
    return cross_entropy(real - fake, target)


def _relativistic_generator(real: Tensor, fake: Tensor):
    return cross_entropy(fake - real, 1.0)


@dataclass(frozen=True)
class Game:
    """One adversarial game.

    Args:
        discriminator: (real scores, fake scores, target) → loss.
        generator: (real scores, fake scores) → loss.
        penalty: the penalty that belongs to it: `"slope"`, `"r1r2"` or `"none"`.
        pairs: whether the generator's loss needs the scores of real audio too.
    """

    discriminator: Callable
    generator: Callable
    penalty: str
    pairs: bool = False


GAMES = {
    # Gulrajani et al. 2017; WaveGAN's own.
    "wgan-gp": Game(_wasserstein_discriminator, _wasserstein_generator, "slope"),
    # Goodfellow et al. 2014, the generator's loss in its non-saturating form.
    "cross-entropy": Game(_cross_entropy_discriminator, _cross_entropy_generator, "none"),
    # Odena et al. 2016 as the dissertation sums it: half the source loss for the discriminator.
    "acgan": Game(_acgan_discriminator, _cross_entropy_generator, "none"),
    # Jolicoeur-Martineau 2018, paired, with R1 and R2 (Huang et al. 2024, R3GAN).
    "relativistic": Game(_relativistic_discriminator, _relativistic_generator, "r1r2", pairs=True),
}

PENALTIES = ("auto", "slope", "r1r2", "none")
