"""Decide which clips of a prepared folder still hold when its source is prepared again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kwavegan.data.dataset import is_prepared, open_dataset, read_settings
from kwavegan.data.decode import checksum
from kwavegan.data.manifest import ManifestRow, read_manifest
from kwavegan.data.scanner import Scan, Source
from kwavegan.errors import InputError

_RETRY = ("permission", "unreadable")
"""Problems that may go away without a change of the file."""


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A source file and its place in the prepared folder.

    Attributes:
        source: the file.
        label: its label's name; "" without labels.
        split: "train", "validation" or "test".
        reusable: its rows of the last preparation; None if the file must be decoded.
    """

    source: Source
    label: str
    split: str
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
        open_dataset(out)
        if read_settings(out).get("clip_settings") != stored["clip_settings"]:
            return rows
        for row in read_manifest(out / "manifest.csv"):
            rows.setdefault(row.source, []).append(row)
    except (InputError, OSError, ValueError):
        return {}  # damaged, so none of its rows is reliable
    return rows


def same_source(out: Path, stored: Mapping[str, Any]) -> bool:
    """Return whether the last preparation was of the same folder of audio."""
    try:
        return read_settings(out).get("source") == stored["source"]
    except InputError:
        return False


def make_plan(
    src: Path,
    scan: Scan,
    split: Callable[[str], str],
    previous: dict[str, list[ManifestRow]],
    trust_times: bool,
    strict: bool,
) -> list[PlannedFile]:
    """Decide for each source its label and split, and whether its previous rows still hold.

    Args:
        src: the source folder.
        scan: its files.
        split: takes a source's name, returns its split.
        previous: see `previous_rows`.
        trust_times: whether an equal size and time mean an unchanged file; see `same_source`.
        strict: whether files with problems are decoded again, so that the problem is raised.
    """
    plan = []
    for source in scan.sources:
        label = scan.labels[source.label] if scan.labels else ""
        rows = previous.get(source.name)
        holds = rows and _still_holds(src, source, rows, strict, trust_times)
        plan.append(PlannedFile(source, label, split(source.name), rows if holds else None))
    return plan


def _still_holds(
    src: Path, source: Source, rows: list[ManifestRow], strict: bool, trust_times: bool
) -> bool:
    """Return whether a file has not changed since `rows` were made from it."""
    row = rows[0]
    path = src / source.name
    if strict and any(row.problem for row in rows):
        return False
    if row.problem in _RETRY and checksum(path):
        return False  # the file is readable now
    if row.size != source.size:
        return False
    if trust_times and row.mtime_ns == source.mtime_ns:
        return True
    return bool(row.checksum) and row.checksum == checksum(path)


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
    return {k: v for k, v in old.items() if k != "clips"} == stored and all(
        row.split == file.split and row.label == file.label and row.mtime_ns == file.source.mtime_ns
        for file in plan
        for row in file.reusable or ()
    )
