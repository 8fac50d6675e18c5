"""The manifest of a prepared folder: where each clip came from; and a summary counted from it."""

import csv
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path

from kwavegan.data.dataset import SPLITS

_EXAMPLES = 3  # names given with each problem

_ADVICE = {
    "not audio": "not audio that can be read; convert to WAV, FLAC, OGG, MP3 or AIFF",
    "empty": "no sound in the file",
    "truncated": "cut short or damaged; copy again from the original",
    "rate": "impossible sample rate in the header",
    "not finite": "NaN or infinite samples",
    "silent": "silent (a late start? --trim cuts silence first)",
    "short": "too short (--fit pad takes them)",
    "permission": "permission denied",
    "missing": "broken link",
    "unreadable": "cannot be read",
}

_NOTES = {
    "padded": "padded with silence",
    "cropped": "cut at the end (--fit slice keeps all)",
    "clipped": "louder than full scale, clipped (--normalize peak avoids it)",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One clip, or one file or slice that was left out.

    Attributes:
        source: file, below the source folder, with /.
        label: name; "" when unlabelled.
        split: "train", "validation" or "test".
        speaker: the part of the file name before `_nohash_`, or "".
        offset: of the clip in the file, in samples at the prepared rate.
        row: index in the split's arrays; -1 if left out.
        notes: some of "clipped", "padded", "cropped", joined by spaces.
        problem: why it was left out, a kind of `audio.AudioError`; "" if it was not.
        checksum: SHA-256 of the file; "" if it cannot be read.
        size: of the file, in bytes.
        mtime_ns: when it last changed, in nanoseconds of the system's clock.
    """

    source: str
    label: str
    split: str
    speaker: str
    offset: int
    row: int
    notes: str
    problem: str
    checksum: str
    size: int
    mtime_ns: int


_COLUMNS = tuple(column.name for column in fields(Row))

_NUMBERS = tuple(column.name for column in fields(Row) if column.type is int)


class ManifestWriter:
    """Write `manifest.csv`, row by row; a context manager."""

    def __init__(self, path: Path) -> None:
        # Names that are not UTF-8 pass through unchanged.
        self._file = path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(_COLUMNS)

    def __enter__(self) -> "ManifestWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, row: Row) -> None:
        """Append a row."""
        self._writer.writerow([getattr(row, name) for name in _COLUMNS])


def read_manifest(path: Path) -> Iterator[Row]:
    """Yield the rows of a `manifest.csv`.

    Raises:
        ValueError: damaged.
        OSError: it cannot be read.
    """
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != _COLUMNS:
            raise ValueError(f"{path}: unknown columns")
        for values in reader:
            if None in values.values() or None in values:
                raise ValueError(f"{path}: incomplete row")
            yield Row(**{**values, **{name: int(values[name]) for name in _NUMBERS}})


@dataclass
class Summary:
    """What a prepared folder holds, and what was left out of it.

    Attributes:
        files: audio files found.
        clips: clips made.
        seconds: of audio in all the clips.
        labels: in index order; () when unlabelled.
        counts: clips by label ("" when unlabelled), then by split.
        left_out: files and slices that gave no clip, by kind of problem.
        notes: clips that were "clipped", "padded" or "cropped".
        examples: up to three file names for each kind and note.
        outside: audio files beside the label folders, left out.
        decoded: files that this run decoded.
        reused: files whose clips this run took over from the run before.
        unchanged: nothing had changed, and nothing was written.
    """

    files: int = 0
    clips: int = 0
    seconds: float = 0.0
    labels: tuple[str, ...] = ()
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    outside: int = 0
    decoded: int = 0
    reused: int = 0
    unchanged: bool = False

    def start(self, labels: tuple[str, ...]) -> None:
        """Set the labels, with no clips yet."""
        self.labels = labels
        self.counts = {label: dict.fromkeys(SPLITS, 0) for label in labels or ("",)}

    def add(self, rows: Iterable[Row], clip_seconds: float) -> None:
        """Count the rows of one file."""
        self.files += 1
        for row in rows:
            if row.problem:
                self._count(self.left_out, row.problem, row.source)
                continue
            self.clips += 1
            self.seconds += clip_seconds
            self.counts[row.label][row.split] += 1
            for note in row.notes.split():
                self._count(self.notes, note, row.source)

    def _count(self, counter: Counter[str], kind: str, name: str) -> None:
        counter[kind] += 1
        names = self.examples.setdefault(kind, [])
        if len(names) < _EXAMPLES and name not in names:
            names.append(name)

    def warnings(self) -> list[str]:
        """One line for each thing that may surprise."""
        lines = [
            f"left out {count}: {_ADVICE.get(kind, kind)}{self._such_as(kind)}"
            for kind, count in self.left_out.most_common()
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
                where = f" for {', '.join(empty)}" if self.labels else ""
                lines.append(f"no {split} sounds{where}: the split by file name gave it none")
        return lines

    def _such_as(self, kind: str) -> str:
        names = [os.fsencode(name).decode("utf-8", "replace") for name in self.examples[kind]]
        return f" (such as {', '.join(names)})"

    def lines(self) -> list[str]:
        """The summary as text: a table of labels by splits, what was done, and warnings."""
        width = max(len(name) for name in (*self.counts, "label"))
        table = [f"{'label':{width}}" + "".join(f"{split:>12}" for split in SPLITS)]
        table += [
            f"{label or '(none)':{width}}" + "".join(f"{counts[split]:>12}" for split in SPLITS)
            for label, counts in self.counts.items()
        ]
        done = "nothing changed" if self.unchanged else f"{self.decoded} decoded"
        if self.reused and not self.unchanged:
            done += f", {self.reused} kept from before"
        total = f"{self.files} files ({done}) → {self.clips} clips, {_duration(self.seconds)}"
        notes = [
            f"{self.notes[note]} clips {_NOTES[note]}"
            for note in ("padded", "cropped")
            if self.notes[note]
        ]
        return [*table, total, *notes, *(f"warning: {line}" for line in self.warnings())]


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
