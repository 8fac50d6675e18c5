"""Equal sounds: all copies of one are in one split, so that none is both learned and judged."""

from array import array

from kwavegan.data.manifest import ManifestRow

_FIXED = ("test", "validation", "train")
_DRAWN = ("train", "validation", "test")
"""Splits by how strongly they draw a sound: those that the user fixed, and those of file names.

What the user keeps for the test is not learned. What a name's hash puts there by chance may be: a
label of one sound, copied, would have none to learn otherwise.
"""

_CHANCE = 2  # the rank from which on a split is not fixed

_EXAMPLES = 3
"""Most pairs of files that are kept for a warning."""


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
        # A million sounds as objects would be twice as large.
        self._sounds: dict[int, int] = {}
        self._ranks = array("b")
        self._labels: list[str] = []
        self._sources: list[str] = []
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
        rank = _FIXED.index(split) if fixed and split != "train" else _CHANCE + _DRAWN.index(split)
        if not row.sound:
            return split
        first = self._sounds.setdefault(int(row.sound, 16), len(self._ranks))
        if first == len(self._ranks):
            self._ranks.append(rank)
            self._labels.append(row.label)
            self._sources.append(row.source)
            return split
        if rank < self._ranks[first]:
            self.late |= split != self._split(first)
            self._ranks[first] = rank
        if row.source != self._sources[first]:
            other = row.label != self._labels[first]
            self.count += 1
            self.across += other
            if len(self._pairs[other]) < _EXAMPLES:
                self._pairs[other].append((self._sources[first], row.source))
        return self._split(first)

    def split_of(self, row: ManifestRow, split: str) -> str:
        """Return the split of a clip that was added; `split` for a row without one."""
        return self._split(self._sounds[int(row.sound, 16)]) if row.sound else split

    def _split(self, place: int) -> str:
        """Return the split that a rank of `add` stands for."""
        rank = self._ranks[place]
        return _FIXED[rank] if rank < _CHANCE else _DRAWN[rank - _CHANCE]
