"""One value of a table of fields: its type, its range, its names, in words for a user."""

import math
from collections.abc import Iterable
from dataclasses import Field
from typing import Any

from kwavegan.errors import InputError, require_choice


def check_value(setting: Field[Any], value: Any, spelled: str) -> Any:
    """Return `value` as the setting's type, or raise an InputError that starts with `spelled`."""
    kind, limits = type(setting.default), setting.metadata
    if kind is tuple:
        return _checked_names(value, spelled)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        what = {str: "text", int: "a whole number", float: "a number"}[kind]
        raise InputError(f"{spelled}: {value!r} is not {what}")
    if isinstance(value, str):
        _check_text(value, spelled)
        if limits["choices"]:
            require_choice(spelled, value, limits["choices"])
        return value
    fits = limits["low"] <= value <= limits["high"] or (limits["or_zero"] and value == 0)
    if not fits:  # NaN never fits
        raise InputError(f"{spelled}: {value} is out of range; choose {limits_of(setting)}")
    return value


def _checked_names(value: Any, spelled: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise InputError(f"{spelled}: {value!r} is not a list of names")
    known: set[str] = set()
    for name in value:
        _check_text(name, spelled)
        if not name:
            raise InputError(f"{spelled}: an empty name; remove it")
        if name in known:
            raise InputError(f"{spelled}: {name!r} is given twice")
        known.add(name)
    return tuple(value)


def _check_text(value: str, spelled: str) -> None:
    # File names may hold bytes that are no text; TOML cannot.
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise InputError(f"{spelled}: {value!a} is not UTF-8; rename the file or folder")


def limits_of(setting: Field[Any]) -> str:
    """The range of a number's field as text, `1 to 1000`; empty for other fields."""
    low, high = setting.metadata["low"], setting.metadata["high"]
    if math.isinf(high):
        return ""
    return f"{'0 or ' if setting.metadata['or_zero'] else ''}{low:.12g} to {high:.12g}"


def nearest(name: str, names: Iterable[str]) -> str:
    """The end of a message about an unknown name: the name that was meant, or all there are."""
    import difflib

    found = difflib.get_close_matches(name.replace("-", "_"), names, n=1)
    return f"; did you mean {found[0]}?" if found else f"; the names are {', '.join(names)}"
