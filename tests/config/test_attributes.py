"""Labels of several parts: which there are, and how they are asked for."""

import pytest

from kwavegan.config import attributes
from kwavegan.config.attributes import Attributes
from kwavegan.config.settings import Config
from kwavegan.errors import InputError

NAMES = ("instrument", "velocity")


def kit():
    return Attributes.of(NAMES, ("kick/hard", "hat/soft", "kick/soft"))


def test_every_combination_is_a_label_and_those_of_the_set_come_first():
    found = kit()
    assert found.values == (("kick", "hat"), ("hard", "soft"))
    assert found.labels == ("kick/hard", "hat/soft", "kick/soft", "hat/hard")
    assert (found.heard, found.codes) == (3, ((0, 2), (1, 3), (0, 3), (1, 2)))


def test_without_attributes_or_with_one_a_label_is_whole():
    for names in ((), ("word",)):
        found = Attributes.of(names, ("a/b", "c"))
        assert (found.labels, found.codes, found.heard) == (("a/b", "c"), (), 2)
    assert found.label({"word": "c"}) == "c"
    assert found.matching({"Word": "c"}) == ("c",)


def test_values_name_a_label_heard_or_not():
    assert kit().label({"velocity": "hard", "Instrument": "hat"}) == "hat/hard"
    assert kit().matching({"instrument": "hat", "velocity": "hard"}) == ("hat/hard",)
    assert kit().matching({"instrument": "kick"}) == ("kick/hard", "kick/soft")
    assert kit().matching({}) == ("kick/hard", "hat/soft", "kick/soft")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"instrument": "kick"}, "^velocity: is not given; choose from hard, soft$"),
        ({"pitch": "low"}, "^pitch: is no attribute of mine; its attributes: instrument, velocity"),
        ({"instrument": "gong"}, "^instrument: 'gong' is none of mine's; choose from kick, hat$"),
    ],
)
def test_what_names_no_label_is_refused(asked, message):
    with pytest.raises(InputError, match=message):
        kit().label(asked, "mine")


def test_values_that_no_sound_has_together_are_refused():
    found = Attributes.of(("a", "b", "c"), ("1/1/1", "2/2/2"))
    with pytest.raises(InputError, match="c: none of the sounds that it learned from is 1/2; cho"):
        found.matching({"a": "1", "b": "2"}, "it")


def test_labels_that_do_not_go_with_the_attributes_are_refused(monkeypatch):
    with pytest.raises(InputError, match="the label 'kick' has 1 values"):
        _ = Config(
            attributes=NAMES, labels=("kick", "hat/soft"), length=256, channels=1
        ).architecture
    with pytest.raises(InputError, match="'a-b/c' and of 'a/b-c' would be called a-b-c both"):
        Attributes.of(NAMES, ("a-b/c", "a/b-c"))
    monkeypatch.setattr(attributes, "MOST_COMBINATIONS", 3)
    with pytest.raises(InputError, match="have 4 combinations, and 3 are the most"):
        kit()
