"""A folder of audio → a prepared folder of arrays; only files that changed are decoded again.

A prepared folder holds, for each of train, validation and test, `<split>.npy` (clips, length,
channels) and `<split>_labels.npy` (clips,) int32; `manifest.csv`, the origin of each clip; and
`settings.json`. It appears whole or not at all. Clips are appended to the arrays as they are
decoded, so that memory does not grow with their length. A large set is built in shards
(`kwavegan.data.shard_store`), by as many processes as prepare it.
"""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kwavegan import __version__
from kwavegan.backend.extras import need
from kwavegan.data.assembly import assemble
from kwavegan.data.clips import Results, rows_and_clips
from kwavegan.data.copies import Copies
from kwavegan.data.dataset import FORMAT, SHARDED, VERSION, Dataset, open_dataset, read_settings
from kwavegan.data.incremental import (
    PlannedFile,
    copies_in,
    make_plan,
    nothing_changed,
    previous_rows,
    trusted_until,
)
from kwavegan.data.manifest import ManifestRow
from kwavegan.data.origin import Origin
from kwavegan.data.preparation_checks import check_places, check_space, check_training_split
from kwavegan.data.prepare_settings import PrepareSettings
from kwavegan.data.recordings import file_splits
from kwavegan.data.scanner import Scan
from kwavegan.data.shard_store import ShardStore
from kwavegan.data.sharding import is_large, plan_shards
from kwavegan.data.summary import Summary, SummaryCounter
from kwavegan.data.survey import decide
from kwavegan.data.writers import PreparedFolderWriter, keep_copies_together
from kwavegan.errors import InputError, setting
from kwavegan.storage.addresses import is_address, shown
from kwavegan.storage.cache import cache_folder, locked
from kwavegan.storage.files import atomic
from kwavegan.storage.sole_writer import only_writer_of, unannounced

Progress = Callable[[int, int], None]
"""Called with files done and files in all, now and then and at the end."""

_PROGRESS_STEP = 50
"""Files between two calls of the progress function."""


def prepare(
    src: str | Path,
    out: str | Path,
    settings: PrepareSettings | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    wav: bool = False,
) -> Summary:
    """Prepare the audio files of a folder: decode, cut to clips, split, write arrays.

    Where the settings leave rate, length or channels open, those that suit the folder are taken
    (`kwavegan.data.survey`), and kept when more files come later.

    If `out` was prepared before with the same clip settings, `prepare` copies the clips of files
    that have not changed (by size and times, else by checksum). If nothing at all has changed, it
    writes nothing.

    A set of more than 1 GiB is built in shards of about that. Several processes, on machines that
    see both folders too, share the work where they prepare it at the same time. After a crash the
    same call goes on: whole shards stay, in `.<out>.shards` beside `out` until the set is made. Of
    a folder that has grown or changed, other shards stay as they are.

    Args:
        src: a folder per label, or files without labels; see `scanner.scan_folder`. The settings
            may name a table or a pattern that says the labels instead. An address such as
            `s3://bucket/drums` is copied into the cache first; see `mirror.fetch`.
        out: a new or empty folder, or one that `prepare` wrote.
        settings: of the clips and splits; None for the defaults.
        jobs: worker processes; None for one per core where that pays.
        progress: called with (files done, files in all); while files are fetched, with those.
        wav: whether to write the clips as PCM_16 files too, to `out/wav/<split>/<label>/`.

    Returns:
        What the prepared folder holds, and what it leaves out.

    Raises:
        InputError: folders, labels or settings that are not usable, too little to train on, a
            full disk, another process that writes `out`; or, with `settings.strict`, any unusable
            file.

    Example:
        >>> from kwavegan import PrepareSettings, open_dataset, prepare
        >>> settings = PrepareSettings(rate=8192, length=1024)
        >>> summary = prepare("recordings", "prepared", settings)
        >>> summary.clips, summary.notes["cropped"]
        (60, 60)
        >>> open_dataset("prepared").train.audio.shape[1:]
        (1024, 1)
    """
    settings = settings or PrepareSettings()
    if is_address(out):
        raise InputError(f"{shown(str(out))}: is an address; choose a folder of this machine")
    if jobs is not None and jobs < 1:
        raise InputError(f"{setting('jobs')}: must be at least 1")
    return _prepare(Origin(src), Path(out), settings, jobs, progress, wav)


def _prepare(
    origin: Origin,
    out: Path,
    settings: PrepareSettings,
    jobs: int | None,
    progress: Progress | None,
    wav: bool,
) -> Summary:
    """Prepare the sounds of an origin; see `prepare`."""
    with origin.named():
        check_places(origin.folder, out)
        if settings.cut:
            need("librosa", setting("cut"))
        scan = origin.scan(settings, progress)
        decided, chosen = decide(origin.folder, scan.sources, _as_before(origin, out, settings))
        stored = _stored_settings(origin, scan, settings, decided, wav)
        job = _Job(origin.folder, out, scan, decided, chosen, stored, jobs, progress, wav)
        if job.is_large:
            _build_shards(job)
        wait = unannounced if job.is_large else None
        with only_writer_of(out, wait):  # which reads it too: clips that have not changed
            return _prepare_scanned(job)


def prepare_cached(
    src: str | Path,
    settings: PrepareSettings | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    note: Callable[[str], None] | None = None,
) -> Dataset:
    """Prepare a folder of audio into the cache, or bring it up to date there, and open it.

    Each pair of folder and clips has a place of its own in the cache. A second process that
    asks for the same set waits until the first has prepared it.

    Args:
        src, settings, jobs, progress: see `prepare`.
        note: called with each line about what was chosen, done and left out (settings not spelled:
            see `kwavegan.errors.for_command_line`).

    Raises:
        InputError: see `prepare`.

    Example:
        >>> from kwavegan.data import PrepareSettings, prepare_cached
        >>> prepare_cached("recordings", PrepareSettings(rate=8192, length=1024)).labels
        ('hat', 'kick', 'snare')
    """
    origin, settings = Origin(src), settings or PrepareSettings()
    if settings.is_open:
        with origin.named():
            scan = origin.scan(settings, progress)
            settings, chosen = decide(origin.folder, scan.sources, settings)
        if note:
            note(chosen)
    place = os.fsencode(origin.folder.resolve()).hex()
    text = json.dumps([place, settings.stored], sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    folder = cache_folder() / "prepared" / key
    with locked(folder):
        summary = _prepare(origin, folder, settings, jobs, progress, wav=False)
        if note:
            for line in summary.remarks(spell=str):
                note(line)
        return replace(open_dataset(folder), source=origin.folder, address=origin.address)


@dataclass(frozen=True)
class _Job:
    """What is to be prepared: the arguments of `prepare`, the files, and what was decided.

    Attributes:
        settings: decided.
        chosen: a line about what was.
        stored: what `settings.json` will hold, without the counts.
    """

    src: Path
    out: Path
    scan: Scan
    settings: PrepareSettings
    chosen: str
    stored: dict[str, Any]
    jobs: int | None
    progress: Progress | None
    wav: bool

    @property
    def is_large(self) -> bool:
        """Whether the set is built in shards."""
        return bool(self.stored["version"] == SHARDED)

    def plan(self) -> tuple[list[PlannedFile], dict[str, list[ManifestRow]]]:
        """Return the files and what becomes of each, and the rows of the last preparation."""
        previous = previous_rows(self.out, self.stored)
        splits = file_splits(self.src, self.scan, self.settings)
        trusted = trusted_until(self.out, self.stored)
        strict = self.settings.strict
        return make_plan(self.src, self.scan, splits, previous, trusted, strict), previous

    def store(self) -> ShardStore:
        """Return where its shards are built."""
        progress = _stepped(self.progress, len(self.scan.sources))
        return ShardStore(self.src, self.out, self.settings, self.jobs, progress)


def _build_shards(job: _Job) -> None:
    """Build the shards of a large set, together with whoever else prepares it now."""
    before = _written(job.out)
    plan, previous = job.plan()
    if nothing_changed(job.out, job.stored, plan, previous):
        return
    old = open_dataset(job.out) if previous else None
    shards, store = plan_shards(plan, job.settings, previous, old), job.store()
    files = sum(len(shard.files) for shard in store.missing(shards))
    check_space(job.out, files, job.settings, job.wav)
    store.build_in_company(shards, old, ended=lambda: _written(job.out) != before)


def _written(out: Path) -> tuple[int, int] | None:
    """Return what changes where a prepared folder is written anew."""
    try:
        stat = (out / "settings.json").stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns


def _prepare_scanned(job: _Job) -> Summary:
    """Prepare the files that a scan has found; see `prepare`."""
    src, out, settings = job.src, job.out, job.settings
    plan, previous = job.plan()
    counter = SummaryCounter(job.scan, settings.seconds)
    if nothing_changed(out, job.stored, plan, previous):
        for file in plan:
            counter.add(file.reusable or (), decoded=False)
        if job.progress:
            job.progress(len(plan), len(plan))
        if job.is_large:
            job.store().clear()
        return counter.summary(copies_in(plan), job.chosen, unchanged=True)
    old = open_dataset(out) if previous else None
    about: dict[str, Any] = {}
    if job.is_large:
        shards, store = plan_shards(plan, settings, previous, old), job.store()
        store.complete(shards, old)
    else:
        check_space(out, len(plan), settings, job.wav)
    with atomic(out) as partial:
        partial.mkdir()
        if job.is_large:
            copies, about["shards"] = assemble(partial, plan, shards, store, old, counter, job.wav)
        else:
            copies = _write_clips(
                partial,
                rows_and_clips(src, old, plan, settings, job.jobs),
                settings,
                job.wav,
                counter,
                _stepped(job.progress, len(plan)),
            )
            if copies.late:
                keep_copies_together(partial, copies, settings, job.wav, job.scan.labels, counter)
        summary = counter.summary(copies, job.chosen)
        check_training_split(src, summary)
        about["clips"] = summary.clips_by_split()
        text = json.dumps({**job.stored, **about}, indent=2)
        (partial / "settings.json").write_text(text + "\n", encoding="utf-8")
    if job.is_large:
        store.clear()
    return summary


def _as_before(origin: Origin, out: Path, asked: PrepareSettings) -> PrepareSettings:
    """Return the settings with what was chosen when `out` was prepared with the same ones.

    A few longer sounds must not change the clips of a set, and so the networks of its runs.
    """
    try:
        old = read_settings(out)
        if old["settings"] != json.loads(json.dumps(asked.stored)):
            return asked
        if old["source"] != origin.stored:
            return asked
        return replace(asked, **{name: old[name] for name in ("rate", "length", "channels")})
    except (InputError, KeyError, TypeError):
        return asked


def _stored_settings(
    origin: Origin, scan: Scan, asked: PrepareSettings, settings: PrepareSettings, wav: bool
) -> dict[str, Any]:
    """Return what settings.json will hold, without the counts, in the types that JSON returns.

    Args:
        origin, scan, wav: of the preparation.
        asked: what the user chose, which may leave rate, length and channels open.
        settings: the same, decided.
    """
    rate, length, channels = settings.decided
    values = {
        "format": FORMAT,
        "version": SHARDED if is_large(scan.sources, settings) else VERSION,
        "kwavegan": __version__,
        "source": origin.stored,
        "rate": rate,
        "length": length,
        "channels": channels,
        "dtype": settings.dtype,
        "labels": scan.labels,
        "wav": wav,
        "settings": asked.stored,
        "clip_settings": asdict(settings.clips),
    }
    if scan.attributes:
        values["attributes"] = scan.attributes
    return json.loads(json.dumps(values))


def _write_clips(
    folder: Path,
    results: Results,
    settings: PrepareSettings,
    wav: bool,
    counter: SummaryCounter,
    progress: Callable[[int], None],
) -> Copies:
    """Write all of a prepared folder but `settings.json`; return the equal clips."""
    copies = Copies()
    with closing(results), PreparedFolderWriter(folder, settings.clips, wav) as writer:
        for done, (file, found) in enumerate(results, 1):
            rows_and_clips = [
                (
                    replace(row, split=copies.add(row, file.split.of_clip(row), file.split.fixed)),
                    clip,
                )
                for row, clip in found
            ]
            for row, clip in rows_and_clips:
                writer.write(row, clip, file.source.label)
            counter.add([row for row, _ in rows_and_clips], decoded=file.reusable is None)
            progress(done)
    return copies


def _stepped(progress: Progress | None, total: int) -> Callable[[int], None]:
    """Return a function of the files done, which calls `progress` now and then and at the end."""

    def call(done: int) -> None:
        if progress and (done % _PROGRESS_STEP == 0 or done == total):
            progress(done, total)

    return call
