"""Whether sounds have a voice, and at what pitch."""

import numpy as np

from kwavegan.audio.periodicity import loudest_channel, periods_of

_FRAME_S, _HOP_S = 0.05, 0.0125

_LOUD = 0.01  # of the loudest frame: 20 dB down, what is heard before the tail

_LOWEST_HZ, _HIGHEST_HZ = 60.0, 500.0
"""From a deep voice of a man to a high one of a child."""

_FUNDAMENTAL = 0.005  # of the energy lies around the pitch: the half of a whistle's is none

_PERIODIC = 0.6  # of the energy returns after a period

_OVERTONES = 0.2  # of the energy lies above the fundamental; a drum's body has less

_VOICED = 0.4
"""Share of voiced frames above which sounds have a voice: it is 0.59 and 0.65 of two sets of spoken
words, 0.05 of recorded drum one-shots and 0.003 of the built-in drums."""


def voice_pitch(sounds: np.ndarray, rate: int) -> float:
    """Return the median pitch of the voices of sounds, in Hz; 0 where most have none.

    A frame of 50 ms is voiced where most of it returns after a period of 60 to 500 Hz, and some of
    it lies at that pitch and above it. Sounds have a voice where 0.4 of their loud frames do.

    Args:
        sounds: (n, length, channels) in −1…1.
        rate: sample rate in Hz.

    Example:
        >>> import numpy as np
        >>> from kwavegan.audio.voices import voice_pitch
        >>> time = np.arange(8000) / 8000
        >>> hum = sum(np.sin(2 * np.pi * 125 * k * time) / k for k in range(1, 9))
        >>> voice_pitch(0.1 * hum[None, :, None], rate=8000)
        125.0
    """
    found = [_voiced_pitches(sound, rate) for sound in loudest_channel(sounds)]
    shares = [len(pitches) / loud for pitches, loud in found if loud]
    if not shares or np.mean(shares) < _VOICED:
        return 0.0
    medians = [np.median(pitches) for pitches, _ in found if len(pitches)]
    return float(np.round(np.median(medians), 1))


def _voiced_pitches(sound: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
    """Return the pitches of voiced frames in Hz, and how many frames are loud."""
    window, hop = round(_FRAME_S * rate), max(1, round(_HOP_S * rate))
    if not 3 <= window <= len(sound):
        return np.zeros(0), 0
    frames = np.lib.stride_tricks.sliding_window_view(sound, window)[::hop]
    frames = frames - frames.mean(axis=1, keepdims=True)
    power = np.square(frames).mean(axis=1)
    frames = frames[(power >= _LOUD * power.max()) & (power > 0)]
    if not len(frames):
        return np.zeros(0), 0
    counts = np.full(len(frames), window)
    height, period = periods_of(frames, counts, rate, 1 / _HIGHEST_HZ)
    pitch = 1 / np.maximum(period, 1 / rate)
    inside = (pitch >= _LOWEST_HZ) & (pitch <= _HIGHEST_HZ) & (height >= _PERIODIC)
    around, above = _shares(frames, pitch, rate)
    voiced = inside & (around >= _FUNDAMENTAL) & (above >= _OVERTONES)
    return pitch[voiced], len(frames)


def _shares(frames: np.ndarray, pitch: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of the power of frames (n, window) at their pitch, and above it, (n,)."""
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]))))
    ratio = np.fft.rfftfreq(frames.shape[1], 1 / rate) / pitch[:, None]
    total = np.maximum(power.sum(axis=1), 1e-30)
    around = (power * ((ratio > 0.6) & (ratio < 1.4))).sum(axis=1)
    return around / total, (power * (ratio > 1.6)).sum(axis=1) / total
