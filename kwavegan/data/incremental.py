"""Decide which clips of a prepared folder still hold when its source is prepared again."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kwavegan.audio import containers
from kwavegan.data.copies import Copies
from kwavegan.data.dataset import is_prepared, open_dataset, read_settings
from kwavegan.data.decode import checksum
from kwavegan.data.manifest import ManifestRow, read_manifest
from kwavegan.data.members import as_file
from kwavegan.data.recordings import FileSplit
from kwavegan.data.scanner import Scan, Source
from kwavegan.errors import InputError

_RETRY = ("permission", "unreadable")
"""Problems that may go away without a change of the file."""


_CLOCK_NS = 2_000_000_000
"""Nanoseconds by which the clocks of two file systems, or their grains, may differ."""


_AHEAD_NS = 60_000_000_000
"""Nanoseconds by which the clock of another machine may be ahead and yet be right."""


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A source file and its place in the prepared folder.

    Attributes:
        source: the file.
        label: its label's name; "" without labels.
        split: where its clips belong; one with a copy may be in another.
        reusable: its rows of the last preparation; None if the file must be decoded.
    """

    source: Source
    label: str
    split: FileSplit
    reusable: list[ManifestRow] | None


def previous_rows(out: Path, stored: Mapping[str, Any]) -> dict[str, list[ManifestRow]]:
    """Return the rows of the last preparation by source.

    There are none for a new or damaged folder, or one of other clip settings.

    Args:
        out: the prepared folder.
        stored: what its `settings.json` will hold.
    """
    rows: dict[str, list[ManifestRow]] = {}
    if not is_prepared(out):
        return rows
    try:
        old = open_dataset(out)
        if read_settings(out).get("clip_settings") != stored["clip_settings"]:
            return rows
        for row in read_manifest(out / "manifest.csv"):
            if not row.problem and not 0 <= row.row < len(getattr(old, row.split)):
                return {}
            rows.setdefault(row.source, []).append(row)
    except (InputError, OSError, ValueError):
        return {}  # damaged, so none of its rows is reliable
    return rows


def trusted_until(out: Path, stored: Mapping[str, Any]) -> int:
    """Return the time, in nanoseconds, of the last preparation of the same folder of audio; or 0.

    A file that the system says has not been touched since then, of equal size and time, has not
    changed. It is 0 too where that time is still to come: a clock was wrong, and says nothing.
    """
    try:
        if read_settings(out).get("source") != stored["source"]:
            return 0
        prepared = (out / "settings.json").stat().st_mtime_ns
    except (InputError, OSError):
        return 0
    return prepared - _CLOCK_NS if prepared < time.time_ns() + _AHEAD_NS else 0


def make_plan(
    src: Path,
    scan: Scan,
    split: Callable[[Source], FileSplit],
    previous: dict[str, list[ManifestRow]],
    trusted: int,
    strict: bool,
) -> list[PlannedFile]:
    """Decide for each source its label and split, and whether its previous rows still hold.

    Args:
        src: the source folder.
        scan: its files.
        split: takes a source, returns where its clips belong.
        previous: see `previous_rows`.
        trusted: see `trusted_until`.
        strict: whether files with problems are decoded again, so that the problem is raised.
    """
    plan = []
    for source in scan.sources:
        label = scan.labels[source.label] if scan.labels else ""
        rows = previous.get(source.name)
        holds = rows and _still_holds(src, source, rows, strict, trusted)
        plan.append(PlannedFile(source, label, split(source), rows if holds else None))
    return plan


def _still_holds(
    src: Path, source: Source, rows: list[ManifestRow], strict: bool, trusted: int
) -> bool:
    """Return whether a file has not changed since `rows` were made from it."""
    row = rows[0]
    if strict and any(row.problem for row in rows):
        return False
    if row.problem in _RETRY and _checksum(src, source):
        return False  # the file is readable now
    if row.problem == "formats" and containers.available():
        return False  # the extra has been installed
    if row.size != source.size:
        return False
    if row.mtime_ns == source.mtime_ns and source.changed_ns < trusted:
        return True
    return bool(row.checksum) and row.checksum == _checksum(src, source)


def _checksum(src: Path, source: Source) -> str:
    with as_file(source.stored(src)) as path:
        return checksum(path)


def copies_in(plan: list[PlannedFile]) -> Copies:
    """Find the copies among the reusable rows of a plan."""
    copies = Copies()
    for file in plan:
        for row in file.reusable or ():
            copies.add(row, file.split.of_clip(row), file.split.fixed)
    return copies


def nothing_changed(
    out: Path,
    stored: Mapping[str, Any],
    plan: list[PlannedFile],
    previous: dict[str, list[ManifestRow]],
) -> bool:
    """Return whether a preparation would write the folder as it already is."""
    if len(plan) != len(previous) or any(file.reusable is None for file in plan):
        return False
    old = read_settings(out)
    if {k: v for k, v in old.items() if k not in ("clips", "shards")} != stored:
        return False
    rows = [(row, file) for file in plan for row in file.reusable or ()]
    copies = copies_in(plan)
    return all(
        row.split == copies.split_of(row, file.split.of_clip(row))
        and row.label == file.label
        and row.mtime_ns == file.source.mtime_ns
        for row, file in rows
    )
