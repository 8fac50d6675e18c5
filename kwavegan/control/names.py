"""The tables of directions: what may change in a sound, and how far. Options are made of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Attribute:
    """What can be measured of a sound.

    Attributes:
        name: of its direction, and of the option of `generate`.
        more: what a sound is when it has more of it.
        unit: of its measure.
        help: what is measured.

    Example:
        >>> from kwavegan.control import ATTRIBUTES
        >>> [one.more for one in ATTRIBUTES][:3]
        ['louder', 'brighter', 'longer']
    """

    name: str
    more: str
    unit: str
    help: str


ATTRIBUTES = (
    Attribute("loudness", "louder", "dB", "RMS of the loudest 50 ms"),
    Attribute("brightness", "brighter", "octaves", "mean frequency of its energy"),
    Attribute("length", "longer", "octaves", "time until it stays 30 dB below its peak"),
    Attribute("attack", "softer at its start", "octaves", "time to half of the peak"),
    Attribute("pitch", "higher", "octaves", "of sounds that have one"),
    Attribute("noisiness", "noisier", "dB", "flatness of the spectrum"),
)
"""The attributes in the order of tables. Times and frequencies are logarithms to base 2, so that
their steps are octaves: one doubles the time, or the frequency."""

PRINCIPAL = ("pc1", "pc2", "pc3", "pc4")
"""Directions without a name: along them sounds differ most."""

NAMES = (*(attribute.name for attribute in ATTRIBUTES), *PRINCIPAL)

FARTHEST = 5.0
"""Standard deviations that a sound may be moved by: beyond, no sound of the label is."""
