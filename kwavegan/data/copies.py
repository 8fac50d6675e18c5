"""Equal sounds: all copies of one are in one split, so that none is both learned and judged."""

from dataclasses import dataclass

from kwavegan.data.manifest import ManifestRow

_FIXED = ("test", "validation", "train")
_DRAWN = ("train", "validation", "test")
"""Splits by how strongly they draw a sound: those that the user fixed, and those of file names.

What the user keeps for the test is not learned. What a name's hash puts there by chance may be: a
label of one sound, copied, would have none to learn otherwise.
"""

_EXAMPLES = 3
"""Most pairs of files that are kept for a warning."""


@dataclass(slots=True)
class _Sound:
    """A sound that was met: its split, and where it was met first."""

    split: str
    rank: int
    label: str
    source: str


class Copies:
    """Finds equal clips, and the split of each: the strongest of those of its copies.

    Attributes:
        count: clips that are copies of another one.
        across: copies whose label is another than that of the first.
        late: whether a clip's split changed after `add` had given it.
    """

    def __init__(self) -> None:
        self.count = self.across = 0
        self.late = False
        self._sounds: dict[int, _Sound] = {}
        self._pairs: dict[bool, list[tuple[str, str]]] = {True: [], False: []}

    @property
    def examples(self) -> list[tuple[str, str]]:
        """Up to three pairs of files, the first and its copy; of other labels if there are any."""
        return self._pairs[bool(self.across)]

    def add(self, row: ManifestRow, split: str, fixed: bool) -> str:
        """Take in a clip; return the split of all its copies so far.

        Args:
            row: of the clip.
            split: of its file.
            fixed: whether the user chose that split.
        """
        rank = _FIXED.index(split) if fixed and split != "train" else 2 + _DRAWN.index(split)
        if not row.sound:
            return split
        key = int(row.sound, 16)
        first = self._sounds.get(key)
        if first is None:
            self._sounds[key] = _Sound(split, rank, row.label, row.source)
            return split
        if rank < first.rank:
            self.late |= split != first.split
            first.split, first.rank = split, rank
        if row.source != first.source:
            other = row.label != first.label
            self.count += 1
            self.across += other
            if len(self._pairs[other]) < _EXAMPLES:
                self._pairs[other].append((first.source, row.source))
        return first.split

    def split_of(self, row: ManifestRow, split: str) -> str:
        """Return the split of a clip that was added; `split` for a row without one."""
        return self._sounds[int(row.sound, 16)].split if row.sound else split
