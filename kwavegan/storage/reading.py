"""Read files that anyone may have written: bounded in memory, and refused in one way.

A file of another's may be damaged or hostile: larger than it can be, nested a thousand levels deep,
with numbers of a thousand digits, or a device that never ends. What reads one here raises `OSError`
where the system refuses it, and `ValueError` where it is not what it should be; nothing else.
"""

import csv
import json
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, NoReturn

from kwavegan.errors import InputError
from kwavegan.storage.failures import reason

MOST_TEXT = 64 << 20
"""Bytes of a file of text that is read whole."""

MOST_JSON = 16 << 20
"""Bytes of JSON: as lists in lists it takes twenty times as much memory."""

MOST_TOML = 4 << 20
"""Bytes of a file of settings: its longest part are labels."""

MOST_ROW = 4 << 20
"""Characters of a row of a table: a latent has 4,096 numbers at most."""

_DEEPEST = 32
"""Levels of lists and tables in one another; ours have five."""

_LONGEST_KEY = 64
"""Dots in a line of TOML before its value: the parser takes the square of their number."""

_WHOLE_NUMBERS = range(-(2**63), 2**64)
"""Those that 64 bits hold: more belongs in no file of ours, and becomes no float."""


def read_bytes(path: Path, most: int = MOST_TEXT) -> bytes:
    """Return the content of a plain file.

    Args:
        path: the file.
        most: bytes; a larger file is refused unread.

    Raises:
        OSError: the file does not exist, or is not readable.
        ValueError: it is larger, or no plain file: a device or a pipe may never end.
    """
    with open_plain(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"larger than {most >> 20} MB, which no such file is")
    return data


def open_plain(path: Path) -> BufferedReader:
    """Open a plain file for reading bytes.

    Raises:
        OSError: the file does not exist, or is not readable.
        ValueError: it is a device or a pipe, which may wait or go on for ever, or has no such name.
    """
    kind = path.stat().st_mode
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        raise ValueError("no plain file")
    return path.open("rb")


def read_text(path: Path, most: int = MOST_TEXT, errors: str = "strict") -> str:
    """Return the text of a plain UTF-8 file; see `read_bytes`.

    Args:
        path: the file.
        most: bytes; a larger file is refused unread.
        errors: what becomes of bytes that are no text; see `bytes.decode`.

    Raises:
        OSError, ValueError: as `read_bytes`; or it is not UTF-8.
    """
    return read_bytes(path, most).decode("utf-8", errors)


def read_json(path: Path) -> Any:
    """Return the value in a JSON file; see `parse_json`.

    Raises:
        OSError, ValueError: as `read_bytes` and `parse_json`.
    """
    return parse_json(read_bytes(path, MOST_JSON))


def parse_json(data: bytes | str) -> Any:
    """Return the value of a text of JSON, which other code may walk through without a check.

    Raises:
        ValueError: it is not JSON, which has no NaN; or it holds what none of our files does: lists
            in lists in lists, whole numbers beyond 64 bits, text that is no Unicode, or more than
            `MOST_JSON`.

    Example:
        >>> from kwavegan.storage.reading import parse_json
        >>> parse_json('{"step": 3500}')
        {'step': 3500}
    """
    if len(data) > MOST_JSON:
        raise ValueError(f"larger than {MOST_JSON >> 20} MB, which no such file is")
    try:
        value = json.loads(data, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _plain(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def parse_toml(text: str) -> dict[str, Any]:
    """Return the values of a text of TOML, checked as those of `parse_json`.

    Raises:
        ValueError: it is not TOML, or holds what none of our files does.
    """
    import tomllib

    if any(line.partition("=")[0].count(".") > _LONGEST_KEY for line in text.splitlines()):
        raise ValueError("nested too deeply")
    try:
        return _plain(tomllib.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _plain(value: Any) -> Any:
    """Return a value that is not nested deeply, of texts that are text and numbers of 64 bits."""
    level = [value]
    for _ in range(_DEEPEST):
        parts: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                parts += each.keys()
                parts += each.values()
            elif isinstance(each, list):
                parts += each
            elif isinstance(each, str):
                each.encode()  # raises a ValueError where half of a letter is missing
            elif isinstance(each, int) and each not in _WHOLE_NUMBERS:
                raise ValueError("a whole number beyond 64 bits")
        if not parts:
            return value
        level = parts
    raise ValueError("nested too deeply")


def read_toml(path: Path) -> dict[str, Any]:
    """Read the values of a TOML file.

    Raises:
        InputError: the file does not exist, is not readable, or is not TOML.
    """
    import tomllib

    try:
        return parse_toml(read_text(path, MOST_TOML))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not TOML: {error}; write lines such as `lr = 2e-4`") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}; write lines such as `lr = 2e-4`") from error


def read_table(path: Path, errors: str = "strict") -> Iterator[list[str]]:
    """Yield the rows of a CSV file of any length, without holding more than one.

    Args:
        path: the file, in UTF-8.
        errors: what becomes of bytes that are no text; see `bytes.decode`.

    Raises:
        OSError: the file does not exist, or is not readable.
        ValueError: it is no CSV file, or a row is longer than `MOST_ROW`.
    """
    with open_plain(path) as file:
        lines = _Lines(file, errors)
        try:
            for row in csv.reader(lines):
                lines.left = MOST_ROW
                yield row
        except csv.Error as error:
            raise ValueError(f"no CSV file: {error}") from error


class _Lines:
    """Lines of a file, of which so many characters may follow until a row is whole."""

    def __init__(self, file: BufferedReader, errors: str) -> None:
        self._file, self._errors, self.left = file, errors, MOST_ROW

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(self.left + 1)
        if not line:
            raise StopIteration
        self.left -= len(line)
        if self.left < 0:
            raise ValueError(f"a row of more than {MOST_ROW >> 20} MB")
        return line.decode("utf-8", self._errors)
