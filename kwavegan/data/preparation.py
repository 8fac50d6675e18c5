"""A folder of audio → a prepared folder of arrays, doing only what changed since the last time.

A prepared folder holds, for each of train, validation and test, `<split>.npy` (clips, length,
channels) and `<split>_labels.npy` (clips,) int32; `manifest.csv`, where each clip came from; and
`settings.json`. It appears whole or not at all. Clips are appended to the arrays as they are
decoded, so that memory does not grow with the number of files.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from kwavegan import __version__
from kwavegan.audio import decoding, processing
from kwavegan.data.dataset import FORMAT, JUDGE, SPLITS, VERSION, Dataset, is_prepared, open_dataset
from kwavegan.data.decode import ClipSettings, Decoded, decode_all, worker_count
from kwavegan.data.incremental import Planned, make_plan, nothing_changed, rows_before, same_source
from kwavegan.data.manifest import ManifestWriter, Row, Summary
from kwavegan.data.scanner import Scan, read_lists, scan, speaker_of, split_of
from kwavegan.data.writers import ArrayWriter, WavWriter
from kwavegan.errors import InputError
from kwavegan.storage.cache import cache_folder, locked
from kwavegan.storage.files import atomic

DTYPES = ("int16", "float32")

Progress = Callable[[int, int], None]
"""Called with files done and files in all, now and then and at the end."""

_PROGRESS_STEP = 50  # files between two calls of the progress function

_OWN = {"manifest.csv", "settings.json", "wav", JUDGE} | {
    f"{split}{end}.npy" for split in SPLITS for end in ("", "_labels")
}


@dataclass(frozen=True)
class PrepareSettings:
    """What to make of a folder of audio.

    Attributes:
        rate: sample rate in Hz, within `audio.RATES`.
        length: samples in a clip; None for one second, and then set to `rate`.
        channels: 1 or 2.
        labels: label folders to take, in index order; None for all, sorted.
        fit: "pad", "crop" or "slice", as `audio.fit`.
        overlap: of slices, in [0, 1).
        trim: whether silence is cut off both ends first.
        normalize: "none", "peak" or "rms", for each clip, as `audio.normalize`.
        dtype: "int16" or "float32", of the arrays.
        validation: per cent of file names (of speakers) for validation.
        test: per cent for the test; both together stay below 100.
        lists: split by Speech Commands' `validation_list.txt` and `testing_list.txt` instead.
        strict: stop at the first file that cannot be used, instead of leaving it out.

    Raises:
        InputError: a value out of range.
    """

    rate: int = 16384
    length: int | None = None
    channels: int = 1
    labels: tuple[str, ...] | None = None
    fit: str = "pad"
    overlap: float = 0.0
    trim: bool = False
    normalize: str = "none"
    dtype: str = "int16"
    validation: float = 5.0
    test: float = 20.0
    lists: bool = False
    strict: bool = False

    def __post_init__(self) -> None:
        low, high = decoding.RATES
        _demand(low <= self.rate <= high, "--rate", f"{self.rate} is not within {low} to {high} Hz")
        if self.length is None:
            object.__setattr__(self, "length", self.rate)
        _demand(self.length >= 1, "--length", "must be at least 1 sample")
        _demand(self.channels in (1, 2), "--channels", f"{self.channels} is not 1 or 2")
        for option, value, allowed in (
            ("--fit", self.fit, processing.FITS),
            ("--normalize", self.normalize, processing.NORMALIZATIONS),
            ("dtype", self.dtype, DTYPES),
        ):
            _demand(value in allowed, option, f"{value!r} is not one of {', '.join(allowed)}")
        _demand(0 <= self.overlap < 1, "--overlap", f"{self.overlap} is not within 0 and 1")
        _demand(not self.overlap or self.fit == "slice", "--overlap", "only with --fit slice")
        low, total = min(self.validation, self.test), self.validation + self.test
        _demand(low >= 0 and total < 100, "--split", "two percentages, less than 100 together")
        if self.labels is not None:
            object.__setattr__(self, "labels", tuple(self.labels))
            _demand(bool(self.labels), "--labels", "names no label")

    @property
    def clips(self) -> ClipSettings:
        """The part that decides the samples of a clip."""
        names = ("rate", "length", "channels", "fit", "overlap", "trim", "normalize", "dtype")
        return ClipSettings(**{name: getattr(self, name) for name in names})


def _demand(holds: bool, option: str, complaint: str) -> None:
    if not holds:
        raise InputError(f"{option}: {complaint}")


def prepare(
    src: str | Path,
    out: str | Path,
    settings: PrepareSettings | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    wav: bool = False,
) -> Summary:
    """Prepare the audio files of `src` into the folder `out`.

    When `out` was prepared before with the same clip settings, the clips of files that have not
    changed (by size and time, else by checksum) are copied; when nothing at all has changed,
    nothing is written.

    Args:
        src: a folder per label, or files without labels; as `dataset.scan`.
        out: new, empty, or prepared before.
        settings: what to make of them; None for the defaults.
        jobs: worker processes; None for one per core where that pays.
        progress: called with (files done, files in all).
        wav: whether to write the clips as PCM_16 files too, to `out/wav/<split>/<label>/`.

    Raises:
        InputError: bad folders, labels or settings, too little to train on, a full disk; or, with
            `settings.strict`, any file that cannot be used.
    """
    settings = settings or PrepareSettings()
    src, out = Path(src), Path(out)
    _demand(jobs is None or jobs >= 1, "--jobs", "must be at least 1")
    _check_places(src, out)
    found = scan(src, settings.labels)
    stored = _stored_settings(src, found, settings, wav)
    before = rows_before(out, stored)
    plan = make_plan(
        src, found, _splitter(src, settings), before, same_source(out, stored), settings.strict
    )
    summary = Summary(outside=found.outside)
    summary.start(found.labels)
    seconds = settings.length / settings.rate
    if nothing_changed(out, stored, plan, before):
        for item in plan:
            summary.add(item.kept, seconds)
        summary.reused, summary.unchanged = len(plan), True
        if progress:
            progress(len(plan), len(plan))
        return summary
    _check_space(out, len(plan), settings, wav)
    with atomic(out) as partial:
        partial.mkdir()
        with closing(_results(src, out, plan, settings, jobs)) as results:
            counts = _write(partial, results, len(plan), settings, summary, progress, wav)
        _check_training(src, summary)
        text = json.dumps({**stored, "clips": counts}, indent=2)
        (partial / "settings.json").write_text(text + "\n", encoding="utf-8")
    return summary


def _check_places(src: Path, out: Path) -> None:
    here, there = src.resolve(), out.resolve()
    if is_prepared(src):
        raise InputError(f"{src}: is already prepared; train on it, or prepare its source again")
    if here == there or here in there.parents:
        raise InputError(f"{out}: lies inside {src}; choose a place outside the audio folder")
    if there in here.parents:
        raise InputError(f"{out}: contains {src}; choose a place outside the audio folder")
    if not out.exists():
        place = _existing(out)
        if not place.is_dir():
            raise InputError(f"{out}: {place} is a file; choose another place")
        return
    if not out.is_dir():
        raise InputError(f"{out}: is a file; choose another name")
    names = {entry.name for entry in out.iterdir()}
    foreign = sorted(names if not is_prepared(out) else names - _OWN)
    if foreign:
        raise InputError(
            f"{out}: holds files that prepare did not write (such as {foreign[0]!r});"
            " choose another place, or move them away"
        )


def _existing(path: Path) -> Path:
    """The path, or the nearest one above it that is there."""
    return next(place for place in (path, *path.absolute().parents) if place.exists())


def _stored_settings(src: Path, found: Scan, settings: PrepareSettings, wav: bool) -> dict:
    """What settings.json will hold, but for the counts; in the types that JSON gives back."""
    values = {
        "format": FORMAT,
        "version": VERSION,
        "kwavegan": __version__,
        "source": str(src.resolve()).encode("utf-8", "replace").decode(),
        "rate": settings.rate,
        "length": settings.length,
        "channels": settings.channels,
        "dtype": settings.dtype,
        "labels": found.labels,
        "wav": wav,
        "settings": {k: v for k, v in asdict(settings).items() if k != "strict"},
        "clip_settings": asdict(settings.clips),
    }
    return json.loads(json.dumps(values))


def _splitter(src: Path, settings: PrepareSettings) -> Callable[[str], str]:
    if not settings.lists:
        return lambda name: split_of(name, settings.validation, settings.test)
    lists = read_lists(src)
    return lambda name: lists.get(name, "train")


def _check_space(out: Path, files: int, settings: PrepareSettings, wav: bool) -> None:
    """Refuse early what cannot fit; how many slices a recording gives is not known beforehand."""
    clip = settings.length * settings.channels * np.dtype(settings.dtype).itemsize
    needed = files * (clip + (settings.length * settings.channels * 2 if wav else 0))
    free = shutil.disk_usage(_existing(out)).free
    if settings.fit != "slice" and needed > free:
        raise InputError(
            f"{out}: needs up to {needed / 1e9:.2f} GB and the disk has {free / 1e9:.2f} GB free;"
            " free some space or choose another place"
        )


def _check_training(src: Path, summary: Summary) -> None:
    if not summary.clips:
        why = "; ".join(summary.warnings()[:1])
        raise InputError(f"{src}: none of its {summary.files} audio files can be used ({why})")
    for label, counts in summary.counts.items():
        if counts["train"] < 2:
            what = f"the label {label!r}" if label else "the folder"
            total = sum(counts.values())
            raise InputError(
                f"{src}: {what} has {counts['train']} of its {total} usable sounds in the training"
                " split, and at least 2 are needed; add sounds, or give validation and test less"
                " with --split"
            )


_Result = list[tuple[Row, np.ndarray | None]]


def _results(
    src: Path, out: Path, plan: list[Planned], settings: PrepareSettings, jobs: int | None
) -> Iterator[tuple[Planned, _Result]]:
    """Yield each source with its rows (not yet numbered) and clips, kept or decoded, in order."""
    old = open_dataset(out) if any(item.kept for item in plan) else None
    fresh = (item.source for item in plan if item.kept is None)
    jobs = worker_count(sum(item.source.size for item in plan if item.kept is None), jobs)
    files = ((src / source.name, source.size) for source in fresh)
    with closing(decode_all(files, settings.clips, jobs)) as decoded:
        for item in plan:
            if item.kept is None:
                yield item, _decoded_rows(src, item, next(decoded), settings.strict)
            else:
                yield item, [_kept_row(item, row, old) for row in item.kept]


def _kept_row(item: Planned, row: Row, old: Dataset) -> tuple[Row, np.ndarray | None]:
    clip = None if row.problem else getattr(old, row.split).audio[row.row]
    moved = replace(row, label=item.label, split=item.split, mtime_ns=item.source.mtime_ns)
    return moved, clip


def _decoded_rows(src: Path, item: Planned, decoded: Decoded, strict: bool) -> _Result:
    if strict and decoded.left_out:
        raise InputError(f"{src / item.source.name}: {decoded.left_out[0].reason}")
    source = item.source
    start = (source.name, item.label, item.split, speaker_of(source.name))
    end = (decoded.checksum, source.size, source.mtime_ns)
    rows: _Result = [
        (Row(*start, offset, -1, notes, "", *end), clip)
        for offset, notes, clip in zip(decoded.offsets, decoded.notes, decoded.samples, strict=True)
    ]
    rows += [(Row(*start, out.offset, -1, "", out.kind, *end), None) for out in decoded.left_out]
    return rows


def _write(
    folder: Path,
    results: Iterator[tuple[Planned, _Result]],
    total: int,
    settings: PrepareSettings,
    summary: Summary,
    progress: Progress | None,
    wav: bool,
) -> dict[str, int]:
    """Write all but settings.json; count into `summary`; return the clips in each split."""
    seconds = settings.length / settings.rate
    with ExitStack() as stack:
        manifest = stack.enter_context(ManifestWriter(folder / "manifest.csv"))
        arrays = {
            name: stack.enter_context(ArrayWriter(folder, name, settings.clips)) for name in SPLITS
        }
        wavs = WavWriter(folder / "wav", settings.rate) if wav else None
        for done, (item, rows) in enumerate(results, 1):
            for row, clip in rows:
                if clip is not None:
                    row = replace(row, row=arrays[row.split].append(clip, item.source.label))
                    if wavs:
                        wavs.write(row, clip)
                manifest.write(row)
            summary.add((row for row, _ in rows), seconds)
            summary.decoded += item.kept is None
            summary.reused += item.kept is not None
            if progress and (done % _PROGRESS_STEP == 0 or done == total):
                progress(done, total)
        return {name: len(written.labels) for name, written in arrays.items()}


def prepare_cached(
    src: str | Path,
    settings: PrepareSettings | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Prepare a folder of audio into the cache, or bring it up to date there, and open it.

    The place depends on the folder and the settings, so sets do not push each other out. A second
    process that wants the same set waits until the first has prepared it.

    Args:
        src: as `prepare`; likewise the others.

    Raises:
        InputError: as `prepare`.
    """
    settings = settings or PrepareSettings()
    src = Path(src)
    values = {k: v for k, v in asdict(settings).items() if k != "strict"}
    text = json.dumps([os.fsencode(src.resolve()).hex(), values], sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    place = cache_folder() / "prepared" / key
    with locked(place):
        prepare(src, place, settings, jobs=jobs, progress=progress)
        return open_dataset(place)
