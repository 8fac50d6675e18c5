"""Keras' own defaults, whatever the user's `keras.json` or program has set."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

_DEFAULTS = {
    "image_data_format": "channels_last",
    "floatx": "float32",
    "epsilon": 1e-7,
    "dtype_policy": "float32",
}
"""Setting of `keras.config` → Keras' default of it."""


@contextmanager
def keras_defaults() -> Iterator[None]:
    """Build what is built within the block, or the function it decorates, with Keras' defaults.

    A layer keeps the order of its axes and the number format that it was built with.

    Example:
        >>> import keras
        >>> from kwavegan.backend import keras_defaults
        >>> with keras_defaults():
        ...     keras.layers.Conv1D(8, 5).data_format
        'channels_last'
    """
    before = {name: getattr(keras.config, name)() for name in _DEFAULTS}
    _set(_DEFAULTS)
    try:
        yield
    finally:
        _set(before)


def _set(values: dict[str, object]) -> None:
    for name, value in values.items():
        getattr(keras.config, f"set_{name}")(value)
