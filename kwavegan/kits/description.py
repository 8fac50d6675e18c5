"""What a kit is for any sampler: voices on notes, layers by velocity, sounds that take turns."""

from dataclasses import dataclass
from itertools import pairwise

HARDEST = 127
"""The highest velocity of MIDI; the lowest is 1."""


@dataclass(frozen=True)
class Layer:
    """Sounds that take turns when a voice is struck with a velocity of a range.

    Attributes:
        lowest, highest: velocities, 1 to 127, both included.
        files: names of the WAV files, in the order of their turns.

    Example:
        >>> from kwavegan.kits import Layer
        >>> len(Layer(1, 64, ("036_kick_v1_r1.wav", "036_kick_v1_r2.wav")).files)
        2
    """

    lowest: int
    highest: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class Voice:
    """All sounds of a label.

    Attributes:
        label: its name.
        note: MIDI note that plays it, at its own pitch.
        choke: group of voices that end each other's sounds; None for none.
        layers: from the softest to the hardest; together they cover all velocities.

    Example:
        >>> from kwavegan.kits import Layer, Voice
        >>> Voice("kick", 36, None, (Layer(1, 127, ("036_kick_v1_r1.wav",)),)).note
        36
    """

    label: str
    note: int
    choke: int | None
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Kit:
    """What a sampler has to know, in any of its languages.

    Attributes:
        name: of the kit.
        about: one line: what made it.
        voices: ordered by their notes.

    Example:
        >>> from kwavegan.kits import Kit
        >>> Kit("drums", "kwavegan 0.1.0: drums, step 3500", ()).name
        'drums'
    """

    name: str
    about: str
    voices: tuple[Voice, ...]


def velocity_ranges(count: int) -> list[tuple[int, int]]:
    """Return the lowest and the highest velocity of each of `count` layers, about equally wide.

    Example:
        >>> from kwavegan.kits.description import velocity_ranges
        >>> velocity_ranges(4)
        [(1, 32), (33, 64), (65, 96), (97, 127)]
    """
    ends = [-(-HARDEST * layer // count) for layer in range(count + 1)]
    return [(low + 1, high) for low, high in pairwise(ends)]
