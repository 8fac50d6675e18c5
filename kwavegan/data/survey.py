"""What suits a folder of audio: the sample rate, the length and the channels of its clips.

Nearly all collections have one sample rate, and short sounds of much the same length. To resample
them, or to cut them, loses something, and to pad them costs time; so what a user does not choose is
chosen from the files:

- the rate that most files have, up to 48,000 Hz;
- the length that holds 95 % of the sounds whole, up to two seconds;
- two channels where most files are stereo, that is where left and right differ.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from kwavegan.audio.cutting import find_pieces
from kwavegan.audio.decoding import AudioFile, open_audio
from kwavegan.audio.problems import AudioError
from kwavegan.audio.processing import mix
from kwavegan.data.members import as_file
from kwavegan.data.prepare_settings import PrepareSettings
from kwavegan.data.scanner import Source, spelled
from kwavegan.data.summary import PROBLEMS
from kwavegan.errors import InputError

MOST_FILES = 2_000
"""Files of which the header is read: enough for every share that is asked here."""

MOST_DECODED = 40
"""Files of which the channels are compared."""

MOST_CUT, CUT_S = 12, 600.0
"""Recordings that are cut to find the length of their pieces, and seconds of each."""

HIGHEST_RATE = 48_000
"""Hz. Nobody hears more, and a training takes longer with every sample."""

HELD = 0.95
"""Share of the sounds that the length holds whole."""

LONGEST_S = 2.0

_STEP = 64
"""The length is a multiple of these samples."""


@dataclass(frozen=True)
class Survey:
    """What the files of a folder have.

    Attributes:
        rates: files by sample rate in Hz.
        seconds: duration of each file, or of each piece.
        stereo: share of the files whose left and right differ.
        pieces: whether recordings were cut into pieces.

    Example:
        >>> from kwavegan.data.scanner import scan_folder
        >>> from kwavegan.data.survey import survey_folder
        >>> found = survey_folder("recordings", scan_folder("recordings").sources)
        >>> found.rate, found.length(16384), found.channels
        (16384, 4096, 1)
    """

    rates: Counter[int]
    seconds: tuple[float, ...]
    stereo: float
    pieces: bool = False

    @property
    def commonest_rate(self) -> int:
        """The rate of most files, in Hz; of equally many, the highest."""
        return max(self.rates, key=lambda each: (self.rates[each], each))

    @property
    def rate(self) -> int:
        """The rate to take, in Hz: the commonest, up to `HIGHEST_RATE`."""
        return min(self.commonest_rate, HIGHEST_RATE)

    def length(self, rate: int) -> int:
        """The samples at `rate` that hold `HELD` of the sounds, at most `LONGEST_S`."""
        durations = self.seconds or (LONGEST_S,)
        seconds = float(np.quantile(durations, HELD, method="inverted_cdf"))
        samples = round(min(seconds, LONGEST_S) * rate)
        return max(1, -(-samples // _STEP)) * _STEP

    @property
    def channels(self) -> int:
        """2 where more than half of the files are stereo."""
        return 2 if self.stereo > 0.5 else 1


def survey_folder(folder: str | Path, sources: Sequence[Source], cut: bool = False) -> Survey:
    """Look at the files of a folder, or at `MOST_FILES` of them; files of no use do not count.

    Args:
        folder: the folder.
        sources: its audio files.
        cut: whether they are recordings to be cut: then `MOST_CUT` of them are looked at.

    Raises:
        InputError: none of the files can be read.
    """
    rates: Counter[int] = Counter()
    seconds: list[float] = []
    stereo: list[bool] = []
    problems: dict[str, list[str]] = {}
    for source in _spread(sources, MOST_CUT if cut else MOST_FILES):
        try:
            with as_file(source.stored(Path(folder))) as path, open_audio(path) as file:
                blocks = file.blocks(file.rate)
                if len(stereo) < MOST_DECODED:
                    start = next(blocks)
                    stereo.append(_differs(start))
                    blocks = chain([start], blocks)
                seconds += _pieces(file, blocks) if cut else [_seconds(file, blocks)]
                rates[file.rate] += 1
        except AudioError as problem:
            problems.setdefault(problem.kind, []).append(source.name)
    if not rates:
        kind, examples = max(problems.items(), key=lambda item: len(item[1]))
        raise InputError(
            f"{folder}: none of its {len(sources)} audio files can be read ({len(examples)}:"
            f" {PROBLEMS[kind]}; such as {spelled(min(examples))})"
        )
    return Survey(rates, tuple(seconds), float(np.mean(stereo)), cut)


def _seconds(file: AudioFile, blocks: Iterator[np.ndarray]) -> float:
    """Return a file's duration; of one that states none, up to `LONGEST_S`."""
    if file.frames is not None:
        return file.frames / file.rate
    frames = 0
    for block in blocks:
        frames += len(block)
        if frames >= LONGEST_S * file.rate:
            break
    return frames / file.rate


def _pieces(file: AudioFile, blocks: Iterator[np.ndarray]) -> list[float]:
    """Return the durations of the pieces in the first `CUT_S` of a recording."""
    heard, frames = [], 0
    for block in blocks:
        heard.append(block.mean(axis=1, keepdims=True, dtype=np.float32))
        frames += len(block)
        if frames >= CUT_S * file.rate:
            break
    pieces = find_pieces(np.concatenate(heard), file.rate)
    return [(piece.end - piece.start) / file.rate for piece in pieces if not piece.scrap]


def decide(
    folder: str | Path, sources: Sequence[Source], settings: PrepareSettings
) -> tuple[PrepareSettings, str]:
    """Fill in what the settings leave open, and say so.

    Args:
        folder, sources: as `survey_folder` takes them.
        settings: whose rate, length and channels may be None.

    Returns:
        The settings, and a line that says what was chosen and why; "" where nothing was.

    Raises:
        InputError: as `survey_folder`.
    """
    if not settings.is_open:
        return settings, ""
    found = survey_folder(folder, sources, settings.cut)
    rate = settings.rate or found.rate
    length = settings.length or found.length(rate)
    channels = settings.channels or found.channels
    held = sum(round(seconds * rate) <= length for seconds in found.seconds)
    reasons = {
        "rate": _rate_reason(found),
        "length": f"{length:,} samples ({length / rate:.2f} s), which hold"
        f" {held / max(1, len(found.seconds)):.0%} of the {'pieces' if found.pieces else 'files'}"
        " whole",
        "channels": "stereo" if channels == 2 else "mono",
    }
    said = ", ".join(why for name, why in reasons.items() if getattr(settings, name) is None)
    decided = replace(settings, rate=rate, length=length, channels=channels)
    return decided, f"chosen for this folder: {said}"


def _rate_reason(found: Survey) -> str:
    if found.commonest_rate > found.rate:
        return f"{found.rate:,} Hz, where most files have {found.commonest_rate:,}"
    return f"{found.rate:,} Hz, as {_share(found.rates[found.rate], found.rates)}"


def _share(part: int, of: Counter[int]) -> str:
    return f"{part / of.total():.0%} of the files"


def _differs(audio: np.ndarray) -> bool:
    """Return whether the channels (time, channels) differ by more than 1 % of their level."""
    if audio.shape[1] < 2:
        return False
    left, right = mix(audio, 2).T
    return bool(np.std(left - right) > 0.01 * max(np.std(left), np.std(right)))


def _spread(sources: Sequence[Source], most: int) -> list[Source]:
    """Return all sources, or `most` of them at equal distances, so that every label is among them.

    Their order is shuffled, always alike: the first `MOST_DECODED` should not be of one label.
    """
    places = np.linspace(0, len(sources) - 1, min(len(sources), most)).astype(int)
    return [sources[place] for place in np.random.default_rng(0).permutation(places)]
