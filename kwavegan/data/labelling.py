"""What tells the label of a file: the folders it lies in, or a pattern of its name.

A table is in `kwavegan.data.label_table`.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kwavegan.config.attributes import SEPARATOR, TAKEN_OPTIONS, spelled_alike
from kwavegan.data.split_folders import listed
from kwavegan.errors import InputError, setting


@dataclass(frozen=True, slots=True)
class Place:
    """Where an audio file lies.

    Attributes:
        name: its path below the folder, with /.
        inner: the same without the folder that says its split.
    """

    name: str
    inner: str


@dataclass(frozen=True)
class Labelled:
    """The labels of files.

    Attributes:
        labels: of each file that has one, by the name of its place.
        outside: why the other files have none, in words.
        said: what was taken for what, in lines.
        warned: what may surprise, in lines.
    """

    labels: Mapping[str, str]
    outside: str
    said: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()


class Labelling(Protocol):
    """Tells the labels of files."""

    attributes: tuple[str, ...]
    """What the parts of a label say; () for a label as a whole."""

    def label(self, folder: str, places: Sequence[Place]) -> Labelled:
        """Return the labels of the audio files of a folder.

        Raises:
            InputError: none has a label, or what tells them contradicts itself.
        """


class FolderLabels:
    """A label is the folder that a file lies in, or the first few, one for each attribute.

    Args:
        attributes: of the levels of folders, from the top; () for one level without a name.
    """

    def __init__(self, attributes: Sequence[str] = ()) -> None:
        self.attributes = checked_names(attributes, setting("attributes"))
        self._levels = max(1, len(self.attributes))

    def label(self, folder: str, places: Sequence[Place]) -> Labelled:
        """See `Labelling`; without names, files of no label at all are no error."""
        labels: dict[str, str] = {}
        for place in places:
            folders = place.inner.split(SEPARATOR)[:-1]
            if len(folders) >= self._levels:
                # Of a million files of ten labels, each label is in memory once.
                labels[place.name] = sys.intern(SEPARATOR.join(folders[: self._levels]))
        if self.attributes and not labels:
            deep = f"{self._levels} folders" if self._levels > 1 else "a folder"
            raise InputError(
                f"{setting('attributes')}: no sound of {folder} lies {deep} deep, one for each of"
                f" {', '.join(self.attributes)} (such as {places[0].name})"
            )
        if self._levels == 1:
            return Labelled(labels, "beside the label folders, so without a label")
        near = examples([place.name for place in places if place.name not in labels])
        return Labelled(labels, f"not in a folder for each of {listed(self.attributes)}{near}")


_FIELD = re.compile(r"\{([^{}:]+)(?::([^{}]+))?\}|\*\*|\*|\?")

_WILD = {"**": ".*", "*": "[^/]*", "?": "[^/]"}


class PatternLabels:
    """A label is what stands in the place of `{attribute}` in the name of a file.

    Args:
        pattern: as `prepare --label-pattern` takes it: `{instrument}-{velocity}-*.wav`; a field is
            as short as it can be, or one of the words that it lists, `{velocity:soft|hard}`; `*`
            is anything within a name, `**` also folders. With a slash it is that of the path.

    Raises:
        InputError: the pattern has no field, or an open brace.

    Example:
        >>> from kwavegan.data.labelling import PatternLabels, Place
        >>> names = ["kick-hard-01.wav", "kick-soft-01.wav", "notes.wav"]
        >>> places = [Place(name, name) for name in names]
        >>> pattern = PatternLabels("{instrument}-{velocity}-*.wav")
        >>> pattern.attributes, pattern.label("sounds", places).labels["kick-soft-01.wav"]
        (('instrument', 'velocity'), 'kick/soft')
    """

    def __init__(self, pattern: str) -> None:
        self._pattern, spelled = pattern, setting("label_pattern")
        self._groups: dict[str, str] = {}
        text, end = "", 0
        for match in _FIELD.finditer(pattern):
            text += re.escape(pattern[end : match.start()]) + self._part(match)
            end = match.end()
        rest = _FIELD.sub("", pattern)
        if not self._groups or "{" in rest or "}" in rest:
            raise InputError(
                f"{spelled}: {pattern!r} names no attribute in braces; write one where a file's"
                " name says it, such as {label}-*.wav"
            )
        self._regex = re.compile(text + re.escape(pattern[end:]), re.IGNORECASE)
        self.attributes = checked_names(tuple(self._groups), spelled)

    def _part(self, match: re.Match[str]) -> str:
        """Return the regular expression of a field or of a wildcard."""
        field, words = match[1], match[2]
        if field is None:
            return _WILD[match[0]]
        name = field.strip()
        if name in self._groups:
            return f"(?P={self._groups[name]})"
        group = self._groups[name] = f"a{len(self._groups)}"
        allowed = "|".join(map(re.escape, words.split("|"))) if words else "[^/]+?"
        return f"(?P<{group}>{allowed})"

    def label(self, folder: str, places: Sequence[Place]) -> Labelled:
        """See `Labelling`."""
        whole = SEPARATOR in self._pattern
        labels = {}
        for place in places:
            text = place.inner if whole else place.inner.rsplit(SEPARATOR, 1)[-1]
            if match := self._regex.fullmatch(text):
                labels[place.name] = SEPARATOR.join(match.groups())
        others = examples([place.name for place in places if place.name not in labels])
        if not labels:
            raise InputError(
                f"{setting('label_pattern')}: {self._pattern!r} matches none of the {len(places)}"
                f" audio files of {folder}{others}"
            )
        first = min(labels)
        values = labels[first].split(SEPARATOR)
        read = ", ".join(f"{n} {v}" for n, v in zip(self.attributes, values, strict=True))
        said = f"{self._pattern!r} matches {len(labels)} of {len(places)} files: {first} is {read}"
        return Labelled(labels, f"not matched by {self._pattern!r}{others}", (said,))


def checked_names(names: Sequence[str], spelled: str) -> tuple[str, ...]:
    """Return the names of attributes, each usable as an option of `generate`.

    Raises:
        InputError: one is empty, looks like none, or is an option that says something else, or two
            are spelled alike.
    """
    seen: dict[str, str] = {}
    for name in names:
        if not re.fullmatch(r"\w[\w -]*", name):
            raise InputError(
                f"{spelled}: {name!r} is no name for an attribute; take letters, digits, - and _"
            )
        if spelled_alike(name) in TAKEN_OPTIONS:
            raise InputError(
                f"{spelled}: {name!r} would be the option {spelled_alike(name)} of generate, which"
                " says something else; rename it"
            )
        if (other := seen.setdefault(spelled_alike(name), name)) != name or names.count(name) > 1:
            raise InputError(f"{spelled}: {other!r} and {name!r} are one name; rename one")
    return tuple(names)


def examples(names: Sequence[str]) -> str:
    """Return the first few names as a remark in brackets; "" for none."""
    return f" (such as {', '.join(names[:3])})" if names else ""
