"""Adversarial losses and gradient penalties, as pure functions of scores and gradients.

An adversarial loss says what discriminator and generator minimize, given the scores of real and of
generated audio. In every loss, `target` is 1 for plain training; soft and noisy labels draw it from
a range around 1 (Hill 2018, F.1, `_categorical_loss`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.config import losses as table
from kwavegan.layers.label_conditioning import hot
from kwavegan.types import Codes, Tensor


def cross_entropy(logit: Tensor, target: Tensor) -> Tensor:
    """Return the mean sigmoid cross-entropy of `logit` against `target`; any target is allowed."""
    return ops.mean(ops.softplus(logit) - target * logit)


def class_cross_entropy(logits: Tensor, label: Tensor, codes: Codes = ()) -> Tensor:
    """Return the mean softmax cross-entropy of `logits` (batch, labels) against integer labels.

    With codes the logits are those of values (see `kwavegan.layers.label_conditioning`): each
    attribute has a softmax of its own, and their cross-entropies are added.
    """
    own = hot(label, logits.shape[-1], codes, dtype=logits.dtype)
    if not codes:
        return -ops.mean(ops.sum(own * ops.log_softmax(logits, axis=-1), axis=-1))
    ends = [1 + max(numbers) for numbers in zip(*codes, strict=True)]
    of_attributes = ops.split(logits, ends[:-1], axis=-1)
    log = ops.concatenate([ops.log_softmax(each, axis=-1) for each in of_attributes], axis=-1)
    return -ops.mean(ops.sum(own * log, axis=-1))


def gradient_penalty(gradient: Tensor) -> Tensor:
    """Return the mean of (‖gradient‖ − 1)² over examples (Gulrajani et al. 2017)."""
    # The square root has no derivative at zero; the tiny term keeps a dead score from making NaN.
    norm = ops.sqrt(_squared_norm(gradient) + 1e-12)
    return ops.mean(ops.square(norm - 1.0))


def zero_centred_gradient_penalty(gradient: Tensor) -> Tensor:
    """Return the mean of ‖gradient‖² over examples (Mescheder et al. 2018, R1 and R2)."""
    return ops.mean(_squared_norm(gradient))


def global_norm(gradients: list[Tensor]) -> Tensor:
    """Return the length of all gradients as one vector."""
    return ops.sqrt(sum(ops.sum(ops.square(ops.cast(g, "float32"))) for g in gradients))


def _squared_norm(gradient: Tensor) -> Tensor:
    axes = tuple(range(1, len(gradient.shape)))
    return ops.sum(ops.square(ops.cast(gradient, "float32")), axis=axes)


def _wasserstein_discriminator(real: Tensor, fake: Tensor, target: Tensor) -> Tensor:
    return ops.mean(fake) - ops.mean(target * real)


def _wasserstein_generator(real: Tensor, fake: Tensor) -> Tensor:
    return -ops.mean(fake)


def _cross_entropy_discriminator(real: Tensor, fake: Tensor, target: Tensor) -> Tensor:
    return cross_entropy(real, target) + cross_entropy(fake, 0.0)


def _cross_entropy_generator(real: Tensor, fake: Tensor) -> Tensor:
    return cross_entropy(fake, 1.0)


def _acgan_discriminator(real: Tensor, fake: Tensor, target: Tensor) -> Tensor:
    return _cross_entropy_discriminator(real, fake, target) / 2


def _relativistic_discriminator(real: Tensor, fake: Tensor, target: Tensor) -> Tensor:
    return cross_entropy(real - fake, target)


def _relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    return cross_entropy(fake - real, 1.0)


@register
@dataclass(frozen=True)
class AdversarialLoss:
    """One adversarial loss, ready-made (see `LOSSES`) or one's own.

    Args:
        discriminator: (real scores, fake scores, target) → scalar loss; scores are (batch, 1).
        generator: (real scores, fake scores) → scalar loss; real scores are None unless `paired`.
        penalty: the gradient penalty that belongs to it: `"gp"`, `"r1r2"` or `"none"`.
        paired: whether the generator's loss needs the scores of real audio too.

    A GAN with one's own loss can be saved where both functions are registered with
    `keras.saving.register_keras_serializable`.

    Raises:
        ValueError: an unknown penalty.

    Example:
        >>> from keras import ops
        >>> from kwavegan import AdversarialLoss
        >>> hinge = AdversarialLoss(
        ...     discriminator=lambda real, fake, target: ops.mean(
        ...         ops.relu(1 - real) + ops.relu(1 + fake)
        ...     ),
        ...     generator=lambda real, fake: -ops.mean(fake),
        ...     penalty="r1r2",
        ... )
        >>> float(hinge.discriminator(ops.ones((4, 1)), -ops.ones((4, 1)), 1.0))
        0.0
    """

    discriminator: Callable[..., Any]
    generator: Callable[..., Any]
    penalty: str = "none"
    paired: bool = False

    def __post_init__(self) -> None:
        known = tuple(name for name in table.PENALTIES if name != "auto")
        if self.penalty not in known:
            raise ValueError(
                f"AdversarialLoss: penalty must be one of {', '.join(known)}; got {self.penalty!r}"
            )

    def get_config(self) -> dict[str, Any]:
        functions = {"discriminator": self.discriminator, "generator": self.generator}
        for name, function in functions.items():
            if (
                keras.saving.get_registered_object(keras.saving.get_registered_name(function) or "")
                is not function
            ):
                raise ValueError(
                    f"AdversarialLoss: its {name} function cannot be saved; register it with "
                    "keras.saving.register_keras_serializable"
                )
        packed = {n: keras.saving.serialize_keras_object(f) for n, f in functions.items()}
        return {**packed, "penalty": self.penalty, "paired": self.paired}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "AdversarialLoss":
        unpack = keras.saving.deserialize_keras_object
        functions = {name: unpack(config[name]) for name in ("discriminator", "generator")}
        return cls(**{**config, **functions})


def _loss(
    name: str, discriminator: Callable[..., Any], generator: Callable[..., Any]
) -> AdversarialLoss:
    traits = table.LOSSES[name]
    return AdversarialLoss(discriminator, generator, traits.penalty, traits.paired)


LOSSES = {
    name: _loss(name, *functions)
    for name, functions in {
        # Gulrajani et al. 2017; WaveGAN's own.
        "wgan-gp": (_wasserstein_discriminator, _wasserstein_generator),
        # Goodfellow et al. 2014, the generator's loss in its non-saturating form.
        "cross-entropy": (_cross_entropy_discriminator, _cross_entropy_generator),
        # Odena et al. 2016 as Hill 2018 sums it: half the source loss for the discriminator.
        "acgan": (_acgan_discriminator, _cross_entropy_generator),
        # Jolicoeur-Martineau 2018, paired, with R1 and R2 (Huang et al. 2024, R3GAN).
        "relativistic": (_relativistic_discriminator, _relativistic_generator),
    }.items()
}
"""The adversarial losses by the names that `WaveGAN` and `--loss` take."""
