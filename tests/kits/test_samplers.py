"""Real samplers open the kits: the right sound at the right note, in turns, and hats that choke."""

from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import pytest
import soundfile as sf
from support import samplers
from support.samplers import BLOCK, RATE, Strike

import kwavegan
from kwavegan.audio import momentary_loudness
from kwavegan.kits import write_kit

HEAD_S = BLOCK / RATE  # 0.1: sample for sample what the file is
APART_S = 5 * HEAD_S  # longer than a sound
KICK, CLOSED, OPEN = 36, 42, 46
STARTS = {KICK: "036_kick", CLOSED: "042_closed-hat", OPEN: "046_open-hat"}
COUNT = 6  # of each label: two layers of three
LAYER_OF = {40: 1, 64: 1, 65: 2, 127: 2}  # by velocity
LATER_S = 2 * HEAD_S  # from an open hat to what may end it

PROGRAMS = {
    "sfz": (samplers.sfizz, samplers.play_sfz, "sfizz_render (PyPI's pysfizz has it)"),
    "hydrogen": (samplers.hydrogen, samplers.play_hydrogen, "h2cli (of Debian's hydrogen)"),
}

TURNS = [(note, velocity, turn) for note in STARTS for velocity in LAYER_OF for turn in range(3)]
CASES = [*TURNS, "snare", "dog", "open", "open, kick", "open, closed"]
SECOND_OF = dict(zip(CASES, (APART_S * place for place in count()), strict=False))

STRIKES = [Strike(SECOND_OF[case], note=case[0], velocity=case[1]) for case in TURNS] + [
    Strike(SECOND_OF["snare"], 38),  # of no label
    Strike(SECOND_OF["dog"], 60),
    *(Strike(SECOND_OF[case], OPEN) for case in ("open", "open, kick", "open, closed")),
    Strike(SECOND_OF["open, kick"] + LATER_S, KICK),
    Strike(SECOND_OF["open, closed"] + LATER_S, CLOSED),
]
"""All that is played, at once: a program takes a second to start."""


@dataclass(frozen=True)
class Performance:
    """What a sampler played of a kit, and the sounds of the kit by their names."""

    audio: np.ndarray
    sounds: dict[str, np.ndarray]

    def of(self, case, first=0.0, last=APART_S):
        start = SECOND_OF[case]
        return self.audio[round((start + first) * RATE) : round((start + last) * RATE)]

    def name(self, case):
        """Return the name of the sound that begins, and how alike it is, 1 at most."""
        part = self.of(case, last=HEAD_S)
        likeness = {name: cosine(part, sound[:BLOCK]) for name, sound in self.sounds.items()}
        best = max(likeness, key=likeness.get)
        return best, likeness[best]

    def left(self, case, first, last):
        """Return how much of its sound is there between two times, where 1 is as at its head."""
        sound = self.sounds[self.name(case)[0]]
        shares = []
        for start, stop in ((0.0, HEAD_S), (first, last)):
            part, at = self.of(case, start, stop), round(start * RATE)
            slips = [sound[max(0, at + slip) :][: len(part)] for slip in range(-4, 5)]
            shares.append(max(part[: len(own)] @ own / (own @ own) for own in slips))
        return shares[1] / shares[0]


def cosine(part, sound):
    length = min(len(part), len(sound))
    part, sound = part[:length], sound[:length]
    return float(part @ sound / (np.linalg.norm(part) * np.linalg.norm(sound) + 1e-12))


@pytest.fixture(scope="module", params=PROGRAMS)
def performance(request, tmp_path_factory):
    find, play, what = PROGRAMS[request.param]
    if find() is None:
        pytest.skip(f"needs {what}")
    folder = tmp_path_factory.mktemp(request.param)
    drums = kwavegan.load_pretrained("drums")
    labels = ("open-hat", "kick", "closed-hat")
    recipes = chain.from_iterable(drums.recipes(label, COUNT, seed=3) for label in labels)
    path = write_kit(drums, recipes, folder / "kit", request.param).path
    audio, rate = play(path, STRIKES, folder)
    assert rate == RATE
    mono = audio.mean(axis=1)
    sounds = {wav.stem: sf.read(wav)[0] for wav in path.parent.rglob("*.wav")}
    return Performance(mono - np.median(mono), sounds)  # sfizz's WAVs are a step off zero


@pytest.mark.parametrize("velocity", LAYER_OF)
@pytest.mark.parametrize("note", STARTS)
def test_a_note_plays_the_sounds_of_its_layer_in_turn(performance, note, velocity):
    found = [performance.name((note, velocity, turn)) for turn in range(3)]
    start = f"{STARTS[note]}_v{LAYER_OF[velocity]}"
    assert {name for name, _ in found} == {f"{start}_r{turn}" for turn in (1, 2, 3)}
    assert min(likeness for _, likeness in found) > 0.98


def test_sounds_that_take_turns_are_equally_loud(performance):
    turns = [performance.of((KICK, 127, turn)) for turn in range(3)]
    assert np.ptp([momentary_loudness(each[:, None], RATE) for each in turns]) < 0.3


def test_the_level_follows_the_velocity(performance):
    def loudness(velocity):
        turns = [performance.of((KICK, velocity, turn)) for turn in range(3)]
        return np.mean([momentary_loudness(each[:, None], RATE) for each in turns])

    # The velocity or its square is the amplitude: 65 of 127 is 6 or 12 dB.
    assert 5 < loudness(127) - loudness(65) < 13
    assert 0 < loudness(65) - loudness(64) < 2  # and so it is from layer to layer


def test_notes_without_a_label_are_silent(performance):
    for case in ("snare", "dog"):
        assert np.abs(performance.of(case, last=0.45)).max() < 1e-4
    assert np.abs(performance.of("open")).max() > 1e-2


@pytest.mark.parametrize("note", [KICK, OPEN])
def test_a_sound_plays_on_when_the_key_is_let_go(performance, note):
    for turn in range(3):
        assert performance.left((note, 127, turn), 0.21, 0.29) == pytest.approx(1, abs=0.05)


def test_a_closed_hat_ends_an_open_one_and_a_kick_does_not(performance):
    after = (LATER_S + HEAD_S + 0.01, 0.36)  # sfizz lets a sound end with the next block
    assert performance.left("open", *after) == pytest.approx(1, abs=0.05)
    assert performance.left("open, kick", *after) == pytest.approx(1, abs=0.5)
    assert performance.left("open, closed", *after) == pytest.approx(0, abs=0.1)


@pytest.mark.skipif(samplers.hydrogen() is None, reason="needs h2cli (of Debian's hydrogen)")
def test_hydrogen_finds_the_drum_kit_valid(tmp_path):
    drums = kwavegan.load_pretrained("drums")
    path = write_kit(drums, drums.recipes("kick", 1, 0), tmp_path / "kit", "hydrogen").path
    done = samplers.run_hydrogen(tmp_path / "home", "-c", path.parent)
    assert "is valid" in done.stdout
    path.write_text(path.read_text(encoding="utf-8").replace("muteGroup", "chokeGroup"))
    assert "is valid" not in samplers.run_hydrogen(tmp_path / "home", "-c", path.parent).stdout
