"""What the samplers read: each format says of a kit what the kit is, read independently here."""

import re
from xml.etree import ElementTree as ET

import pytest

from kwavegan.kits import Kit, Layer, Voice
from kwavegan.kits.description import HARDEST, velocity_ranges
from kwavegan.kits.formats import FORMATS

ODD = 'kick <&> "1"\n$x sample=a.wav'  # a label is the name of a folder

KIT = Kit(
    "my kit",
    "kwavegan: a -- run, step 5",
    (
        Voice(ODD, 36, None, (Layer(1, 64, ("a1.wav", "a2.wav")), Layer(65, 127, ("a3.wav",)))),
        Voice("closed", 42, 1, (Layer(1, 127, ("b1.wav", "b2.wav", "b3.wav")),)),
        Voice("open", 46, 1, (Layer(1, 127, ("c1.wav",)),)),
    ),
)

READ = [
    # file, note, velocities, place among those that take turns, how many take turns, choke group
    ("a1.wav", 36, (1, 64), 1, 2, None),
    ("a2.wav", 36, (1, 64), 2, 2, None),
    ("a3.wav", 36, (65, 127), 1, 1, None),
    ("b1.wav", 42, (1, 127), 1, 3, "1"),
    ("b2.wav", 42, (1, 127), 2, 3, "1"),
    ("b3.wav", 42, (1, 127), 3, 3, "1"),
    ("c1.wav", 46, (1, 127), 1, 1, "1"),
]


def regions(text):
    """Return the opcodes of each region of an SFZ file, those of its group and of all included."""
    text = re.sub(r"//[^\n]*", "", text)
    inherited, found = {"control": {}, "global": {}, "group": {}}, []
    for header, body in re.findall(r"<(\w+)>([^<]*)", text):
        opcodes = dict(re.findall(r"(\w+)=(.*?)(?=\s+\w+=|\s*$)", body, re.DOTALL))
        if header == "region":
            found.append({**inherited["global"], **inherited["group"], **opcodes})
        else:
            inherited[header] = opcodes
            inherited["group"] = opcodes if header == "group" else {}
    return found


def read_sfz(text, folder):
    assert "<control>\nhint_ram_based=1\n" in text  # or sfizz may lose the end of a sound
    for region in regions(text):
        assert region["loop_mode"] == "one_shot"
        assert region["lokey"] == region["hikey"] == region["pitch_keycenter"]
        assert region.get("group") == region.get("off_by")
        turns = int(region["seq_position"]), int(region["seq_length"])
        velocities = int(region["lovel"]), int(region["hivel"])
        file = region["sample"].removeprefix(folder)
        yield file, int(region["lokey"]), velocities, *turns, region.get("group")


def read_decentsampler(text, folder):
    for group in ET.fromstring(text).iterfind("groups/group"):
        assert group.get("seqMode") == "round_robin"
        choke = group.get("tags")
        assert group.get("silencedByTags") == choke
        assert group.get("silencingMode") == (choke and "fast")
        for sample in group:
            assert sample.get("ampEnvEnabled") == "false"  # plays to its end
            assert sample.get("rootNote") == sample.get("loNote") == sample.get("hiNote")
            turns = int(sample.get("seqPosition")), int(group.get("seqLength"))
            velocities = int(sample.get("loVel")), int(sample.get("hiVel"))
            file = sample.get("path").removeprefix(folder)
            choke = choke and choke.removeprefix("choke")
            yield file, int(sample.get("rootNote")), velocities, *turns, choke


def read_hydrogen(text, folder):
    names = {"h": "http://www.hydrogen-music.org/drumkit"}
    for place, each in enumerate(ET.fromstring(text).iterfind(".//h:instrument", names)):
        value = {node.tag.split("}")[1]: node.text for node in each}
        assert int(value["id"]) == place
        assert (value["sampleSelectionAlgo"], value["isStopNote"]) == ("ROUND_ROBIN", "false")
        choke = None if value["muteGroup"] == "-1" else value["muteGroup"]
        files = {}
        for layer in each.iterfind("h:instrumentComponent/h:layer", names):
            low, high = (
                float(layer.findtext(f"h:{end}", namespaces=names)) for end in ("min", "max")
            )
            inside = [v for v in range(1, HARDEST + 1) if low <= v / HARDEST <= high]
            file = layer.findtext("h:filename", namespaces=names).removeprefix(folder)
            files.setdefault((inside[0], inside[-1]), []).append(file)
        for velocities, turns in files.items():
            for turn, file in enumerate(turns, start=1):
                yield file, int(value["midiOutNote"]), velocities, turn, len(turns), choke


READERS = {"sfz": read_sfz, "decentsampler": read_decentsampler, "hydrogen": read_hydrogen}


def test_every_format_is_read_here():
    assert READERS.keys() == FORMATS.keys()


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_says_what_the_kit_is(form):
    folder = FORMATS[form].folder
    assert list(READERS[form](FORMATS[form].text(KIT, folder), folder)) == READ


@pytest.mark.parametrize("form", FORMATS)
def test_labels_cannot_break_a_format(form):
    text = FORMATS[form].text(KIT, "")
    assert r"\n$x" in text  # as it is shown to people
    names = re.findall(r"<name>(.*)</name>|<group name=\"(.*?)\"|<group> // (.*)", text)
    assert len(names) == {"sfz": 3, "decentsampler": 4, "hydrogen": 5}[form]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_layers_cover_each_velocity_once(count):
    ranges = velocity_ranges(count)
    assert [v for low, high in ranges for v in range(low, high + 1)] == list(range(1, 128))
    assert max(high - low for low, high in ranges) - min(high - low for low, high in ranges) <= 1
