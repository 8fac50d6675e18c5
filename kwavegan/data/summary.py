"""What a prepared folder holds and what it leaves out, counted from the rows of its manifest."""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kwavegan.data.copies import Copies
from kwavegan.data.manifest import SPLITS, ManifestRow
from kwavegan.data.scanner import Scan
from kwavegan.errors import for_python, setting

_EXAMPLES = 3
"""Most file names that a warning lists."""

PROBLEMS = {
    "not audio": "not audio that can be read; convert to WAV, FLAC, OGG, MP3 or AIFF",
    "formats": "of formats that need more: pip install 'kwavegan[formats]'",
    "pointer": "a pointer of Git LFS or git-annex, not the sound; fetch it with git lfs pull or"
    " git annex get",
    "download": "a web page or an archive, not a sound; download it again or unpack it",
    "empty": "no sound in the file",
    "truncated": "cut short or damaged; copy again from the original",
    "rate": "impossible sample rate in the header",
    "not finite": "NaN or infinite samples",
    "silent": f"silent (a late start? {setting('trim')} cuts silence first)",
    "cancels": f"silent in mono, as the channels cancel out ({setting('channels', 2)} keeps them)",
    "short": f"too short ({setting('fit', 'pad')} takes them)",
    "steady": "nothing that stands out from the noise",
    "scrap": "pieces too short or too quiet to be sounds",
    "permission": "permission denied",
    "missing": "broken link",
    "unreadable": "cannot be read",
}
"""Why files are left out, by the kind of an `AudioError`."""

_NOTES = {
    "padded": "padded with silence",
    "cropped": f"cut at the end ({setting('fit', 'slice')} keeps all)",
    "mixed": "mixed down from more than two channels",
    "faint": "raised from below -80 dBFS",
}
"""What was done to clips."""

_WARNINGS = {
    "clipped": f"louder than full scale, clipped ({setting('normalize', 'peak')} avoids it)",
    "header": "of files whose headers state another length: read to the end of the sound",
    "unread": "of files that hold more than was read: joined sounds of other rates, or tracks",
}
"""What may surprise about clips."""


@dataclass(frozen=True)
class Summary:
    """What a prepared folder holds, and what it leaves out.

    Attributes:
        files: audio files in the source folder.
        clips: clips in the arrays.
        seconds: of audio in all the clips.
        labels: in index order; () without labels.
        counts: clips by label ("" without labels), then by split.
        left_out: files and slices without a clip, by label, then by kind of problem.
        notes: clips by what is to be said of them, such as "clipped"; see `manifest.csv`.
        examples: up to three file names for each kind of problem and note.
        copies: clips that are copies of another one, and are in the same split.
        across: those of them that have another label.
        pairs: up to three pairs of files with equal sounds.
        scan: what was found in the source folder.
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
    left_out: dict[str, Counter[str]]
    notes: Counter[str]
    examples: dict[str, list[str]]
    copies: int
    across: int
    pairs: list[tuple[str, str]]
    scan: Scan
    decoded: int
    reused: int
    chosen: str
    unchanged: bool

    @property
    def problems(self) -> Counter[str]:
        """Files and slices without a clip, by kind of problem."""
        return sum(self.left_out.values(), Counter())

    @property
    def outside(self) -> int:
        """Audio files without a label beside those that have one; left out."""
        return self.scan.outside

    def clips_by_split(self) -> dict[str, int]:
        """Return the number of clips in each split."""
        return {split: sum(count[split] for count in self.counts.values()) for split in SPLITS}

    def left_out_lines(self, label: str | None = None) -> list[str]:
        """Return a line for each kind of problem, of one label or of all; settings not spelled."""
        problems = self.problems if label is None else self.left_out[label]
        return [
            f"left out {count}: {PROBLEMS.get(kind, kind)}{self._such_as(kind, label)}"
            for kind, count in problems.most_common()
        ]

    def warnings(self, spell: Callable[[str], str] = for_python) -> list[str]:
        """Return one line for each thing that may surprise.

        Args:
            spell: spells the settings in a line, such as `kwavegan.errors.for_command_line`.
        """
        lines = self.left_out_lines()
        if self.outside:
            lines.append(f"left out {self.outside}: {self.scan.why_outside}")
        lines += self.scan.warned
        if self.scan.empty:
            lines.append(f"no audio in {', '.join(self.scan.empty)}: so no such label")
        lines += [
            f"{self.notes[note]} clips {text}{self._such_as(note)}"
            for note, text in _WARNINGS.items()
            if self.notes[note]
        ]
        if self.across:
            lines.append(f"{self.across} sounds are in several labels{self._pairs()}")
        for split in ("validation", "test"):
            empty = [label for label, counts in self.counts.items() if not counts[split]]
            if empty:
                labels = f" for {', '.join(empty)}" if self.labels else ""
                lines.append(f"no {split} sounds{labels}: the split gave it none")
        return [spell(line) for line in lines]

    def remarks(self, spell: Callable[[str], str] = for_python) -> list[str]:
        """Return what was chosen, done, passed over and left out, a line each.

        Args:
            spell: as for `warnings`.
        """
        notes = [f"{self.notes[note]} clips {_NOTES[note]}" for note in _NOTES if self.notes[note]]
        if self.copies:
            pairs = "" if self.across else self._pairs()
            notes.append(f"{self.copies} clips are copies of another, in the same split{pairs}")
        if self.scan.others:
            ends = [f".{end}" if end else "no ending" for end, _ in self.scan.others.most_common(5)]
            total = self.scan.others.total()
            notes.append(f"{total} files are not audio, and passed over ({', '.join(ends)})")
        warnings = [f"warning: {line}" for line in self.warnings(spell)]
        chosen = [self.chosen] * bool(self.chosen) + list(self.scan.said)
        return [*map(spell, chosen), *warnings, *map(spell, notes)]

    def lines(self, spell: Callable[[str], str] = for_python) -> list[str]:
        """Return the summary as text: labels by splits, what was done, and remarks.

        Args:
            spell: as for `warnings`.
        """
        return [*self._table(), self._total(), *self.remarks(spell)]

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

    def _such_as(self, kind: str, label: str | None = None) -> str:
        names = self.examples.get(kind, [])
        if label:
            names = self.examples.get(f"{label}/{kind}", [])
        return f" (such as {', '.join(map(_printed, names))})"

    def _pairs(self) -> str:
        pairs = [f"{_printed(one)} and {_printed(other)}" for one, other in self.pairs]
        return f" (such as {', '.join(pairs)})"


class SummaryCounter:
    """Counts the files of a preparation, one after the other, towards a `Summary`.

    Args:
        scan: of the source folder.
        clip_seconds: duration of a clip.
    """

    def __init__(self, scan: Scan, clip_seconds: float) -> None:
        self._scan, self._clip_seconds = scan, clip_seconds
        labels = scan.labels or ("",)
        self._counts = {label: dict.fromkeys(SPLITS, 0) for label in labels}
        self._left_out: dict[str, Counter[str]] = {label: Counter() for label in labels}
        self._files: Counter[bool] = Counter()
        self._notes: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def add(self, rows: Iterable[ManifestRow], decoded: bool) -> None:
        """Count the rows of one file, which was decoded, or copied from the last preparation."""
        self._files[decoded] += 1
        for row in rows:
            if row.problem:
                self._left_out[row.label][row.problem] += 1
                self._show(row.problem, row.source)
                self._show(f"{row.label}/{row.problem}", row.source)
                continue
            self._counts[row.label][row.split] += 1
            for note in row.notes:
                self._notes[note] += 1
                self._show(note, row.source)

    def move(self, row: ManifestRow, split: str) -> None:
        """Count a clip that was counted already in another split."""
        self._counts[row.label][row.split] -= 1
        self._counts[row.label][split] += 1

    def summary(self, copies: Copies, chosen: str = "", unchanged: bool = False) -> Summary:
        """Return the summary of the files so far."""
        clips = sum(sum(splits.values()) for splits in self._counts.values())
        return Summary(
            files=self._files.total(),
            clips=clips,
            seconds=clips * self._clip_seconds,
            labels=self._scan.labels,
            counts=self._counts,
            left_out=self._left_out,
            notes=self._notes,
            examples=self._examples,
            copies=copies.count,
            across=copies.across,
            pairs=copies.examples,
            scan=self._scan,
            decoded=self._files[True],
            reused=self._files[False],
            chosen=chosen,
            unchanged=unchanged,
        )

    def _show(self, kind: str, name: str) -> None:
        names = self._examples.setdefault(kind, [])
        if len(names) < _EXAMPLES and name not in names:
            names.append(name)


def _printed(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
