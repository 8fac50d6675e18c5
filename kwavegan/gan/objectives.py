"""What each network learns: its loss and the gradient of that, as pure functions of weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from kwavegan.backend import autodiff
from kwavegan.gan.losses import (
    Game,
    class_cross_entropy,
    mismatch,
    slope_penalty,
    zero_centred_penalty,
)
from kwavegan.networks.front_end import Hearing, run
from kwavegan.types import Tensor

Descent = tuple[Any, dict, list]
"""A loss, its parts by name, and its gradient to each weight."""


@dataclass(frozen=True)
class Objectives:
    """The losses of two networks against each other.

    A batch is a dictionary of `audio` (batch, length, channels) and, where a network wants it,
    `label` (batch,); noise is one update's of `kwavegan.gan.noise`. Weights are the values of a
    network's trainable variables.

    Args:
        generator, discriminator: the networks, as `WaveGAN` takes them.
        hearing: the discriminator in two parts.
        game: whose losses on scores.
        penalty: `"slope"`, `"r1r2"` or `"none"`.
        lamb: λ, the weight of the slope penalty.
        noise: whether noise is added to the discriminator's input.
        class_weight, class_loss, labels: as `WaveGAN` takes them.
        mismatches: whether the discriminator has a mismatch term.
    """

    generator: keras.Model
    discriminator: keras.Model
    hearing: Hearing
    game: Game
    penalty: str
    lamb: float
    noise: bool
    class_weight: float
    class_loss: str
    mismatches: bool
    labels: int

    @property
    def conditional(self) -> bool:
        """Whether the generator takes a label."""
        return "label" in self.generator.input

    @property
    def has_classes(self) -> bool:
        """Whether the discriminator has a class head."""
        return "logits" in self.discriminator.output

    def discriminator_descent(
        self, weights: list, batch: dict, fake: Tensor, noise: dict, scale: dict
    ) -> Descent:
        """Return how the discriminator gets better at telling real from generated audio.

        Args:
            weights: of the discriminator.
            batch: of real audio.
            fake: generated audio of the same labels.
            noise: of the update.
            scale: the step's weights: `gamma`, γ, of the mean squared slope, twice that of R1 +
                R2; `mismatch`, of the mismatch term, where there is one.
        """
        real = batch["audio"]
        if self.noise:
            real, fake = real + noise["noise_real"], fake + noise["noise_fake"]
        real, fake = self.hearing.sound(real), self.hearing.sound(fake)
        sounds = {"real": real, "fake": fake}
        scored, label = ops.concatenate([sounds[side] for side in self._sides]), batch.get("label")
        heads = self._heads_of_all(label, noise)

        def raw(score: Tensor) -> tuple:
            return self._raw(score, noise.get("target", 1.0), scale)

        if self.penalty == "r1r2":

            def rest(gradient: Tensor, heads: dict) -> tuple:
                slope = zero_centred_penalty(gradient)
                return self._with_classes(scale["gamma"] * slope, slope, heads, label)

            # γ/2 (R1 + R2) is γ times the mean over both halves. Mismatched pairs count too: left
            # free, the scores of wrong labels grow steep, and late in a run sounds get worse.
            return autodiff.value_and_grad_with_penalty(heads, raw, rest, weights, scored)

        def loss(weights: list) -> tuple:
            scores, all_heads = heads(weights, scored)
            value, logs = raw(scores)
            penalty, slope = self._slope_penalty(weights, real, fake, label, noise)
            left, more = self._with_classes(penalty, slope, all_heads, label)
            return value + left, {**logs, **more}

        return autodiff.value_and_grad(loss, weights)

    @property
    def _sides(self) -> tuple[str, ...]:
        """Whose sounds are scored; real ones again, of wrong labels, for the mismatch term."""
        return ("real", "fake", "real") if self.mismatches else ("real", "fake")

    def _heads_of_all(self, label: Any, noise: dict) -> Callable:
        """Return (weights, real, generated, mismatched sounds) → scores, and all heads."""
        label = _joined(self._labels(label, noise))
        shifts = _joined([noise.get(f"shifts_{side}") for side in self._sides])

        def heads(weights: list, sounds: Tensor) -> tuple:
            found = self.hearing.judge(weights, sounds, label, shifts)
            return found["score"], found

        return heads

    def _labels(self, label: Any, noise: dict) -> list:
        """Return the labels of real and generated audio, and those that do not belong."""
        if not self.mismatches:
            return [label, label]
        return [label, label, ops.mod(label + noise["labels_away"], self.labels)]

    def _raw(self, score: Tensor, target: Any, scale: dict) -> tuple:
        real, fake, *mismatched = ops.split(score, len(self._sides))
        value = self.game.discriminator(real, fake, target)
        logs = {"d_raw": value, "real_score": ops.mean(real), "fake_score": ops.mean(fake)}
        if self.mismatches:
            logs["mismatch"] = mismatch(real, *mismatched)
            value = value + scale["mismatch"] * logs["mismatch"]
        return value, logs

    def _slope_penalty(
        self, weights: list, real: Tensor, fake: Tensor, label: Any, noise: dict
    ) -> tuple:
        """Return WGAN-GP's penalty and what it measures; zeros where there is none."""
        if self.penalty == "none":
            return 0.0, 0.0
        mix = ops.reshape(noise["mix"], (-1, *[1] * (len(real.shape) - 1)))
        mixed = mix * real + (1.0 - mix) * fake
        slope = slope_penalty(self.score_gradient(weights, mixed, label, noise))
        return self.lamb * slope, slope

    def _with_classes(self, penalty: Any, slope: Any, heads: dict, label: Any) -> tuple:
        """Return the penalty with the class loss, where there is one, and what to log of them."""
        logs = {
            "penalty": ops.convert_to_tensor(penalty, "float32"),
            "slope": ops.convert_to_tensor(slope, "float32"),
        }
        if not self.has_classes:
            return logs["penalty"], logs
        of_real, of_fake = (
            class_cross_entropy(logits, label) for logits in ops.split(heads["logits"], 2)
        )
        logs["class_real"] = of_real
        both_train = self.class_loss == "both"
        classes = (of_real + of_fake) / 2 if both_train else of_real
        return logs["penalty"] + self.class_weight * classes, logs

    def generator_descent(
        self, weights: list, d_weights: list, batch: dict, noise: dict
    ) -> Descent:
        """Return how the generator, of `weights`, gets better at passing for real."""

        def loss(weights: list) -> tuple:
            return self._generator_loss(weights, d_weights, batch, noise)

        return autodiff.value_and_grad(loss, weights)

    def _generator_loss(self, weights: list, d_weights: list, batch: dict, noise: dict) -> tuple:
        fake = self.generate(weights, batch, noise)
        if self.noise:
            fake = fake + noise["noise_fake"]
        label = batch.get("label")
        heads = self.discriminate(d_weights, fake, label, noise.get("shifts_fake"))
        real_score = None
        if self.game.pairs:
            real = batch["audio"] + noise["noise_real"] if self.noise else batch["audio"]
            shifts = noise.get("shifts_real")
            real_score = self.discriminate(d_weights, real, label, shifts)["score"]
        total = self.game.generator(real_score, heads["score"])
        if not self.has_classes:
            return total, {}
        of_fake = class_cross_entropy(heads["logits"], label)
        # The dissertation averages the class losses of real and generated audio for both networks.
        share = 0.5 if self.class_loss == "both" else 1.0
        return total + self.class_weight * share * of_fake, {"class_fake": of_fake}

    def generate(self, weights: list, batch: dict, noise: dict) -> Tensor:
        """Return generated audio of the batch's labels."""
        inputs = {"latent": noise["latent"]}
        if self.conditional:
            inputs["label"] = batch["label"]
        return run(self.generator, weights, inputs)

    def discriminate(self, weights: list, audio: Tensor, label: Any, shifts: Any) -> dict:
        """Return the discriminator's heads; label and shifts as far as it takes them."""
        return self.hearing.judge(weights, self.hearing.sound(audio), label, shifts)

    def score_gradient(self, weights: list, sounds: Tensor, label: Any, noise: dict) -> Tensor:
        """Return the gradient of each score to its sound; `shifts_mixed` shift it."""

        def score(sounds: Tensor) -> tuple:
            shifts = noise.get("shifts_mixed")
            return self.hearing.judge(weights, sounds, label, shifts)["score"], ()

        return autodiff.input_gradient(score, sounds)[0]


def _joined(parts: list) -> Any:
    return None if parts[0] is None else ops.concatenate(parts)
