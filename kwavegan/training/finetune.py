"""One run's weights as the start of another: fine-tuning, also with other labels."""

from collections.abc import Mapping, Sequence
from itertools import chain, cycle
from typing import NamedTuple

import keras
import numpy as np

from kwavegan.config.settings import Config, option_name
from kwavegan.errors import InputError
from kwavegan.gan.model import WaveGAN
from kwavegan.networks.front_end import resolutions


class _Place(NamedTuple):
    """Where a weight has a part for each label: along all of `axis`, or one row each at its end."""

    axis: int
    at_the_end: bool = False


_LOGITS = {"logits/kernel": _Place(1), "logits/bias": _Place(0)}

_JOINED = {"down_1/kernel": _Place(1, at_the_end=True)}

_PLACES = {
    ("cwgan", "gate"): ({"down_1/kernel": _Place(1)}, {"score/kernel": _Place(0)}),
    ("cwgan", "concat"): (_JOINED, _JOINED),
    ("acgan", None): (_LOGITS, _LOGITS),
}
"""By model and conditioning: weights of the waveform critic, and of each spectral critic."""


def ancestors(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """Return the old label, as an index, that each new label starts from.

    A label of the same name is its own ancestor. The others take the labels that are gone, in
    turn, and when those are used up all old ones in turn.
    """
    gone = [index for index, label in enumerate(old) if label not in new]
    others = chain(gone, cycle(range(len(old))))
    return [old.index(label) if label in old else next(others) for label in new]


def graft(gan: WaveGAN, config: Config, arrays: Mapping[str, np.ndarray], source: Config) -> None:
    """Give a new GAN the weights of a checkpoint; its optimizers start anew.

    The averaged generator, which the source's sounds come from, is the start of both generators.

    Args:
        gan: of `config`, before its first step.
        config: settings with the new labels.
        arrays: of the checkpoint: `discriminator/…`, and `averaged/…` or `generator/…`.
        source: settings of the checkpoint's run.

    Raises:
        InputError: the weights do not fit, or networks of this kind cannot take other labels.
    """
    places = _places(config)
    if config.model != "wgan" and config.labels != source.labels and not places:
        raise InputError(
            f"--from: networks with {_fixed(config)} cannot take other labels than "
            f"{', '.join(source.labels)}; train on those, or start from another run"
        )
    order = ancestors(source.labels, config.labels)
    labels = len(source.labels)
    _fill(gan.generator, arrays, source.sounding, places, order, labels)
    _fill(gan.discriminator, arrays, "discriminator", places, order, labels)
    gan.averaged.set_weights(gan.generator.get_weights())


def _places(config: Config) -> dict[str, _Place]:
    """Return the weights that hold a part for each label; none where they cannot be parted."""
    if config.model == "wgan" or _fixed(config):
        return {}
    kind = config.model, config.conditioning if config.model == "cwgan" else None
    waveform, spectral = _PLACES[kind]
    spectra = range(1, len(resolutions(config.rate, config.length)) + 1)
    return {
        "generator/label_concat/embedding": _Place(0),
        **{f"discriminator/{name}": place for name, place in waveform.items()},
        **{
            f"discriminator/spectrum_{number}_{name}": place
            for number in spectra
            for name, place in spectral.items()
        },
    }


def _fixed(config: Config) -> str:
    """Return, in words, what ties the networks to their labels; empty where nothing does."""
    if config.generator == "dissertation":
        return f"{option_name('generator')} dissertation"
    learned = config.model == "cwgan" and config.conditioning == "learned"
    return f"{option_name('conditioning')} learned" if learned else ""


def _fill(
    network: keras.Model,
    arrays: Mapping[str, np.ndarray],
    part: str,
    places: Mapping[str, _Place],
    order: Sequence[int],
    labels: int,
) -> None:
    for weight in network.weights:
        array = arrays.get(f"{part}/{weight.path}")
        place = places.get(f"{network.name}/{weight.path}")
        if array is not None and place is not None:
            array = _relabelled(array, place, order, labels)
        if array is None or array.shape != tuple(weight.shape):
            raise InputError(
                f"--from: {part}/{weight.path} of the checkpoint does not fit; the run's "
                "config.toml is not the one that it was trained with"
            )
        weight.assign(array.astype("float32"))


def _relabelled(array: np.ndarray, place: _Place, order: Sequence[int], labels: int) -> np.ndarray:
    """Return a weight whose parts for the labels are those of `order`, of `labels` there are."""
    length = array.shape[place.axis]
    first = length - labels if place.at_the_end else 0
    parts = np.arange(first, length).reshape(labels, -1)[list(order)]
    return np.take(array, np.concatenate([np.arange(first), parts.ravel()]), place.axis)
