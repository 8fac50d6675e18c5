"""Whatever `train` is pointed at, as a prepared dataset."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset, is_prepared, open_dataset, require_labels
from kwavegan.data.drums import builtin_dataset
from kwavegan.data.preparation import PrepareSettings, prepare_cached
from kwavegan.errors import InputError

Progress = Callable[[int, int], None]


def load(data: str, config: Config, progress: Progress | None = None) -> Dataset:
    """Open a prepared folder, prepare a raw one into the cache, or make the built-in drums.

    Args:
        data: a folder; "" for the built-in set.
        config: whose rate, length, channels and labels a raw folder is prepared with; 0 and ()
            take the defaults of `PrepareSettings`.
        progress: called with files done and files in all.

    Raises:
        InputError: the folder is missing or damaged, or holds no usable audio.
    """
    if not data:
        return builtin_dataset(progress)
    if not Path(data).exists():
        raise InputError(f"{data}: no such folder; name a folder of audio, or a prepared one")
    if is_prepared(data):
        return open_dataset(data)
    wishes = {"rate": config.rate, "length": config.length, "channels": config.channels}
    given = {name: wish for name, wish in wishes.items() if wish}
    settings = PrepareSettings(labels=config.labels or None, **given)
    return prepare_cached(data, settings, progress=progress)


def fitted(config: Config, dataset: Dataset, source: str = "") -> Config:
    """Fill the settings that a dataset decides; whether the networks can be built stays open.

    Args:
        config: the wishes; rate, length, channels and labels of 0 or () take the dataset's.
        dataset: what to train on.
        source: where it came from; "" for the built-in drums.

    Raises:
        InputError: the wishes differ from the prepared set, or there are too few labels.
    """
    if config.model != "wgan":
        require_labels(dataset)
    for name in ("rate", "length", "channels", "labels"):
        wish, have = getattr(config, name), getattr(dataset, name)
        if wish and wish != have:
            raise InputError(
                f"--{name}: {_plain(wish)} is asked for, but {dataset.path} was prepared with "
                f"{_plain(have)}; leave the option out, or prepare the audio anew"
            )
    return replace(
        config,
        data=source,
        rate=dataset.rate,
        length=dataset.length,
        channels=dataset.channels,
        labels=dataset.labels,
    )


def _plain(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)
