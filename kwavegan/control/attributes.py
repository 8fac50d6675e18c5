"""Each attribute's measure: a number of a sound, on a scale of equal steps."""

import numpy as np

from kwavegan.evaluation.texture import measure_period

_LOUD_S = 0.05
"""A sound is as loud as its loudest 50 ms."""

_LENGTH_DB = 30.0
"""A sound lasts until it stays this far below its peak; what is fainter is little heard of it."""

_ENVELOPE_S = 0.002
"""Window of the level that an attack is read from."""

_SHORTEST_S = 0.0005
"""No time counts as less: differences between shorter ones are not heard."""

_FLOOR = 1e-9
"""Of the strongest bin, −90 dB: below it a spectrum holds rounding."""

_PITCHED = 0.5
"""A sound has a pitch where as much of its energy returns after a period."""


def measure_attributes(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Return the attributes of sounds, (n, 6) in the order of `ATTRIBUTES`.

    A pitch that is not there is NaN; of silence everything is.

    Args:
        sounds: (n, length, channels) in −1…1.
        rate: samples a second.

    Example:
        >>> import numpy as np
        >>> from kwavegan.control import ATTRIBUTES, measure_attributes
        >>> time = np.arange(4096) / 8192
        >>> sines = np.stack([np.sin(2 * np.pi * f * time) for f in (200, 400)])[:, :, None]
        >>> low, high = measure_attributes(sines, 8192)
        >>> names = [attribute.name for attribute in ATTRIBUTES]
        >>> [round(float((high - low)[names.index(n)]), 1) for n in ("brightness", "pitch")]
        [1.0, 1.0]
    """
    x = np.asarray(sounds, "float64")
    level = np.abs(x).max(axis=2)
    peak = level.max(axis=1, keepdims=True)
    energy = np.square(x).mean(axis=2)
    power = np.square(np.abs(np.fft.rfft(x, axis=1))).sum(axis=2)[:, 1:]
    columns = (
        _loudness(energy, rate),
        _brightness(power, rate),
        _length(level, peak, rate),
        _attack(level, rate),
        _pitch(np.asarray(sounds), rate),
        _noisiness(power),
    )
    return np.where(peak > 0, np.stack(columns, axis=1), np.nan)


def _mean_over(values: np.ndarray, seconds: float, rate: int) -> np.ndarray:
    """Return means of rows (n, length) over windows of so many seconds."""
    window = max(1, min(round(seconds * rate), values.shape[1]))
    total = np.pad(values, ((0, 0), (1, 0))).cumsum(axis=1)
    return np.maximum(total[:, window:] - total[:, :-window], 0) / window


def _loudness(energy: np.ndarray, rate: int) -> np.ndarray:
    return 10 * np.log10(np.maximum(_mean_over(energy, _LOUD_S, rate).max(axis=1), 1e-12))


def _brightness(power: np.ndarray, rate: int) -> np.ndarray:
    hertz = np.linspace(0, rate / 2, power.shape[1] + 1)[1:]
    return np.log2(np.maximum(power @ hertz / np.maximum(power.sum(axis=1), 1e-30), 1.0))


def _length(level: np.ndarray, peak: np.ndarray, rate: int) -> np.ndarray:
    heard = level >= peak * 10 ** (-_LENGTH_DB / 20)
    ends = level.shape[1] - heard[:, ::-1].argmax(axis=1)
    return np.log2(np.maximum(ends / rate, _SHORTEST_S))


def _attack(level: np.ndarray, rate: int) -> np.ndarray:
    envelope = _mean_over(level, _ENVELOPE_S, rate)
    reached = (envelope >= 0.5 * envelope.max(axis=1, keepdims=True)).argmax(axis=1)
    return np.log2(np.maximum(reached / rate, _SHORTEST_S))


def _pitch(sounds: np.ndarray, rate: int) -> np.ndarray:
    periodicity, period = measure_period(sounds, rate)
    pitched = (periodicity >= _PITCHED) & (period > 0)
    return np.where(pitched, -np.log2(np.where(pitched, period, 1.0)), np.nan)


def _noisiness(power: np.ndarray) -> np.ndarray:
    power = power + np.maximum(_FLOOR * power.max(axis=1, keepdims=True), 1e-30)
    return 10 * (np.log10(power).mean(axis=1) - np.log10(power.mean(axis=1)))
