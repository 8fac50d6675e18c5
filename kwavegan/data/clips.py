"""Planned files → the rows and clips of each: copied from the last preparation, or decoded."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from kwavegan.data.dataset import Dataset
from kwavegan.data.decode import DecodedFile
from kwavegan.data.decode_pool import decode_files, worker_count
from kwavegan.data.incremental import PlannedFile
from kwavegan.data.manifest import ManifestRow
from kwavegan.data.prepare_settings import PrepareSettings
from kwavegan.data.scanner import speaker_of
from kwavegan.errors import InputError

RowAndClip = tuple[ManifestRow, np.ndarray | None]

Results = Generator[tuple[PlannedFile, list[RowAndClip]], None, None]


def rows_and_clips(
    src: Path,
    old: Dataset | None,
    plan: Sequence[PlannedFile],
    settings: PrepareSettings,
    jobs: int | None,
) -> Results:
    """Yield each file with its rows, which have no index yet, and clips; in the plan's order.

    Args:
        src: the folder of audio.
        old: the last preparation, whose clips are copied; None where none of them holds.
        plan: the files.
        settings: decided.
        jobs: see `kwavegan.data.decode_pool.worker_count`.

    Raises:
        InputError: a file is not usable, with `settings.strict`; or a worker died.
    """
    fresh = [file.source for file in plan if file.reusable is None]
    jobs = worker_count(sum(source.size for source in fresh), jobs)
    files = ((source.stored(src), source.size) for source in fresh)
    with closing(decode_files(files, settings.clips, jobs)) as decoded:
        for file in plan:
            if file.reusable is not None and old is not None:
                yield file, [_reused(file, row, old) for row in file.reusable]
            else:
                yield file, _decoded(src, file, next(decoded), settings.strict)


def _reused(file: PlannedFile, row: ManifestRow, old: Dataset) -> RowAndClip:
    clip = None if row.problem else getattr(old, row.split).audio[row.row]
    return replace(row, label=file.label, mtime_ns=file.source.mtime_ns), clip


def _decoded(src: Path, file: PlannedFile, result: DecodedFile, strict: bool) -> list[RowAndClip]:
    source = file.source
    if strict and result.rejections:
        raise InputError(f"{src / source.name}: {result.rejections[0].reason}")

    def row(
        offset: int, notes: tuple[str, ...] = (), problem: str = "", sound: str = ""
    ) -> ManifestRow:
        return ManifestRow(
            source=source.name,
            label=file.label,
            split=file.split.split,
            speaker=speaker_of(source.name),
            offset=offset,
            notes=notes,
            problem=problem,
            sound=sound,
            checksum=result.checksum,
            size=source.size,
            mtime_ns=source.mtime_ns,
        )

    clips = [
        (row(clip.offset, clip.notes, sound=clip.sound), clip.samples) for clip in result.clips
    ]
    return clips + [(row(part.offset, problem=part.kind), None) for part in result.rejections]
