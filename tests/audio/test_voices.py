"""What has a voice, and at what pitch."""

import numpy as np
import pytest

from kwavegan.audio.voices import voice_pitch
from kwavegan.data.drum_sounds import LABELS, synthesize
from kwavegan.data.drum_sounds import RATE as DRUM_RATE

RATE = 8000


def spoken(pitch, voiced=0.6, seed=0, channels=1):
    """Return one sound: a gliding voice of 600 ms in faint noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(RATE) / RATE
    glide = pitch * np.exp(0.5 * (time - 0.5))
    phase = 2 * np.pi * np.cumsum(glide) / RATE
    voice = sum(np.cos(k * phase + k * k) / k for k in range(1, 20))
    voice *= abs(time - 0.5) < voiced / 2
    sound = 0.1 * voice + 1e-4 * rng.standard_normal(RATE)
    return np.repeat(sound[:, None], channels, axis=1).astype("float32")


@pytest.mark.parametrize("channels", [1, 2])
def test_words_have_the_pitch_of_their_speakers(channels):
    pitches = np.geomspace(80, 320, 15)
    words = np.stack([spoken(p, seed=i, channels=channels) for i, p in enumerate(pitches)])
    assert voice_pitch(words, RATE) == pytest.approx(160, rel=0.05)


def sounds_without_a_voice():
    rng, time = np.random.default_rng(1), np.arange(RATE) / RATE
    yield "noise", rng.standard_normal((12, RATE, 1)) * np.exp(-5 * time)[:, None]
    yield (
        "bodies of drums",
        np.stack([np.sin(2 * np.pi * f * time) for f in range(60, 180, 10)])[..., None],
    )
    yield (
        "chords above a voice",
        np.stack(
            [sum(np.sin(2 * np.pi * f * k * time) for k in (1, 2, 3)) for f in range(700, 1200, 50)]
        )[..., None],
    )
    yield "silence", np.zeros((4, RATE, 1))
    yield "shorter than a frame", rng.standard_normal((4, 100, 1))
    yield "none", np.zeros((0, RATE, 1))


@pytest.mark.parametrize("what", [name for name, _ in sounds_without_a_voice()])
def test_other_sounds_have_none(what):
    sounds = dict(sounds_without_a_voice())[what]
    assert voice_pitch(sounds.astype("float32"), RATE) == 0.0


def test_the_built_in_drums_have_none():
    sounds = [synthesize(label, seed=0, index=i) for label in LABELS for i in range(4)]
    assert voice_pitch(np.stack(sounds).reshape(len(sounds), -1, 1), DRUM_RATE) == 0.0


def test_a_word_among_many_drums_is_no_voice():
    words = [spoken(120, seed=i) for i in range(4)]
    rng = np.random.default_rng(2)
    drums = [0.1 * rng.standard_normal((RATE, 1)) for _ in range(12)]
    assert voice_pitch(np.stack(words), RATE) == pytest.approx(120, rel=0.05)
    assert voice_pitch(np.stack([*words, *drums]).astype("float32"), RATE) == 0.0
