"""Programs that play kits, without an audio device: `sfizz_render`, and Hydrogen's `h2cli`."""

import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree as ET

import soundfile as sf

HELD_S = 0.02
"""Seconds from a strike to its note-off: a one-shot plays on."""

RATE, BLOCK = 44_100, 4_410
"""Hz, and samples that sfizz plays at a time: for each further block it may slip by a sample."""

TICKS = 960
"""Of a quarter note, which is a second, in MIDI files."""

H2_TICKS = 48
"""Of a quarter note in Hydrogen; a strike is on one of them."""

_XML = '<?xml version="1.0" encoding="UTF-8"?>'


@dataclass(frozen=True)
class Strike:
    """A note of a second, of MIDI velocity 1 to 127."""

    second: float
    note: int
    velocity: int = 127


def sfizz():
    """Return the path of `sfizz_render`, of the system or the package pysfizz; None without."""
    if found := shutil.which("sfizz_render"):
        return found
    try:
        own = metadata.files("pysfizz") or ()
    except metadata.PackageNotFoundError:
        return None
    return next((str(path.locate()) for path in own if path.name == "sfizz_render"), None)


def play_sfz(path, strikes, folder):
    """Return what sfizz plays of an .sfz file: float (time, 2), and its rate."""
    midi, wav = folder / "strikes.mid", folder / "sfizz.wav"
    midi.write_bytes(midi_file(strikes))
    files = ["--sfz", path, "--midi", midi, "--wav", wav]
    command = [sfizz(), *files, "--samplerate", RATE, "--blocksize", BLOCK]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return sf.read(wav, always_2d=True)


def midi_file(strikes):
    """Return a MIDI file of one track, at 60 quarter notes a minute."""
    events = [(round(s.second * TICKS), 1, bytes([0x90, s.note, s.velocity])) for s in strikes]
    events += [(round((s.second + HELD_S) * TICKS), 0, bytes([0x80, s.note, 0])) for s in strikes]
    track, last = b"\x00\xff\x51\x03" + (1_000_000).to_bytes(3, "big"), 0
    for tick, _, message in sorted(events):
        track += _variable(tick - last) + message
        last = tick
    track += b"\x00\xff\x2f\x00"
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS)
    return header + b"MTrk" + struct.pack(">I", len(track)) + track


def _variable(number):
    digits = [number & 127]
    while number := number >> 7:
        digits.insert(0, number & 127 | 128)
    return bytes(digits)


def hydrogen():
    """Return the path of Hydrogen's command line; None without."""
    return shutil.which("h2cli")


def run_hydrogen(home, *arguments):
    """Run `h2cli`, with a home of its own, and without waiting for a driver of audio."""
    environment = {**os.environ, "HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    command = [hydrogen(), "-d", "oss", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)


def play_hydrogen(path, strikes, folder):
    """Return what Hydrogen plays of the kit of a `drumkit.xml`: float (time, 2), and its rate."""
    home, song, wav = folder / "home", folder / "strikes.h2song", folder / "hydrogen.wav"
    installed = home / ".hydrogen" / "data" / "drumkits" / "mine"
    shutil.rmtree(installed, ignore_errors=True)
    shutil.copytree(Path(path).parent, installed)
    song.write_text(_song(_instruments_of(path), strikes), encoding="utf-8")
    done = run_hydrogen(home, "-s", song, "-k", "mine", "-o", wav, "-r", RATE, "-b", 24)
    assert done.returncode == 0, done.stderr
    return sf.read(wav, always_2d=True)


def _instruments_of(path):
    """Return note → place in the list of instruments: what a MIDI device that strikes it plays."""
    notes = [node.text for node in ET.parse(path).iter() if node.tag.endswith("}midiOutNote")]
    return {int(note): place for place, note in enumerate(notes)}


def _song(instruments, strikes):
    """Return a song for which a kit is loaded: its own instruments are empty."""
    empty = (
        "<instrument><id>{}</id><name>empty</name><instrumentComponent><component_id>0"
        "</component_id><gain>1</gain></instrumentComponent></instrument>"
    )
    rows = "".join(empty.format(i) for i in range(len(instruments)))
    notes = "".join(_note(strike, instruments) for strike in strikes if strike.note in instruments)
    size = round((max(strike.second for strike in strikes) + 1) * H2_TICKS)
    return (
        f"{_XML}\n<song><version>1.2.0</version><bpm>60</bpm><volume>1</volume>"
        "<loopEnabled>false</loopEnabled><mode>song</mode><humanize_time>0</humanize_time>"
        "<humanize_velocity>0</humanize_velocity><swing_factor>0</swing_factor><componentList>"
        "<drumkitComponent><id>0</id><name>Main</name><volume>1</volume></drumkitComponent>"
        f"</componentList><instrumentList>{rows}</instrumentList><patternList><pattern>"
        f"<name>all</name><size>{size}</size><denominator>4</denominator>"
        f"<noteList>{notes}</noteList></pattern></patternList><virtualPatternList/>"
        "<patternSequence><group><patternID>all</patternID></group></patternSequence></song>"
    )


def _note(strike, instruments):
    return (
        f"<note><position>{round(strike.second * H2_TICKS)}</position><leadlag>0</leadlag>"
        f"<velocity>{strike.velocity / 127:.6f}</velocity><pan>0</pan><pitch>0</pitch>"
        "<probability>1</probability><key>C0</key><length>-1</length>"
        f"<instrument>{instruments[strike.note]}</instrument><note_off>false</note_off></note>"
    )
