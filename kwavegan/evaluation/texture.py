"""What a coarse spectrogram does not show: is a sound noise or a buzz, sharp or soft?

A pulse train and noise of the same level in every mel band have nearly the same mel spectrogram,
and sound nothing alike. These statistics, after those of sound textures (McDermott & Simoncelli
2011), distinguish them. They need no network. All windows and limits are in seconds, hertz or
decibels, so that they mean the same at every sample rate.
"""

from dataclasses import dataclass, fields

import numpy as np

from kwavegan.audio.periodicity import loudest_channel, periods_of
from kwavegan.backend.cores import on_all_cores

_CHUNK = 16  # sounds at once on each core: some 12 MB for 16,384 samples

_SILENCE = 1e-12  # mean power, −120 dBFS; without sound there is no texture

_LOUD_WINDOW = 0.016  # s; longer than a period of 62 Hz, so that a deep tone is not cut up

_LOUD = 0.01  # −20 dB of the largest power: what is heard before the tail

_SHORTEST_PERIOD = 0.0015  # s, 667 Hz; below it the autocorrelation shows bandwidth, not a pitch

_FRAME = 0.064  # s: distinguishes partials 32 Hz apart, four or more periods of a voice

_FRAMES_A_WINDOW = 4  # for a Hann window, the usual overlap

_FRAME_RANGE = 1e-4  # −40 dB of the loudest frame; below it are a tail and its rounding

_BIN_RANGE = 1e-8  # −80 dB of the loudest bin: nobody hears a tone or a gap that faint

_TONALITY_FROM = 1000.0  # Hz; below, partials of any voice or drum stand apart

_NEIGHBOURHOOD = 250.0  # Hz on each side, wider than the distance of two partials of most voices

_HALF_LOBE = 2  # bins on each side of a tone that its window fills

_LOWEST_BAND = 200.0  # Hz; below, a third of an octave holds fewer than three bins

_BAND_RANGE = 1e-3  # −30 dB of the loudest band: what is masked by it fluctuates unheard

_MIN_FRAMES = 4  # for a fluctuation: three steps from frame to frame

_ENVELOPE_WINDOW = 0.002  # s: a click is shorter, and two clicks nearer than this are heard as one

_TOP_SHARE = 0.99  # of the energy

SAME_PERIOD = 0.03
"""Half a semitone: periods that differ by less count as one."""


@dataclass(frozen=True)
class Texture:
    """The texture of sounds: arrays (n,) with a number for each sound, without NaN.

    Silence, and a sound that is too short for a statistic, have 0 there.

    Attributes:
        periodicity: largest autocorrelation of the loud part (within 20 dB of the loudest 16 ms),
            beyond its first zero and a lag of 1.5 ms, up to half of its length; 0…1. Noise has 0.1
            to 0.4, the less the longer; a steady tone or buzz nearly 1.
        period: the lag of it in seconds; of peaks nearly as high the shortest.
        tonality: how far the most prominent bin above 1 kHz stands out of the 250 Hz on each
            side, in dB, in frames of 64 ms; median over frames. Noise has 8 to 11, a tone 20 to 60,
            a sound with nothing above 1 kHz 0.
        roughness: standard deviation of the steps from frame to frame of the levels of thirds of an
            octave, in dB; median over bands. Noise fluctuates, a steady tone does not.
        attack: time from 5 to 95 % of the largest amplitude, in seconds.
        crest: largest amplitude over RMS of the loud part, in dB; a sine has 3, noise 10 to 13.
        kurtosis: of the samples of the loud part; a sine has 1.5, noise 3, pulses more.
        top: frequency below which 99 % of the energy of the loud frames lies, in Hz.

    Example:
        >>> import numpy as np
        >>> from kwavegan.evaluation import measure_texture
        >>> pulses = np.zeros((1, 4096, 1), "float32")
        >>> pulses[:, ::80] = 0.5
        >>> texture = measure_texture(pulses, 8000)
        >>> texture.period.tolist(), texture.periodicity.round(1).tolist()
        ([0.01], [1.0])
    """

    periodicity: np.ndarray
    period: np.ndarray
    tonality: np.ndarray
    roughness: np.ndarray
    attack: np.ndarray
    crest: np.ndarray
    kurtosis: np.ndarray
    top: np.ndarray

    def __len__(self) -> int:
        return len(self.periodicity)

    def __getitem__(self, rows: np.ndarray | slice) -> "Texture":
        """Return the texture of these rows (indices, a mask or a slice)."""
        return Texture(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @property
    def statistics(self) -> np.ndarray:
        """The same on scales where equal steps sound alike: (n, 8), with no unit in common.

        Times, frequencies and kurtosis are logarithms; what is 0 counts as a least number instead.
        """
        return np.stack(
            [
                self.periodicity,
                np.log2(np.maximum(self.period, _SHORTEST_PERIOD)),
                self.tonality,
                self.roughness,
                np.log2(np.maximum(self.attack, _ENVELOPE_WINDOW)),
                self.crest,
                np.log2(np.maximum(self.kurtosis, 1.0)),
                np.log2(np.maximum(self.top, _LOWEST_BAND / 4)),
            ],
            axis=1,
        )


STATISTIC_STEPS = np.array([0.02, 0.05, 1.0, 0.2, 0.2, 0.5, 0.1, 0.05])
"""Differences too small to hear, in units of `Texture.statistics`: no spread counts as less.

Without them a set whose sounds all share one pitch would make any other pitch infinitely far.
"""


def measure_texture(sounds: np.ndarray, rate: int) -> Texture:
    """Return the texture of sounds; of several channels, that of the loudest.

    Args:
        sounds: (n, length, channels) in −1…1.
        rate: samples a second.

    Returns:
        Arrays (n,), in float64.

    Example:
        >>> import numpy as np
        >>> from kwavegan.evaluation import measure_texture
        >>> noise = np.random.default_rng(0).normal(0, 0.1, (20, 4096, 1)).astype("float32")
        >>> float(measure_texture(noise, 8000).kurtosis.mean().round(1))
        3.0
    """

    def of_part(start: int) -> Texture:
        return _measure_part(loudest_channel(sounds[start : start + _CHUNK]), rate)

    parts = on_all_cores(of_part, range(0, len(sounds), _CHUNK))
    if not parts:
        return Texture(*[np.zeros(0) for _ in fields(Texture)])
    return Texture(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Texture)}
    )


def measure_period(sounds: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `Texture.periodicity` and `Texture.period` of sounds, (n,) each, without the rest.

    Args:
        sounds: (n, length, channels) in −1…1.
        rate: samples a second.
    """
    columns: list[tuple[np.ndarray, np.ndarray]] = [(np.zeros(0), np.zeros(0))]
    for start in range(0, len(sounds), _CHUNK):
        part, heard = _heard(loudest_channel(sounds[start : start + _CHUNK]))
        loud, mask = _loud_part(part, rate)
        found = periods_of(loud, mask.sum(axis=1), rate, _SHORTEST_PERIOD)
        columns.append((np.where(heard, found[0], 0.0), np.where(heard, found[1], 0.0)))
    periodicity, period = zip(*columns, strict=True)
    return np.concatenate(periodicity), np.concatenate(period)


def largest_shared_period(period: np.ndarray) -> float:
    """Return the largest share of sounds whose periods (n,) agree within 3 %, 0…1.

    The share depends on the number of sounds: compare shares of equal numbers only. A sound without
    a period (0) agrees with none.
    """
    logs = np.sort(np.log(period[period > 0]))
    if not len(logs):
        return 0.0
    ends = np.searchsorted(logs, logs + np.log1p(SAME_PERIOD), side="right")
    return float((ends - np.arange(len(logs))).max() / len(period))


def pitch_spread(texture: Texture) -> float:
    """Return the standard deviation of the pitch over sounds that have one, in octaves.

    A sound has a pitch where half of its energy returns after a period (periodicity ≥ 0.5); 0 for
    fewer than two of them.
    """
    periods = texture.period[(texture.periodicity >= 0.5) & (texture.period > 0)]
    return float(np.std(np.log2(periods), ddof=1)) if len(periods) > 1 else 0.0


def _measure_part(sounds: np.ndarray, rate: int) -> Texture:
    sounds, heard = _heard(sounds)
    loud, mask = _loud_part(sounds, rate)
    periodicity, period = periods_of(loud, mask.sum(axis=1), rate, _SHORTEST_PERIOD)
    tonality, roughness, top = _spectral(sounds, rate)
    crest, kurtosis = _moments(loud, mask)
    columns = (periodicity, period, tonality, roughness, _attack(sounds, rate))
    return Texture(*(np.where(heard, column, 0.0) for column in (*columns, crest, kurtosis, top)))


def _heard(sounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sounds (n, length) less their means, silent ones as zeros; and which are none."""
    sounds = sounds - sounds.mean(axis=1, keepdims=True)
    heard = (sounds**2).mean(axis=1) > _SILENCE
    return np.where(heard[:, None], sounds, 0.0), heard


def _moving_average(values: np.ndarray, window: int) -> np.ndarray:
    """Return centred means of rows (n, length) over up to `window` values."""
    window = max(1, min(window, values.shape[1]))
    before = window // 2
    padded = np.pad(values, ((0, 0), (before + 1, window - 1 - before)))
    total = padded.cumsum(axis=1)
    return (total[:, window:] - total[:, :-window]) / window


def _loud_part(sounds: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sounds less their mean, moved to begin with the loud part, 0 beyond it; and a mask."""
    power = _moving_average(sounds**2, round(_LOUD_WINDOW * rate))
    loud = power >= _LOUD * power.max(axis=1, keepdims=True)
    length = sounds.shape[1]
    first = loud.argmax(axis=1)
    counts = length - loud[:, ::-1].argmax(axis=1) - first
    places = np.arange(length)
    mask = places < counts[:, None]
    moved = np.take_along_axis(sounds, (places + first[:, None]) % length, axis=1) * mask
    return (moved - moved.sum(axis=1, keepdims=True) / counts[:, None]) * mask, mask


def _spectral(sounds: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return tonality, roughness and top of the band of sounds (n, length)."""
    power = _frames(sounds, rate)
    levels = power.sum(axis=2)
    used = levels >= _FRAME_RANGE * levels.max(axis=1, keepdims=True)
    power = power + np.maximum(_BIN_RANGE * power.max(axis=(1, 2), keepdims=True), 1e-30)
    frequencies = np.linspace(0, rate / 2, power.shape[2])
    prominence = _prominence(10 * np.log10(power), rate)
    tonality = np.nanmedian(np.where(used, prominence, np.nan), axis=1)
    spectrum = (power * used[:, :, None]).sum(axis=1).cumsum(axis=1)
    top = frequencies[(spectrum >= _TOP_SHARE * spectrum[:, -1:]).argmax(axis=1)]
    return tonality, _roughness(power, used, frequencies), top


def _prominence(levels: np.ndarray, rate: int) -> np.ndarray:
    """Return how far the most prominent bin of each frame stands out, in dB: (n, frames).

    A bin stands out of the louder of its two sides: beside the edge of a band, nothing does.

    Args:
        levels: (n, frames, bins) in dB.
        rate: samples a second.
    """
    bins = levels.shape[2]
    width = rate / 2 / (bins - 1)
    side = max(2, min(round(_NEIGHBOURHOOD / width), bins // 8))
    total = np.pad(levels.cumsum(axis=2), ((0, 0), (0, 0), (1, 0)))
    means = (total[:, :, side:] - total[:, :, :-side]) / side
    # A tone fills three bins of a Hann window; they belong to it, and to neither side.
    first = max(side + _HALF_LOBE, round(min(_TONALITY_FROM, rate / 8) / width))
    places = np.arange(first, bins - side - _HALF_LOBE)
    left = means[:, :, places - _HALF_LOBE - side]
    right = means[:, :, places + _HALF_LOBE + 1]
    return (levels[:, :, places] - np.maximum(left, right)).max(axis=2)


def _frames(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Return the power (n, frames, bins) of sounds in frames of 64 ms."""
    window = max(16, round(_FRAME * rate))
    hop = window // _FRAMES_A_WINDOW
    short = max(0, window - sounds.shape[1])
    views = np.lib.stride_tricks.sliding_window_view(
        np.pad(sounds, ((0, 0), (0, short))), window, 1
    )
    return np.abs(np.fft.rfft(views[:, ::hop] * np.hanning(window), axis=2)) ** 2


def _roughness(power: np.ndarray, used: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Return the fluctuation in dB of thirds of an octave from frame to frame, (n,)."""
    edges = _LOWEST_BAND * 2 ** (np.arange(0, 40) / 3)
    starts = np.unique(np.searchsorted(frequencies, edges[edges < frequencies[-1]]))
    if power.shape[1] < _MIN_FRAMES or not len(starts):
        return np.zeros(len(power))
    bands = np.add.reduceat(power, starts, axis=2)
    steps = np.diff(10 * np.log10(bands), axis=1)
    weights = (used[:, 1:] & used[:, :-1])[:, :, None]
    count = weights.sum(axis=1)
    mean = (steps * weights).sum(axis=1) / np.maximum(count, 1)
    squares = (weights * (steps - mean[:, None]) ** 2).sum(axis=1)
    fluctuation = np.sqrt(squares / np.maximum(count, 1))
    loudest = (bands * used[:, :, None]).max(axis=1)
    audible = loudest >= _BAND_RANGE * loudest.max(axis=1, keepdims=True)
    roughness = np.nanmedian(np.where(audible, fluctuation, np.nan), axis=1)
    return np.where(count[:, 0] >= _MIN_FRAMES - 1, roughness, 0.0)


def _attack(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Return the seconds from 5 to 95 % of the largest amplitude, (n,)."""
    amplitude = _moving_average(np.abs(sounds), round(_ENVELOPE_WINDOW * rate))
    largest = amplitude.max(axis=1, keepdims=True)
    reached = (amplitude >= 0.95 * largest).argmax(axis=1)
    length = sounds.shape[1]
    before = (amplitude < 0.05 * largest) & (np.arange(length) < reached[:, None])
    last = np.where(before.any(axis=1), length - 1 - before[:, ::-1].argmax(axis=1), 0)
    return (reached - last) / rate


def _moments(loud: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return crest factor in dB and kurtosis of loud parts, 0 outside their masks."""
    counts = mask.sum(axis=1)
    squares = loud**2
    power = np.maximum(squares.sum(axis=1) / counts, 1e-30)
    peak = np.maximum(np.abs(loud).max(axis=1), 1e-15)
    return 20 * np.log10(peak / np.sqrt(power)), (squares**2).sum(axis=1) / counts / power**2
