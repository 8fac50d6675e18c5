"""Sounds → log-mel spectrograms, and statistics of them that need no judge."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

FLOOR = -80.0
"""Quietest level of a spectrogram, in dB below a sine of full scale in one band."""

_WINDOW_SECONDS = 0.046  # about 2,048 samples at 44.1 kHz, the usual window for music

_FRAMES = 64

_BANDS = 40

_CHUNK = 64


@dataclass(frozen=True)
class MelSettings:
    """The shape of a spectrogram: what suits a rate and a length, see `mel_settings`.

    Attributes:
        rate: sample rate in Hz.
        window: samples in a window, a power of two.
        hop: samples from one window to the next.
        bands: mel bands between 0 and rate / 2.
    """

    rate: int
    window: int
    hop: int
    bands: int


def mel_settings(rate: int, length: int) -> MelSettings:
    """Return settings for sounds of `length` samples: windows of about 46 ms, about 64 frames.

    There are 40 mel bands, or as many as the window can tell apart.
    """
    window = 2 ** round(np.log2(rate * _WINDOW_SECONDS))
    window = max(16, min(window, 2 ** int(np.log2(length))))
    hop = int(np.clip(length // _FRAMES, window // 8, window // 2))
    return MelSettings(rate, window, hop, bands_of(rate, window, _BANDS))


def bands_of(rate: int, window: int, most: int) -> int:
    """Return how many mel bands a window can tell apart, at least 2 and at most `most`."""
    # The lowest bands are the narrowest: none may be narrower than a bin.
    widest = _mel(rate / 2) / _mel(rate / window)
    return int(np.clip(widest - 1, 2, most))


def log_mel(sounds: np.ndarray, settings: MelSettings) -> np.ndarray:
    """Return log-mel spectrograms in dB, `FLOOR` or above.

    Args:
        sounds: (n, length, channels) in -1…1.
        settings: of `mel_settings`.

    Returns:
        (n, frames, bands, channels), float32; frames = 1 + length // hop.
    """
    chunks = [
        _log_mel(np.asarray(sounds[start : start + _CHUNK], "float32"), settings)
        for start in range(0, max(len(sounds), 1), _CHUNK)
    ]
    return np.concatenate(chunks)


def _log_mel(sounds: np.ndarray, settings: MelSettings) -> np.ndarray:
    half = settings.window // 2
    padded = np.pad(sounds, ((0, 0), (half, half), (0, 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, settings.window, axis=1)
    taper = hann(settings.window).astype("float32")
    spectrum = np.fft.rfft(frames[:, :: settings.hop] * taper)
    power = (np.abs(spectrum) / (taper.sum() / 2)).astype("float32") ** 2
    mel = power @ mel_filters(settings).T
    decibels = 10 * np.log10(np.maximum(mel, 1e-12))
    return np.moveaxis(np.maximum(decibels, FLOOR), 2, 3).astype("float32")


def hann(window: int) -> np.ndarray:
    """Return the periodic Hann window of `window` samples: overlapped at a hop, it adds up flat."""
    return np.hanning(window + 1)[:-1]


@lru_cache(maxsize=8)
def mel_filters(settings: MelSettings) -> np.ndarray:
    """Return triangular filters (bands, window / 2 + 1), float32, of height 1 on HTK's mel scale.

    That scale is 2,595 log10(1 + f / 700 Hz) (O'Shaughnessy 1987).
    """
    edges = _hertz(np.linspace(0, _mel(settings.rate / 2), settings.bands + 2))
    bins = np.fft.rfftfreq(settings.window, 1 / settings.rate)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)).astype("float32")


def _mel(hertz: float | np.ndarray) -> float | np.ndarray:
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def _hertz(mel: np.ndarray) -> np.ndarray:
    return 700 * (10 ** (mel / 2595) - 1)
