"""Latents from a seed, and the sounds that a generator network makes of them."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from kwavegan.config.attributes import SEPARATOR, Attributes
from kwavegan.errors import InputError, setting
from kwavegan.types import Shape

Label = str | int | Mapping[str, str] | None
"""A label by name, by index, or by the value of each attribute; None where there are none."""

BATCH = 64
"""Sounds generated at once; the last batch is filled up, so that nothing compiles twice."""


class Network(Protocol):
    """What makes sounds: a generator in Keras, or a `kwavegan.player.Player`, which needs none."""

    @property
    def input(self) -> Container[str]:
        """The names of the inputs: `"latent"`, and `"label"` if it takes labels."""

    @property
    def output_shape(self) -> Shape:
        """(None, length, channels)."""

    @property
    def weights(self) -> Any:
        """Variables of Keras, each with its path; or arrays by path."""

    def predict_on_batch(self, x: Mapping[str, np.ndarray]) -> Any:
        """Return sounds (batch, length, channels) of the inputs by name."""


_DRAW = {
    "uniform": lambda rng, size: rng.uniform(-1.0, 1.0, size),
    "normal": lambda rng, size: rng.standard_normal(size),
}


def shares(n: int, counts: np.ndarray) -> np.ndarray:
    """Return how many of n sounds each label gets: like `counts`, at least 2 where there are any.

    Args:
        n: sounds; a few more are given where labels are rare.
        counts: (labels,) of the training sounds.
    """
    exact = n * counts / counts.sum()
    given = np.maximum(np.floor(exact).astype(int), 2 * (counts > 0))
    for label in np.argsort(np.floor(exact) - exact, kind="stable")[: max(0, n - given.sum())]:
        given[label] += 1
    return given


def labels_like(labels: np.ndarray, n: int) -> np.ndarray:
    """Return labels of about n sounds, sorted, as frequent as among `labels`; see `shares`."""
    counts = np.bincount(labels)
    return np.repeat(np.arange(len(counts)), shares(n, counts))


def draw_latents(
    distribution: str, latent_dim: int, n: int, seed: int = 0, first: int = 0
) -> np.ndarray:
    """Return latents (n, latent_dim), float32, of sounds `first`, `first` + 1, … of a seed.

    The latent of a sound depends on its seed and index alone, on any backend, however many are
    asked for.

    Args:
        distribution: `"uniform"` in -1…1, or `"normal"` of variance 1.
        latent_dim: values of a latent.
        n: how many.
        seed: at least 0.
        first: index of the first.
    """
    draw = _DRAW[distribution]
    rows = [draw(np.random.default_rng([seed, i]), latent_dim) for i in range(first, first + n)]
    return np.array(rows, "float32").reshape(n, latent_dim)


def generate_batches(
    network: Network, latents: np.ndarray, labels: Sequence[int] | np.ndarray
) -> Iterator[np.ndarray]:
    """Yield sounds of latents (n, latent_dim) and label indices (n,), `BATCH` at a time.

    Args:
        network: a generator; one that takes no label passes them over.
        latents, labels: what to make.
    """
    labels = np.asarray(labels, "int32")
    size = min(BATCH, len(latents))
    for start in range(0, len(latents), BATCH):
        z, y = latents[start : start + BATCH], labels[start : start + BATCH]
        fill = ((0, size - len(z)), (0, 0))
        inputs = {"latent": np.pad(z, fill), "label": np.pad(y, fill[0])}
        inputs = {name: value for name, value in inputs.items() if name in network.input}
        yield np.asarray(network.predict_on_batch(inputs))[: len(z)]


def generate(network: Network, latents: np.ndarray, label: int, latent_dim: int) -> np.ndarray:
    """Return sounds (n, length, channels) of latents (n, latent_dim) and one label index.

    Raises:
        InputError: latents of another shape.
    """
    z = np.asarray(latents, "float32")
    if z.ndim != 2 or z.shape[1] != latent_dim:
        raise InputError(
            f"{setting('latents')}: must be (sounds, {latent_dim}) for this model; got {z.shape}"
        )
    sounds = list(generate_batches(network, z, np.full(len(z), label, "int32")))
    if not sounds:
        return np.zeros((0, *network.output_shape[1:]), "float32")
    return np.concatenate(sounds)


def label_index(
    label: Label,
    names: Sequence[str],
    num_labels: int,
    model: str = "the model",
    attributes: Sequence[str] = (),
) -> int:
    """Return the index of a label; 0 for None where there are no labels.

    Args:
        label: name, index, or value by attribute: `{"instrument": "kick", "velocity": "hard"}`.
        names: of the labels, in index order; empty where they are not known.
        num_labels: their number; 0 where the model takes none.
        model: what the message calls the model.
        attributes: what the parts of a label say, where labels have several.

    Raises:
        InputError: there is no such label, or there are labels and none is given.
    """
    if not num_labels:
        if label is None:
            return 0
        raise InputError(
            f"{setting('label')}: {label!r} cannot be asked for: {model} is unconditional "
            f"(model wgan); leave {setting('label')} out, or train a cwgan"
        )
    if isinstance(label, Mapping):
        label = Attributes.of(attributes, names).label(label, model)
    if isinstance(label, str) and label in names:
        return names.index(label)
    if isinstance(label, int | np.integer) and 0 <= label < num_labels:
        return int(label)
    known = ", ".join(names) or f"0 to {num_labels - 1}"
    if len(attributes) > 1:
        values = Attributes.of(attributes, names).values
        known = SEPARATOR.join("|".join(own) for own in values)
    raise InputError(
        f"{setting('label')}: {label!r} is not a label of {model}; choose from {known}"
    )
