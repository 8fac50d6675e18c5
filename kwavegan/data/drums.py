"""The built-in data set: kick, snare and hat, synthesised with NumPy.

A first run thus needs no recordings. The sounds are written as WAV files and then prepared as a
user's own folder is. Their recipes:

- kick: a sine whose pitch falls exponentially, a short click of noise, soft saturation;
- snare: two body tones with a small pitch drop, and longer band-limited noise;
- hat: six square waves at inharmonic ratios and white noise, high-passed, decaying fast.

Every parameter that varies from sound to sound is drawn from its range in `RANGES`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from kwavegan.audio.soundfiles import write_wav_in_place
from kwavegan.data.dataset import Dataset
from kwavegan.data.preparation import Progress, prepare_cached
from kwavegan.data.prepare_settings import PrepareSettings
from kwavegan.storage.cache import cache_folder, locked
from kwavegan.storage.files import atomic

RATE = 16384
"""Hz."""

LENGTH = 4096
"""Samples: a quarter of a second."""

LABELS = ("hat", "kick", "snare")

COUNT = 300
"""Sounds of each label in the built-in set."""

RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "kick": {
        "start_hz": (150.0, 400.0),  # pitch at the beginning
        "end_hz": (40.0, 70.0),  # pitch it falls to
        "fall_s": (0.012, 0.035),  # time constant of the fall
        "decay_s": (0.045, 0.085),  # time constant of the level
        "click": (0.05, 0.35),  # level of the click
        "click_s": (0.001, 0.003),  # time constant of the click
        "drive": (1.0, 3.0),  # into the saturation
    },
    "snare": {
        "low_hz": (160.0, 200.0),  # first body tone
        "ratio": (1.15, 1.50),  # second tone ÷ first, kept within 240 Hz
        "bend": (0.05, 0.25),  # relative pitch by which the tones start too high
        "body": (0.35, 0.80),  # level of the tones beside the noise
        "body_s": (0.020, 0.045),  # time constant of the body tones
        "noise_s": (0.030, 0.065),  # time constant of the noise
        "from_hz": (500.0, 1100.0),  # band of the noise
        "to_hz": (3000.0, 5000.0),
        "drive": (0.8, 1.8),
    },
    "hat": {
        "base_hz": (310.0, 480.0),  # frequency of the first oscillator
        "spread": (0.97, 1.03),  # range of the factor that detunes each ratio
        "metal": (0.30, 0.80),  # oscillators against noise
        "from_hz": (4800.0, 6200.0),  # high-pass
        "decay_s": (0.008, 0.045),  # closed to half open
        "drive": (0.5, 1.5),
    },
}
"""Label → parameter → its range; the parameter of each sound is uniform in it."""

_VERSION = 1
"""Version of the recipes, to be raised when any sound changes."""

_PEAK = (0.5, 0.95)
"""Range of the peaks, of full scale."""

_ONSET_S = (0.0, 0.002)
"""Range of the silence before a sound, in seconds."""

_FADE = 256
"""Samples of the fade-out, so that a clip ends in silence."""

_ATTACK_S = 0.0005
"""Seconds in which tones rise: short, but long enough not to click."""

_RATIOS = np.array([1.0, 1.342, 1.2312, 1.6532, 1.9523, 2.1523])
"""Frequency ratios of the hat's oscillators, from a classic drum machine."""

_OVERSAMPLE = 4
"""Square waves are computed at this many times the rate, so that they do not alias."""


def synthesize(label: str, seed: int, index: int) -> np.ndarray:
    """Synthesise a drum sound; equal arguments give equal sounds.

    Args:
        label: "kick", "snare" or "hat".
        seed: of the set, at least 0.
        index: of the sound within its label.

    Returns:
        float32 (4096,) at 16,384 Hz, with a peak between 0.5 and 0.95, and silence at the end.
    """
    random = np.random.default_rng([seed, LABELS.index(label), index])
    parameters = {name: random.uniform(*limits) for name, limits in RANGES[label].items()}
    onset = round(random.uniform(*_ONSET_S) * RATE)
    sound = _MAKERS[label](parameters, random)
    sound = np.concatenate([np.zeros(onset), sound])[:LENGTH]
    sound[-_FADE:] *= 0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, _FADE))
    return (sound * (random.uniform(*_PEAK) / np.abs(sound).max())).astype(np.float32)


def _time(rate: int = RATE) -> np.ndarray:
    return np.arange(LENGTH * rate // RATE) / rate


def _kick(parameters: dict[str, float], random: np.random.Generator) -> np.ndarray:
    time = _time()
    end, fall = parameters["end_hz"], parameters["fall_s"]
    # The integral of end + (start - end)·exp(-t/fall), in cycles.
    swept = end * time + (parameters["start_hz"] - end) * fall * -np.expm1(-time / fall)
    body = np.sin(2 * np.pi * swept) * _envelope(time, parameters["decay_s"])
    click = _band(random.standard_normal(LENGTH), 1500.0, 6000.0)
    click *= parameters["click"] / np.abs(click).max() * np.exp(-time / parameters["click_s"])
    return _saturate(body + click, parameters["drive"])


def _snare(parameters: dict[str, float], random: np.random.Generator) -> np.ndarray:
    time = _time()
    body = np.zeros(LENGTH)
    for pitch in (parameters["low_hz"], min(240.0, parameters["low_hz"] * parameters["ratio"])):
        # Both tones start sharp and settle within some 10 ms, as those of a struck drumhead do.
        cycles = pitch * (time - parameters["bend"] * 0.01 * np.expm1(-time / 0.01))
        body += np.sin(2 * np.pi * (cycles + random.uniform()))
    body *= 0.5 * parameters["body"] * _envelope(time, parameters["body_s"])
    noise = _band(random.standard_normal(LENGTH), parameters["from_hz"], parameters["to_hz"])
    noise *= 0.35 / noise.std() * _envelope(time, parameters["noise_s"])
    return _saturate(body + noise, parameters["drive"])


def _hat(parameters: dict[str, float], random: np.random.Generator) -> np.ndarray:
    fine = _time(RATE * _OVERSAMPLE)
    spread = RANGES["hat"]["spread"]
    pitches = parameters["base_hz"] * _RATIOS * random.uniform(*spread, len(_RATIOS))
    phases = random.uniform(size=len(_RATIOS))
    metal = np.sign(np.sin(2 * np.pi * (np.outer(pitches, fine) + phases[:, None]))).sum(axis=0)
    metal = _band(_decimate(metal), parameters["from_hz"], RATE)
    noise = _band(random.standard_normal(LENGTH), parameters["from_hz"], RATE)
    mixed = (
        parameters["metal"] * metal / metal.std() + (1 - parameters["metal"]) * noise / noise.std()
    )
    # The filter follows the saturation, which would otherwise bring low tones back.
    mixed = _band(_saturate(mixed / 3, parameters["drive"]), parameters["from_hz"], RATE)
    return mixed * _envelope(_time(), parameters["decay_s"])


_MAKERS: dict[str, Callable[[dict[str, float], np.random.Generator], np.ndarray]] = {
    "kick": _kick,
    "snare": _snare,
    "hat": _hat,
}


def _envelope(time: np.ndarray, decay: float) -> np.ndarray:
    return np.minimum(1.0, time / _ATTACK_S) * np.exp(-time / decay)


def _saturate(sound: np.ndarray, drive: float) -> np.ndarray:
    return np.tanh(drive * sound)


def _band(sound: np.ndarray, low: float, high: float) -> np.ndarray:
    """Keep `low` to `high` Hz: a filter in the frequency domain, with skirts of 300 Hz."""
    frequency = np.fft.rfftfreq(len(sound), 1 / RATE)
    gain = np.clip((frequency - low) / 300.0 + 1, 0, 1) * np.clip((high - frequency) / 300, 0, 1)
    return np.fft.irfft(np.fft.rfft(sound) * gain, len(sound))


def _decimate(sound: np.ndarray) -> np.ndarray:
    """Reduce `_OVERSAMPLE` times the rate to the rate, by cutting the spectrum."""
    return np.fft.irfft(np.fft.rfft(sound)[: LENGTH // 2 + 1], LENGTH)


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
        Three labels with 300 sounds each: clips of 4,096 samples at 16,384 Hz.

    Raises:
        InputError: the cache is not writable or the disk is full.

    Example:
        >>> from kwavegan.data import builtin_dataset
        >>> builtin_dataset().labels
        ('hat', 'kick', 'snare')
    """
    folder = cache_folder() / f"drums-v{_VERSION}"
    with locked(folder):
        if not folder.is_dir():
            write_drums(folder)
    return prepare_cached(folder, PrepareSettings(rate=RATE, length=LENGTH), progress=progress)
