"""What of a prepared folder still holds, when its source is looked at again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kwavegan.data.dataset import is_prepared, open_dataset, read_settings
from kwavegan.data.decode import checksum
from kwavegan.data.manifest import Row, read_manifest
from kwavegan.data.scanner import Scan, Source
from kwavegan.errors import InputError

_RETRY = ("permission", "unreadable")  # problems that go away without the file changing


@dataclass(frozen=True, slots=True)
class Planned:
    """A source, where it goes, and its rows of the last time if they still hold."""

    source: Source
    label: str
    split: str
    kept: list[Row] | None


def rows_before(out: Path, stored: dict) -> dict[str, list[Row]]:
    """The old folder's rows by source; none when it is new, damaged, or of other clip settings."""
    rows: dict[str, list[Row]] = {}
    if not is_prepared(out):
        return rows
    try:
        open_dataset(out)
        if read_settings(out).get("clip_settings") != stored["clip_settings"]:
            return rows
        for row in read_manifest(out / "manifest.csv"):
            rows.setdefault(row.source, []).append(row)
    except (InputError, OSError, ValueError):
        return {}  # damaged, so nothing in it can be relied on: all is done again
    return rows


def same_source(out: Path, stored: dict) -> bool:
    """Whether the old folder was made from the same folder of audio."""
    try:
        return read_settings(out).get("source") == stored["source"]
    except InputError:
        return False


def make_plan(
    src: Path,
    found: Scan,
    split: Callable[[str], str],
    before: dict[str, list[Row]],
    trust: bool,
    strict: bool,
) -> list[Planned]:
    """Decide for each source where it goes and whether its old rows still hold.

    Args:
        src: the scanned folder.
        found: what the scan found.
        split: name of a source → its split.
        before: `rows_before`.
        trust: whether size and time suffice; they do when `same_source`.
        strict: whether problems of the last time must be met again.
    """
    plan = []
    for source in found.sources:
        label = found.labels[source.label] if found.labels else ""
        rows = before.get(source.name)
        kept = rows if rows and _holds(src, source, rows, strict, trust) else None
        plan.append(Planned(source, label, split(source.name), kept))
    return plan


def _holds(src: Path, source: Source, rows: list[Row], strict: bool, trust: bool) -> bool:
    """Whether a file is still what it was when `rows` were made from it."""
    row = rows[0]
    path = src / source.name
    if strict and any(row.problem for row in rows):
        return False  # so that decoding it again says what is wrong
    if row.problem in _RETRY and checksum(path):
        return False  # it can be read now
    if row.size != source.size:
        return False
    if trust and row.mtime_ns == source.mtime_ns:
        return True
    return bool(row.checksum) and row.checksum == checksum(path)


def nothing_changed(
    out: Path, stored: dict, plan: list[Planned], before: dict[str, list[Row]]
) -> bool:
    """Whether the folder already is what preparing it again would make."""
    if len(plan) != len(before) or any(item.kept is None for item in plan):
        return False
    old = read_settings(out)
    return {k: v for k, v in old.items() if k != "clips"} == stored and all(
        row.split == item.split and row.label == item.label and row.mtime_ns == item.source.mtime_ns
        for item in plan
        for row in item.kept
    )
