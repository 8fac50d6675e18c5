"""Drum sounds synthesised with NumPy: the recipes of the built-in data set.

- kick: a sine whose pitch falls exponentially, a short click of noise, soft saturation;
- snare: two body tones with a small pitch drop, and longer band-limited noise;
- clap: a few bursts of band-limited noise close together, and a longer one behind them;
- closed-hat and open-hat: six square waves at inharmonic ratios and white noise, high-passed;
- tom: a sine whose pitch falls slowly, a quieter one above it, a soft stroke of noise.

Every parameter that varies from sound to sound is drawn from its range in `RANGES`. How hard a
sound is struck, its velocity, sets its level, its stroke and how far it is driven.
"""

from collections.abc import Callable

import numpy as np

RATE = 44_100
"""Hz."""

LENGTH = 16_384
"""Samples: 0.37 s."""

_HAT = {
    "base_hz": (310.0, 480.0),  # frequency of the first oscillator
    "spread": (0.97, 1.03),  # range of the factor that detunes each ratio
    "metal": (0.30, 0.80),  # oscillators against noise
    "from_hz": (5500.0, 8000.0),  # high-pass
    "drive": (0.5, 1.5),
}

RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "clap": {
        "bursts": (3.0, 4.99),  # hands that come together; its whole part counts
        "apart_s": (0.007, 0.013),  # from one burst to the next
        "burst_s": (0.003, 0.006),  # time constant of a burst
        "tail_s": (0.030, 0.070),  # time constant of the last
        "from_hz": (600.0, 1000.0),  # band of the noise
        "to_hz": (2500.0, 6000.0),
        "drive": (0.8, 1.8),
    },
    "closed-hat": {**_HAT, "decay_s": (0.010, 0.035)},
    "kick": {
        "start_hz": (150.0, 450.0),  # pitch at the beginning
        "end_hz": (40.0, 65.0),  # pitch it falls to
        "fall_s": (0.012, 0.040),  # time constant of the fall
        "decay_s": (0.060, 0.110),  # time constant of the level
        "click": (0.05, 0.45),  # level of the click
        "click_s": (0.001, 0.003),  # time constant of the click
        "drive": (1.0, 3.0),  # into the saturation
    },
    "open-hat": {**_HAT, "decay_s": (0.080, 0.120)},
    "snare": {
        "low_hz": (160.0, 200.0),  # first body tone
        "ratio": (1.15, 1.50),  # second tone ÷ first, kept within 240 Hz
        "bend": (0.05, 0.25),  # relative pitch by which the tones start too high
        "body": (0.35, 0.80),  # level of the tones beside the noise
        "body_s": (0.025, 0.060),  # time constant of the body tones
        "noise_s": (0.040, 0.085),  # time constant of the noise
        "from_hz": (500.0, 1100.0),  # band of the noise
        "to_hz": (4000.0, 10000.0),
        "drive": (0.8, 1.8),
    },
    "tom": {
        "end_hz": (75.0, 190.0),  # pitch it falls to
        "fall": (0.3, 0.9),  # by how much of it the pitch starts higher
        "fall_s": (0.030, 0.080),  # time constant of the fall
        "decay_s": (0.060, 0.110),  # time constant of the level
        "second": (0.10, 0.35),  # level of the tone above, at 1.59 times the pitch
        "stroke": (0.05, 0.25),  # level of the stroke
        "stroke_s": (0.002, 0.005),  # time constant of the stroke
        "drive": (0.8, 2.0),
    },
}
"""Label → parameter → its range; the parameter of each sound is uniform in it."""

LABELS = tuple(RANGES)

_VELOCITY = (0.3, 1.0)
"""Range of velocities: levels span 10 dB, as strokes from soft to hard do."""

_FULL_PEAK = 0.95
"""Peak of a sound of velocity 1."""

_ONSET_S = (0.0, 0.002)
"""Range of the silence before a sound, in seconds."""

_FADE = 1024
"""Samples of the fade-out, so that a clip ends in silence."""

_ATTACK_S = 0.0005
"""Seconds in which tones rise: short, but long enough not to click."""

_HAT_RATIOS = np.array([1.0, 1.342, 1.2312, 1.6532, 1.9523, 2.1523])
"""Frequency ratios of the hats' oscillators, from a classic drum machine."""

_MEMBRANE = 1.59
"""Ratio of the first two modes of a round membrane: zeros of Bessel functions, 3.83 ÷ 2.40."""

_OVERSAMPLE = 4
"""Square waves are computed at this many times the rate, so that they do not alias."""

Parameters = dict[str, float]


def synthesize(label: str, seed: int, index: int) -> np.ndarray:
    """Synthesise a drum sound; equal arguments give equal sounds.

    Args:
        label: one of `LABELS`.
        seed: of the set, at least 0.
        index: of the sound within its label.

    Returns:
        float32 (16384,) at 44,100 Hz, with a peak between 0.28 and 0.95, and silence at the end.

    Example:
        >>> from kwavegan.data.drum_sounds import synthesize
        >>> synthesize("kick", seed=0, index=3).shape
        (16384,)
    """
    random = np.random.default_rng([seed, LABELS.index(label), index])
    parameters = {name: random.uniform(*limits) for name, limits in RANGES[label].items()}
    velocity = random.uniform(*_VELOCITY)
    # A harder stroke sounds brighter, too: more of it is driven into saturation.
    parameters["drive"] *= velocity
    for stroke in ("click", "stroke"):
        if stroke in parameters:
            parameters[stroke] *= velocity
    onset = round(random.uniform(*_ONSET_S) * RATE)
    sound = np.concatenate([np.zeros(onset), _MAKERS[label](parameters, random)])[:LENGTH]
    sound[-_FADE:] *= 0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, _FADE))
    return (sound * (_FULL_PEAK * velocity / np.abs(sound).max())).astype(np.float32)


def _kick(p: Parameters, random: np.random.Generator) -> np.ndarray:
    time = _time()
    body = _falling_sine(time, p["end_hz"], p["start_hz"] - p["end_hz"], p["fall_s"])
    click = _burst(random, (1500.0, 10_000.0), p["click"], p["click_s"])
    return _saturate(body * _envelope(time, p["decay_s"]) + click, p["drive"])


def _tom(p: Parameters, random: np.random.Generator) -> np.ndarray:
    time, end, higher = _time(), p["end_hz"], p["end_hz"] * p["fall"]
    body = _falling_sine(time, end, higher, p["fall_s"]) * _envelope(time, p["decay_s"])
    above = _falling_sine(time, _MEMBRANE * end, _MEMBRANE * higher, p["fall_s"])
    body += p["second"] * above * _envelope(time, p["decay_s"] / 2)
    stroke = _burst(random, (400.0, 5000.0), p["stroke"], p["stroke_s"])
    return _saturate(body + stroke, p["drive"])


def _snare(p: Parameters, random: np.random.Generator) -> np.ndarray:
    time = _time()
    body = np.zeros(LENGTH)
    for pitch in (p["low_hz"], min(240.0, p["low_hz"] * p["ratio"])):
        # Both tones start sharp and settle within some 10 ms, as those of a struck drumhead do.
        cycles = pitch * (time - p["bend"] * 0.01 * np.expm1(-time / 0.01))
        body += np.sin(2 * np.pi * (cycles + random.uniform()))
    body *= 0.5 * p["body"] * _envelope(time, p["body_s"])
    noise = _band(random.standard_normal(LENGTH), p["from_hz"], p["to_hz"])
    noise *= 0.35 / noise.std() * _envelope(time, p["noise_s"])
    return _saturate(body + noise, p["drive"])


def _clap(p: Parameters, random: np.random.Generator) -> np.ndarray:
    time, last = _time(), int(p["bursts"]) - 1
    level = np.zeros(LENGTH)
    for burst in range(last + 1):
        since = time - burst * p["apart_s"]
        decay = p["tail_s"] if burst == last else p["burst_s"]
        level += np.where(since < 0, 0.0, _envelope(np.maximum(since, 0.0), decay))
    noise = _band(random.standard_normal(LENGTH), p["from_hz"], p["to_hz"])
    return _saturate(0.5 / noise.std() * noise * level, p["drive"])


def _hat(p: Parameters, random: np.random.Generator) -> np.ndarray:
    fine = _time(RATE * _OVERSAMPLE)
    pitches = p["base_hz"] * _HAT_RATIOS * random.uniform(*_HAT["spread"], len(_HAT_RATIOS))
    phases = random.uniform(size=len(_HAT_RATIOS))
    half_turns = (2 * (np.outer(pitches, fine) + phases[:, None])).astype(np.int32)
    metal = (1.0 - 2.0 * (half_turns & 1)).sum(axis=0)
    metal = _band(_decimate(metal), p["from_hz"], RATE)
    noise = _band(random.standard_normal(LENGTH), p["from_hz"], RATE)
    mixed = p["metal"] * metal / metal.std() + (1 - p["metal"]) * noise / noise.std()
    # The filter follows the saturation, which would otherwise bring low tones back.
    mixed = _band(_saturate(mixed / 3, p["drive"]), p["from_hz"], RATE)
    return mixed * _envelope(_time(), p["decay_s"])


_MAKERS: dict[str, Callable[[Parameters, np.random.Generator], np.ndarray]] = {
    "clap": _clap,
    "closed-hat": _hat,
    "kick": _kick,
    "open-hat": _hat,
    "snare": _snare,
    "tom": _tom,
}


def _time(rate: int = RATE) -> np.ndarray:
    return np.arange(LENGTH * rate // RATE) / rate


def _falling_sine(time: np.ndarray, end: float, higher: float, fall: float) -> np.ndarray:
    """Return a sine from `end` + `higher` Hz down to `end`: the integral of its pitch in cycles."""
    return np.sin(2 * np.pi * (end * time + higher * fall * -np.expm1(-time / fall)))


def _burst(
    random: np.random.Generator, band: tuple[float, float], level: float, decay: float
) -> np.ndarray:
    """Return a short burst of noise whose samples before its decay reach `level`."""
    noise = _band(random.standard_normal(LENGTH), *band)
    return noise * (level / np.abs(noise).max()) * np.exp(-_time() / decay)


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
