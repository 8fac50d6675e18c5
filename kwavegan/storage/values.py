"""Check the types of values that were read, where a file of another's may hold anything."""

import math
from typing import Any

LARGEST = 2**53
"""The largest whole number of a file: beyond it floats skip some."""


def whole(value: Any, least: int = 0) -> int:
    """Return a whole number from `least` to 2⁵³.

    Raises:
        ValueError: it is none; true and false are none either.

    Example:
        >>> from kwavegan.storage.values import whole
        >>> whole(3500)
        3500
    """
    if type(value) is not int or not least <= value <= LARGEST:
        raise ValueError(f"{_short(value)} is no whole number from {least}")
    return value


def number(value: Any) -> float:
    """Return a finite number; NaN for None, by which JSON without NaN says it.

    Raises:
        ValueError: it is none.
    """
    if value is None:
        return math.nan
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"{_short(value)} is no number")
    return float(value)


def text(value: Any) -> str:
    """Return a text.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str):
        raise ValueError(f"{_short(value)} is no text")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a list.

    Raises:
        ValueError: it is none, or holds something else.
    """
    if not isinstance(value, list):
        raise ValueError(f"{_short(value)} is no list")
    return tuple(map(text, value))


def table(value: Any) -> dict[str, Any]:
    """Return a table of values by name.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{_short(value)} is no table")
    return value


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:39]}…"
