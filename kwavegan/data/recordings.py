"""The split of each file; of recordings that are cut, so that each is in one split where it can."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from kwavegan.data.manifest import ManifestRow
from kwavegan.data.prepare_settings import PrepareSettings
from kwavegan.data.scanner import Scan, Source, read_lists, speaker_of, split_of


@dataclass(frozen=True, slots=True)
class FileSplit:
    """The split of a file.

    Attributes:
        split: "train", "validation" or "test".
        fixed: whether the user chose it, by a folder or a list.
        shares: per cent of its pieces for validation and test, where they are not all in one split.
    """

    split: str
    fixed: bool = False
    shares: tuple[float, float] | None = None

    def of_clip(self, row: ManifestRow) -> str:
        """Return the split of a clip of the file, copies of it apart."""
        if self.shares is None:
            return self.split
        return split_of(f"{row.offset}@{PurePosixPath(row.source).name}", *self.shares)


def file_splits(src: Path, scan: Scan, settings: PrepareSettings) -> Callable[[Source], FileSplit]:
    """Return what tells a file's split: the lists, its folder, or a hash of its name.

    A split that has no folder is taken from that for training.

    Args:
        src: the folder.
        scan: its files.
        settings: of the preparation.

    Raises:
        InputError: the lists are missing.
    """
    one_of_each = cache(FileSplit)  # for a million files there are a few
    if settings.lists:
        lists = read_lists(src)
        return lambda source: one_of_each(lists.get(source.name, "train"), True)
    given = {source.split for source in scan.sources}
    validation = 0.0 if "validation" in given else settings.validation
    test = 0.0 if "test" in given else settings.test
    if settings.cut and not any(given):
        found = _of_recordings(scan.sources, validation, test)
        return lambda source: found[source.name]

    def of_file(source: Source) -> FileSplit:
        if source.split in ("validation", "test"):
            return one_of_each(source.split, True)
        return one_of_each(split_of(source.name, validation, test))

    return of_file


def _of_recordings(
    sources: Sequence[Source], validation: float, test: float
) -> dict[str, FileSplit]:
    """Return the split of each recording: of a label with one alone, its pieces are split.

    With few recordings a hash would often leave none for the test, or none to train on.
    """
    found: dict[str, FileSplit] = {}
    for label in {source.label for source in sources}:
        groups: dict[str, list[Source]] = {}
        for source in sources:
            if source.label == label:
                groups.setdefault(speaker_of(source.name) or source.name, []).append(source)
        if len(groups) == 1:
            splits = {name: FileSplit("train", shares=(validation, test)) for name in groups}
        else:
            splits = _balanced(groups, validation, test)
        for name, group in groups.items():
            found |= {source.name: splits[name] for source in group}
    return found


def _balanced(
    groups: dict[str, list[Source]], validation: float, test: float
) -> dict[str, FileSplit]:
    """Return the split of each group: that of its name, but the largest is trained on, and where
    the test would have none, it gets the smallest.
    """
    size = {name: (sum(s.size for s in group), name) for name, group in groups.items()}
    by_size = sorted(groups, key=lambda name: size[name])
    splits = {name: split_of(group[0].name, validation, test) for name, group in groups.items()}
    if "train" not in splits.values():
        splits[by_size[-1]] = "train"
    if test and "test" not in splits.values():
        others = [name for name in by_size if splits[name] != "train"]
        splits[(others or by_size)[0]] = "test"
    return {name: FileSplit(split) for name, split in splits.items()}
