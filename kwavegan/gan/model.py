"""The GAN: a Keras model of two networks, two optimizers and one training step.

The step is a pure function of its batch and its noise. All noise of a step is drawn in one place,
`WaveGAN.draw_noise`, from one seeded generator whose state is saved with the weights; a test can
feed the same noise to every backend instead.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from itertools import count, repeat
from typing import Any

import keras
import numpy as np
from keras import ops

from kwavegan.audio.sounds import Sounds
from kwavegan.backend import autodiff
from kwavegan.backend.defaults import keras_defaults
from kwavegan.backend.replicas import current_replicas
from kwavegan.backend.serialization import register
from kwavegan.config.step import STEP_SETTINGS, StepSettings
from kwavegan.gan import sampling
from kwavegan.gan.batching import split_batches
from kwavegan.gan.checked_model import CheckedModel
from kwavegan.gan.compatibility import check_networks, count_labels
from kwavegan.gan.losses import global_norm
from kwavegan.gan.noise import StepNoise
from kwavegan.gan.objectives import LossAndGradients, Objectives
from kwavegan.gan.optimizers import default_adam, portable_config
from kwavegan.gan.spreading import Spreading
from kwavegan.gan.step_metrics import PEAK_LOSS, make_step_metrics

EVALUATION_SEED = 2**30
"""First seed of the noise that held-out losses are computed with, the same for every batch."""

_PACKED = ("generator", "discriminator")


@register
class WaveGAN(CheckedModel):
    """A generator and a discriminator of audio, trained against each other by `fit`.

    `fit` takes audio (batch, length, channels) in −1…1, with labels where a network takes them:
    indices (batch,) or (batch, 1), one-hot (batch, num_labels), or names where `labels` has them.
    With `d_updates` > 1 a batch serves all updates of a step, or it holds one for each on axis 1:
    audio (batch, d_updates, length, channels), labels (batch, d_updates). Generated audio takes the
    labels of the real audio beside it: one label for real, generated and interpolated.

    `evaluate` and `validation_data` give the losses of held-out sounds, without gradient penalty
    and always with the same noise: a discriminator that scores training sounds higher than held-out
    ones memorizes.

    Args:
        generator: from `{"latent"}` or `{"latent", "label"}` to audio.
        discriminator: from `{"audio"}`, with `"label"` and `"shifts"` where it takes them, to
            `{"score"}`, with `"logits"` where it has a class head. See `build_networks`.
        settings: of the training step; None for the default recipe.
        num_labels: number of labels; None to read it from the networks' label layers.
        labels: their names, in index order, for `generate` and `fit`.
        attributes: what the parts of a name such as `kick/hard` say, for `generate`.
        rate: sample rate in Hz, for `generate`.
        objectives: class of the losses: (generator, discriminator, settings, num_labels) →
            `Objectives`.
        **changes: any of `StepSettings`, over `settings`; or Keras' own `name` and `dtype`.

    Raises:
        InputError: an unknown name or a value out of range.
        ValueError: networks that do not fit the loss.

    Example:
        >>> import numpy as np
        >>> from kwavegan import Architecture, WaveGAN, build_networks
        >>> tiny = {"generator": "waveform", "critic": "waveform", "width": 2}
        >>> a = Architecture(256, num_labels=2, rate=4096, **tiny)
        >>> gan = WaveGAN(*build_networks(a), rate=a.rate, labels=("kick", "snare"))
        >>> gan.compile()
        >>> audio = np.random.default_rng(0).uniform(-0.5, 0.5, (16, 256, 1)).astype("float32")
        >>> history = gan.fit(audio, np.arange(16) % 2, batch_size=8, verbose=0)
        >>> gan.generate("kick", n=3, seed=0).shape
        (3, 256, 1)
    """

    @keras_defaults()
    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        settings: StepSettings | None = None,
        *,
        num_labels: int | None = None,
        labels: Sequence[str] = (),
        attributes: Sequence[str] = (),
        rate: int | None = None,
        objectives: Callable[..., Objectives] = Objectives,
        **changes: Any,
    ):
        own = {name: changes.pop(name) for name in STEP_SETTINGS if name in changes}
        super().__init__(**changes)
        self.settings = replace(settings or StepSettings(), **own)
        self.generator, self.discriminator = generator, discriminator
        self.labels, self.attributes, self.rate = tuple(labels), tuple(attributes), rate
        self.num_labels = count_labels(generator, discriminator, num_labels, self.labels)
        self.audio_shape = tuple(generator.output.shape[1:])
        self.objectives = objectives(generator, discriminator, self.settings, self.num_labels)
        check_networks(self.objectives)
        self.step_noise = StepNoise(
            self.settings,
            latent_dim=_width(generator.input["latent"]),
            shuffles=_width(discriminator.input.get("shifts")),
            audio_shape=self.audio_shape,
            interpolates=self.objectives.penalty == "gp",
            paired=self.objectives.loss.paired,
        )

        self.replicas = current_replicas()
        self.spreading = Spreading(self.replicas, self.settings.accumulate)
        spread, both = self.spreading.spread, (self._d_gradients, self._g_gradients)
        # An eager model runs its layers each time, so that a breakpoint in one is reached.
        self._eager = [spread(each) for each in both]
        self._recorded = [spread(autodiff.recorded(each)) for each in both]
        self.step = self.add_weight((), initializer="zeros", dtype="int32", trainable=False)
        self.seed_generator = keras.random.SeedGenerator(self.settings.seed)
        self.ema_generator = keras.models.clone_model(generator)
        self.ema_generator.set_weights(generator.get_weights())
        self.ema_generator.trainable = False
        self.step_metrics = make_step_metrics(
            self.objectives.has_class_head, self.objectives.trains_generator_on_classes
        )
        self.built = True

    # -- Keras' side: compile, fit, save, load ----------------------------------------------------

    @keras_defaults()
    def compile(
        self,
        d_optimizer: keras.Optimizer | str | None = None,
        g_optimizer: keras.Optimizer | str | None = None,
        **kwargs: Any,
    ) -> None:
        """Set the optimizers of discriminator and generator, and Keras' own options.

        Args:
            d_optimizer, g_optimizer: two separate optimizers, or their names; None for Adam with
                the default recipe's rate and betas.
            **kwargs: `jit_compile`, `run_eagerly`, `steps_per_execution`, as in Keras.

        Raises:
            ValueError: one optimizer for both networks, or an option of Keras that means nothing
                here, such as `loss`.
        """
        for name in ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"):
            if kwargs.get(name) is not None:
                raise ValueError(
                    f"WaveGAN: compile takes no {name}; the losses are WaveGAN(…, loss=…), the "
                    "optimizers d_optimizer and g_optimizer"
                )
        d_optimizer, g_optimizer = (
            keras.optimizers.get(default_adam() if each is None else each)
            for each in (d_optimizer, g_optimizer)
        )
        if d_optimizer is g_optimizer:
            raise ValueError("WaveGAN: discriminator and generator need an optimizer each")
        of_discriminator = {id(v) for v in self.discriminator.trainable_variables}

        def choose(variable: keras.Variable) -> keras.Optimizer:
            return d_optimizer if id(variable) in of_discriminator else g_optimizer

        if not self.replicas.compiles:
            kwargs["jit_compile"] = False
        # MultiOptimizer carries the state of both through JAX's step; each is applied by itself.
        super().compile(optimizer=keras.optimizers.MultiOptimizer(choose), **kwargs)
        self.optimizer.build(self.trainable_variables)
        self.d_optimizer: keras.Optimizer = d_optimizer
        self.g_optimizer: keras.Optimizer = g_optimizer

    def get_compile_config(self) -> dict[str, Any]:
        optimizers = {"d_optimizer": self.d_optimizer, "g_optimizer": self.g_optimizer}
        return {name: portable_config(optimizer) for name, optimizer in optimizers.items()}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**{name: keras.optimizers.get(value) for name, value in config.items()})

    def get_config(self) -> dict[str, Any]:
        if type(self.objectives) is not Objectives:
            raise ValueError("WaveGAN: with objectives of one's own it cannot be saved whole")
        pack = keras.saving.serialize_keras_object
        settings = {f.name: getattr(self.settings, f.name) for f in fields(StepSettings)}
        return {
            "name": self.name,
            **{name: pack(getattr(self, name)) for name in _PACKED},
            "num_labels": self.num_labels,
            "labels": self.labels,
            "attributes": self.attributes,
            "rate": self.rate,
            **settings,
            **{name: pack(settings[name]) for name in ("gamma", "loss")},
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "WaveGAN":
        unpack = keras.saving.deserialize_keras_object
        packed = {name: unpack(config[name]) for name in (*_PACKED, "gamma", "loss")}
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
        return list(self.step_metrics.values())

    # -- Generating -------------------------------------------------------------------------------

    @property
    def inference_generator(self) -> keras.Model:
        """The generator that sounds come from: the EMA's, or the trained one without EMA."""
        return self.ema_generator if self.settings.ema_decay else self.generator

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """Generate audio from `{"latent"}` or `{"latent", "label"}`."""
        return self.inference_generator(inputs, training=training)

    def generate(
        self,
        label: sampling.Label = None,
        n: int = 1,
        seed: int = 0,
        latents: np.ndarray | None = None,
    ) -> Sounds:
        """Generate sounds of one label.

        Args:
            label: a name of `labels`, an index, or a value for each of `attributes`; None for a
                generator that takes no label.
            n: number of sounds.
            seed: of their latents; a sound depends on its seed and index alone.
            latents: (n, latent_dim) to use instead; then n and seed do not count.

        Returns:
            (n, length, channels), float32 in −1…1, with the sample rate.

        Raises:
            InputError: no such label, or latents of the wrong shape.
        """
        index = sampling.label_index(
            label,
            self.labels,
            self.num_labels if self.objectives.generator_takes_label else 0,
            attributes=self.attributes,
        )
        latent_dim = self.step_noise.latent_dim
        if latents is None:
            distribution = self.settings.latent_distribution
            latents = sampling.draw_latents(distribution, latent_dim, n, seed)
        return Sounds(
            sampling.generate(self.inference_generator, latents, index, latent_dim), self.rate
        )

    # -- One step ---------------------------------------------------------------------------------

    def update(self, data: Any, noise: dict[str, Any] | None = None) -> dict[str, Any]:
        """Train on one batch: `d_updates` of the discriminator, then `g_updates` of the generator.

        Args:
            data: (audio, labels) or audio, as `fit` gives it.
            noise: what `draw_noise` would draw, for the batches of all devices; None draws it.

        Returns:
            The running means of the step's scalars, by name.
        """
        batches = self.batches(data)
        size = self.spreading.whole_batch(ops.shape(batches[0]["audio"])[0])
        noise = self.replicas.own_rows(noise or self.draw_noise(size))
        for batch, drawn in zip(batches, noise["discriminator"], strict=True):
            self._update_discriminator(batch, drawn)
        for drawn in noise["generator"]:
            self._update_generator(batches[-1], drawn)
        self.step.assign_add(1)
        self._update_ema()
        return {name: metric.result() for name, metric in self.step_metrics.items()}

    def evaluate_batch(self, data: Any) -> dict[str, Any]:
        """Measure the losses of one batch of held-out sounds; see `WaveGAN`."""
        batch = self.batches(data)[0]
        size, seeds = ops.shape(batch["audio"])[0], count(EVALUATION_SEED)
        noise = {
            "discriminator": self.step_noise.for_discriminator(size, seeds),
            "generator": self.step_noise.for_generator(size, seeds),
        }
        losses = self.objectives.held_out_losses(
            self._inference_values(),
            _values(self.discriminator),
            batch,
            noise,
        )
        for name, value in losses.items():
            self.step_metrics[name].update_state(value)
        return {name: self.step_metrics[name].result() for name in losses}

    def _inference_values(self) -> list[Any]:
        """Return the inference generator's values of the generator's trainable variables."""
        pairs = zip(self.generator.weights, self.inference_generator.weights, strict=True)
        values = {id(trained): inference.value for trained, inference in pairs}
        return [values[id(variable)] for variable in self.generator.trainable_variables]

    @property
    def needs_labels(self) -> bool:
        """Whether a network takes labels, or predicts them."""
        objectives = self.objectives
        takes = objectives.generator_takes_label or "label" in self.discriminator.input
        return takes or objectives.has_class_head

    def batches(self, data: Any) -> list[dict[str, Any]]:
        """Split what `StepBatches` or `fit` gives into one batch per discriminator update."""
        num_labels = self.num_labels if self.needs_labels else None
        return split_batches(data, self.audio_shape, self.settings.d_updates, num_labels)

    def draw_noise(self, batch: Any) -> dict[str, Any]:
        """Draw all noise of one step from the seed.

        Args:
            batch: examples in the batch.

        Returns:
            `{"discriminator": [...], "generator": [...]}`, a dictionary for each update:
            `latent` (batch, latent_dim); `shifts_real`, `shifts_fake`, `shifts_mixed` (batch,
            shuffles); `mix` (batch, 1, 1) in 0…1; `target` (batch, 1); `noise_real`,
            `noise_fake` (batch, length, channels) — those that the loss needs.
        """
        draw, seeds = self.step_noise, repeat(self.seed_generator)
        updates = range(self.settings.d_updates), range(self.settings.g_updates)
        return {
            "discriminator": [draw.for_discriminator(batch, seeds) for _ in updates[0]],
            "generator": [draw.for_generator(batch, seeds) for _ in updates[1]],
        }

    def _update_discriminator(self, batch: dict[str, Any], noise: dict[str, Any]) -> None:
        gradients, _ = self._eager if self.run_eagerly else self._recorded
        result = gradients(
            _values(self.generator), _values(self.discriminator), batch, noise, self.gamma()
        )
        self._apply("d", result, self.discriminator, self.d_optimizer)

    def _d_gradients(
        self, weights: list[Any], d_weights: list[Any], batch: Any, noise: Any, gamma: Any
    ) -> LossAndGradients:
        fake = ops.stop_gradient(self.objectives.generate(weights, batch, noise))
        return self.objectives.discriminator_loss_and_gradients(
            d_weights, batch, fake, noise, gamma
        )

    def _g_gradients(self, *given: Any) -> LossAndGradients:
        return self.objectives.generator_loss_and_gradients(*given)

    def _update_generator(self, batch: dict[str, Any], noise: dict[str, Any]) -> None:
        _, gradients = self._eager if self.run_eagerly else self._recorded
        result = gradients(_values(self.generator), _values(self.discriminator), batch, noise)
        self._apply("g", result, self.generator, self.g_optimizer)

    def _apply(
        self, side: str, result: LossAndGradients, network: keras.Model, optimizer: keras.Optimizer
    ) -> None:
        """Let one network take one step down its loss, and log it."""
        value, parts, gradients = result
        autodiff.apply_gradients(optimizer, gradients, network.trainable_variables)
        norm = global_norm(gradients)
        logs = {f"{side}_loss": value, f"{side}_gradient_norm": norm, PEAK_LOSS: value}
        for name, number in {**logs, **parts}.items():
            self.step_metrics[name].update_state(number)

    def gamma(self) -> Any:
        """Return γ at this step: a number, or what its schedule says."""
        gamma = self.settings.gamma
        return gamma(self.step) if callable(gamma) else gamma

    def _update_ema(self) -> None:
        """Let the EMA follow the trained generator; quickly at first, then slowly."""
        if not self.settings.ema_decay:
            return
        steps = ops.cast(self.step, "float32")
        decay = ops.minimum(self.settings.ema_decay, (1.0 + steps) / (10.0 + steps))
        for slow, fast in zip(self.ema_generator.weights, self.generator.weights, strict=True):
            slow.assign(decay * slow + (1.0 - decay) * ops.stop_gradient(fast.value))


def _width(tensor: Any) -> int:
    return 0 if tensor is None else tensor.shape[-1]


def _values(network: keras.Model) -> list[Any]:
    return [variable.value for variable in network.trainable_variables]
