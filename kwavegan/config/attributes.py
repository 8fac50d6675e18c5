"""Labels of several parts: `kick/hard` says instrument and velocity.

A sound has one label everywhere, an index. Where a set has several attributes, its labels are the
combinations of their values that it holds; networks take a label apart again.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from kwavegan.errors import InputError, option_name, setting
from kwavegan.types import Codes

SEPARATOR = "/"
"""Between the values of a label; a name of a file or folder cannot have it."""

TAKEN_OPTIONS = frozenset(
    f"--{name}"
    for name in (
        *("backend", "bits", "checkpoint", "help", "interpolate", "kit", "latents", "no-trim"),
        *("out", "pretrained", "runs-dir", "seed", "steps", "trim"),
    )
)
"""Options of `generate` that no attribute can be called as. `--label` and directions can be both:
what stands behind them tells them apart."""

MOST_COMBINATIONS = 2**16


def spelled_alike(name: str) -> str:
    """Return an attribute's name as an option spells it: `Drum type` → `--drum-type`.

    Example:
        >>> from kwavegan.config.attributes import spelled_alike
        >>> spelled_alike("Drum type")
        '--drum-type'
    """
    return option_name(unicodedata.normalize("NFC", name).casefold().replace(" ", "-"))


def file_title(label: str) -> str:
    """Return a label as part of a file's name, in the folder it is meant for on any system.

    Example:
        >>> from kwavegan.config.attributes import file_title
        >>> file_title("kick/hard"), file_title("..\\\\mine")
        ('kick-hard', '..%5cmine')
    """
    return "".join(map(_in_a_name, label.replace(SEPARATOR, "-")))


def _in_a_name(letter: str) -> str:
    # Windows takes the first two as the ends of a folder and of a disk; names cannot hold others.
    unfit = letter in "\\:" or letter < " " or letter == "\x7f"
    return f"%{ord(letter):02x}" if unfit else letter


@dataclass(frozen=True)
class Attributes:
    """The attributes of a set, and all labels that their values make.

    Attributes:
        names: of the attributes, in the order of a label's parts; () where a label has no parts.
        values: of each attribute, in the order in which labels name them.
        labels: those of the set, in index order, then every other combination of the values.
        heard: how many of the labels the set holds.

    Example:
        >>> from kwavegan.config.attributes import Attributes
        >>> found = Attributes.of(("instrument", "velocity"), ("hat/soft", "kick/hard"))
        >>> found.labels
        ('hat/soft', 'kick/hard', 'hat/hard', 'kick/soft')
        >>> found.heard, found.codes[1], found.label({"velocity": "soft", "instrument": "kick"})
        (2, (1, 3), 'kick/soft')
    """

    names: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...]
    heard: int

    @classmethod
    def of(cls, names: Sequence[str], labels: Sequence[str]) -> "Attributes":
        """Return the attributes of a set.

        Args:
            names: of the attributes; none or one leave labels whole.
            labels: of the set, in index order; with several attributes, values between slashes.

        Raises:
            InputError: a label has another number of parts, there are too many combinations, or
                the files of two would have one name.
        """
        names, labels = tuple(names), tuple(labels)
        if len(names) < 2:
            return cls(names, (labels,) * len(names), labels, len(labels))
        parts = [label.split(SEPARATOR) for label in labels]
        for label, own in zip(labels, parts, strict=True):
            if len(own) != len(names):
                raise InputError(
                    f"{setting('attributes')}: {', '.join(names)} are {len(names)}, and the label"
                    f" {label!r} has {len(own)} values; give one of each"
                )
        values = tuple(tuple(dict.fromkeys(own[i] for own in parts)) for i in range(len(names)))
        count = prod(map(len, values))
        if count > MOST_COMBINATIONS:
            raise InputError(
                f"{setting('attributes')}: {', '.join(names)} have {count:,} combinations, and"
                f" {MOST_COMBINATIONS:,} are the most; leave one of them out"
            )
        every = dict.fromkeys([*labels, *map(SEPARATOR.join, product(*values))])
        _check_titles(every)
        return cls(names, values, tuple(every), len(labels))

    @property
    def codes(self) -> Codes:
        """For each label the numbers of its values; () where a label has no parts."""
        if len(self.names) < 2:
            return ()
        numbers: list[dict[str, int]] = []
        for own in self.values:
            first = sum(map(len, numbers))
            numbers.append({value: first + i for i, value in enumerate(own)})
        return tuple(
            tuple(of[value] for of, value in zip(numbers, label.split(SEPARATOR), strict=True))
            for label in self.labels
        )

    def label(self, asked: Mapping[str, str], model: str = "the model") -> str:
        """Return the label of one value of each attribute, heard or not.

        Args:
            asked: value by the attribute's name.
            model: what the message calls the model.

        Raises:
            InputError: an attribute is unknown or missing, or has no such value.
        """
        given = self._checked(asked, model)
        missing = next((name for name in self.names if name not in given), None)
        if missing is not None:
            values = ", ".join(self.values[self.names.index(missing)])
            raise InputError(f"{_named(missing)}: is not given; choose from {values}")
        return SEPARATOR.join(given[name] for name in self.names)

    def matching(self, asked: Mapping[str, str], model: str = "the model") -> tuple[str, ...]:
        """Return the labels that have the values: of all attributes one, of fewer those heard.

        Args:
            asked, model: as for `label`.

        Raises:
            InputError: an attribute is unknown or has no such value, or none of those heard has
                all the values.
        """
        given = self._checked(asked, model)
        if len(given) == len(self.names):
            return (self.label(given),)
        places = [(self.names.index(name), value) for name, value in given.items()]
        found = tuple(
            label
            for label in self.labels[: self.heard]
            if all(label.split(SEPARATOR)[place] == value for place, value in places)
        )
        if not found:
            name = next(name for name in self.names if name not in given)
            values = ", ".join(self.values[self.names.index(name)])
            raise InputError(
                f"{_named(name)}: none of the sounds that {model} learned from is"
                f" {SEPARATOR.join(given.values())}; choose one of {values} for a new combination"
            )
        return found

    def _checked(self, asked: Mapping[str, str], model: str) -> dict[str, str]:
        """Return the values by the attributes' own names."""
        by_spelling = {spelled_alike(name): name for name in self.names}
        given = {}
        for name, value in asked.items():
            own = by_spelling.get(spelled_alike(name))
            if own is None:
                known = ", ".join(self.names) or "none"
                raise InputError(
                    f"{_named(name)}: is no attribute of {model}; its attributes: {known}"
                )
            values = self.values[self.names.index(own)]
            if value not in values:
                raise InputError(
                    f"{_named(own)}: {value!r} is none of {model}'s; choose from"
                    f" {', '.join(values)}"
                )
            given[own] = value
        return given


def _named(attribute: str) -> str:
    """Name an attribute in a message: an option of the command line, a key in Python."""
    return setting(attribute.casefold().replace(" ", "_"))


def _check_titles(labels: Sequence[str] | Mapping[str, object]) -> None:
    titles: dict[str, str] = {}
    for label in labels:
        other = titles.setdefault(file_title(label).casefold(), label)
        if other != label:
            raise InputError(
                f"{setting('attributes')}: sounds of {other!r} and of {label!r} would be called"
                f" {file_title(label)} both; rename a value"
            )
