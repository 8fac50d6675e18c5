"""What a prepared folder holds and what it leaves out, counted from the rows of its manifest."""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kwavegan.data.dataset import SPLITS
from kwavegan.data.manifest import ManifestRow
from kwavegan.errors import for_python, setting

_EXAMPLES = 3
"""Most file names that a warning lists."""

_PROBLEMS = {
    "not audio": "not audio that can be read; convert to WAV, FLAC, OGG, MP3 or AIFF",
    "empty": "no sound in the file",
    "truncated": "cut short or damaged; copy again from the original",
    "rate": "impossible sample rate in the header",
    "not finite": "NaN or infinite samples",
    "silent": f"silent (a late start? {setting('trim')} cuts silence first)",
    "short": f"too short ({setting('fit', 'pad')} takes them)",
    "permission": "permission denied",
    "missing": "broken link",
    "unreadable": "cannot be read",
}

_NOTES = {
    "padded": "padded with silence",
    "cropped": f"cut at the end ({setting('fit', 'slice')} keeps all)",
    "clipped": f"louder than full scale, clipped ({setting('normalize', 'peak')} avoids it)",
}


@dataclass(frozen=True)
class Summary:
    """What a prepared folder holds, and what it leaves out.

    Attributes:
        files: audio files in the source folder.
        clips: clips in the arrays.
        seconds: of audio in all the clips.
        labels: in index order; () without labels.
        counts: clips by label ("" without labels), then by split.
        problems: files and slices without a clip, by kind of problem.
        notes: clips that were "clipped", "padded" or "cropped".
        examples: up to three file names for each kind of problem and note.
        outside: audio files beside the label folders, which are left out.
        decoded: files that this preparation decoded.
        reused: files whose clips this preparation copied from the previous one.
        chosen: what of rate, length and channels was chosen for the folder, and why; or "".
        unchanged: whether nothing had changed, so that nothing was written.

    Example:
        >>> from kwavegan import PrepareSettings, prepare
        >>> settings = PrepareSettings(rate=16384, length=4096, channels=1)
        >>> summary = prepare("recordings", "summed", settings)
        >>> summary.lines()[-1]
        '60 files (60 decoded) → 60 clips, 15.0 s'
    """

    files: int
    clips: int
    seconds: float
    labels: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    problems: Counter[str]
    notes: Counter[str]
    examples: dict[str, list[str]]
    outside: int
    decoded: int
    reused: int
    chosen: str
    unchanged: bool

    def clips_by_split(self) -> dict[str, int]:
        """Return the number of clips in each split."""
        return {split: sum(count[split] for count in self.counts.values()) for split in SPLITS}

    def warnings(self, spell: Callable[[str], str] = for_python) -> list[str]:
        """Return one line for each thing that may surprise.

        Args:
            spell: spells the settings in a line, such as `kwavegan.errors.for_command_line`.
        """
        lines = [
            f"left out {count}: {_PROBLEMS.get(kind, kind)}{self._such_as(kind)}"
            for kind, count in self.problems.most_common()
        ]
        if self.outside:
            lines.append(f"left out {self.outside}: beside the label folders, so without a label")
        if self.notes["clipped"]:
            lines.append(
                f"{self.notes['clipped']} clips {_NOTES['clipped']}{self._such_as('clipped')}"
            )
        for split in ("validation", "test"):
            empty = [label for label, counts in self.counts.items() if not counts[split]]
            if empty:
                labels = f" for {', '.join(empty)}" if self.labels else ""
                lines.append(f"no {split} sounds{labels}: the split by file name gave it none")
        return [spell(line) for line in lines]

    def lines(self, spell: Callable[[str], str] = for_python) -> list[str]:
        """Return the summary as text: labels by splits, what was done, and warnings.

        Args:
            spell: as for `warnings`.
        """
        notes = [
            spell(f"{self.notes[note]} clips {_NOTES[note]}")
            for note in ("padded", "cropped")
            if self.notes[note]
        ]
        warnings = [f"warning: {line}" for line in self.warnings(spell)]
        chosen = [self.chosen] * bool(self.chosen)
        return [*self._table(), self._total(), *chosen, *notes, *warnings]

    def _table(self) -> list[str]:
        width = max(len(name) for name in (*self.counts, "label"))
        heading = f"{'label':{width}}" + "".join(f"{split:>12}" for split in SPLITS)
        rows = [
            f"{label or '(none)':{width}}" + "".join(f"{counts[split]:>12}" for split in SPLITS)
            for label, counts in self.counts.items()
        ]
        return [heading, *rows]

    def _total(self) -> str:
        done = "nothing changed" if self.unchanged else f"{self.decoded} decoded"
        if self.reused and not self.unchanged:
            done += f", {self.reused} kept from before"
        return f"{self.files} files ({done}) → {self.clips} clips, {_duration(self.seconds)}"

    def _such_as(self, kind: str) -> str:
        names = [os.fsencode(name).decode("utf-8", "replace") for name in self.examples[kind]]
        return f" (such as {', '.join(names)})"


class SummaryCounter:
    """Counts the files of a preparation, one after the other, towards a `Summary`.

    Args:
        labels: in index order; () without labels.
        clip_seconds: duration of a clip.
    """

    def __init__(self, labels: tuple[str, ...], clip_seconds: float) -> None:
        self._labels, self._clip_seconds = labels, clip_seconds
        self._counts = {label: dict.fromkeys(SPLITS, 0) for label in labels or ("",)}
        self._files: Counter[bool] = Counter()
        self._problems: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def add(self, rows: Iterable[ManifestRow], decoded: bool) -> None:
        """Count the rows of one file, which was decoded, or copied from the last preparation."""
        self._files[decoded] += 1
        for row in rows:
            if row.problem:
                self._count(self._problems, row.problem, row.source)
                continue
            self._counts[row.label][row.split] += 1
            for note in row.notes:
                self._count(self._notes, note, row.source)

    def summary(self, outside: int, chosen: str = "", unchanged: bool = False) -> Summary:
        """Return the summary of the files so far."""
        clips = sum(sum(splits.values()) for splits in self._counts.values())
        return Summary(
            files=self._files.total(),
            clips=clips,
            seconds=clips * self._clip_seconds,
            labels=self._labels,
            counts=self._counts,
            problems=self._problems,
            notes=self._notes,
            examples=self._examples,
            outside=outside,
            decoded=self._files[True],
            reused=self._files[False],
            chosen=chosen,
            unchanged=unchanged,
        )

    def _count(self, counter: Counter[str], kind: str, name: str) -> None:
        counter[kind] += 1
        names = self._examples.setdefault(kind, [])
        if len(names) < _EXAMPLES and name not in names:
            names.append(name)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
