"""The built-in data set: six drums, synthesised, so that a first run needs no recordings.

The sounds are written as WAV files and then prepared as a user's own folder is.
"""

from pathlib import Path

from kwavegan.audio.soundfiles import write_wav_in_place
from kwavegan.data.dataset import Dataset
from kwavegan.data.drum_sounds import LABELS, LENGTH, RATE, synthesize
from kwavegan.data.preparation import Progress, prepare_cached
from kwavegan.data.prepare_settings import PrepareSettings
from kwavegan.storage.cache import cache_folder, locked
from kwavegan.storage.files import atomic

COUNT = 200
"""Sounds of each label in the built-in set."""

_VERSION = 2
"""Version of the recipes, to be raised when any sound changes."""


def write_drums(folder: str | Path, count: int = COUNT, seed: int = 0) -> None:
    """Write `<folder>/<label>/<label>_000.wav` and so on, PCM_16, the whole folder atomically.

    Args:
        folder: a folder that is there already is replaced.
        count: sounds of each label.
        seed: equal seeds give equal files.

    Raises:
        InputError: the disk is full, or the folder is not writable.
    """
    with atomic(folder) as partial:
        for label in LABELS:
            (partial / label).mkdir(parents=True)
            for index in range(count):
                name = partial / label / f"{label}_{index:03d}.wav"
                write_wav_in_place(name, synthesize(label, seed, index), RATE)


def builtin_dataset(progress: Progress | None = None) -> Dataset:
    """Open the built-in drums; the first call synthesises and prepares them in the cache.

    Args:
        progress: called with files done and files in all.

    Returns:
        Six labels with 200 sounds each: clips of 16,384 samples at 44,100 Hz.

    Raises:
        InputError: the cache is not writable or the disk is full.

    Example:
        >>> from kwavegan.data import builtin_dataset
        >>> builtin_dataset().labels
        ('clap', 'closed-hat', 'kick', 'open-hat', 'snare', 'tom')
    """
    folder = cache_folder() / f"drums-v{_VERSION}"
    with locked(folder):
        if not folder.is_dir():
            write_drums(folder)
    return prepare_cached(folder, PrepareSettings(rate=RATE, length=LENGTH), progress=progress)
