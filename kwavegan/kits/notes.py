"""Labels → MIDI notes: drums where General MIDI has them, all else on white keys from C3 up.

Notes are those of the percussion key map of General MIDI (RP-003, 1991), where 36 is C1.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kwavegan.errors import InputError, setting

NOTES = range(128)
"""All MIDI notes."""

FIRST_KEY = 60
"""C3: the first key for labels that are no drums, above the notes of a drum kit."""

_WHITE = (0, 2, 4, 5, 7, 9, 11)
"""White keys of an octave, in semitones."""

HATS = 1
"""The choke group of the hats: one that is struck ends the others."""


@dataclass(frozen=True)
class Place:
    """Where a label is in a kit.

    Attributes:
        note: MIDI note, 0 to 127.
        name: of the drum in General MIDI, such as "Bass Drum 1"; "" for a key.
        choke: group of labels that end each other's sounds; None for none.

    Example:
        >>> from kwavegan.kits import Place
        >>> Place(36, "Bass Drum 1").note
        36
    """

    note: int
    name: str = ""
    choke: int | None = None


def _drum(note: int, name: str, *words: str, choke: int | None = None) -> tuple[Place, list[str]]:
    return Place(note, name, choke), list(words)


_DRUMS = (
    _drum(36, "Bass Drum 1", "kick", "bass drum"),
    _drum(35, "Acoustic Bass Drum", "acoustic kick", "kick", "bass drum"),
    _drum(37, "Side Stick", "rimshot", "rim", "side stick", "cross stick"),
    _drum(38, "Acoustic Snare", "snare"),
    _drum(40, "Electric Snare", "electric snare", "snare"),
    _drum(39, "Hand Clap", "clap"),
    _drum(42, "Closed Hi-Hat", "closed hat", "hat", choke=HATS),
    _drum(44, "Pedal Hi-Hat", "pedal hat", "foot hat", choke=HATS),
    _drum(46, "Open Hi-Hat", "open hat", choke=HATS),
    _drum(45, "Low Tom", "low tom", "tom"),
    _drum(47, "Low-Mid Tom", "mid tom", "low mid tom", "tom"),
    _drum(48, "Hi-Mid Tom", "high mid tom", "mid tom", "tom"),
    _drum(50, "High Tom", "high tom", "rack tom", "tom"),
    _drum(43, "High Floor Tom", "high floor tom", "floor tom", "tom"),
    _drum(41, "Low Floor Tom", "low floor tom", "floor tom", "tom"),
    _drum(49, "Crash Cymbal 1", "crash", "crash cymbal", "cymbal"),
    _drum(57, "Crash Cymbal 2", "crash", "crash cymbal", "cymbal"),
    _drum(51, "Ride Cymbal 1", "ride", "ride cymbal"),
    _drum(59, "Ride Cymbal 2", "ride", "ride cymbal"),
    _drum(53, "Ride Bell", "ride bell"),
    _drum(52, "Chinese Cymbal", "china", "china cymbal", "chinese cymbal"),
    _drum(55, "Splash Cymbal", "splash", "splash cymbal"),
    _drum(54, "Tambourine", "tambourine"),
    _drum(56, "Cowbell", "cowbell", "cow bell"),
    _drum(58, "Vibraslap", "vibraslap"),
    _drum(60, "Hi Bongo", "high bongo", "bongo"),
    _drum(61, "Low Bongo", "low bongo", "bongo"),
    _drum(63, "Open Hi Conga", "open conga", "high conga", "conga"),
    _drum(62, "Mute Hi Conga", "mute conga"),
    _drum(64, "Low Conga", "low conga", "conga"),
    _drum(65, "High Timbale", "high timbale", "timbale"),
    _drum(66, "Low Timbale", "low timbale", "timbale"),
    _drum(67, "High Agogo", "high agogo", "agogo"),
    _drum(68, "Low Agogo", "low agogo", "agogo"),
    _drum(69, "Cabasa", "cabasa"),
    _drum(70, "Maracas", "maraca", "shaker"),
    _drum(71, "Short Whistle", "short whistle"),
    _drum(72, "Long Whistle", "long whistle"),
    _drum(73, "Short Guiro", "short guiro", "guiro"),
    _drum(74, "Long Guiro", "long guiro", "guiro"),
    _drum(75, "Claves", "clave"),
    _drum(76, "Hi Wood Block", "high wood block", "wood block"),
    _drum(77, "Low Wood Block", "low wood block", "wood block"),
    _drum(78, "Mute Cuica", "mute cuica"),
    _drum(79, "Open Cuica", "open cuica", "cuica"),
    _drum(80, "Mute Triangle", "mute triangle"),
    _drum(81, "Open Triangle", "open triangle", "triangle"),
)
"""Drums, each with the words that mean it; of several with the same words the first comes first."""

_SPELLINGS = {
    "kick": "bd kik bassdrum",
    "snare": "sd sn snr",
    "clap": "cp handclap",
    "rimshot": "rs",
    "hat": "hh hihat",
    "closed hat": "ch chh hhc",
    "open hat": "oh ohh hho",
    "pedal hat": "hhp",
    "low tom": "lt",
    "mid tom": "mt",
    "high tom": "ht hitom",
    "cymbal": "cym",
    "tambourine": "tamb",
    "open": "opn",
    "closed": "close cls",
    "high": "hi",
    "low": "lo",
    "mid": "middle",
    "mute": "muted",
    "electric": "electronic",
}
"""Words → the other ways of writing them."""

_WORDS = {other: words for words, others in _SPELLINGS.items() for other in others.split()}

_KNOWN = {word for _, each in _DRUMS for words in each for word in words.split()}

_GLUED = re.compile(
    "|".join(sorted({w for w in _KNOWN | set(_WORDS) if len(w) > 2}, key=len)[::-1])
)
"""Words that are long enough to be found where several are written as one: "openhihat"."""


def words_of(label: str) -> frozenset[str]:
    """Return the words of a label, each in one spelling.

    Example:
        >>> from kwavegan.kits.notes import words_of
        >>> sorted(words_of("HH_Closed 808"))
        ['808', 'closed', 'hat']
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", label)
    found: set[str] = set()
    for token in re.findall(r"[^\W\d_]+|\d+", apart.lower()):
        for word in _split(token):
            found.update(_WORDS.get(word, word).split())
    return frozenset(found)


def _split(token: str) -> list[str]:
    singular = token.removesuffix("s")
    for word in (token, singular):
        if word in _KNOWN or word in _WORDS:
            return [word]
    parts = _GLUED.findall(token)
    return parts if "".join(parts) in (token, singular) else [token]


def _candidates(label: str) -> list[tuple[int, Place]]:
    """Return the drums that a label may mean, with how many of its words name each, most first."""
    words = words_of(label)

    def named_by(each: Iterable[str]) -> int:
        return max((len(w.split()) for w in each if words.issuperset(w.split())), default=0)

    found = [(named_by(each), place) for place, each in _DRUMS]
    return sorted((pair for pair in found if pair[0]), key=lambda pair: -pair[0])


def _keys() -> Iterator[int]:
    """Yield all notes as keys: white from `FIRST_KEY` up, black ones, those below."""
    above = [note for note in NOTES if note >= FIRST_KEY]
    yield from (note for note in above if note % 12 in _WHITE)
    yield from (note for note in above if note % 12 not in _WHITE)
    yield from reversed(NOTES[:FIRST_KEY])


def places_of(labels: Iterable[str]) -> dict[str, Place]:
    """Return where each label is: on its drum in General MIDI, or on a key from C3 (60) up.

    A drum is known by words: "Kick 808", "bd", "hi-hat closed", "HH_open". Where two labels mean
    the same drum, the second takes another of its kind, such as 35 beside 36 for kicks.

    Args:
        labels: in any order; each has a place of its own.

    Raises:
        InputError: there are more labels than notes.

    Example:
        >>> from kwavegan.kits import places_of
        >>> [place.note for place in places_of(["Kick 808", "OpenHat", "dog"]).values()]
        [36, 46, 60]
    """
    labels = tuple(labels)
    if len(labels) > len(NOTES):
        raise InputError(
            f"{len(labels)} labels: a kit has {len(NOTES)} notes; choose by {setting('label')}"
        )
    candidates = {label: _candidates(label) for label in labels}
    places: dict[str, Place] = {}
    taken: set[int] = set()
    # What is named by more words comes first: "low tom" before "tom", which may be any tom.
    for label in sorted(labels, key=lambda each: -max((n for n, _ in candidates[each]), default=0)):
        place = next((place for _, place in candidates[label] if place.note not in taken), None)
        if place is not None:
            places[label] = place
            taken.add(place.note)
    free = (note for note in _keys() if note not in taken)
    return {label: places.get(label) or Place(next(free)) for label in labels}
