"""Folders that are a split, `train` and `test` for instance: their sounds are split already."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

NAMES = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "dev", "development"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation"), "test"),
}
"""Names of folders, in small letters, and the splits that they mean."""


@dataclass(frozen=True)
class SplitFolders:
    """Folders that are the split.

    Attributes:
        depth: 0 where they lie directly in the folder, with the labels inside; 1 where each label's
            folder holds them.
        splits: folder's name → "train", "validation" or "test".
    """

    depth: int
    splits: Mapping[str, str]


def find_split_folders(names: Iterable[str]) -> SplitFolders | None:
    """Find the folders that are a split: all of one depth, one for training and another.

    Args:
        names: of the audio files, paths with /.
    """
    paths = [parts for parts in (name.split("/") for name in names) if len(parts) > 1]
    for depth in (0, 1):
        folders = {path[depth] for path in paths if len(path) > depth + 1}
        everywhere = all(len(path) > depth + 1 for path in paths)
        if everywhere and meant_as_split(folders) == len(folders) > 0:
            return SplitFolders(depth, {name: NAMES[name.lower()] for name in sorted(folders)})
    return None


def meant_as_split(folders: Iterable[str]) -> int:
    """Return how many of the folders look like a split; 0 unless one is for training."""
    splits = [NAMES[name.lower()] for name in folders if name.lower() in NAMES]
    return len(splits) if "train" in splits and len(set(splits)) > 1 else 0


def listed(names: Sequence[str]) -> str:
    """Join names: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
