"""What several tests share: tiny models, fed noise and one test that every layer passes."""

import keras
import numpy as np
from keras import ops

from kwavegan.gan.model import WaveGAN
from kwavegan.networks.architecture import Architecture
from kwavegan.networks.build import build_networks

LENGTH, BATCH = 256, 4

MODELS = {
    "wgan": {"model": "wgan"},
    "cwgan": {"model": "cwgan", "conditioning": "concat", "generator": "dissertation"},
    "cwgan-learned": {"model": "cwgan", "conditioning": "learned"},
    "gated": {"model": "cwgan", "conditioning": "gate"},
    "acgan": {"model": "acgan"},
    "wgan-both": {"model": "wgan", "critic": "both"},
    "gated-both": {"model": "cwgan", "critic": "both"},
    "concat-both": {"model": "cwgan", "conditioning": "concat", "critic": "both"},
    "acgan-spectral": {"model": "acgan", "critic": "spectral"},
    "istft": {"model": "cwgan", "generator": "istft", "critic": "both"},
    "voiced": {"model": "cwgan", "generator": "istft", "critic": "waveform", "pitch": 100.0},
}
"""The networks that every backend must agree on."""

ATTRIBUTES = {"model": "cwgan", "critic": "both", "num_labels": 4}
ATTRIBUTES["codes"] = ((0, 2), (1, 3), (0, 3), (1, 2))
"""Those of labels with two attributes, on which every backend must agree, too."""

OWN = {**MODELS, "attributes": ATTRIBUTES}
"""Settings of all of them, by name."""

LOSSES = ("wgan-gp", "cross-entropy", "acgan", "relativistic")
PENALIZED = ("wgan-gp", "relativistic")
"""Losses with a penalty, of either kind: all that matters to spectra."""
CASES = [
    (model, loss)
    for model, kind in MODELS.items()
    for loss in (PENALIZED if "critic" in kind else LOSSES)
    if loss != "acgan" or kind["model"] == "acgan"  # a loss that needs a class head
]
CASES += [("attributes", "relativistic")]


def tiny_architecture(model="gated", **changes):
    """Return a two-layer architecture of 256 samples."""
    defaults = {"length": LENGTH, "width": 2, "latent_dim": 8, "label_embedding": 4}
    plain = {"generator": "waveform", "critic": "waveform"}
    labels = 0 if model == "wgan" else 2
    return Architecture(**{**defaults, **plain, "num_labels": labels, **OWN[model], **changes})


def tiny_gan(model="gated", loss="relativistic", seed=0, architecture=None, **options):
    """Return a compiled tiny GAN with Adam, alike on every backend."""
    networks = build_networks(architecture or tiny_architecture(model), seed)
    plain = {"gamma": 1.0, "class_weight": 1.0}
    gan = WaveGAN(*networks, loss=loss, seed=seed, **{**plain, **options})
    gan.compile(*(adam() for _ in range(2)))
    return gan


def adam():
    """Return Adam with a large epsilon.

    The bias of a score has no gradient where only differences of scores count. Plain Adam would
    turn the rounding noise there into whole steps, up on one backend and down on another.
    """
    return keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9, epsilon=1e-3)


def batch_of(gan, seed=1, batch=BATCH, updates=None):
    """Return audio and labels from NumPy, stacked for `updates` discriminator updates."""
    rng = np.random.default_rng(seed)
    lead = (batch,) if updates is None else (batch, updates)
    audio = rng.uniform(-0.5, 0.5, (*lead, *gan.audio_shape)).astype("float32")
    return audio, rng.integers(0, 2, lead).astype("int32")


def train_once(gan, seed=1):
    """Make one update with noise that the GAN draws, the way that its backend compiles fastest.

    JAX compiles the operations of an eager update one by one. Returns the losses by name.
    """
    audio, labels = batch_of(gan, seed)
    if keras.backend.backend() == "jax":
        return gan.train_on_batch(audio, labels, return_dict=True)
    return gan.update((audio, labels))


def whole(function):
    """Return a pure function of tensors as JAX compiles it fastest: whole.

    One by one, the operations of an update take five times as long to compile.
    """
    if keras.backend.backend() != "jax":
        return function
    import jax

    return jax.jit(function)


class FedUpdate:
    """Makes updates of a GAN with fed noise: `FedUpdate(gan)(data, noise)` returns the logs."""

    def __init__(self, gan):
        self.gan, self.names = gan, []
        each = [*gan.variables, *gan.optimizer.variables]
        self.variables = list({id(variable): variable for variable in each}.values())
        self.compiled = whole(self._pure)

    def __call__(self, data, noise):
        if keras.backend.backend() != "jax":
            return self.gan.update(data, noise)
        values, new = self.compiled([v.value for v in self.variables], data, noise)
        for variable, value in zip(self.variables, new, strict=True):
            variable.assign(value)
        return dict(zip(self.names, values, strict=True))

    def _pure(self, values, data, noise):
        with keras.StatelessScope(list(zip(self.variables, values, strict=True))) as scope:
            logs = self.gan.update(data, noise)
            new = [scope.get_current_value(variable) for variable in self.variables]
        self.names = list(logs)  # JAX would sort a dictionary
        return list(logs.values()), new


def fed_noise(gan, seed=2, batch=BATCH):
    """Return noise of the shapes that the GAN would draw, but from NumPy."""
    rng = np.random.default_rng(seed)

    def draw(name, tensor):
        shape = tuple(tensor.shape)
        if name == "labels_away":
            return ops.convert_to_tensor(rng.integers(1, gan.num_labels, shape).astype("int32"))
        if name.startswith("shifts"):
            n = gan.settings.phase_shuffle
            return ops.convert_to_tensor(rng.integers(-n, n + 1, shape).astype("int32"))
        low, high = {"latent": (-1, 1), "target": gan.settings.smoothing, "mix": (0, 1)}.get(
            name, (-1, 1)
        )
        scale = gan.settings.input_noise if name.startswith("noise") else 1.0
        return ops.convert_to_tensor((scale * rng.uniform(low, high, shape)).astype("float32"))

    return {
        side: [{name: draw(name, value) for name, value in update.items()} for update in updates]
        for side, updates in gan.draw_noise(batch).items()
    }


def arrays(tensors):
    """Return tensors as NumPy arrays."""
    return [ops.convert_to_numpy(tensor) for tensor in tensors]


def relative_error(got, want):
    """Return ‖got − want‖ / ‖want‖, where a root mean square below 2e-3 counts as that.

    It is what two updates of Adam move a weight by; that of a gate is a sum of parts that cancel.
    """
    floor = 2e-3 * np.sqrt(np.size(want))
    return float(np.linalg.norm(got - want) / max(np.linalg.norm(want), floor))
