"""Sounds in tar archives, as WebDataset has them: `key.wav`, with its label in `key.cls` or
`key.json` beside it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from kwavegan.audio.recognition import is_audio_name
from kwavegan.config.attributes import SEPARATOR
from kwavegan.data.labelling import Labelled, Place, checked_names, examples
from kwavegan.data.members import Member, blocks_of
from kwavegan.data.metadata_labels import LABEL, as_label
from kwavegan.data.split_folders import listed
from kwavegan.errors import InputError, setting
from kwavegan.storage.reading import parse_json
from kwavegan.storage.tars import TarMember, tar_members

ENDING = "tar"

_MOST_SOUND = 1 << 30
"""Bytes of a sound: each is a temporary file for a moment."""

_MOST_LABEL = 1 << 20
"""Bytes of a `key.cls` or `key.json`."""

_CLASS = "cls"


@dataclass(frozen=True, slots=True)
class ShardFile:
    """A file in an archive; `name` is the archive's name below the folder, /, and its own.

    Attributes:
        archive: the archive's name below the folder.
        member: where it lies there.
        audio: whether it is a sound.
    """

    archive: str
    member: TarMember
    audio: bool

    @property
    def name(self) -> str:
        """The file's path below the folder, as if the archive were one."""
        return f"{self.archive}/{self.member.name}"


@dataclass
class Shards:
    """What archives hold.

    Attributes:
        files: in them, those that say labels apart.
        labels: of keys, a value for each column; a key is a sound's name up to its first dot.
    """

    files: list[ShardFile] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)


class ShardLabels:
    """A label is what a sound's `.cls` or `.json` says.

    Args:
        shards: what the archives hold.
        attributes: the fields of the JSON that were read; () for a label as a whole.
    """

    def __init__(self, shards: Shards, attributes: Sequence[str] = ()) -> None:
        self.attributes = checked_names(attributes, setting("attributes"))
        self._labels = shards.labels

    def label(self, folder: str, places: Sequence[Place]) -> Labelled:
        """See `kwavegan.data.labelling.Labelling`."""
        keys = {place.name: key_of(place.name) for place in places}
        labels = {name: self._labels[key] for name, key in keys.items() if key in self._labels}
        silent = self._labels.keys() - keys.values()
        named = f"the field {listed(self.attributes or (LABEL,))} in .json"
        told = named if self.attributes else f".{_CLASS} or {named}"
        if not labels:
            raise InputError(f"{folder}: none of its sounds has {told} of its key in its archive")
        rest = examples([place.name for place in places if place.name not in labels])
        warned = (
            f"{len(silent)} keys have a label and no sound{examples(sorted(silent))}"
            if silent
            else ""
        )
        return Labelled(
            labels,
            f"without {told}{rest}",
            said=(f"labels are taken from the archives: {told} of each key",),
            warned=(warned,) if warned else (),
        )


def key_of(name: str) -> str:
    """Return the key that the files of a sound share: its path up to the name's first dot."""
    folder, slash, base = name.rpartition("/")
    return folder + slash + base.partition(".")[0]


def read_shards(folder: Path, archives: Sequence[str], attributes: Sequence[str] = ()) -> Shards:
    """Look into tar archives.

    Args:
        folder: the folder of audio.
        archives: their names below it.
        attributes: the fields of a sound's JSON that say its label; () for `.cls`, or the field
            `label`.

    Raises:
        InputError: an archive cannot be read, is hostile, has a name twice, or a label that is
            none.
    """
    shards = Shards()
    for archive in archives:
        _read_shard(folder, archive, attributes, shards)
    return shards


def _read_shard(folder: Path, archive: str, attributes: Sequence[str], shards: Shards) -> None:
    names: Counter[str] = Counter()
    from_json: dict[str, str] = {}
    path = folder / archive
    for member in tar_members(path):
        names[member.name] += 1
        if names[member.name] > 1:
            raise InputError(f"{path}: holds {member.name} twice; keep one")
        if is_hidden(member.name):
            continue
        key = f"{archive}/{key_of(member.name)}"
        kind = PurePosixPath(member.name).name.partition(".")[2].lower()
        if kind == _CLASS:
            if not attributes:
                text = _read(path, member).decode("utf-8", "replace")
                shards.labels[key] = as_label(text, f"{path}/{member.name}", "its sound")
        elif kind == "json":
            if label := _label_in_json(path, member, attributes or (LABEL,)):
                from_json[key] = label
        else:
            shards.files.append(_file(path, archive, member))
    for key, label in from_json.items():
        shards.labels.setdefault(key, label)


def _file(path: Path, archive: str, member: TarMember) -> ShardFile:
    audio = is_audio_name(member.name)
    if audio and member.size > _MOST_SOUND:
        raise InputError(
            f"{path}/{member.name}: larger than {_MOST_SOUND >> 30} GB, the most that is read from"
            " an archive; unpack it"
        )
    return ShardFile(archive, member, audio)


def is_hidden(name: str) -> bool:
    """Return whether a scan would pass over a file, or over a folder that it lies in."""
    *folders, base = name.split("/")
    return base.startswith(".") or any(
        each.startswith(("_", ".")) for each in folders if each != ".."
    )


def _label_in_json(path: Path, member: TarMember, fields: Sequence[str]) -> str:
    """Return the label that a JSON object says, or ""."""
    place = f"{path}/{member.name}"
    try:
        value = parse_json(_read(path, member))
    except ValueError as error:
        raise InputError(f"{place}: no JSON: {error}; write it anew") from error
    if not isinstance(value, dict) or not set(fields) <= value.keys():
        return ""
    parts = (as_label(value[name], f"{place}, field {name}", "its sound") for name in fields)
    return SEPARATOR.join(parts)


def _read(path: Path, member: TarMember) -> bytes:
    """Return the bytes of a small member."""
    if member.size > _MOST_LABEL:
        raise InputError(f"{path}/{member.name}: larger than {_MOST_LABEL >> 20} MB; shorten it")
    return b"".join(blocks_of(Member(path, member.offset, member.size, member.name)))
