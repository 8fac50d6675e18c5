"""Folders of audio to prepare, and what came of them."""

import csv
import hashlib

import numpy as np
import soundfile as sf

from kwavegan.data import PrepareSettings

SMALL = PrepareSettings(rate=2048, length=256)


def write(path, sound=None, rate=2048, seed=None, **options):
    """Write a sound; noise that its name or `seed` gives, without one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if sound is None:
        seed = int(hashlib.sha1(path.name.encode()).hexdigest(), 16) if seed is None else seed
        sound = np.random.default_rng(seed).uniform(-0.5, 0.5, 256)
    sf.write(path, sound, rate, **options)


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(out):
    with (out / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))
