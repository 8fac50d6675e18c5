"""Decide which files of a large folder go together into a shard, and which shards stay."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from kwavegan.data.dataset import Dataset
from kwavegan.data.incremental import PlannedFile
from kwavegan.data.manifest import SPLITS, ManifestRow
from kwavegan.data.prepare_settings import ClipSettings, PrepareSettings
from kwavegan.data.scanner import Source
from kwavegan.data.sharded_clips import ShardedClips

SHARD_BYTES = 1 << 30
"""About what a shard holds; a set that is expected to hold less is one file for each split."""


@dataclass(frozen=True)
class Shard:
    """The files whose clips are in one shard.

    Attributes:
        files: in the order of the scan.
        key: 16 hexadecimal digits, alike where the same files give the same clips.
        kept: the number of the shard of the last preparation that holds just their clips; None for
            one to be built.
    """

    files: tuple[PlannedFile, ...]
    key: str
    kept: int | None = None


def is_large(sources: Iterable[Source], settings: ClipSettings) -> bool:
    """Return whether the clips of files are too many for one file."""
    return sum(_expected_bytes(source, settings) for source in sources) > SHARD_BYTES


def plan_shards(
    plan: Sequence[PlannedFile],
    settings: PrepareSettings,
    previous: Mapping[str, Sequence[ManifestRow]],
    old: Dataset | None,
) -> list[Shard]:
    """Group the files of a plan into shards.

    A file stays in the shard that it is in. New ones go into new shards; and with them the files of
    shards that are less than half full, so that many small additions end in few shards. Of a file
    that is known to give no clip there is none.

    Args:
        plan: the files.
        settings: decided.
        previous: rows of the last preparation by source.
        old: the last preparation; None where there is none.
    """
    homes, starts = _homes(previous, old)
    inhabited: dict[int, list[PlannedFile]] = {}
    new: list[PlannedFile] = []
    for file in plan:
        if file.reusable is not None and all(row.problem for row in file.reusable):
            continue
        home = homes.get(file.source.name)
        (new if home is None else inhabited.setdefault(home, [])).append(file)
    shards = []
    for number, files in sorted(inhabited.items()):
        expected = sum(_expected_bytes(file.source, settings) for file in files)
        if new and expected < SHARD_BYTES / 2:
            new += files
            continue
        clips = sum(not row.problem for file in files for row in file.reusable or ())
        whole = all(file.reusable for file in files)
        kept = number if whole and clips == starts[number + 1] - starts[number] else None
        shards.append(Shard(tuple(files), _key(files, settings), kept))
    order = {file.source.name: place for place, file in enumerate(plan)}
    new.sort(key=lambda file: order[file.source.name])
    return shards + [Shard(tuple(files), _key(files, settings)) for files in _cut(new, settings)]


def _homes(
    previous: Mapping[str, Sequence[ManifestRow]], old: Dataset | None
) -> tuple[dict[str, int], np.ndarray]:
    """Return the number of each source's shard, and the clips before each shard."""
    homes: dict[str, int] = {}
    starts = np.zeros(1, np.int64)
    if old is None or not isinstance(old.train.audio, ShardedClips):
        return homes, starts
    numbers = {}
    for split in SPLITS:
        clips = getattr(old, split).audio
        numbers[split], starts = clips.number_of(clips.places).tolist(), clips.starts
    for name, rows in previous.items():
        for row in rows:
            if not row.problem:
                homes[name] = numbers[row.split][row.row]
    return homes, starts


def _cut(files: Sequence[PlannedFile], settings: ClipSettings) -> Iterable[list[PlannedFile]]:
    """Cut files into lists that are expected to fill a shard."""
    some: list[PlannedFile] = []
    filled = 0
    for file in files:
        size = _expected_bytes(file.source, settings)
        if some and filled + size > SHARD_BYTES:
            yield some
            some, filled = [], 0
        some.append(file)
        filled += size
    if some:
        yield some


def _expected_bytes(source: Source, settings: ClipSettings) -> int:
    """Return the bytes of a file's clips: of one, or of as many as its size may give."""
    length, channels = settings.shape
    clip = length * channels * np.dtype(settings.dtype).itemsize
    return max(clip, source.size) if settings.cut or settings.fit == "slice" else clip


def _key(files: Sequence[PlannedFile], settings: PrepareSettings) -> str:
    stated = json.dumps([asdict(settings.clips), settings.strict], sort_keys=True)
    digest = hashlib.sha256(stated.encode())
    for file in files:
        source = file.source
        kept = (os.fsencode(source.name), source.size, source.mtime_ns, source.changed_ns)
        digest.update(repr(kept).encode())
    return digest.hexdigest()[:16]
