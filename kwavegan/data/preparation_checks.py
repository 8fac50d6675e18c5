"""What `prepare` refuses: places, a full disk, too little to train on."""

import re
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kwavegan.config.attributes import SEPARATOR
from kwavegan.data.dataset import CLASSIFIER, is_prepared
from kwavegan.data.manifest import SPLITS
from kwavegan.data.prepare_settings import ClipSettings
from kwavegan.data.summary import Summary
from kwavegan.errors import InputError, setting
from kwavegan.storage.files import PARTIAL

_ADVICE = f"add sounds, or take fewer of them for validation and test, see {setting('validation')}"

CUTS = "cuts.png"
"""Name of the picture in a prepared folder that shows where recordings were cut."""

_OWN_FILES = {"manifest.csv", "settings.json", "wav", CLASSIFIER, CUTS} | {
    f"{split}{end}.npy" for split in SPLITS for end in ("", "_labels", "_rows")
}

_SHARD = re.compile(r"audio-\d{5,}\.npy")


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
    if is_prepared(out):
        names = {name for name in names - _OWN_FILES if not _SHARD.fullmatch(name)}
    foreign = sorted(names)
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

    Of several attributes each value needs two, and a combination of them one.

    Raises:
        InputError: a label has fewer.
    """
    if not summary.clips:
        why = "; ".join(summary.left_out_lines()[:1])
        raise InputError(f"{src}: none of its {summary.files} audio files can be used ({why})")
    several = len(summary.scan.attributes) > 1
    for label, counts in summary.counts.items():
        _check_number(src, summary, counts, label, 1 if several else 2)
    for place in range(len(summary.scan.attributes) if several else 0):
        of_value: dict[str, Counter[str]] = {}
        for label, counts in summary.counts.items():
            of_value.setdefault(label.split(SEPARATOR)[place], Counter()).update(counts)
        for value, total in of_value.items():
            _check_number(src, summary, total, value, 2, summary.scan.attributes[place])


def _check_number(
    src: Path,
    summary: Summary,
    counts: Mapping[str, int],
    name: str,
    least: int,
    attribute: str = "label",
) -> None:
    """Refuse a label, or a value of an attribute, with too few sounds to train on."""
    if counts["train"] >= least:
        return
    what = f"the {attribute} {name!r}" if name else "the folder"
    total = sum(counts.values())
    lost = summary.left_out_lines(name) if name in summary.left_out else []
    advice = [] if lost and total < least else [_ADVICE]
    if summary.copies:
        lost.append(f"{summary.copies} sounds are copies, some perhaps of test sounds")
    needed = "are" if least > 1 else "is"
    raise InputError(
        f"{src}: {what} has {counts['train']} of its {total} usable sounds in the training"
        f" split, and at least {least} {needed} needed; {'; '.join([*lost, *advice])}"
    )


def _nearest_existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.absolute().parents) if place.exists())
