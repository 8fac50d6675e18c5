"""How much of a sound returns after a period: its autocorrelation."""

import numpy as np

_SAME_HEIGHT = 0.9  # of the highest peak: a period's multiples have peaks as high as its own


def periods_of(
    loud: np.ndarray, counts: np.ndarray, rate: int, shortest_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest autocorrelation beyond the first zero, and its lag in seconds, (n,) each.

    Args:
        loud: sounds (n, length) without a mean, 0 beyond their end.
        counts: (n,) samples of each.
        rate: sample rate in Hz.
        shortest_s: seconds of the shortest period.

    Example:
        >>> import numpy as np
        >>> from kwavegan.audio.periodicity import periods_of
        >>> hum = np.sin(2 * np.pi * 125 * np.arange(400) / 8000)[None]
        >>> height, lag = periods_of(hum, np.array([400]), rate=8000, shortest_s=0.002)
        >>> height.round(2).tolist(), lag.tolist()
        ([1.0], [0.008])
    """
    length = loud.shape[1]
    size = 1 << int(np.ceil(np.log2(2 * length)))
    correlation = np.fft.irfft(np.abs(np.fft.rfft(loud, size)) ** 2, size)[:, : length // 2 + 1]
    lags = np.arange(correlation.shape[1])
    # Fewer products are left at longer lags: the sum is divided by their share.
    shares = np.maximum(1 - lags / counts[:, None], 0.5)
    energy = np.maximum(correlation[:, :1], 1e-30)
    correlation = correlation / energy / shares
    negative = correlation < 0
    zero = np.where(negative.any(axis=1), negative.argmax(axis=1), length)
    lowest = np.maximum(zero, int(np.ceil(shortest_s * rate)))
    allowed = (lags >= lowest[:, None]) & (lags <= counts[:, None] // 2)
    inner = np.where(allowed, correlation, -1.0)
    peaks = np.zeros_like(allowed)
    peaks[:, 1:-1] = (inner[:, 1:-1] >= inner[:, :-2]) & (inner[:, 1:-1] >= inner[:, 2:])
    peaks &= allowed
    highest = np.where(peaks, correlation, 0.0).max(axis=1)
    first = (peaks & (correlation >= _SAME_HEIGHT * highest[:, None])).argmax(axis=1)
    return np.minimum(highest, 1.0), np.where(highest > 0, first / rate, 0.0)


def loudest_channel(sounds: np.ndarray) -> np.ndarray:
    """Return sounds (n, length) of (n, length, channels), in float64: a sum could cancel."""
    loudest = np.square(sounds, dtype="float64").sum(axis=1).argmax(axis=1)
    return sounds[np.arange(len(sounds)), :, loudest].astype("float64")
