"""Audio → log-mel spectrograms, with NumPy."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kwavegan.audio.pcm import to_float

FLOOR_DB = -80.0
"""Quietest level of a spectrogram; 0 dB is a sine of full scale in one band."""

_WINDOW_SECONDS = 0.046
"""About 2,048 samples at 44.1 kHz, the usual window for music."""

_FRAMES = 64
"""Frames of a spectrogram, about."""

_BANDS = 40
"""Most mel bands."""


@dataclass(frozen=True)
class MelSettings:
    """The shape of a mel spectrogram; `mel_settings` chooses one for a rate and a length.

    Attributes:
        rate: sample rate in Hz.
        window: samples in a window, a power of two.
        hop: samples from one window to the next.
        bands: mel bands between 0 and rate / 2.

    Example:
        >>> from kwavegan.audio import MelSettings
        >>> MelSettings(rate=16384, window=512, hop=128, bands=40).hop
        128
    """

    rate: int
    window: int
    hop: int
    bands: int


def mel_settings(rate: int, length: int) -> MelSettings:
    """Choose a spectrogram's shape: windows of about 46 ms, about 64 frames.

    There are 40 mel bands, or as many as the window resolves.

    Args:
        rate: sample rate in Hz.
        length: samples in a sound.

    Example:
        >>> from kwavegan.audio import mel_settings
        >>> mel_settings(rate=16384, length=16384)
        MelSettings(rate=16384, window=1024, hop=256, bands=40)
    """
    window = 2 ** round(np.log2(rate * _WINDOW_SECONDS))
    window = max(16, min(window, 2 ** int(np.log2(length))))
    hop = int(np.clip(length // _FRAMES, window // 8, window // 2))
    return MelSettings(rate, window, hop, bands_of(rate, window, _BANDS))


def bands_of(rate: int, window: int, most: int) -> int:
    """Return how many mel bands a window resolves, at least 2 and at most `most`."""
    # The lowest band is the narrowest, and must not be narrower than a bin.
    widest = _mel(rate / 2) / _mel(rate / window)
    return int(np.clip(widest - 1, 2, most))


def log_mel(sounds: np.ndarray, settings: MelSettings) -> np.ndarray:
    """Compute log-mel spectrograms in dB, `FLOOR_DB` (-80) or above.

    Args:
        sounds: (n, length, channels): floats in -1…1, or int16.
        settings: shape of the spectrograms.

    Returns:
        (n, frames, bands, channels), float32; frames = 1 + length // hop.

    Example:
        >>> import numpy as np
        >>> from kwavegan.audio import log_mel, mel_settings
        >>> spectrograms = log_mel(np.zeros((2, 4096, 1)), mel_settings(16384, 4096))
        >>> spectrograms.shape, float(spectrograms.max())
        ((2, 33, 40, 1), -80.0)
    """
    sounds = np.asarray(sounds)
    _, length, channels = sounds.shape
    shape = (len(sounds), channels, 1 + length // settings.hop, settings.bands)
    mel = np.empty(shape, "float32")
    # Sound by sound, what lies between the steps stays in the processor's cache.
    for sound, own in zip(sounds, mel, strict=True):
        for channel, power in zip(to_float(sound).T, own, strict=True):
            power[:] = _mel_power(channel, settings)
    decibels = 10 * np.log10(np.maximum(mel, 1e-12))
    return np.moveaxis(np.maximum(decibels, FLOOR_DB), 1, 3).astype("float32")


def _mel_power(channel: np.ndarray, settings: MelSettings) -> np.ndarray:
    """Return the power (frames, bands) of one channel (length,); 1 is a sine of full scale."""
    padded = np.pad(channel, settings.window // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, settings.window)[:: settings.hop]
    spectrum = np.fft.rfft(frames * level_taper(settings.window))
    return (spectrum.real**2 + spectrum.imag**2).astype("float32") @ mel_filters(settings).T


@lru_cache(maxsize=8)
def level_taper(window: int) -> np.ndarray:
    """Return Hann's window as float32, of which a sine of full scale has a peak of 1."""
    taper = hann(window)
    return (taper / (taper.sum() / 2)).astype("float32")


def hann(window: int) -> np.ndarray:
    """Return the periodic Hann window of `window` samples; half-overlapping windows sum to 1."""
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
