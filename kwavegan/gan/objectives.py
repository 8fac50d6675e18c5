"""What each network minimizes, and the gradient of that, as pure functions of weights.

With the default loss (relativistic) and penalty (R1 and R2), as in R3GAN (Huang et al. 2024):

    L_D = E[softplus(D(fake) − D(real))] + γ/2 (R1 + R2)
    L_G = E[softplus(D(real) − D(fake))]
    R1 = E[‖∇D(real)‖²],  R2 = E[‖∇D(fake)‖²],  fake = G(latent, label), of the label of real

WGAN-GP (Gulrajani et al. 2017) is, with mixed = ε real + (1 − ε) fake,

    L_D = E[D(fake)] − E[D(real)] + λ E[(‖∇D(mixed)‖ − 1)²]
    L_G = −E[D(fake)]

A discriminator with a class head C learns the labels of real audio too, with weight w:

    L_D = … + w CE(C(real), label)

In an ACGAN (Odena et al. 2016) the label enters through the class head alone, so it adds
w CE(C(fake), label) to L_G. A discriminator that takes the label has it in its score: there the
class head holds the part of the score that each label has to itself, as a projection discriminator
does (Miyato & Koyama 2018), and its cross-entropy says which label that part should be high for.
Labels with several attributes have a cross-entropy for each of them; CE is their sum.

Gradients ∇D are those with respect to the discriminator's features: see
`kwavegan.networks.front_end`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
from keras import ops

from kwavegan.backend import autodiff
from kwavegan.config.step import StepSettings
from kwavegan.gan.losses import (
    LOSSES,
    AdversarialLoss,
    class_cross_entropy,
    gradient_penalty,
    zero_centred_gradient_penalty,
)
from kwavegan.layers.label_conditioning import find_codes
from kwavegan.networks.front_end import FrontEnd, functional_call
from kwavegan.types import Codes, Tensor, Tensors

LossAndGradients = tuple[Any, Tensors, list[Tensor]]
"""A loss, its parts by name, and its gradient to each weight."""


@dataclass(frozen=True)
class Objectives:
    """The losses of generator and discriminator.

    A batch is a dictionary of `audio` (batch, length, channels) and, where a network takes it,
    `label` (batch,); noise is that of one update, from `kwavegan.gan.noise`. Weights are the values
    of a network's trainable variables.

    Args:
        generator, discriminator: the networks, as `WaveGAN` takes them.
        settings: of the step.
        num_labels: number of labels.

    Example:
        >>> from kwavegan import Architecture, StepSettings, build_networks
        >>> from kwavegan.gan import Objectives
        >>> a = Architecture(256, num_labels=2, width=2, rate=4096)
        >>> objectives = Objectives(*build_networks(a), StepSettings(), num_labels=2)
        >>> objectives.penalty, objectives.has_class_head, objectives.trains_generator_on_classes
        ('r1r2', True, False)
    """

    generator: keras.Model
    discriminator: keras.Model
    settings: StepSettings
    num_labels: int

    @cached_property
    def front_end(self) -> FrontEnd:
        """The discriminator's front end, and its critics behind it."""
        return FrontEnd(self.discriminator)

    @cached_property
    def codes(self) -> Codes:
        """The values of each label, where labels have several attributes; else ()."""
        return find_codes(self.generator, self.discriminator)

    @property
    def loss(self) -> AdversarialLoss:
        """The adversarial loss."""
        loss = self.settings.loss
        return LOSSES[loss] if isinstance(loss, str) else loss

    @property
    def penalty(self) -> str:
        """The gradient penalty in force: `"gp"`, `"r1r2"` or `"none"`."""
        own = self.settings.penalty
        return self.loss.penalty if own == "auto" else own

    @property
    def generator_takes_label(self) -> bool:
        return "label" in self.generator.input

    @property
    def has_class_head(self) -> bool:
        """Whether the discriminator predicts the label."""
        return "logits" in self.discriminator.output

    @property
    def trains_generator_on_classes(self) -> bool:
        """Whether the generator's loss has a class loss: where no score takes the label (ACGAN)."""
        return self.has_class_head and "label" not in self.discriminator.input

    # -- The discriminator ------------------------------------------------------------------------

    def discriminator_loss_and_gradients(
        self,
        weights: list[Tensor],
        batch: Tensors,
        fake: Tensor,
        noise: Tensors,
        gamma: Any,
    ) -> LossAndGradients:
        """Return the discriminator's loss L_D, its parts for the log, and its gradients.

        Args:
            weights: of the discriminator.
            batch: of real audio.
            fake: generated audio of the same labels.
            noise: of the update.
            gamma: γ at this step.
        """
        parts, features = self._features(batch["audio"], fake, noise)
        label, heads = batch.get("label"), self._all_heads(batch.get("label"), noise)

        def adversarial(score: Tensor) -> tuple[Any, ...]:
            return self._adversarial(score, noise.get("target", 1.0))

        if self.penalty == "r1r2":

            def penalty(gradient: Tensor, heads: Tensors) -> tuple[Any, ...]:
                # γ/2 (R1 + R2) is γ times the mean over both halves.
                unweighted = self.zero_centred_penalty(gradient)
                return self._with_class_loss(gamma * unweighted, unweighted, heads, label)

            return self.differentiate_with_penalty(
                heads, adversarial, penalty, weights, features, noise
            )

        def loss(weights: list[Tensor]) -> tuple[Any, ...]:
            scores, all_heads = heads(weights, features)
            value, logs = adversarial(scores)
            weighted, unweighted = self._gp(weights, parts, label, noise)
            rest, more = self._with_class_loss(weighted, unweighted, all_heads, label)
            return value + rest, {**logs, **more}

        return autodiff.value_and_grad(loss, weights)

    def _features(self, real: Tensor, fake: Tensor, noise: Tensors) -> tuple[Tensors, Tensor]:
        """Return the features of real and of generated audio, and both in a row."""
        if self.settings.input_noise:
            real, fake = real + noise["noise_real"], fake + noise["noise_fake"]
        parts = {"real": self.front_end.features(real), "fake": self.front_end.features(fake)}
        return parts, ops.concatenate([parts["real"], parts["fake"]])

    def _all_heads(self, label: Any, noise: Tensors) -> Callable[..., Any]:
        """Return (weights, features of real, then of generated audio) → (scores, all heads)."""
        labels = _concatenate(self.side_labels(label, noise))
        shifts = _concatenate([noise.get("shifts_real"), noise.get("shifts_fake")])

        def heads(weights: list[Tensor], features: Tensor) -> tuple[Any, ...]:
            found = self.front_end.heads(weights, features, labels, shifts)
            return found["score"], found

        return heads

    def side_labels(self, label: Any, noise: Tensors) -> list[Tensor]:
        """Return the labels that real and generated audio are scored with: the same."""
        return [label, label]

    def zero_centred_penalty(self, gradient: Tensor) -> Tensor:
        """Return the mean of ‖gradient‖² over real and generated audio, without its weight γ."""
        return zero_centred_gradient_penalty(gradient)

    def differentiate_with_penalty(
        self,
        heads: Callable[..., Any],
        adversarial: Callable[..., Any],
        penalty: Callable[..., Any],
        weights: list[Tensor],
        features: Tensor,
        noise: Tensors,
    ) -> LossAndGradients:
        """Return the loss with a penalty on the exact gradient of the scores, and its gradients.

        The arguments are those of `autodiff.value_and_grad_with_penalty`, and the update's noise.
        """
        return autodiff.value_and_grad_with_penalty(heads, adversarial, penalty, weights, features)

    def _adversarial(self, score: Tensor, target: Any) -> tuple[Any, ...]:
        real, fake = ops.split(score, 2)
        value = self.loss.discriminator(real, fake, target)
        logs = {
            "d_adversarial_loss": value,
            "real_score": ops.mean(real),
            "fake_score": ops.mean(fake),
        }
        return value, logs

    def _gp(
        self, weights: list[Tensor], features: Tensors, label: Any, noise: Tensors
    ) -> tuple[Any, ...]:
        """Return WGAN-GP's penalty with and without its weight λ; zeros where there is none."""
        if self.penalty == "none":
            return 0.0, 0.0
        real, fake = features["real"], features["fake"]
        mix = ops.reshape(noise["mix"], (-1, *[1] * (len(real.shape) - 1)))
        mixed = mix * real + (1.0 - mix) * fake
        unweighted = gradient_penalty(self.score_gradient(weights, mixed, label, noise))
        return self.settings.gp_weight * unweighted, unweighted

    def _with_class_loss(
        self, weighted: Any, unweighted: Any, heads: Tensors, label: Any
    ) -> tuple[Any, ...]:
        """Return the penalty plus the class loss, where there is one, and the logs of both."""
        logs = {
            "penalty": ops.convert_to_tensor(weighted, "float32"),
            "gradient_penalty": ops.convert_to_tensor(unweighted, "float32"),
        }
        classes, more = self._class_loss(heads, label)
        return logs["penalty"] + classes, {**logs, **more}

    def _class_loss(self, heads: Tensors, label: Any) -> tuple[Any, Tensors]:
        """Return the discriminator's weighted class loss and its log; 0 without a class head."""
        if not self.has_class_head:
            return 0.0, {}
        real, fake = ops.split(heads["logits"], 2)
        of_real = classes = class_cross_entropy(real, label, self.codes)
        if self.trains_generator_on_classes and self.settings.class_loss == "both":
            classes = (of_real + class_cross_entropy(fake, label, self.codes)) / 2
        return self.settings.class_weight * classes, {"class_real": of_real}

    # -- The generator ----------------------------------------------------------------------------

    def generator_loss_and_gradients(
        self, weights: list[Tensor], d_weights: list[Tensor], batch: Tensors, noise: Tensors
    ) -> LossAndGradients:
        """Return the generator's loss L_G, its parts for the log, and its gradients."""

        def loss(weights: list[Tensor]) -> tuple[Any, ...]:
            return self.generator_loss(weights, d_weights, batch, noise)

        return autodiff.value_and_grad(loss, weights)

    def generator_loss(
        self, weights: list[Tensor], d_weights: list[Tensor], batch: Tensors, noise: Tensors
    ) -> tuple[Any, ...]:
        """Return the generator's loss and its parts for the log."""
        fake = self.generate(weights, batch, noise)
        if self.settings.input_noise:
            fake = fake + noise["noise_fake"]
        label = batch.get("label")
        heads = self.discriminate(d_weights, fake, label, noise.get("shifts_fake"))
        real_score = None
        if self.loss.paired:
            real = batch["audio"]
            if self.settings.input_noise:
                real = real + noise["noise_real"]
            shifts = noise.get("shifts_real")
            real_score = self.discriminate(d_weights, real, label, shifts)["score"]
        total = self.loss.generator(real_score, heads["score"])
        if not self.trains_generator_on_classes:
            return total, {}
        of_fake = class_cross_entropy(heads["logits"], label, self.codes)
        # Hill 2018 averages the class losses of real and generated audio for both networks.
        share = 0.5 if self.settings.class_loss == "both" else 1.0
        return total + self.settings.class_weight * share * of_fake, {"class_fake": of_fake}

    # -- Both -------------------------------------------------------------------------------------

    def held_out_losses(
        self,
        weights: list[Tensor],
        d_weights: list[Tensor],
        batch: Tensors,
        noise: Tensors,
    ) -> Tensors:
        """Return both losses of a batch that nothing is trained on, without gradient penalty.

        Args:
            weights, d_weights: of the generator and the discriminator.
            batch: of real audio.
            noise: `{"discriminator": …, "generator": …}`, of one update each.
        """
        drawn, label = noise["discriminator"], batch.get("label")
        fake = self.generate(weights, batch, drawn)
        _, features = self._features(batch["audio"], fake, drawn)
        score, heads = self._all_heads(label, drawn)(d_weights, features)
        value, logs = self._adversarial(score, drawn.get("target", 1.0))
        classes, d_logs = self._class_loss(heads, label)
        g_loss, g_logs = self.generator_loss(weights, d_weights, batch, noise["generator"])
        return {"d_loss": value + classes, "g_loss": g_loss, **logs, **d_logs, **g_logs}

    def generate(self, weights: list[Tensor], batch: Tensors, noise: Tensors) -> Tensor:
        """Return generated audio of the batch's labels."""
        inputs = {"latent": noise["latent"]}
        if self.generator_takes_label:
            inputs["label"] = batch["label"]
        return functional_call(self.generator, weights, inputs)

    def discriminate(
        self, weights: list[Tensor], audio: Tensor, label: Any, shifts: Any
    ) -> Tensors:
        """Return the discriminator's heads; label and shifts as far as it takes them."""
        return self.front_end.heads(weights, self.front_end.features(audio), label, shifts)

    def score_gradient(
        self, weights: list[Tensor], features: Tensor, label: Any, noise: Tensors
    ) -> Tensor:
        """Return the gradient of each score to its features; `shifts_mixed` shift them."""

        def score(features: Tensor) -> tuple[Any, ...]:
            shifts = noise.get("shifts_mixed")
            return self.front_end.heads(weights, features, label, shifts)["score"], ()

        return autodiff.input_gradient(score, features)[0]


def _concatenate(parts: list[Tensor]) -> Any:
    return None if parts[0] is None else ops.concatenate(parts)
