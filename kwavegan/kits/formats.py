"""The formats of kits: what each file is called, where the sounds are, what writes it."""

from collections.abc import Callable
from dataclasses import dataclass

from kwavegan.kits.decentsampler import decentsampler_text
from kwavegan.kits.description import Kit
from kwavegan.kits.hydrogen import MOST_SOUNDS, hydrogen_text
from kwavegan.kits.sfz import sfz_text


@dataclass(frozen=True)
class KitFormat:
    """A format of kits.

    Attributes:
        title: what people call it.
        file: name of the file that the sampler opens, where `{name}` is that of the kit.
        folder: of the sounds, from that file.
        text: from a kit and that folder to the content of the file.
        most: sounds of a voice that the sampler plays; None where there is no limit.
    """

    title: str
    file: str
    folder: str
    text: Callable[[Kit, str], str]
    most: int | None = None


FORMATS = {
    "sfz": KitFormat("SFZ", "{name}.sfz", "samples/", sfz_text),
    "decentsampler": KitFormat("DecentSampler", "{name}.dspreset", "samples/", decentsampler_text),
    "hydrogen": KitFormat("Hydrogen", "drumkit.xml", "", hydrogen_text, MOST_SOUNDS),
}
"""The formats by the names that `--kit` takes."""
