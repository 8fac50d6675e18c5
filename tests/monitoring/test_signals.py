"""Each signal moves when its condition is made to happen, and no other way."""

from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from support.gans import MODELS

from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset, Split
from kwavegan.gan.state import capture_state
from kwavegan.monitoring import signals
from kwavegan.monitoring.health import verdict
from kwavegan.monitoring.signals import SignalMeter, auc_within_labels
from kwavegan.training.build import build_gan

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
    return Split(sounds(labels, seed=seed, **shape), labels)


def dataset(train=40, validation=12, names=("a", "b", "c"), length=LENGTH, channels=1):
    shape = {"names": max(len(names), 1), "length": length, "channels": channels}
    parts = (split(n, seed=seed, **shape) for seed, n in enumerate((train, validation, 0)))
    return Dataset(Path("toy"), RATE, length, channels, tuple(names), *parts)


@pytest.fixture(scope="module")
def toy():
    return dataset()


@pytest.fixture(scope="module")
def meter(toy):
    return SignalMeter(Config(latent_dim=4, width=2).for_dataset(toy), toy)


class Player:
    """Stands in for a generator: plays prepared sounds, in the order in which it is asked."""

    input = MappingProxyType({"latent": None, "label": None})

    def __init__(self, meter, made):
        self.meter, self.made, self.at = meter, made, 0

    def predict_on_batch(self, inputs):
        count = len(inputs["latent"])
        played = np.zeros((count, *self.made.shape[1:]), "float32")
        part = self.made[self.at : self.at + count]
        asked = slice(self.at, self.at + len(part))
        np.testing.assert_array_equal(inputs["label"][: len(part)], self.meter.labels[asked])
        np.testing.assert_array_equal(inputs["latent"][: len(part)], self.meter.latents[asked])
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


def measure(meter, made, score=energy):
    made = np.asarray(made, "float32")
    return meter.measure(gan_of(meter, made, score))[0]


def gan_of(meter, made, score=energy):
    player, scorer = Player(meter, made), Scorer(score)
    return SimpleNamespace(inference_generator=player, discriminator=scorer)


def findings(*rows, **metrics):
    """Names of what is wrong after previews with these signals."""
    rows = [{"step": 100 * i, **row} for i, row in enumerate(rows, start=1)]
    losses = [
        {"step": row["step"], "peak_loss": 2.0, "d_adversarial_loss": 0.5, **metrics}
        for row in rows
    ]
    config = Config(labels=("a", "b", "c"))
    return [finding.name for finding in verdict(rows, losses, [], config)]


@pytest.fixture(scope="module")
def good(meter):
    return sounds(meter.labels, seed=7)


def test_sounds_like_real_ones_are_well(meter, good):
    measured = measure(meter, good)
    assert list(measured) == list(signals.SIGNALS_AND_LABELS)
    assert {name for name in measured if not name.endswith(("_label", "_one", "_other"))} == set(
        signals.SIGNALS
    )
    assert 0.3 < measured["real_fake_auc"] < 0.7
    assert 0.3 < measured["train_validation_auc"] < 0.7
    assert 0.5 < measured["distance"] < 2
    assert 0.6 < measured["diversity"] <= 1.1
    assert 0.9 < measured["label_separation"] < 1.1
    assert 0.7 < measured["nearest_training_ratio"] < 1.5
    assert measured["silent"] == measured["clipped"] == 0
    assert abs(measured["offset"]) < 0.03
    assert measured["periodicity"] < 0.1
    assert measured["shared_period"] < 0.4
    assert measured["attack"] < 1.4
    assert findings(measured, measured) == []


def test_rms_of_real_and_generated_sounds(meter, good):
    rms = meter.measure(gan_of(meter, good))[1]
    np.testing.assert_allclose(rms["generated"], energy(good), rtol=1e-5)
    assert rms["generated"].shape == (63,)
    # Of every label, though training sounds come label by label.
    training = meter.space.training
    rows = np.concatenate([np.flatnonzero(training.labels == label)[:20] for label in range(3)])
    np.testing.assert_allclose(20 * np.log10(rms["real"]), training.loudness[rows], rtol=1e-6)


# What goes wrong with sounds


def repeated(meter, good):
    """One sound for each label, as if latents had no effect."""
    return good[np.searchsorted(meter.labels, meter.labels)]


def one_label_repeated(meter, good):
    made = good.copy()
    made[meter.labels == 1] = made[meter.labels == 1][0]
    return made


def label_ignored(meter, good):
    """The same sounds for labels 1 and 2, as if the second were the first."""
    made = good.copy()
    made[meter.labels == 2] = made[meter.labels == 1]
    return made


def silent_label(meter, good):
    return good * (meter.labels != 2)[:, None, None]


def pulses(meter, good):
    """A pulse every 16 samples in place of the sounds, as loud as they are."""
    comb = np.zeros(LENGTH)
    comb[::16] = 1
    comb = (comb - comb.mean()) / comb.std()
    return np.clip(energy(good)[:, None, None] * comb[:, None], -1, 1)


def soft(meter, good):
    """Every sound takes 100 ms to begin."""
    return good * np.minimum(np.arange(LENGTH) / RATE / 0.1, 1)[:, None]


FAULTS = {
    "repeated": (repeated, "diversity", "collapsed"),
    "one label repeated": (one_label_repeated, "diversity", "collapsed"),
    "label ignored": (label_ignored, "label_separation", "label_ignored"),
    "silent": (lambda meter, good: 0 * good, "silent", "silent"),
    "one label silent": (silent_label, "silent", "silent"),
    "clipped": (lambda meter, good: np.clip(20 * good, -1, 1), "clipped", "clipped"),
    "offset": (lambda meter, good: np.clip(good + 0.2, -1, 1), "offset", "dc_offset"),
    "one period": (pulses, "shared_period", "one_period"),
    "soft": (soft, "attack", "no_attack"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_each_fault_of_sounds_is_measured(meter, good, case):
    spoil, signal, name = FAULTS[case]
    measured, well = measure(meter, spoil(meter, good)), measure(meter, good)
    assert name in findings(measured, measured)
    assert name not in findings(well, well)
    assert measured[signal] != well[signal]


@pytest.mark.parametrize(
    ("spoil", "signal", "place"),
    [
        (one_label_repeated, "diversity", {"diversity_label": 1}),
        (silent_label, "silent", {"silent_label": 2}),
        (
            label_ignored,
            "label_separation",
            {"label_separation_one": 1, "label_separation_other": 2},
        ),
    ],
)
def test_the_worst_label_is_named(meter, good, spoil, signal, place):
    measured = measure(meter, spoil(meter, good))
    assert {name: measured[name] for name in place} == place
    assert tuple(place) == signals.LABEL_COLUMNS[signal]


def test_copies_of_training_sounds_lie_at_distance_0(toy, meter, good):
    rows = np.concatenate([np.flatnonzero(toy.train.labels == label)[:21] for label in range(3)])
    copies = measure(meter, toy.train.batch(rows))
    assert copies["nearest_training_ratio"] == 0
    assert findings(copies, copies) == ["copying"]
    blurred = measure(meter, toy.train.batch(rows) + 0.001 * good)
    assert 0 < blurred["nearest_training_ratio"] < 0.5


def test_sounds_far_from_real_ones_are_many_floors_away(meter, good):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, good.shape)
    assert measure(meter, noise)["distance"] > 20


def test_a_period_that_real_sounds_share_is_no_fault():
    """Real sounds are pulses of one period; so are generated ones."""
    plain = dataset()
    comb = np.zeros((LENGTH, 1), "float32")
    comb[::16] = 0.8
    sung = Split(0.01 * plain.train.audio + comb, plain.train.labels)
    meter = SignalMeter(
        Config(latent_dim=4, labels=("a", "b", "c")),
        Dataset(plain.path, RATE, LENGTH, 1, plain.labels, sung, plain.validation, plain.test),
    )
    measured = measure(meter, 0.01 * sounds(meter.labels, seed=7) + comb)
    assert abs(measured["periodicity"]) < 0.05
    assert measured["shared_period"] == 0


# What goes wrong with scores


def remembered(toy):
    """A discriminator that has memorized the training sounds, and sees no other difference."""
    known = {sound.tobytes() for sound in toy.train.batch(np.arange(len(toy.train)))}
    return lambda audio: [float(sound.tobytes() in known) for sound in audio]


def test_scores_separate_generated_and_validation_sounds_from_training_sounds(toy, meter, good):
    measured = measure(meter, good, remembered(toy))
    assert measured["real_fake_auc"] == measured["train_validation_auc"] == 1
    assert findings(measured, measured) == ["memorizing"]
    assert "discriminator_too_strong" in findings(measured, measured, d_adversarial_loss=0.01)
    blind = measure(meter, 0.1 * good, lambda audio: np.zeros(len(audio)))
    assert blind["real_fake_auc"] == blind["train_validation_auc"] == 0.5
    far = measure(meter, np.sign(good) * 0.4, lambda audio: np.zeros(len(audio)))
    assert far["distance"] > 4
    assert findings(far, far)[0] == "generator_too_strong"
    quiet_is_real = measure(meter, good * 2, lambda audio: -energy(audio))
    assert quiet_is_real["real_fake_auc"] > 0.9 > 0.1 > measure(meter, good * 2)["real_fake_auc"]


def test_auc_within_labels_is_the_area_under_the_roc_curve_within_labels():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 9, 40) / 4.0, rng.integers(0, 9, 60) / 4.0 - 0.3
    ones = (np.ones(40), np.ones(60))
    want = roc_auc_score(np.repeat([1, 0], [40, 60]), np.concatenate([a, b]))
    assert auc_within_labels(a, b, *ones) == pytest.approx(want)
    # Another zero for each label changes nothing within it.
    ours, theirs = rng.integers(0, 2, 40), rng.integers(0, 2, 60)
    apart = auc_within_labels(a + 100 * ours, b + 100 * theirs, ours, theirs)
    assert apart == pytest.approx(auc_within_labels(a, b, ours, theirs))
    assert 0 < apart < 1
    assert np.isnan(auc_within_labels(a, b, np.zeros(40), np.ones(60)))
    assert np.isnan(auc_within_labels(a * np.nan, b, *ones))


def test_every_call_has_batches_of_one_size(meter, good):
    gan = gan_of(meter, good)
    meter.measure(gan)
    assert len(gan.discriminator.shapes) == 3
    first = {"audio": (64, LENGTH, 1), "label": (64,)}
    assert all(shapes == first for shapes in gan.discriminator.shapes)


# Sets that allow less, and networks of every kind


def test_small_sets_leave_signals_out():
    few = dataset(train=3, validation=2)
    meter = SignalMeter(Config(latent_dim=4).for_dataset(few), few)
    measured = measure(meter, sounds(meter.labels))
    missing = set(signals.SIGNALS) - set(measured)
    assert missing == {
        "train_validation_auc",
        "distance",
        "diversity",
        "label_separation",
        "periodicity",
        "shared_period",
        "attack",
    }
    assert findings(measured, measured) == []


def test_one_training_sound_and_none_to_validate():
    one = dataset(train=1, validation=0, names=())
    meter = SignalMeter(Config(model="wgan", latent_dim=4).for_dataset(one), one)
    measured = measure(meter, sounds(meter.labels))
    assert set(measured) == {"real_fake_auc", "silent", "clipped", "offset"}


def test_a_rare_label_counts_as_much_as_a_frequent_one():
    """Training sounds of the frequent label are clipped, and so are generated ones."""
    labels = np.repeat([0, 1], [60, 10]).astype("int32")
    audio = sounds(labels)
    audio[:60] = np.clip(30 * audio[:60], -1, 1)
    uneven = Split(audio, labels)
    empty = Split(audio[:0], labels[:0])
    rare = Dataset(Path("toy"), RATE, LENGTH, 1, ("a", "b"), uneven, empty, empty)
    meter = SignalMeter(Config(latent_dim=4).for_dataset(rare), rare)
    made = sounds(meter.labels, seed=7)
    made[meter.labels == 0] = np.clip(30 * made[meter.labels == 0], -1, 1)
    assert measure(meter, made)["clipped"] == 0
    assert measure(meter, np.clip(30 * made, -1, 1))["clipped"] == 0.5


def test_labels_that_sound_alike_are_no_pair():
    plain = dataset()
    mixed = Split(plain.train.audio, np.random.default_rng(0).permutation(plain.train.labels))
    alike = Dataset(plain.path, RATE, LENGTH, 1, plain.labels, mixed, plain.validation, plain.test)
    meter = SignalMeter(Config(latent_dim=4).for_dataset(alike), alike)
    assert "label_separation" not in measure(meter, sounds(meter.labels))


def test_of_many_labels_some_are_measured():
    labels = np.repeat(np.arange(40), 5).astype("int32")
    audio = sounds(labels % 3)
    names = tuple(f"l{i:02}" for i in range(40))
    many = Dataset(
        Path("toy"), RATE, LENGTH, 1, names, *(Split(audio[:n], labels[:n]) for n in (200, 0, 0))
    )
    meter = SignalMeter(Config(latent_dim=4).for_dataset(many), many)
    assert len(meter.labels) == 64
    assert np.unique(meter.labels).tolist()[::15] == [0, 39]
    assert measure(meter, sounds(meter.labels % 3))["silent"] == 0


@pytest.mark.parametrize(
    ("model", "length", "channels"),
    [(model, *((64, 1), (130, 2))[place % 2]) for place, model in enumerate(MODELS)],
)
def test_real_networks(model, length, channels):
    names = () if MODELS[model]["model"] == "wgan" else ("a", "b")
    small = dataset(train=12, validation=8, names=names, length=length, channels=channels)
    config = Config(latent_dim=4, width=2, label_embedding=2, **MODELS[model]).for_dataset(small)
    meter, gan = SignalMeter(config, small), build_gan(config)
    before = capture_state(gan)
    measured, rms = meter.measure(gan)
    assert all(isinstance(value, float) and np.isfinite(value) for value in measured.values())
    assert 0 <= measured["real_fake_auc"] <= 1
    assert ("label_separation" in measured) == (MODELS[model]["model"] != "wgan")
    assert rms["generated"].shape == (len(meter.labels),)
    assert len(rms["real"]) == len(meter.train[0])
    # Measuring changes nothing, and says the same again.
    assert meter.measure(gan)[0] == measured
    after = capture_state(gan)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    for network in (gan.generator, gan.discriminator, gan.ema_generator):
        for weight in network.weights:
            weight.assign(np.full(weight.shape, np.nan))
    broken = meter.measure(gan)[0]
    assert "real_fake_auc" not in broken
    assert broken["silent"] == 1
    assert np.isfinite(list(broken.values())).all()
