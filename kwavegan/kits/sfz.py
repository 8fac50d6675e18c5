"""A kit in SFZ, which sfizz, sforzando, LinuxSampler and others open (https://sfzformat.com)."""

from collections.abc import Iterator

from kwavegan.errors import printable
from kwavegan.kits.description import Kit, Voice

_HEAD = ("<control>", "hint_ram_based=1", "", "<global>", "loop_mode=one_shot")
"""Sounds are held in memory: read from disk, the end of one may come too late, and be missing."""


def sfz_text(kit: Kit, folder: str) -> str:
    """Return the text of an .sfz file.

    A sound plays to its end, whenever the key is let go; its level follows the velocity.

    Args:
        kit: what to describe.
        folder: of the sounds, from the file: "samples/", or "" for the same.
    """
    lines = [f"// {printable(kit.name)}", f"// {printable(kit.about)}", "", *_HEAD]
    for voice in kit.voices:
        lines += ["", *_group(voice, folder)]
    return "\n".join(lines) + "\n"


def _group(voice: Voice, folder: str) -> Iterator[str]:
    yield f"<group> // {printable(voice.label)}"
    yield f"lokey={voice.note} hikey={voice.note} pitch_keycenter={voice.note}"
    if voice.choke is not None:
        yield f"group={voice.choke} off_by={voice.choke} off_mode=fast"
    for layer in voice.layers:
        velocities = f"lovel={layer.lowest} hivel={layer.highest}"
        for turn, file in enumerate(layer.files, start=1):
            turns = f"seq_length={len(layer.files)} seq_position={turn}"
            yield f"<region> {velocities} {turns} sample={folder}{file}"
