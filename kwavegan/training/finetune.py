"""Fine-tuning: the weights of one run as the start of another, also with other labels."""

from collections.abc import Mapping, Sequence
from itertools import chain, cycle

import keras
import numpy as np

from kwavegan.config.attributes import Attributes
from kwavegan.config.settings import Config
from kwavegan.errors import InputError, setting
from kwavegan.gan.model import WaveGAN
from kwavegan.networks.label_axes import LabelAxis, find_label_axes


def label_parents(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """Return the old label, as an index, that each new label starts from.

    A label that both have continues. The other new labels start from the old labels that are gone,
    in turn, and once those are used up from all old labels in turn.

    Args:
        old: labels of the source; may be empty only if `new` is.
        new: labels of the new run.

    Example:
        >>> from kwavegan.training.finetune import label_parents
        >>> label_parents(["hat", "kick", "snare"], ["clap", "kick", "snare"])
        [0, 1, 2]
    """
    gone = [index for index, label in enumerate(old) if label not in new]
    parents = chain(gone, cycle(range(len(old))))
    return [old.index(label) if label in old else next(parents) for label in new]


def value_parents(old: Sequence[Sequence[str]], new: Sequence[Sequence[str]]) -> list[int]:
    """Return the old value, numbered over all attributes, that each new value starts from.

    Args:
        old, new: the values of each attribute; labels that are whole are those of one.

    Example:
        >>> from kwavegan.training.finetune import value_parents
        >>> value_parents([["kick", "hat"], ["soft", "hard"]], [["kick", "gong"], ["hard"]])
        [0, 1, 3]
    """
    parents: list[int] = []
    first = 0
    for before, after in zip(old, new, strict=True):
        parents += [first + parent for parent in label_parents(before, after)]
        first += len(before)
    return parents


def _parts(attributes: Attributes) -> tuple[tuple[str, ...], ...]:
    """Return what networks learn of: values of attributes, or whole labels."""
    return attributes.values if attributes.codes else (attributes.labels,)


def _said(attributes: Attributes) -> str:
    return " and ".join(attributes.names) if attributes.codes else "no attributes"


def transfer_weights(
    gan: WaveGAN, config: Config, arrays: Mapping[str, np.ndarray], source: Config
) -> None:
    """Give a new GAN the weights of a checkpoint; its optimizers start anew.

    Both generators of the GAN, the trained one and its average, start from the generator that
    makes the source's sounds.

    Args:
        gan: a GAN of `config`, before its first step.
        config: settings with the new labels.
        arrays: the checkpoint's, by name: `discriminator/…`, and `ema_generator/…` or
            `generator/…`.
        source: settings of the checkpoint's run.

    Raises:
        InputError: the weights do not fit, or networks of this kind cannot take other labels.
    """
    old, new = source.label_attributes, config.label_attributes
    if (old.codes or new.codes) and old.names != new.names:
        raise InputError(
            f"{setting('origin')}: its labels say {_said(old)}, and those of the sounds"
            f" {_said(new)}; give the sounds the same attributes, or start from another run"
        )
    tied_by = _tied_to_labels(config)
    if tied_by and config.labels != source.labels:
        raise InputError(
            f"{setting('origin')}: networks with {tied_by} cannot take other labels than "
            f"{', '.join(source.labels)}; train on those, or start from another run"
        )
    parents = value_parents(_parts(old), _parts(new))
    count = sum(map(len, _parts(old)))
    _fill(gan.generator, arrays, source.inference_part, parents, count)
    _fill(gan.discriminator, arrays, "discriminator", parents, count)
    gan.ema_generator.set_weights(gan.generator.get_weights())


def _tied_to_labels(config: Config) -> str:
    """Return the setting that makes networks work for their labels alone; empty for none."""
    if config.generator == "dissertation" and config.model != "wgan":
        return setting("generator", "dissertation")
    learned = config.model == "cwgan" and config.conditioning == "learned"
    return setting("conditioning", "learned") if learned else ""


def _fill(
    network: keras.Model,
    arrays: Mapping[str, np.ndarray],
    part: str,
    parents: Sequence[int],
    count: int,
) -> None:
    """Set the weights of a network from `part/…` of a checkpoint with `count` labels or values."""
    axes = find_label_axes(network)
    for weight in network.weights:
        array = arrays.get(f"{part}/{weight.path}")
        if array is not None and weight.path in axes:
            array = _relabelled(array, axes[weight.path], parents, count)
        if array is None or array.shape != tuple(weight.shape):
            raise InputError(
                f"{setting('origin')}: {part}/{weight.path} of the checkpoint does not fit; the "
                "run's config.toml is not the one that it was trained with"
            )
        weight.assign(array.astype("float32"))


def _relabelled(
    array: np.ndarray, place: LabelAxis, parents: Sequence[int], count: int
) -> np.ndarray:
    """Return a weight whose part for each new label is that of its parent, an old label."""
    length = array.shape[place.axis]
    first = length - count if place.at_the_end else 0
    parts = np.arange(first, length).reshape(count, -1)[list(parents)]
    return np.take(array, np.concatenate([np.arange(first), parts.ravel()]), place.axis)
