"""A kit for DecentSampler (https://decentsampler-developers-guide.readthedocs.io)."""

from xml.etree import ElementTree as ET

from kwavegan.kits.description import Kit, Layer, Voice
from kwavegan.kits.markup import add_comment, element, xml_text


def decentsampler_text(kit: Kit, folder: str) -> str:
    """Return the text of a .dspreset file.

    Without an envelope a sound plays to its end, whenever the key is let go. Each layer is a group
    of its own, so that its sounds take turns among themselves.

    Args:
        kit: what to describe.
        folder: of the sounds, from the file: "samples/", or "" for the same.
    """
    preset = ET.Element("DecentSampler", minVersion="1.6.0")
    add_comment(preset, kit.about)
    groups = element(preset, "groups")
    for voice in kit.voices:
        for layer in voice.layers:
            _group(groups, voice, layer, folder)
    return xml_text(preset)


def _group(groups: ET.Element, voice: Voice, layer: Layer, folder: str) -> None:
    turns = {"seqMode": "round_robin", "seqLength": len(layer.files)}
    group = element(groups, "group", name=voice.label, ampVelTrack=1, **turns, **_choke(voice))
    for turn, file in enumerate(layer.files, start=1):
        element(
            group,
            "sample",
            path=f"{folder}{file}",
            rootNote=voice.note,
            loNote=voice.note,
            hiNote=voice.note,
            loVel=layer.lowest,
            hiVel=layer.highest,
            seqPosition=turn,
            ampEnvEnabled=False,
        )


def _choke(voice: Voice) -> dict[str, str]:
    if voice.choke is None:
        return {}
    tag = f"choke{voice.choke}"
    return {"tags": tag, "silencedByTags": tag, "silencingMode": "fast"}
