"""Open the data of a training, prepared or not."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset, is_prepared, open_dataset
from kwavegan.data.drums import builtin_dataset
from kwavegan.data.preparation import Progress, prepare_cached
from kwavegan.data.prepare_settings import PrepareSettings
from kwavegan.errors import InputError, setting
from kwavegan.storage.addresses import checked_address, is_address


def load_trained_data(
    config: Config, given: str | None, advice: str, progress: Progress | None = None
) -> Dataset:
    """Open the data that a run was trained on.

    Args:
        config: the run's settings, which name the folder.
        given: where it is now; None for where it was.
        advice: the command that takes another place, for the error.
        progress: called with files done and files in all.

    Raises:
        InputError: the folder is not where it was; or as `load_dataset`.

    Example:
        >>> from kwavegan import Config
        >>> from kwavegan.data import load_trained_data
        >>> load_trained_data(Config(data="recordings"), None, "kwavegan evaluate").rate
        16384
    """
    if given is None and config.data and not _is_there(config.data):
        raise InputError(
            f"{config.data}: no such folder any more, and the run was trained on it; put it back, "
            f"or say where it is now: {advice}"
        )
    folder = config.data if given is None else given
    if folder and not is_address(folder) and is_prepared(_folder(folder)):
        return open_dataset(_folder(folder))
    return load_dataset(folder, config, progress)


def _is_there(data: str) -> bool:
    """Whether a folder is where it was; of an address, only asking for it tells."""
    return is_address(data) or Path(_folder(data)).exists()


def stored_source(data: str | Path) -> str:
    """Return the full path of a folder as a run keeps it: as text, or as a `file:` URI where its
    name is not UTF-8; an address as it is.

    Example:
        >>> from kwavegan.data.load import stored_source
        >>> stored_source("/sounds/kick")
        '/sounds/kick'
    """
    if is_address(data):
        return checked_address(str(data))
    path = Path(data).resolve()
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return path.as_uri()
    return str(path)


def _folder(data: str) -> str:
    """Return the folder that `stored_source` spelled, or any other."""
    if not data.startswith("file:///"):
        return data
    return os.fsdecode(unquote_to_bytes(data.removeprefix("file://")))


def load_dataset(
    data: str,
    config: Config,
    progress: Progress | None = None,
    note: Callable[[str], None] | None = None,
) -> Dataset:
    """Open a prepared folder, prepare a folder of audio into the cache, or make the built-in drums.

    Args:
        data: a folder, or the address of one; "" for the built-in set.
        config: its rate, length, channels, labels and what says them are for the preparation of a
            folder of audio; 0 and () take what suits the folder.
        progress: called with files done and files in all.
        note: called with each line about what was chosen, done and left out; see `prepare_cached`.

    Raises:
        InputError: the folder is missing or damaged, or holds no usable audio; or its labels are
            asked for anew though it is prepared.

    Example:
        >>> from kwavegan import Config
        >>> from kwavegan.data import load_dataset
        >>> load_dataset("recordings", Config(rate=8192)).rate
        8192
    """
    if not data:
        _refuse_labelling(config, "the built-in drums")
        return builtin_dataset(progress)
    data = _folder(data)
    if not _is_there(data):
        raise InputError(f"{data}: no such folder; name a folder of audio, or a prepared one")
    if not is_address(data) and is_prepared(data):
        _refuse_labelling(config, data)
        return open_dataset(data)
    values = {name: getattr(config, name) for name in ("rate", "length", "channels")}
    chosen = {name: value for name, value in values.items() if value}
    told: dict[str, Any] = {name: getattr(config, name) or None for name in _LABELLING}
    if config.labels_from:  # so that the cache keeps one set of it, from wherever it is asked for
        told["labels_from"] = str(Path(config.labels_from).resolve())
    settings = PrepareSettings(labels=config.labels or None, **told, **chosen)
    return prepare_cached(data, settings, progress=progress, note=note)


_LABELLING = ("labels_from", "label_pattern", "attributes")
"""Settings that say the labels of a folder of audio."""


def _refuse_labelling(config: Config, what: str) -> None:
    """Raise an `InputError` where settings say the labels of a set that has its own."""
    given = next((name for name in _LABELLING[:2] if getattr(config, name)), None)
    if given:
        raise InputError(
            f"{setting(given)}: the labels of {what} are known already; leave it out, or name the"
            " folder of audio"
        )
