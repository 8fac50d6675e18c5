"""What `prepare` refuses: places, a full disk, too little to train on."""

import shutil
from pathlib import Path

import numpy as np

from kwavegan.data.dataset import CLASSIFIER, SPLITS, is_prepared
from kwavegan.data.prepare_settings import ClipSettings
from kwavegan.data.summary import Summary
from kwavegan.errors import InputError, setting
from kwavegan.storage.files import PARTIAL

_ADVICE = f"add sounds, or take fewer of them for validation and test, see {setting('validation')}"

CUTS = "cuts.png"
"""Name of the picture in a prepared folder that shows where recordings were cut."""

_OWN_FILES = {"manifest.csv", "settings.json", "wav", CLASSIFIER, CUTS} | {
    f"{split}{end}.npy" for split in SPLITS for end in ("", "_labels")
}


def check_places(src: Path, out: Path) -> None:
    """Refuse folders inside one another, a prepared source, and a target with other files in it.

    Raises:
        InputError: in these cases.
    """
    source, target = src.resolve(), out.resolve()
    if is_prepared(src):
        raise InputError(f"{src}: is already prepared; train on it, or prepare its source again")
    if source == target or source in target.parents:
        raise InputError(f"{out}: lies inside {src}; choose a place outside the audio folder")
    if target in source.parents:
        raise InputError(f"{out}: contains {src}; choose a place outside the audio folder")
    if not out.exists():
        place = _nearest_existing(out)
        if not place.is_dir():
            raise InputError(f"{out}: {place} is a file; choose another place")
        return
    if not out.is_dir():
        raise InputError(f"{out}: is a file; choose another name")
    names = {entry.name for entry in out.iterdir() if not entry.name.startswith(PARTIAL)}
    foreign = sorted(names - _OWN_FILES if is_prepared(out) else names)
    if foreign:
        raise InputError(
            f"{out}: holds files that prepare did not write (such as {foreign[0]!r});"
            " choose another place, or move them away"
        )


def check_space(out: Path, files: int, settings: ClipSettings, wav: bool) -> None:
    """Refuse a disk that is too full for one clip of each file.

    The number of slices of a recording is not known beforehand, so slices are not checked.

    Raises:
        InputError: the disk is too full.
    """
    length, channels = settings.shape
    bytes_per_sample = np.dtype(settings.dtype).itemsize + (2 if wav else 0)
    needed = files * length * channels * bytes_per_sample
    free = shutil.disk_usage(_nearest_existing(out)).free
    if settings.fit != "slice" and needed > free:
        raise InputError(
            f"{out}: needs up to {needed / 1e9:.2f} GB and the disk has {free / 1e9:.2f} GB free;"
            " free some space or choose another place"
        )


def check_training_split(src: Path, summary: Summary) -> None:
    """Refuse a folder that leaves a label fewer than two sounds to train on.

    Raises:
        InputError: a label has fewer.
    """
    if not summary.clips:
        why = "; ".join(summary.left_out_lines()[:1])
        raise InputError(f"{src}: none of its {summary.files} audio files can be used ({why})")
    for label, counts in summary.counts.items():
        if counts["train"] < 2:
            what = f"the label {label!r}" if label else "the folder"
            total = sum(counts.values())
            lost = summary.left_out_lines(label)
            advice = [] if lost and total < 2 else [_ADVICE]
            if summary.copies:
                lost.append(f"{summary.copies} sounds are copies, some perhaps of test sounds")
            raise InputError(
                f"{src}: {what} has {counts['train']} of its {total} usable sounds in the training"
                f" split, and at least 2 are needed; {'; '.join([*lost, *advice])}"
            )


def _nearest_existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.absolute().parents) if place.exists())
