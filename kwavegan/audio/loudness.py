"""How loud a sound is: ITU-R BS.1770, over its loudest 400 ms."""

import math

import numpy as np

WINDOW_S = 0.4
"""Seconds of a momentary loudness (EBU Tech 3341)."""

_OFFSET_DB = -0.691
"""By this a sine of 997 Hz and full scale in one channel has -3.01 LUFS."""

_SHELF = (1681.974450955533, 0.7071752369554196)
"""Hz and quality of the first filter: a head in front of a sound."""

_SHELF_GAIN = 10 ** (3.999843853973347 / 20)

_SHELF_MIDDLE = _SHELF_GAIN**0.4996667741545416

_HIGH_PASS = (38.13547087602444, 0.5003270373238773)
"""Hz and quality of the second filter: how little of low tones is heard."""


def momentary_loudness(audio: np.ndarray, rate: int) -> float:
    """Return the highest momentary loudness of a sound, in LUFS; -inf for silence.

    It is the power of the loudest 400 ms as heard (ITU-R BS.1770-5): a sound that is shorter is
    taken with silence around it, so that of two short ones the longer is louder. The filters are
    those of the standard at any rate, computed in the frequency domain (Brecht De Man, 2018).

    Args:
        audio: float (time, channels).
        rate: sample rate in Hz.

    Example:
        >>> import numpy as np
        >>> from kwavegan.audio import momentary_loudness
        >>> sine = np.sin(2 * np.pi * 997 * np.arange(48000) / 48000)
        >>> round(momentary_loudness(sine[:, None], rate=48000), 2)
        -3.01
    """
    window = round(WINDOW_S * rate)
    length = len(audio) + window
    spectrum = np.fft.rfft(audio, length, axis=0) * _weights(length, rate)[:, None]
    power = np.square(np.fft.irfft(spectrum, length, axis=0)).sum(axis=1)
    total = np.concatenate([[0.0], np.cumsum(power)])
    loudest = float((total[window:] - total[:-window]).max()) / window
    return _OFFSET_DB + 10 * math.log10(loudest) if loudest > 0 else -math.inf


def _weights(length: int, rate: int) -> np.ndarray:
    """Return the filters' complex gains at the frequencies of a transform of `length` samples."""
    # Both filters are bilinear transforms of analog ones, which these are, at warped frequencies.
    turns = np.arange(length // 2 + 1) / length
    s = 1j * np.tan(np.pi * np.minimum(turns, 0.4999999))
    shelf, middle = _pole(_SHELF, rate)
    gain = (_SHELF_GAIN * s**2 + _SHELF_MIDDLE * middle * s + shelf**2) / (
        s**2 + middle * s + shelf**2
    )
    high_pass, width = _pole(_HIGH_PASS, rate)
    # The standard's second filter is 1, -2, 1 above its fraction, at any rate.
    return gain * (1 + width + high_pass**2) * s**2 / (s**2 + width * s + high_pass**2)


def _pole(filter_: tuple[float, float], rate: int) -> tuple[float, float]:
    """Return the warped frequency of a filter, and that over its quality."""
    frequency, quality = filter_
    warped = math.tan(math.pi * min(frequency / rate, 0.4999))
    return warped, warped / quality
