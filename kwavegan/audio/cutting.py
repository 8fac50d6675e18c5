"""Long recordings → pieces: where something sounds, and where a sound begins within another.

The level of a recording tells its pauses: it sounds where the level stands out from the noise
floor, until it is back there. Where sounds run together, as in a drum loop, they begin where the
mel bands rise most. Cut at are those onsets that are struck, whose level is at once at its highest:
the syllables of a word swell.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from kwavegan.audio.processing import TAIL_FADE_S

FLOOR_DB = (-80.0, -40.0)
"""Range of noise floors, in dBFS: what is louder, all the time, is a sound."""

ABOVE_DB, BACK_DB = 12.0, 4.0
"""A sound begins this many dB above the noise floor, and ends this many above it."""

PAUSE_S = 0.1
"""Shorter pauses, as within a word, are not cut at."""

LONG_S = 1.0
"""In what sounds for longer than this, sounds run together; a word is shorter."""

RISE_DB, SHORT_RISE_DB = 2.0, 4.0
"""An onset raises the mel bands by this much on average, in what is long and in what is short."""

SHORTEST_S = 0.03
"""Shorter pieces are no sounds but clicks."""

FAINTEST_DB = 36.0
"""Pieces whose peak lies this many dB below that of the recording are no sounds but rustle."""

_STEP_S = 0.0025  # between two measurements of the level
_HOP_S = 0.005  # between two spectra
_APART_S = 0.06  # least time between two onsets
_ATTACK_S, _HOLD_S, _HOLD_DB = 0.0125, 0.12, 3.0
_PERIOD = 4  # steps, of a low voice
_LEAD_S = 0.003  # that a piece begins before its onset
_WINDOW_S, _BANDS = 0.016, 40
_LAG = 4  # spectra over which a band rises
_BLOCK = 2_000  # spectra that are computed at a time: bounds the memory
_QUIETEST = 1e-12  # power


@dataclass(frozen=True)
class Piece:
    """A part of a recording in which one thing sounds.

    Attributes:
        start, end: in samples.
        joined: whether another sound is still there at its start, and at its end.
        scrap: whether it is too short or too quiet to be a sound.
    """

    start: int
    end: int
    joined: tuple[bool, bool] = (False, False)
    scrap: bool = False


def find_pieces(audio: np.ndarray, rate: int) -> list[Piece]:
    """Find the pieces of a recording, in order; there are none in silence or steady noise.

    Args:
        audio: float32 (time, channels).
        rate: sample rate in Hz.

    Raises:
        ImportError: librosa, of the extra `plots`, is not installed.

    Example:
        >>> import numpy as np
        >>> from kwavegan.audio.cutting import find_pieces
        >>> recording = np.zeros((16000, 1), "float32")
        >>> recording[4000:8000] = recording[12000:14000] = 0.5
        >>> [(piece.start, piece.end) for piece in find_pieces(recording, 8000)]
        [(3976, 8080), (11976, 14080)]
    """
    step = max(1, round(_STEP_S * rate))
    levels = _levels(audio, step)
    spans = list(_sounding(levels))
    if not spans:
        return []
    onsets = _onsets(audio, rate, levels, step)
    peak = float(np.abs(audio).max())
    pieces = [piece for span in spans for piece in _cut(span, onsets, step, rate, len(audio))]
    return [replace(p, scrap=_is_scrap(audio[p.start : p.end], rate, peak)) for p in pieces]


def faded(audio: np.ndarray, piece: Piece, rate: int) -> np.ndarray:
    """Return a piece, without a click where it was cut from another sound.

    Args:
        audio: float32 (time, channels), the recording.
        piece: of it.
        rate: sample rate in Hz.
    """
    sound = audio[piece.start : piece.end]
    lead, tail = round(_LEAD_S * rate), round(TAIL_FADE_S * rate)
    if any(piece.joined):
        sound = sound.copy()
    if piece.joined[0]:
        sound[:lead] *= np.linspace(0, 1, lead, dtype=sound.dtype)[:, None]
    if piece.joined[1] and len(sound) > tail:
        sound[-tail:] *= np.cos(np.linspace(0, np.pi / 2, tail, dtype=sound.dtype))[:, None] ** 2
    return sound


def _is_scrap(sound: np.ndarray, rate: int, peak: float) -> bool:
    faint = float(np.abs(sound).max(initial=0.0)) < peak * 10 ** (-FAINTEST_DB / 20)
    return faint or len(sound) < SHORTEST_S * rate


# -- Pauses ---------------------------------------------------------------------------------------


def _levels(audio: np.ndarray, step: int) -> np.ndarray:
    """Return the mean square of each `step` samples, over all channels, in dBFS."""
    whole = audio[: len(audio) // step * step].reshape(-1, step * audio.shape[1])
    return _decibels(np.einsum("ij,ij->i", whole, whole) / whole.shape[1])


def _decibels(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(np.maximum(power, _QUIETEST))


def _smoothed(levels: np.ndarray, count: int) -> np.ndarray:
    return _decibels(np.convolve(10 ** (levels / 10), np.full(count, 1 / count), "same"))


def _sounding(levels: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield where the level leaves the noise floor, and where it is back; in steps."""
    if not len(levels):
        return
    smooth = _smoothed(levels, 20)
    heard = smooth[smooth > 10 * np.log10(_QUIETEST) + 10]  # a gap in a file is no noise floor
    if not len(heard):
        return
    floor = float(np.clip(np.quantile(heard, 0.1), *FLOOR_DB))
    begins = levels > floor + ABOVE_DB
    lasts = begins | (_smoothed(levels, 8) > floor + BACK_DB)
    edges = np.flatnonzero(np.diff(lasts, prepend=False, append=False))
    held: tuple[int, int] | None = None
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        loud = np.flatnonzero(begins[first:end])
        if not len(loud):
            continue
        start = int(first + loud[0])
        if held and start - held[1] >= PAUSE_S / _STEP_S:
            yield held
            held = None
        held = held[0] if held else start, int(end)
    if held:
        yield held


# -- Onsets ---------------------------------------------------------------------------------------


def _onsets(audio: np.ndarray, rate: int, levels: np.ndarray, step: int) -> list[tuple[int, float]]:
    """Return the step at which a sound is struck, and by how many dB that raises the bands."""
    hop = max(1, round(_HOP_S * rate))
    strength = _strength(audio, rate, hop)
    apart = round(_APART_S / _HOP_S)
    around = np.pad(strength, (apart, apart - 1), constant_values=-np.inf)
    highest = np.lib.stride_tricks.sliding_window_view(around, 2 * apart).max(axis=1)
    frames = np.flatnonzero((strength == highest) & (strength >= RISE_DB)).tolist()
    # Differences are loud where a sound is high, as that of a hat over the tail of a kick.
    high = _ahead(_levels(np.diff(audio, axis=0, prepend=audio[:1]), step))
    levels = _ahead(levels)
    places = [_placed(frame * hop // step, levels, high) for frame in frames]
    ends = [*places[1:], len(levels)][: len(places)]
    return [
        (place, float(strength[frame]))
        for frame, place, end in zip(frames, places, ends, strict=True)
        if _is_struck(levels[place:end]) or _is_struck(high[place:end])
    ]


def _strength(audio: np.ndarray, rate: int, hop: int) -> np.ndarray:
    """Return, every `hop` samples, by how many dB the mel bands rise on average."""
    import librosa

    size = 2 ** round(np.log2(max(64, _WINDOW_S * rate)))
    mono = np.pad(audio.mean(axis=1, dtype=np.float32), size // 2)
    bands = librosa.filters.mel(sr=rate, n_fft=size, n_mels=_BANDS)
    powers = []
    for start in range(0, len(mono) - size + 1, _BLOCK * hop):
        block = mono[start : start + (_BLOCK - 1) * hop + size]
        spectra = librosa.stft(block, n_fft=size, hop_length=hop, center=False)
        powers.append(bands @ np.abs(spectra) ** 2)
    levels = _decibels(np.concatenate(powers, axis=1))
    # What is near the floor of its band, or far below the loudest, changes unheard.
    unheard = np.maximum(np.quantile(levels, 0.1, axis=1, keepdims=True) + 8, levels.max() - 60)
    heard = np.maximum(levels, unheard)
    return librosa.onset.onset_strength(
        S=heard, sr=rate, hop_length=hop, lag=_LAG, max_size=3, center=False
    )


def _ahead(levels: np.ndarray) -> np.ndarray:
    """Return the level of the `_PERIOD` steps that begin at each: a voice pulses in each step."""
    power = np.append(10 ** (levels / 10), np.zeros(_PERIOD - 1))
    return _decibels(np.convolve(power, np.full(_PERIOD, 1 / _PERIOD), "valid"))


def _placed(near: int, levels: np.ndarray, high: np.ndarray) -> int:
    """Return the step, about another, at which the levels rise most."""
    steps = np.arange(max(_PERIOD, near - 12), min(len(levels), near + 5))
    rises = sum(np.maximum(each[steps] - each[steps - _PERIOD], 0) for each in (levels, high))
    return int(steps[rises.argmax()]) if len(steps) else near


def _is_struck(levels: np.ndarray) -> bool:
    attack, hold = round(_ATTACK_S / _STEP_S), round(_HOLD_S / _STEP_S)
    return bool(len(levels) and levels[:attack].max() >= levels[:hold].max() - _HOLD_DB)


# -- Pieces ---------------------------------------------------------------------------------------


def _cut(
    span: tuple[int, int],
    onsets: list[tuple[int, float]],
    step: int,
    rate: int,
    length: int,
) -> Iterator[Piece]:
    """Cut what sounds without a pause at the onsets in it."""
    start, end = span
    least = RISE_DB if (end - start) * _STEP_S > LONG_S else SHORT_RISE_DB
    cuts = [start]
    for place, rise in onsets:
        inside = cuts[-1] + _APART_S / _STEP_S <= place < end - SHORTEST_S / _STEP_S
        if inside and rise >= least:
            cuts.append(place)
    lead = round(_LEAD_S * rate)
    edges = [*(max(0, cut * step - lead) for cut in cuts), min(end * step, length)]
    for i in range(len(cuts)):
        yield Piece(edges[i], edges[i + 1], joined=(i > 0, i + 1 < len(cuts)))
