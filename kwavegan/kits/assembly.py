"""Sounds of labels → the voices of a kit: matched in loudness, and in layers by it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kwavegan.audio.loudness import momentary_loudness
from kwavegan.audio.processing import SILENCE
from kwavegan.errors import InputError
from kwavegan.generation.recipes import Recipe
from kwavegan.kits.description import Layer, Voice, velocity_ranges
from kwavegan.kits.notes import Place

TURNS = 3
"""Sounds that take turns in a layer, where there are enough for `LAYERS`; then there are more."""

LAYERS = 4
"""Most layers of a voice."""

FAINT_DB = 30.0
"""A sound this far below the median of its label is as good as silent."""

PEAK = 10 ** (-1 / 20)
"""Largest sample of a kit: 1 dB below full scale."""


@dataclass(frozen=True)
class Take:
    """A generated sound.

    Attributes:
        recipe: what made it.
        audio: float32 (time, channels).
        loudness: in LUFS, as it was generated; see `momentary_loudness`.
    """

    recipe: Recipe
    audio: np.ndarray
    loudness: float

    @classmethod
    def of(cls, recipe: Recipe, audio: np.ndarray, rate: int) -> "Take":
        """Measure a sound of `rate` Hz."""
        return cls(recipe, audio, momentary_loudness(audio, rate))

    @property
    def peak(self) -> float:
        """Largest sample."""
        return float(np.abs(self.audio).max(initial=0.0))

    def times(self, gain: float) -> "Take":
        """Return it louder, with the loudness that it had."""
        return replace(self, audio=self.audio * np.float32(gain))


def audible(takes: Mapping[str, Sequence[Take]]) -> tuple[dict[str, list[Take]], list[Take]]:
    """Part the sounds of each label into those with something to hear and the others.

    The others are silent, or so far below their label's that little but noise would be raised.

    Returns:
        The audible takes by label; and the others.

    Raises:
        InputError: all sounds of a label are silent.
    """
    heard = {label: _audible(each) for label, each in takes.items()}
    for label, each in heard.items():
        if not each:
            raise InputError(
                f"{label}: all {len(takes[label])} sounds are silent; take another checkpoint"
            )
    kept = {id(take) for each in heard.values() for take in each}
    return heard, [take for each in takes.values() for take in each if id(take) not in kept]


def _audible(takes: Sequence[Take]) -> list[Take]:
    loud = [take for take in takes if take.peak >= SILENCE]
    return [take for take in loud if take.loudness >= _median(loud) - FAINT_DB]


def matched(takes: Mapping[str, Sequence[Take]]) -> dict[str, list[Take]]:
    """Return the sounds of each label equally loud; they remember how loud they were.

    Each label is as loud as the median of its own sounds: the balance between labels, which the
    training sounds had, stays. One gain over all lets the largest sample be `PEAK`.
    """
    equal = {
        label: [t.times(10 ** ((_median(each) - t.loudness) / 20)) for t in each]
        for label, each in takes.items()
    }
    peak = max(take.peak for each in equal.values() for take in each)
    return {label: [take.times(PEAK / peak) for take in each] for label, each in equal.items()}


def _median(takes: Sequence[Take]) -> float:
    return float(np.median([take.loudness for take in takes]))


def layers_of(takes: Sequence[Take]) -> list[list[Take]]:
    """Return the sounds of a label in layers, from the softest to the loudest.

    Before their levels were matched, loud sounds were struck harder, and sound so. There is a layer
    for every `TURNS` sounds, `LAYERS` at most; within a layer sounds keep their order.
    """
    count = min(LAYERS, math.ceil(len(takes) / TURNS))
    softest_first = np.argsort([take.loudness for take in takes], kind="stable")
    return [[takes[i] for i in np.sort(part)] for part in np.array_split(softest_first, count)]


def voice_of(label: str, place: Place, layers: Sequence[Sequence[str]]) -> Voice:
    """Return a voice of the names of its files, layer by layer."""
    ranges = velocity_ranges(len(layers))
    described = (Layer(*each, tuple(files)) for each, files in zip(ranges, layers, strict=True))
    return Voice(label, place.note, place.choke, tuple(described))
