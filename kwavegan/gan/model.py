"""The GAN: a Keras model of two networks, two optimizers and one training step.

The step is a pure function of its batch and its noise. All noise of a step is drawn in one place,
`WaveGAN.draw_noise`, from one seeded generator whose state is saved with the weights; a test can
feed the same noise to every backend instead.
"""

from typing import Any

import keras
from keras import ops

from kwavegan.backend import autodiff, trainer
from kwavegan.backend.serialization import register
from kwavegan.gan.losses import GAMES, PENALTIES, global_norm
from kwavegan.gan.noise import StepNoise
from kwavegan.gan.objectives import Descent, Objectives
from kwavegan.gan.step_metrics import PEAK, make_trackers
from kwavegan.networks.front_end import Hearing

Schedule = float | keras.optimizers.schedules.LearningRateSchedule
"""A number, or one that changes over steps."""


@register
class WaveGAN(trainer.StatefulModel):
    """A generator and a discriminator of audio, trained against each other by `fit`.

    `fit` takes batches of audio (batch, length, channels) in −1…1, with labels (batch,) where a
    network takes them; or one batch per discriminator update, stacked on axis 1: audio (batch,
    d_updates, length, channels), labels (batch, d_updates). With one batch, all updates of a step
    share it. Generated audio always takes the labels of the real audio beside it: one label for
    real, generated and interpolated.

    Args:
        generator: from `{"latent"}` or `{"latent", "label"}` to audio.
        discriminator: from `{"audio"}`, with `"label"` and `"shifts"` where it takes them, to
            `{"score"}`, with `"logits"` where it has a class head. See `kwavegan.networks.build`.
        loss: `"wgan-gp"`, `"cross-entropy"`, `"acgan"` or `"relativistic"`.
        penalty: `"slope"` (λ), `"r1r2"` (γ), `"none"`, or `"auto"`, the loss's own.
        lamb: λ, the weight of the slope penalty on interpolates (Gulrajani et al. 2017).
        gamma: γ, twice the weight of R1 + R2, which is that of the mean squared slope (to audio
            with wrong labels too, where there is a mismatch term); a number or a Keras schedule
            over steps.
        smoothing: (low, high), the range that targets of real audio are drawn from.
        noise: standard deviation of Gaussian noise on the discriminator's input.
        class_weight: weight of the class loss.
        class_loss: whom the class loss on generated audio trains: `"generator"`, or `"both"`, as
            the dissertation has it.
        mismatch: weight of a term by which the discriminator learns to prefer real audio with
            its own label to the same with another one; needs a discriminator that takes labels. A
            number or a Keras schedule over steps, as gamma.
        labels: number of labels, which the mismatch term draws others from.
        d_updates: discriminator updates a step.
        g_updates: generator updates a step, after them.
        latent_distribution: `"uniform"` in −1…1, or `"normal"`.
        phase_shuffle: largest phase shift, in samples.
        shuffle_per: `"example"` or `"batch"`.
        average: decay of the averaged generator, which sounds are made with; 0 for none.
        seed: integer seed of all noise.

    Raises:
        ValueError: an unknown name or a value out of range.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        loss: str = "relativistic",
        penalty: str = "auto",
        lamb: float = 10.0,
        gamma: Schedule = 1.0,
        smoothing: tuple[float, float] = (1.0, 1.0),
        noise: float = 0.0,
        class_weight: float = 1.0,
        class_loss: str = "generator",
        mismatch: Schedule = 0.0,
        labels: int = 0,
        d_updates: int = 1,
        g_updates: int = 1,
        latent_distribution: str = "uniform",
        phase_shuffle: int = 2,
        shuffle_per: str = "example",
        average: float = 0.999,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        _check_choice("loss", loss, tuple(GAMES))
        _check_choice("penalty", penalty, PENALTIES)
        _check_choice("class_loss", class_loss, ("generator", "both"))
        _check_choice("latent_distribution", latent_distribution, ("uniform", "normal"))
        if d_updates < 1 or g_updates < 1:
            raise ValueError("WaveGAN: d_updates and g_updates must be at least 1")
        if mismatch and "label" not in discriminator.input:
            raise ValueError("WaveGAN: mismatch needs a discriminator that takes a label")
        if mismatch and labels < 2:
            raise ValueError(f"WaveGAN: mismatch needs labels, at least 2; got {labels}")
        self.generator, self.discriminator = generator, discriminator
        self.game, self.loss_name = GAMES[loss], loss
        self.penalty = self.game.penalty if penalty == "auto" else penalty
        self.lamb, self.gamma, self.smoothing, self.noise = lamb, gamma, tuple(smoothing), noise
        self.class_weight, self.class_loss = class_weight, class_loss
        self.mismatch, self.labels = mismatch, labels
        self.d_updates, self.g_updates = d_updates, g_updates
        self.latent_distribution = latent_distribution
        self.phase_shuffle, self.shuffle_per = phase_shuffle, shuffle_per
        self.average, self.seed = average, seed

        self.sound_shape = tuple(generator.output.shape[1:])
        self.objectives = Objectives(
            generator,
            discriminator,
            Hearing(discriminator),
            self.game,
            self.penalty,
            lamb,
            bool(noise),
            class_weight,
            class_loss,
            bool(mismatch),
            labels,
        )
        self.step_noise = StepNoise(
            latent=_width(generator.input["latent"]),
            distribution=latent_distribution,
            shuffles=_width(discriminator.input.get("shifts")),
            phase_shuffle=phase_shuffle,
            shuffle_per=shuffle_per,
            sound_shape=self.sound_shape,
            input_noise=noise,
            smoothing=tuple(smoothing),
            mixes=self.penalty == "slope",
            pairs=self.game.pairs,
            labels=labels if mismatch else 0,
        )

        self.step = self.add_weight((), initializer="zeros", dtype="int32", trainable=False)
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.averaged = keras.models.clone_model(generator)
        self.averaged.set_weights(generator.get_weights())
        self.averaged.trainable = False
        self.trackers = make_trackers(self.objectives.has_classes, self.objectives.mismatches)
        self.built = True

    # -- Keras' side: compile, save, load ---------------------------------------------------------

    def compile(
        self,
        d_optimizer: keras.Optimizer | str = "adam",
        g_optimizer: keras.Optimizer | str = "adam",
        **kwargs: Any,
    ) -> None:
        """Set the optimizers of discriminator and generator, and Keras' own options.

        Args:
            d_optimizer, g_optimizer: two separate optimizers, or their names.
            **kwargs: `jit_compile`, `run_eagerly`, `steps_per_execution`, as in Keras.
        """
        d_optimizer, g_optimizer = (
            keras.optimizers.get(d_optimizer),
            keras.optimizers.get(g_optimizer),
        )
        if d_optimizer is g_optimizer:
            raise ValueError("WaveGAN: discriminator and generator need an optimizer each")
        of_discriminator = {id(v) for v in self.discriminator.trainable_variables}

        def choose(variable: keras.Variable) -> keras.Optimizer:
            return d_optimizer if id(variable) in of_discriminator else g_optimizer

        # MultiOptimizer carries the state of both through JAX's step; each is applied by itself.
        super().compile(optimizer=keras.optimizers.MultiOptimizer(choose), **kwargs)
        self.optimizer.build(self.trainable_variables)
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer

    def get_compile_config(self) -> dict:
        optimizers = {"d_optimizer": self.d_optimizer, "g_optimizer": self.g_optimizer}
        return {name: _portable(optimizer) for name, optimizer in optimizers.items()}

    def compile_from_config(self, config: dict) -> None:
        self.compile(**{name: keras.optimizers.get(value) for name, value in config.items()})

    def get_config(self) -> dict:
        pack = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "loss": self.loss_name,
            **{name: pack(getattr(self, name)) for name in _PACKED},
            **{name: getattr(self, name) for name in _PLAIN},
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> "WaveGAN":
        unpack = keras.saving.deserialize_keras_object
        packed = {name: unpack(config[name]) for name in _PACKED}
        return cls(**{**config, **packed})

    # Keras does not store the state of seed generators in `.keras` files (3.15).
    def save_own_variables(self, store: Any) -> None:
        store["step"] = ops.convert_to_numpy(self.step)
        store["seed"] = ops.convert_to_numpy(self.seed_generator.state)

    def load_own_variables(self, store: Any) -> None:
        self.step.assign(store["step"])
        self.seed_generator.state.assign(store["seed"])

    @property
    def metrics(self) -> list[keras.Metric]:
        return list(self.trackers.values())

    def call(self, inputs: dict, training: bool = False) -> Any:
        """Generate audio with the averaged generator, or the trained one where there is none."""
        return self.sounding_generator(inputs, training=training)

    @property
    def sounding_generator(self) -> keras.Model:
        """The generator that sounds are made with."""
        return self.averaged if self.average else self.generator

    # -- One step ---------------------------------------------------------------------------------

    def update(self, data: Any, noise: dict | None = None) -> dict:
        """Train on one batch: `d_updates` of the discriminator, then `g_updates` of the generator.

        Args:
            data: (audio, labels) or audio, as `fit` gives it.
            noise: what `draw_noise` would draw; None draws it.

        Returns:
            The running means of the step's scalars, by name.
        """
        batches = self._batches(data)
        noise = noise or self.draw_noise(ops.shape(batches[0]["audio"])[0])
        for batch, drawn in zip(batches, noise["discriminator"], strict=True):
            self._update_discriminator(batch, drawn)
        for drawn in noise["generator"]:
            self._update_generator(batches[-1], drawn)
        self.step.assign_add(1)
        self._average()
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def _batches(self, data: Any) -> list[dict]:
        """Split data into one batch per discriminator update."""
        audio, label, _ = keras.utils.unpack_x_y_sample_weight(data)
        audio = ops.cast(audio, "float32")
        rank = len(self.sound_shape)
        stacked = len(audio.shape) == rank + 2
        if tuple(audio.shape[-rank:]) != self.sound_shape or not (
            stacked or len(audio.shape) == rank + 1
        ):
            raise ValueError(
                f"WaveGAN: audio must be (batch, {', '.join(map(str, self.sound_shape))}), with "
                f"axis 1 for the discriminator's updates if there are several; got {audio.shape}"
            )
        if stacked and audio.shape[1] != self.d_updates:
            raise ValueError(
                f"WaveGAN: axis 1 of audio must be d_updates = {self.d_updates}; got {audio.shape}"
            )
        needs_label = self.objectives.conditional or self.objectives.has_classes
        if needs_label and label is None:
            raise ValueError("WaveGAN: this model needs labels: give (audio, labels)")
        batches = []
        for update in range(self.d_updates):
            batch = {"audio": audio[:, update] if stacked else audio}
            if needs_label:
                batch["label"] = ops.cast(label[:, update] if stacked else label, "int32")
            batches.append(batch)
        return batches

    def draw_noise(self, batch: Any) -> dict:
        """Draw all noise of one step from the seed.

        Args:
            batch: examples in the batch.

        Returns:
            `{"discriminator": [...], "generator": [...]}`, a dictionary for each update:
            `latent` (batch, latent); `shifts_real`, `shifts_fake`, `shifts_mixed` (batch,
            shuffles); `mix` (batch, 1, 1) in 0…1; `target` (batch, 1); `labels_away` (batch,),
            from a label to another, modulo their number; `noise_real`, `noise_fake` (batch,
            length, channels) — those that the loss needs.
        """
        plan, seed = self.step_noise, self.seed_generator
        return {
            "discriminator": [plan.for_discriminator(batch, seed) for _ in range(self.d_updates)],
            "generator": [plan.for_generator(batch, seed) for _ in range(self.g_updates)],
        }

    def _update_discriminator(self, batch: dict, noise: dict) -> None:
        fake = self.objectives.generate(_values(self.generator), batch, noise)
        descent = self.objectives.discriminator_descent(
            _values(self.discriminator), batch, ops.stop_gradient(fake), noise, self._scale()
        )
        self._descend("d", descent, self.discriminator, self.d_optimizer)

    def _update_generator(self, batch: dict, noise: dict) -> None:
        descent = self.objectives.generator_descent(
            _values(self.generator), _values(self.discriminator), batch, noise
        )
        self._descend("g", descent, self.generator, self.g_optimizer)

    def _descend(
        self, side: str, descent: Descent, network: keras.Model, optimizer: keras.Optimizer
    ) -> None:
        """Let one network take one step down its loss."""
        value, parts, gradients = descent
        autodiff.apply_gradients(optimizer, gradients, network.trainable_variables)
        logs = {f"{side}_loss": value, f"{side}_gradient": global_norm(gradients), PEAK: value}
        for name, number in {**logs, **parts}.items():
            self.trackers[name].update_state(number)

    def _scale(self) -> dict:
        """Return the weights of this step that schedules may set."""
        weights = {name: getattr(self, name) for name in _SCHEDULED}
        return {name: w(self.step) if callable(w) else w for name, w in weights.items()}

    def _average(self) -> None:
        """Let the averaged generator follow the trained one; quickly at first, then slowly."""
        if not self.average:
            return
        steps = ops.cast(self.step, "float32")
        decay = ops.minimum(self.average, (1.0 + steps) / (10.0 + steps))
        for slow, fast in zip(self.averaged.weights, self.generator.weights, strict=True):
            slow.assign(decay * slow + (1.0 - decay) * ops.stop_gradient(fast.value))


_SCHEDULED = ("gamma", "mismatch")
"""Arguments of `WaveGAN` that are numbers or schedules."""

_PACKED = ("generator", "discriminator", *_SCHEDULED)
"""Arguments of `WaveGAN` that Keras makes plain values of."""

_PLAIN = (
    "penalty",
    "lamb",
    "smoothing",
    "noise",
    "class_weight",
    "class_loss",
    "labels",
    "d_updates",
    "g_updates",
    "latent_distribution",
    "phase_shuffle",
    "shuffle_per",
    "average",
    "seed",
)
"""Arguments of `WaveGAN` that are plain values, kept under the same name."""


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"WaveGAN: {name} must be one of {', '.join(allowed)}; got {value!r}")


def _portable(optimizer: keras.Optimizer) -> dict:
    """Serialize an optimizer by its public name; torch has a private class path of its own."""
    packed = keras.optimizers.serialize(optimizer)
    return {"class_name": packed["class_name"], "config": packed["config"]}


def _width(tensor: Any) -> int:
    return 0 if tensor is None else tensor.shape[-1]


def _values(network: keras.Model) -> list:
    return [variable.value for variable in network.trainable_variables]
