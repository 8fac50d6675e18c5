"""The checks of texture fire on a model that buzzes, and on no real sounds."""

from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest

from kwavegan import load_pretrained
from kwavegan.config.settings import Config
from kwavegan.data.drums import builtin_dataset
from kwavegan.monitoring.health import verdict
from kwavegan.monitoring.signals import SignalMeter

TEXTURE = {"buzzing", "one_period", "no_attack"}

NO_SCORES = SimpleNamespace(
    input=MappingProxyType({"audio": None, "label": None}),
    predict_on_batch=lambda inputs: {"score": np.zeros((len(inputs["audio"]), 1), "float32")},
)


@pytest.fixture(scope="module")
def drums():
    return builtin_dataset()


@pytest.fixture(scope="module")
def meter(drums):
    return SignalMeter(Config().for_dataset(drums), drums)


def player(meter, made):
    """Return a stand-in for a generator that plays sounds in the order that the meter asks."""
    parts = iter(np.array_split(made, range(64, len(made), 64)))

    def predict(inputs):
        part = next(parts)
        return np.pad(part, ((0, len(inputs["latent"]) - len(part)), (0, 0), (0, 0)))

    inputs = MappingProxyType({"latent": None, "label": None})
    return SimpleNamespace(input=inputs, predict_on_batch=predict)


def findings(meter, network):
    """Return the names of the checks of texture that two previews alike would raise."""
    gan = SimpleNamespace(inference_generator=network, discriminator=NO_SCORES)
    signals, _ = meter.measure(gan)
    rows = [{"step": step, **signals} for step in (400, 800)]
    return TEXTURE & {finding.name for finding in verdict(rows, [], [], Config())}


def real_sounds(meter, split, seed):
    rng = np.random.default_rng(seed)
    labels, counts = np.unique(meter.labels, return_counts=True)
    rows = [
        rng.choice(np.flatnonzero(split.labels == label), count, replace=False)
        for label, count in zip(labels, counts, strict=True)
    ]
    return split.batch(np.concatenate(rows))


def test_the_pretrained_drums_do_not_buzz(drums):
    generator = load_pretrained("drums")
    meter = SignalMeter(generator.config, drums)
    assert findings(meter, generator.network) == set()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", ["train", "test"])
def test_real_sounds_are_well(drums, meter, name, seed):
    made = real_sounds(meter, getattr(drums, name), seed)
    assert findings(meter, player(meter, made)) == set()


def test_softened_sounds_lose_their_attack_alone(drums, meter):
    made = real_sounds(meter, drums.test, 0)
    rise = np.minimum(np.arange(drums.length) / drums.rate / 0.03, 1)[:, None]
    assert findings(meter, player(meter, made * rise)) == {"no_attack"}


def test_sounds_with_one_grain_repeated_buzz(drums, meter):
    made = real_sounds(meter, drums.test, 0)
    levels = np.exp(-np.arange(drums.length) / drums.rate * 20)[:, None]
    grain = made[-1, 200:456]  # of a snare: noise
    buzz = np.tile(grain / np.abs(grain).max(), (drums.length // 256, 1)) * levels
    spoiled = np.where((meter.labels == 2)[:, None, None], buzz, made).astype("float32")
    # Also where the grain begins softly, as this one does: then the sound does, too.
    assert findings(meter, player(meter, spoiled)) >= {"buzzing", "one_period"}
