"""Make a prepared folder of its shards: their order, and each clip's split, label and place."""

from array import array
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kwavegan.data.copies import Copies
from kwavegan.data.dataset import Dataset, read_settings
from kwavegan.data.incremental import PlannedFile
from kwavegan.data.manifest import SPLITS, ManifestRow, ManifestWriter
from kwavegan.data.shard_store import ShardStore, link
from kwavegan.data.sharded_clips import ShardedClips, rows_name, shard_name
from kwavegan.data.sharding import Shard
from kwavegan.data.summary import SummaryCounter
from kwavegan.data.writers import WavWriter, save_labels
from kwavegan.storage.arrays import open_array

_Rows = dict[str, list[ManifestRow]]
"""The rows of each source; `row` is the place in all shards."""


def assemble(
    folder: Path,
    plan: Sequence[PlannedFile],
    shards: Sequence[Shard],
    store: ShardStore,
    old: Dataset | None,
    counter: SummaryCounter,
    wav: bool,
) -> tuple[Copies, list[dict[str, Any]]]:
    """Write all of a prepared folder but `settings.json`.

    The rows of each split are those of a set in one file: the order of the files, whatever shards
    they are in.

    Args:
        folder: an empty folder.
        plan: the files.
        shards: of the set; those that were not kept are in the store.
        store: of shards that were built.
        old: the last preparation; None where there is none.
        counter: counts the files.
        wav: whether to write WAV files too.

    Returns:
        The equal clips; and for each shard, `clips` and `checksum`.
    """
    rows, about = _place(folder, plan, shards, store, old)
    copies = Copies()
    for file in plan:
        for row in rows[file.source.name]:
            copies.add(row, file.split.of_clip(row), file.split.fixed)
    places = {split: array("q") for split in SPLITS}
    labels = {split: array("i") for split in SPLITS}
    wavs = WavWriter(folder / "wav", store.settings.decided[0]) if wav else None
    clips = _all_clips(folder, len(about)) if wavs and about else None
    with ManifestWriter(folder / "manifest.csv") as manifest:
        for file in plan:
            final = []
            for row in rows[file.source.name]:
                split = copies.split_of(row, file.split.of_clip(row))
                number = -1 if row.problem else len(places[split])
                final.append(replace(row, label=file.label, split=split, row=number))
                manifest.write(final[-1])
                if not row.problem:
                    places[split].append(row.row)
                    labels[split].append(file.source.label)
                    if wavs and clips:
                        wavs.write(final[-1], clips[row.row])
            counter.add(final, decoded=file.reusable is None)
    for split in SPLITS:
        np.save(folder / rows_name(split), np.asarray(places[split], np.int64), allow_pickle=False)
        save_labels(folder, split, labels[split])
    return copies, about


def _place(
    folder: Path,
    plan: Sequence[PlannedFile],
    shards: Sequence[Shard],
    store: ShardStore,
    old: Dataset | None,
) -> tuple[_Rows, list[dict[str, Any]]]:
    """Put the shards into a folder; return the rows of each source, and what is in each shard.

    A shard without clips gets no file.
    """
    rows: _Rows = {file.source.name: list(file.reusable or ()) for file in plan}
    about: list[dict[str, Any]] = []
    before = read_settings(old.path).get("shards", ()) if old is not None else ()
    start = 0
    for shard in shards:
        target = folder / shard_name(len(about))
        if shard.kept is not None and old is not None:
            stated = before[shard.kept]
            rows |= {file.source.name: _moved(file, old, shard.kept, start) for file in shard.files}
            link(old.path / shard_name(shard.kept), target)
        else:
            stated = store.about(shard)
            rows |= {file.source.name: [] for file in shard.files}
            for row in store.rows(shard):
                place = -1 if row.problem else start + row.row
                rows[row.source].append(replace(row, row=place))
            if stated["clips"]:
                store.link(shard, target)
        if stated["clips"]:
            about.append(stated)
            start += stated["clips"]
    return rows, about


def _moved(file: PlannedFile, old: Dataset, number: int, start: int) -> list[ManifestRow]:
    """Return the rows of a file in a shard that stays.

    Args:
        file: which has not changed.
        old: the last preparation.
        number: of the shard there.
        start: clips before the shard now.
    """
    moved = []
    for row in file.reusable or ():
        place = -1
        if not row.problem:
            clips = getattr(old, row.split).audio
            place = int(clips.places[row.row] - clips.starts[number]) + start
        moved.append(replace(row, row=place, mtime_ns=file.source.mtime_ns))
    return moved


def _all_clips(folder: Path, shards: int) -> ShardedClips:
    """Return the clips of all shards in a folder, in their order."""
    arrays = [open_array(folder / shard_name(number), mapped=True) for number in range(shards)]
    return ShardedClips(arrays, np.arange(sum(map(len, arrays))))
