"""A drum kit for Hydrogen (http://hydrogen-music.org), as its `drumkit.xsd` of 1.2 has it."""

from typing import Any
from xml.etree import ElementTree as ET

from kwavegan.kits.description import HARDEST, Kit, Layer, Voice
from kwavegan.kits.markup import element, xml_text

MOST_SOUNDS = 16
"""Sounds of an instrument that Hydrogen plays; it passes over more."""

_NAMESPACE = "http://www.hydrogen-music.org/drumkit"

_LICENCE = "undefined license"
"""What Hydrogen writes where none is known."""

_INSTRUMENT: dict[str, Any] = {
    "volume": 1,
    "isMuted": False,
    "isSoloed": False,
    "pan": 0,
    "pitchOffset": 0,
    "randomPitchFactor": 0,
    "gain": 1,
    "applyVelocity": True,
    "filterActive": False,
    "filterCutoff": 1,
    "filterResonance": 0,
    "Attack": 0,
    "Decay": 0,
    "Sustain": 1,
    "Release": 1000,
}
"""What all instruments have, in the order of the schema: a sound as it is, to its end."""


def hydrogen_text(kit: Kit, folder: str) -> str:
    """Return the text of `drumkit.xml`.

    Args:
        kit: what to describe.
        folder: of the sounds, from the file; Hydrogen wants them in the same: "".
    """
    drumkit = ET.Element("drumkit_info", xmlns=_NAMESPACE)
    element(drumkit, "name", kit.name)
    element(drumkit, "author", "kwavegan")
    element(drumkit, "info", kit.about)
    element(drumkit, "license", _LICENCE)
    element(drumkit, "image", "")
    element(drumkit, "imageLicense", _LICENCE)
    component = element(element(drumkit, "componentList"), "drumkitComponent")
    _fill(component, {"id": 0, "name": "Main", "volume": 1})
    instruments = element(drumkit, "instrumentList")
    for index, voice in enumerate(kit.voices):
        _instrument(element(instruments, "instrument"), index, voice, folder)
    return xml_text(drumkit)


def _instrument(instrument: ET.Element, index: int, voice: Voice, folder: str) -> None:
    rest = {
        "muteGroup": -1 if voice.choke is None else voice.choke,
        "midiOutChannel": -1,
        "midiOutNote": voice.note,
        "isStopNote": False,
        "sampleSelectionAlgo": "ROUND_ROBIN",
        "isHihat": -1,
        "lower_cc": 0,
        "higher_cc": 127,
    }
    effects = {f"FX{number}Level": 0 for number in range(1, 5)}
    _fill(instrument, {"id": index, "name": voice.label, **_INSTRUMENT, **rest, **effects})
    component = element(instrument, "instrumentComponent")
    _fill(component, {"component_id": 0, "gain": 1})
    for layer in voice.layers:
        for file in layer.files:
            _fill(element(component, "layer"), _layer(layer, f"{folder}{file}"))


def _layer(layer: Layer, file: str) -> dict[str, Any]:
    # Both ends of a range belong to it: it ends between two velocities of MIDI.
    low, high = (layer.lowest - 0.5) / HARDEST, (layer.highest + 0.5) / HARDEST
    ends = {
        "min": 0 if layer.lowest == 1 else round(low, 6),
        "max": 1 if layer.highest == HARDEST else round(high, 6),
    }
    return {"filename": file, **ends, "gain": 1, "pitch": 0}


def _fill(parent: ET.Element, values: dict[str, Any]) -> None:
    for name, value in values.items():
        element(parent, name, value)
