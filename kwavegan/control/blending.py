"""Sounds between two labels: a generator whose one label lies on the way to another."""

import copy
from dataclasses import replace

from kwavegan.errors import InputError
from kwavegan.generation.generator import SoundGenerator
from kwavegan.player import Player


def blended(generator: SoundGenerator, start: int, end: int, share: float) -> SoundGenerator:
    """Return a generator whose label `start` is a share of the way to the label `end`.

    Args:
        generator: of a run with labels, or pretrained.
        start, end: indices of labels.
        share: 0 for the label itself, 1 for the other.

    Raises:
        InputError: the network is one of the user's own.

    Example:
        >>> import kwavegan
        >>> from kwavegan.control import blended
        >>> drums = kwavegan.load_pretrained("drums")
        >>> kick, snare = drums.label_index("kick"), drums.label_index("snare")
        >>> blended(drums, kick, snare, 0.5).generate("kick", seed=0).shape
        (1, 16384, 1)
    """
    if not isinstance(generator.player, Player):
        raise InputError(
            f"{generator.run.name}: has a network of its own, in which labels do not blend; give "
            "two sounds of one label"
        )
    player = copy.copy(generator.player)
    table = player.label_table.copy()
    table[start] = (1 - share) * table[start] + share * table[end]
    player.__dict__["label_table"] = table
    return replace(generator, player=player)
