"""Each signal moves when its condition is made to happen, and no other way."""

from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from support.gans import MODELS

from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset, Sounds
from kwavegan.gan.state import capture
from kwavegan.monitoring import signals
from kwavegan.monitoring.health import verdict
from kwavegan.monitoring.signals import Vitals, chance_above, line_contrasts
from kwavegan.training.build import build_gan
from kwavegan.training.session import settle

RATE, LENGTH = 2048, 256
PITCHES = (110.0, 300.0, 700.0)


def sounds(labels, length=LENGTH, channels=1, seed=0):
    """Decaying tones with a little noise, a pitch for each label, each a bit different."""
    rng = np.random.default_rng(seed)
    time = np.arange(length)[:, None] / RATE
    made = []
    for label in labels:
        pitch = PITCHES[label] * rng.uniform(0.9, 1.1)
        tone = np.sin(2 * np.pi * (pitch * time + rng.uniform(size=channels)))
        level = rng.uniform(0.3, 0.8) * np.exp(-time * rng.uniform(4, 20))
        made.append(level * tone + 0.01 * rng.standard_normal((length, channels)))
    return np.clip(made, -1, 1).astype("float32").reshape(-1, length, channels)


def split(each, names=3, seed=0, **shape):
    labels = np.repeat(np.arange(names), each).astype("int32")
    return Sounds(sounds(labels, seed=seed, **shape), labels)


def dataset(train=40, validation=12, names=("a", "b", "c"), length=LENGTH, channels=1):
    shape = {"names": max(len(names), 1), "length": length, "channels": channels}
    parts = (split(n, seed=seed, **shape) for seed, n in enumerate((train, validation, 0)))
    return Dataset(Path("toy"), RATE, length, channels, tuple(names), *parts)


@pytest.fixture(scope="module")
def toy():
    return dataset()


@pytest.fixture(scope="module")
def watching(toy):
    return Vitals(settle(Config(latent=4, width=2), toy), toy)


class Player:
    """Stands in for a generator: plays prepared sounds, in the order in which it is asked."""

    input = MappingProxyType({"latent": None, "label": None})

    def __init__(self, watching, made):
        self.watching, self.made, self.at = watching, made, 0

    def predict_on_batch(self, inputs):
        count = len(inputs["latent"])
        played = np.zeros((count, *self.made.shape[1:]), "float32")
        part = self.made[self.at : self.at + count]
        asked = slice(self.at, self.at + len(part))
        np.testing.assert_array_equal(inputs["label"][: len(part)], self.watching.labels[asked])
        np.testing.assert_array_equal(inputs["latent"][: len(part)], self.watching.latents[asked])
        played[: len(part)] = part
        self.at += count
        return played


class Scorer:
    """Stands in for a discriminator: scores are a function of the sounds."""

    input = MappingProxyType({"audio": None, "label": None})

    def __init__(self, score):
        self.score, self.shapes = score, []

    def predict_on_batch(self, inputs):
        self.shapes.append({name: value.shape for name, value in inputs.items()})
        return {"score": np.asarray(self.score(inputs["audio"]), "float32")[:, None]}


def energy(audio):
    return np.sqrt((audio**2).mean(axis=(1, 2)))


def measure(watching, made, score=energy):
    made = np.asarray(made, "float32")
    return watching.measure(gan_of(watching, made, score))[0]


def gan_of(watching, made, score=energy):
    player, scorer = Player(watching, made), Scorer(score)
    return SimpleNamespace(sounding_generator=player, discriminator=scorer)


def findings(*rows, **metrics):
    """Names of what is wrong after previews with these signals."""
    rows = [{"step": 100 * i, **row} for i, row in enumerate(rows, start=1)]
    losses = [{"step": row["step"], "peak_loss": 2.0, "d_raw": 0.5, **metrics} for row in rows]
    config = Config(labels=("a", "b", "c"))
    return [finding.name for finding in verdict(rows, losses, [], config)]


@pytest.fixture(scope="module")
def good(watching):
    return sounds(watching.labels, seed=7)


def test_sounds_like_real_ones_are_well(watching, good):
    found = measure(watching, good)
    assert list(found) == list(signals._ORDER)
    assert {name for name in found if not name.endswith(("_label", "_one", "_other"))} == set(
        signals.SIGNALS
    )
    assert 0.3 < found["told_apart"] < 0.7
    assert 0.3 < found["known_by_heart"] < 0.7
    assert 0.5 < found["distance"] < 2
    assert 0.6 < found["diversity"] <= 1.1
    assert 0.9 < found["labels_apart"] < 1.1
    assert 0.7 < found["nearest"] < 1.5
    assert found["silent"] == found["clipped"] == 0
    assert abs(found["offset"]) < 0.03
    assert abs(found["buzz"]) < 3
    assert findings(found, found) == []


def test_rms_of_real_and_generated_sounds(watching, good):
    rms = watching.measure(gan_of(watching, good))[1]
    np.testing.assert_allclose(rms["generated"], energy(good), rtol=1e-5)
    assert rms["generated"].shape == (63,)
    # Of every label, though training sounds come label by label.
    training = watching.ears.training
    rows = np.concatenate([np.flatnonzero(training.labels == label)[:20] for label in range(3)])
    np.testing.assert_allclose(20 * np.log10(rms["real"]), training.loudness[rows], rtol=1e-6)


# What goes wrong with sounds


def repeated(watching, good):
    """One sound for each label, as if latents had no effect."""
    return good[np.searchsorted(watching.labels, watching.labels)]


def one_label_repeated(watching, good):
    made = good.copy()
    made[watching.labels == 1] = made[watching.labels == 1][0]
    return made


def label_ignored(watching, good):
    """The same sounds for labels 1 and 2, as if the second were the first."""
    made = good.copy()
    made[watching.labels == 2] = made[watching.labels == 1]
    return made


def silent_label(watching, good):
    return good * (watching.labels != 2)[:, None, None]


def pulses(watching, good):
    """What upsampling by 4, twice, repeats: a pulse every 16 samples, 6 dB below the sounds."""
    comb = np.zeros(LENGTH)
    comb[::16] = 1
    comb = (comb - comb.mean()) / comb.std()
    return good + 0.5 * energy(good)[:, None, None] * comb[:, None]


SICK = {
    "repeated": (repeated, "diversity", "collapsed"),
    "one label repeated": (one_label_repeated, "diversity", "collapsed"),
    "label ignored": (label_ignored, "labels_apart", "label_ignored"),
    "silent": (lambda watching, good: 0 * good, "silent", "silent"),
    "one label silent": (silent_label, "silent", "silent"),
    "clipped": (lambda watching, good: np.clip(20 * good, -1, 1), "clipped", "clipped"),
    "offset": (lambda watching, good: np.clip(good + 0.2, -1, 1), "offset", "dc_offset"),
    "pulses": (pulses, "buzz", "buzzing"),
}


@pytest.mark.parametrize("case", SICK)
def test_each_fault_of_sounds_is_found(watching, good, case):
    spoil, signal, name = SICK[case]
    found, well = measure(watching, spoil(watching, good)), measure(watching, good)
    assert name in findings(found, found)
    assert name not in findings(well, well)
    assert found[signal] != well[signal]


@pytest.mark.parametrize(
    ("spoil", "signal", "place"),
    [
        (one_label_repeated, "diversity", {"diversity_label": 1}),
        (silent_label, "silent", {"silent_label": 2}),
        (label_ignored, "labels_apart", {"labels_apart_one": 1, "labels_apart_other": 2}),
    ],
)
def test_the_worst_label_is_named(watching, good, spoil, signal, place):
    found = measure(watching, spoil(watching, good))
    assert {name: found[name] for name in place} == place
    assert tuple(place) == signals.PLACES[signal]


def test_copies_of_training_sounds_lie_at_distance_0(toy, watching, good):
    rows = np.concatenate([np.flatnonzero(toy.train.labels == label)[:21] for label in range(3)])
    copies = measure(watching, toy.train.batch(rows))
    assert copies["nearest"] == 0
    assert findings(copies, copies) == ["copying"]
    blurred = measure(watching, toy.train.batch(rows) + 0.001 * good)
    assert 0 < blurred["nearest"] < 0.5


def test_sounds_far_from_real_ones_are_many_floors_away(watching, good):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, good.shape)
    assert measure(watching, noise)["distance"] > 20


def test_a_pitch_that_real_sounds_have_too_does_not_buzz():
    """Every real sound has a tone at rate / 16; so have generated ones."""
    time = np.arange(LENGTH)[:, None]
    tone = (0.3 * np.sin(2 * np.pi * time / 16)).astype("float32")
    plain = dataset()
    sung = Sounds(np.clip(plain.train.audio + tone, -1, 1), plain.train.labels)
    watching = Vitals(
        Config(latent=4, labels=("a", "b", "c")),
        Dataset(plain.path, RATE, LENGTH, 1, plain.labels, sung, plain.validation, plain.test),
    )
    made = sounds(watching.labels, seed=7)
    assert abs(measure(watching, made + tone)["buzz"]) < 3
    assert measure(watching, made)["buzz"] < 3


# What goes wrong with scores


def remembered(toy):
    """A discriminator that knows the training sounds by heart, and tells nothing else."""
    known = {sound.tobytes() for sound in toy.train.batch(np.arange(len(toy.train)))}
    return lambda audio: [float(sound.tobytes() in known) for sound in audio]


def test_scores_tell_generated_and_validation_sounds_from_training_sounds(toy, watching, good):
    found = measure(watching, good, remembered(toy))
    assert found["told_apart"] == found["known_by_heart"] == 1
    assert findings(found, found) == ["memorizing"]
    assert "discriminator_too_strong" in findings(found, found, d_raw=0.01)
    blind = measure(watching, 0.1 * good, lambda audio: np.zeros(len(audio)))
    assert blind["told_apart"] == blind["known_by_heart"] == 0.5
    far = measure(watching, np.sign(good) * 0.4, lambda audio: np.zeros(len(audio)))
    assert far["distance"] > 4
    assert findings(far, far)[0] == "generator_too_strong"
    quiet_is_real = measure(watching, good * 2, lambda audio: -energy(audio))
    assert quiet_is_real["told_apart"] > 0.9 > 0.1 > measure(watching, good * 2)["told_apart"]


def test_chance_above_is_the_area_under_the_roc_curve_within_labels():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 9, 40) / 4.0, rng.integers(0, 9, 60) / 4.0 - 0.3
    ones = (np.ones(40), np.ones(60))
    want = roc_auc_score(np.repeat([1, 0], [40, 60]), np.concatenate([a, b]))
    assert chance_above(a, b, *ones) == pytest.approx(want)
    # Another zero for each label changes nothing within it.
    ours, theirs = rng.integers(0, 2, 40), rng.integers(0, 2, 60)
    apart = chance_above(a + 100 * ours, b + 100 * theirs, ours, theirs)
    assert apart == pytest.approx(chance_above(a, b, ours, theirs))
    assert 0 < apart < 1
    assert np.isnan(chance_above(a, b, np.zeros(40), np.ones(60)))
    assert np.isnan(chance_above(a * np.nan, b, *ones))


def test_every_call_has_batches_of_one_size(watching, good):
    gan = gan_of(watching, good)
    watching.measure(gan)
    assert len(gan.discriminator.shapes) == 3
    first = {"audio": (64, LENGTH, 1), "label": (64,)}
    assert all(shapes == first for shapes in gan.discriminator.shapes)


# Contrasts


def test_contrasts_of_noise_are_0_and_of_pulses_large():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((64, 1024, 2)) * np.exp(-np.arange(1024) / 200)[:, None]
    assert np.abs(line_contrasts(noise, [4, 16, 64])).max() < 2
    for place, period in enumerate((4, 16, 64)):
        pulsed = noise.copy()
        pulsed[:, ::period] += 3
        found = line_contrasts(pulsed, [4, 16, 64])
        assert found[place] > 10
        assert found[place] >= found.max() - 3
    quarter = noise + np.cos(np.pi / 2 * np.arange(1024))[:, None]
    found = line_contrasts(quarter, [4, 16, 64])
    assert found[0] > 15 > 5 > found[2]


def test_contrasts_of_odd_lengths_and_of_silence():
    assert line_contrasts(np.zeros((3, 100, 1)), [4, 8]).tolist() == [0, 0]
    noise = np.random.default_rng(0).standard_normal((200, 130, 1))
    found = line_contrasts(noise, [4, 16])
    assert found.shape == (2,)
    assert np.abs(found).max() < 1.5
    # Of a period with fewer than 8 bins from line to line there is nothing of its own to say.
    assert line_contrasts(noise[:, :100], [4, 16])[1] == line_contrasts(noise[:, :100], [4, 16])[0]


# Sets that allow less, and networks of every kind


def test_small_sets_leave_signals_out():
    few = dataset(train=3, validation=2)
    watching = Vitals(settle(Config(latent=4), few), few)
    found = measure(watching, sounds(watching.labels))
    missing = set(signals.SIGNALS) - set(found)
    assert missing == {"known_by_heart", "distance", "diversity", "labels_apart"}
    assert findings(found, found) == []


def test_one_training_sound_and_none_to_validate():
    one = dataset(train=1, validation=0, names=())
    watching = Vitals(settle(Config(model="wgan", latent=4), one), one)
    found = measure(watching, sounds(watching.labels))
    assert set(found) == {"told_apart", "silent", "clipped", "offset", "buzz"}


def test_a_rare_label_counts_as_much_as_a_frequent_one():
    """Training sounds of the frequent label are clipped, and so are generated ones."""
    labels = np.repeat([0, 1], [60, 10]).astype("int32")
    audio = sounds(labels)
    audio[:60] = np.clip(30 * audio[:60], -1, 1)
    uneven = Sounds(audio, labels)
    empty = Sounds(audio[:0], labels[:0])
    rare = Dataset(Path("toy"), RATE, LENGTH, 1, ("a", "b"), uneven, empty, empty)
    watching = Vitals(settle(Config(latent=4), rare), rare)
    made = sounds(watching.labels, seed=7)
    made[watching.labels == 0] = np.clip(30 * made[watching.labels == 0], -1, 1)
    assert measure(watching, made)["clipped"] == 0
    assert measure(watching, np.clip(30 * made, -1, 1))["clipped"] == 0.5


def test_labels_that_sound_alike_are_no_pair():
    plain = dataset()
    mixed = Sounds(plain.train.audio, np.random.default_rng(0).permutation(plain.train.labels))
    alike = Dataset(plain.path, RATE, LENGTH, 1, plain.labels, mixed, plain.validation, plain.test)
    watching = Vitals(settle(Config(latent=4), alike), alike)
    assert "labels_apart" not in measure(watching, sounds(watching.labels))


def test_of_many_labels_some_are_measured():
    labels = np.repeat(np.arange(40), 5).astype("int32")
    audio = sounds(labels % 3)
    names = tuple(f"l{i:02}" for i in range(40))
    many = Dataset(
        Path("toy"), RATE, LENGTH, 1, names, *(Sounds(audio[:n], labels[:n]) for n in (200, 0, 0))
    )
    watching = Vitals(settle(Config(latent=4), many), many)
    assert len(watching.labels) == 64
    assert np.unique(watching.labels).tolist()[::15] == [0, 39]
    assert measure(watching, sounds(watching.labels % 3))["silent"] == 0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("length", "channels"), [(64, 1), (130, 2)])
def test_real_networks(model, length, channels):
    names = () if MODELS[model]["model"] == "wgan" else ("a", "b")
    small = dataset(train=12, validation=8, names=names, length=length, channels=channels)
    config = settle(Config(latent=4, width=2, label_embedding=2, **MODELS[model]), small)
    watching, gan = Vitals(config, small), build_gan(config)
    before = capture(gan)
    found, rms = watching.measure(gan)
    assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())
    assert 0 <= found["told_apart"] <= 1
    assert ("labels_apart" in found) == (MODELS[model]["model"] != "wgan")
    assert rms["generated"].shape == (len(watching.labels),)
    assert len(rms["real"]) == len(watching.train[0])
    # Measuring changes nothing, and says the same again.
    assert watching.measure(gan)[0] == found
    after = capture(gan)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    for network in (gan.generator, gan.discriminator, gan.averaged):
        for weight in network.weights:
            weight.assign(np.full(weight.shape, np.nan))
    broken = watching.measure(gan)[0]
    assert "told_apart" not in broken
    assert broken["silent"] == 1
    assert np.isfinite(list(broken.values())).all()
