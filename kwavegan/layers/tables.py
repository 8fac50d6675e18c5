"""What layers that make sound have in NumPy: limits, tables of directions, windows and turns.

No Keras here, so that `kwavegan.player` takes the same numbers without it.
"""

import math
from functools import lru_cache

import numpy as np

from kwavegan.audio.mel import hann
from kwavegan.errors import InputError, setting

# -- Inverse short-time Fourier transform ---------------------------------------------------------

OVERLAP = 4
"""Windows over each sample."""


def taper_of(hop: int) -> np.ndarray:
    """Return the window after an inverse transform, (4 × hop,) float32."""
    window = OVERLAP * hop
    return (hann(window) * math.sqrt(window) / 4).astype("float32")


@lru_cache(maxsize=8)
def frame_turns(frames: int, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Return cosine and sine (frames, 1, bins) of the phase that each bin has turned by.

    A hop is a quarter of a window, so bin k turns by k quarters from one frame to the next.
    """
    quarters = np.outer(np.arange(frames), np.arange(bins))[:, None] % 4
    cos, sin = (np.array(values, "float32") for values in ([1, 0, -1, 0], [0, 1, 0, -1]))
    return cos[quarters], sin[quarters]


# -- Noise and tuning from a latent ---------------------------------------------------------------

SHORTEST = 1e-9
"""Added to the squared length of a latent before it is divided by: one of zeros stays zero."""

NOISE_FRAMES = 16
"""Frames of the table of directions; later frames take it with the latent's values exchanged."""

_NOISE_SEED = 1234

_TONES_SEED = 4321

_VARIATIONS_SEED = 2143

NOISE_LIMITS = -12.0, 3.0
"""Limits of the levels, natural logarithms: -104 dB is silence, and 26 dB clips in any sound."""

_LINEAR_BINS = 6.0
"""Bands are linear below this bin and logarithmic above, as hearing is about 500 Hz."""

TONE_LIMITS = -12.0, 4.0
"""Limits of the levels of bins, natural logarithms: at 3.4 a bin alone is a tone at full level."""

FARTHEST_BINS = 0.75
"""Bins from a bin's centre to the farthest frequency of its tone: neighbours overlap."""


def noise_random() -> np.random.Generator:
    """Return what `noise_tables` draws from: directions, row by row, then signs."""
    return np.random.default_rng(_NOISE_SEED)


def tones_random() -> np.random.Generator:
    """Return what `tones_table` draws from, row by row."""
    return np.random.default_rng(_TONES_SEED)


def variations_random() -> np.random.Generator:
    """Return what `variations_table` draws from, row by row."""
    return np.random.default_rng(_VARIATIONS_SEED)


@lru_cache(maxsize=4)
def noise_tables(latent_dim: int, values: int, turns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return directions (latent_dim, values) and signs (turns, latent_dim) of ±1."""
    rng = noise_random()
    directions = _drawn(rng, latent_dim, values)
    return directions, np.sign(rng.standard_normal((turns, latent_dim))).astype("float32")


@lru_cache(maxsize=8)
def tones_table(latent_dim: int, values: int) -> np.ndarray:
    """Return directions (latent_dim, 2 × values), float32: of tunings, then of levels."""
    return _drawn(tones_random(), latent_dim, 2 * values)


@lru_cache(maxsize=8)
def variations_table(latent_dim: int, draws: int) -> np.ndarray:
    """Return directions (latent_dim, draws), float32: of what a latent adds to levels."""
    return _drawn(variations_random(), latent_dim, draws)


def _drawn(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Return normal numbers (rows, columns), float32.

    Raises:
        InputError: there are more than `_MOST_NUMBERS`.
    """
    if rows * columns > _MOST_NUMBERS:
        raise InputError(
            f"{setting('latent_dim')}: {rows} dimensions need tables of {rows * columns:,} numbers"
            f" at this rate, and {_MOST_NUMBERS:,} are the most; lower it"
        )
    table = np.empty((rows, columns), "float32")
    for row in table:  # so that they are never all there in float64
        row[:] = rng.standard_normal(columns)
    return table


_MOST_NUMBERS = 2**29
"""Of a table: 2 GiB. Ten times those of 100 dimensions, in stereo, at 192 kHz."""


@lru_cache(maxsize=8)
def bands_to_bins(bands: int, bins: int) -> np.ndarray:
    """Return (bands, bins) float32, by which values in bands are interpolated at bins."""
    places = np.log1p(np.arange(1, bins + 1) / _LINEAR_BINS)
    places = (places - places[0]) / (places[-1] - places[0]) * (bands - 1)
    low = np.clip(np.floor(places).astype(int), 0, bands - 2)
    matrix, columns = np.zeros((bands, bins), "float32"), np.arange(bins)
    matrix[low, columns] += 1 - (places - low)
    matrix[low + 1, columns] += places - low
    return matrix


# -- Pulses ---------------------------------------------------------------------------------------

PITCH_SPREAD = 0.3
"""Standard deviation of the natural logarithm of a voice's pitch from sound to sound.

That of two words of many speakers is 0.32, of ten digits of six speakers 0.19."""

_PITCH_WANDER, _WANDER_S = 0.15, 0.1
"""How far a pitch strays within a sound, a standard deviation in nepers, and in what time.

The pitch of a spoken word rises or falls by a neper a second, and bends on the way."""

_LOWEST_PITCH_HZ, _HIGHEST_PITCH_HZ = 40.0, 1000.0
"""Limits of the pitch of any sound."""

VOICING_LIMIT = 6.0
"""Limit of the logit of voicing: at either end, noise or pulses are 52 dB down."""

_PULSE_DECAY, _PULSE_HZ = 4.6, 8000.0
"""The overtones of a pulse have fallen by 4.6 nepers, 40 dB, at half the rate, or at 8 kHz: voices
have hardly any above it. The sharper a pulse, the more does the rounding of its phase show."""

_PULSES_SEED, _DELAYS_SEED = 777, 778

_DELAY_S, _DELAY_WIDTH_HZ = 0.0015, 150.0
"""How far the overtones of a pulse are apart in time, and over how many hertz that changes.

All at once, they are a click: sharper than a throat makes them, and heard as a buzz."""


def pitch_limits(rate: int, pitch: float) -> tuple[float, float]:
    """Return limits of the natural logarithm of a pitch to the median `pitch`, in Hz."""
    highest = max(2 * _LOWEST_PITCH_HZ, min(_HIGHEST_PITCH_HZ, rate / 5))
    return math.log(_LOWEST_PITCH_HZ / pitch), math.log(highest / pitch)


def pulse_sharpness(rate: int) -> float:
    """Return κ of a pulse exp(κ cos x), divided by the square of its period in samples."""
    return max(1.0, rate / (2 * _PULSE_HZ)) ** -2 / (4 * _PULSE_DECAY)


@lru_cache(maxsize=8)
def pitch_table(latent_dim: int, frames: int, frame_s: float) -> np.ndarray:
    """Return directions (latent_dim, frames) float32, of the logarithm of the pitch in each frame.

    Args:
        latent_dim: values of a latent.
        frames: of a sound.
        frame_s: seconds in a frame.
    """
    reach = max(1, round(4 * _WANDER_S / frame_s))
    kernel = _bell(reach, _WANDER_S / frame_s)
    draws = _drawn(np.random.default_rng(_PULSES_SEED), latent_dim, 1 + frames + 2 * reach)
    strayed = np.stack([np.convolve(row, kernel, mode="valid") for row in draws[:, 1:]])
    return (PITCH_SPREAD * draws[:, :1] + _PITCH_WANDER * strayed).astype("float32")


@lru_cache(maxsize=8)
def pulse_turns(frames: int, hop: int, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return cosine and sine (frames, bins) float32, by which the bins of pulses are turned.

    Each bin is delayed by a time of its own, and turned back by what `frame_turns` will turn it.
    """
    window, bins = OVERLAP * hop, OVERLAP * hop // 2
    width = max(1.0, _DELAY_WIDTH_HZ * window / rate)
    kernel = _bell(round(4 * width), width)
    draws = np.random.default_rng(_DELAYS_SEED).standard_normal(bins + len(kernel))
    delays = _DELAY_S * np.convolve(draws, kernel, mode="valid")
    turns = np.cumsum(delays)[1:] * (rate / window)
    turns = turns + np.outer(np.arange(frames), np.arange(1, bins + 1)) % OVERLAP / OVERLAP
    angle = 2 * math.pi * (turns % 1)
    scale = 2 / math.sqrt(window)
    return (scale * np.cos(angle)).astype("float32"), (scale * np.sin(-angle)).astype("float32")


def _bell(reach: int, width: float) -> np.ndarray:
    """Return a Gaussian kernel that keeps the variance of noise, (2 × reach + 1,)."""
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return kernel / np.sqrt(np.square(kernel).sum())


# -- From frames to samples -----------------------------------------------------------------------

FARTHEST_LOGIT = 30.0
"""Limit of a gate's logits: from one to the other it opens within a few of a hundred samples."""

CLOSED_LOGIT = 7.0
"""Limit of the line between them: a closed gate lets −61 dB through.

What is far below all else in a sound changes no spectrum, and so nothing brings it back: labels
whose noise went to −110 dB in the first hundred steps had tones in its place for good.
"""


def frame_shares(hop: int) -> np.ndarray:
    """Return the share of a frame that lies before each of its samples, (hop, 1) float32."""
    return (np.arange(hop, dtype="float32") / hop)[:, None]


# -- The end --------------------------------------------------------------------------------------

LINEAR_TO = 0.75
"""Samples up to it, −2.5 dBFS, are left as they are; louder ones are bent to stay within 1."""

# -- Oscillators ----------------------------------------------------------------------------------

LOWEST_HZ, HIGHEST_HZ = 30.0, 2000.0

_FIRST, _LAST = -2.0, 1.5
"""Logits of the first and the last oscillator's pitch where the input is 0: 50 and 930 Hz."""

SWEEP_LIMITS = -12.0, 1.0
"""Limits of the oscillators' levels, natural logarithms."""


def first_pitches(count: int) -> np.ndarray:
    """Return the logits of the oscillators' pitches where the input is 0, (count,) float32."""
    return np.linspace(_FIRST, _LAST, count).astype("float32")


def pitch_range(rate: int) -> tuple[float, float]:
    """Return the lowest pitch in cycles a sample, and the natural logarithm of highest to lowest.

    Args:
        rate: sample rate in Hz; the highest pitch is a quarter of it at most.
    """
    return LOWEST_HZ / rate, math.log(min(HIGHEST_HZ, rate / 4) / LOWEST_HZ)
