"""Which files are audio, by the endings of their names and by their first bytes."""

import re
from pathlib import Path

from kwavegan.audio import mpeg
from kwavegan.audio.file_parts import Bytes

_READ = """wav wave bwf rf64 bw64 w64 flac ogg oga opus mp1 mp2 mp3 mpga aif aiff aifc au snd caf
sph nist voc 8svx svx avr paf fap pvf ircam sf sds sd2 htk xi wve"""
READ = frozenset(_READ.split())
"""Endings of the files that libsndfile reads."""

_FOREIGN = """m4a m4b m4r aac mp4 m4v mov qt 3gp 3g2 f4v wma asf wmv webm weba mkv mka wv amr awb
ac3 eac3 dts thd ape tta tak mpc mp+ dsf dff ra rm avi flv mpg mpeg mxf spx ogv alac shn"""
FOREIGN = frozenset(_FOREIGN.split())
"""Endings of files that need the extra `formats`: other audio, and video that may have sound."""

_BARE = "raw pcm vox gsm ul ulaw al alaw g721 g722 g723 g726"
BARE = frozenset(_BARE.split())
"""Endings of samples without a header, which nothing can read without being told what they are."""

_NAMED = READ | FOREIGN | BARE

_START = re.compile(
    rb"""(?:RIFF|RIFX|RF64|BW64)....WAVE | FORM....(?:AIFF|AIFC|8SVX|16SV) | fLaC | OggS | ID3
    | caff | \.snd | NIST_1A | Creative\ Voice\ File | riff\x2e\x91\xcf\x11 | \ paf | fap\x20
    | 2BIT | PVF1 | Extended\ Instrument: | \x64\xa3[\0-\4]\0 | \0[\0-\4]\xa3\x64""",
    re.VERBOSE | re.DOTALL,
)

_FOREIGN_START = re.compile(
    rb"""....ftyp(?:M4|mp4|isom|iso[2-6]|dash|qt|3g) | \x1aE\xdf\xa3 | 0&\xb2u\x8ef\xcf\x11 | wvpk
    | \#!AMR | MAC\x20 | TTA1 | DSD\x20 | FRM8 | MPCK | RIFF....AVI\x20 | FLV\x01 | tBaK | ADIF
    | \.RMF | \x0bw | \xff[\xf0\xf1\xf8\xf9]""",
    re.VERBOSE | re.DOTALL,
)
"""MP4, Matroska and WebM, WMA, WavPack, AMR, APE, TTA, DSD, Musepack, AVI, FLV, TAK, AAC,
RealMedia, AC-3, and AAC again: the last two are too short to go by without an ending."""

_SURE = 4
"""Bytes of a match that make a file audio whatever its name."""


def ending(name: str) -> str:
    """Return the ending of a file's name, in small letters and without the dot; "" for none."""
    stem, dot, end = name.rpartition(".")
    return end.lower() if dot and stem and end.isascii() else ""


def is_audio(path: Path) -> bool:
    """Return whether a file counts as audio: by its name, else by its first bytes.

    What counts may still turn out to be unreadable.
    """
    if is_audio_name(path.name):
        return True
    try:
        with path.open("rb", buffering=0) as file:
            start = file.read(32)
            if start[:1] == b"\xff":
                return mpeg.begins(Bytes(file))
    except OSError:
        return False
    foreign = _FOREIGN_START.match(start)
    return bool(_START.match(start)) or bool(foreign and len(foreign[0]) >= _SURE)


def is_audio_name(name: str) -> bool:
    """Return whether a file counts as audio by the ending of its name."""
    return ending(name) in _NAMED


def is_foreign(path: Path, start: bytes) -> bool:
    """Return whether a file, of which `start` is the beginning, needs the extra `formats`."""
    return ending(path.name) in FOREIGN or bool(_FOREIGN_START.match(start))
