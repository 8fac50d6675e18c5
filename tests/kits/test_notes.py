"""Which note plays which label."""

import pytest

from kwavegan.errors import InputError
from kwavegan.kits.notes import HATS, NOTES, places_of, words_of

KICK, KICK_2, STICK, SNARE, CLAP, SNARE_2 = 36, 35, 37, 38, 39, 40
CLOSED, PEDAL, OPEN = 42, 44, 46
CRASH, RIDE, BELL = 49, 51, 53

DRUMS = {
    "kick": KICK,
    "Kick 808": KICK,
    "kicks": KICK,
    "KickDrum": KICK,
    "bd": KICK,
    "Bass Drum": KICK,
    "bassdrum01": KICK,
    "snare": SNARE,
    "SD": SNARE,
    "snare_drum_14inch": SNARE,
    "Rim Shot": STICK,
    "rimshot": STICK,
    "sidestick": STICK,
    "clap": CLAP,
    "hand-claps": CLAP,
    "closed-hat": CLOSED,
    "hi-hat closed": CLOSED,
    "hihat": CLOSED,
    "HH": CLOSED,
    "ClosedHiHat": CLOSED,
    "hihat_pedal": PEDAL,
    "open-hat": OPEN,
    "HH_open": OPEN,
    "HHOpen": OPEN,
    "openhihat": OPEN,
    "oh": OPEN,
    "tom": 45,
    "low tom": 45,
    "LT": 45,
    "MidTom": 47,
    "hi tom": 50,
    "Floor Tom": 43,
    "crash": CRASH,
    "Cymbal": CRASH,
    "ride cymbal": RIDE,
    "Ride Bell": BELL,
    "china": 52,
    "Cow Bell": 56,
    "tambourine": 54,
    "congas": 63,
    "low conga": 64,
    "maracas": 70,
    "shaker": 70,
    "claves": 75,
    "woodblock": 76,
}


@pytest.mark.parametrize(("label", "note"), DRUMS.items())
def test_a_drum_is_known_by_sensible_words(label, note):
    assert places_of([label])[label].note == note


OTHERS = (
    "dog", "bass", "brass", "high", "open", "tomato", "bell", "that", "hatch", "kickflip",
    "wood", "stick", "808", "犬", "", "piano_closed", "chat", "snaretime",
)  # fmt: skip


@pytest.mark.parametrize("label", OTHERS)
def test_what_is_no_drum_is_a_key(label):
    place = places_of([label])[label]
    assert (place.note, place.name, place.choke) == (60, "", None)


def test_the_built_in_drums_are_where_general_midi_has_them():
    labels = ("clap", "closed-hat", "kick", "open-hat", "snare", "tom")
    notes = [place.note for place in places_of(labels).values()]
    assert notes == [CLAP, CLOSED, KICK, OPEN, SNARE, 45]


def test_only_hats_end_each_other():
    places = places_of(["kick", "hh closed", "hh open", "hh pedal", "cymbal", "dog"])
    choked = [label for label, place in places.items() if place.choke == HATS]
    assert choked == ["hh closed", "hh open", "hh pedal"]
    assert {place.choke for place in places.values()} == {HATS, None}


def test_two_labels_for_one_drum_share_no_note():
    places = places_of(["kick hard", "kick soft", "kick third"])
    assert [place.note for place in places.values()] == [KICK, KICK_2, 60]
    assert [place.note for place in places_of(["snare a", "snare b"]).values()] == [SNARE, SNARE_2]


def test_the_label_that_says_more_comes_first():
    places = places_of(["tom", "low tom", "hat", "closed hat"])
    assert {label: place.note for label, place in places.items()} == {
        "low tom": 45,
        "tom": 47,
        "closed hat": CLOSED,
        "hat": 60,  # a closed hat, and there is only one
    }


def test_other_labels_are_white_keys_from_c3_up_beside_the_drums():
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight"]
    notes = [place.note for place in places_of(words).values()]
    assert notes == [60, 62, 64, 65, 67, 69, 71, 72, 74]
    places = places_of(["dog", "bongo", "cat"])  # the high bongo has 60
    assert [place.note for place in places.values()] == [62, 60, 64]


def test_every_note_can_be_had_and_no_more():
    many = [f"label {i}" for i in NOTES]
    assert sorted(place.note for place in places_of(many).values()) == list(NOTES)
    with pytest.raises(InputError, match="129 labels: a kit has 128 notes; choose by label"):
        places_of([*many, "one more"])


def test_words_are_told_apart_by_case_signs_and_digits():
    assert words_of("HH_Closed 808") == {"hat", "closed", "808"}
    assert words_of("OpenHH2") == {"open", "hat", "2"}
