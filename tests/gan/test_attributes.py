"""Labels with several attributes: networks take them apart, and each has a loss of its own."""

import keras
import numpy as np
import pytest
from keras import ops
from support.gans import arrays, tiny_architecture, tiny_gan

from kwavegan.config.attributes import Attributes
from kwavegan.gan.losses import class_cross_entropy
from kwavegan.gan.model import WaveGAN
from kwavegan.networks.build import build_networks

NAMES = ("instrument", "velocity")
LABELS = ("hat/soft", "kick/hard", "kick/soft")
KIT = Attributes.of(NAMES, LABELS)


def architecture(model="gated-both", **changes):
    return tiny_architecture(model, num_labels=4, codes=KIT.codes, **changes)


@pytest.fixture(scope="module")
def networks():
    return build_networks(architecture())


def test_the_class_loss_is_the_sum_of_a_cross_entropy_for_each_attribute():
    logits = np.random.default_rng(0).normal(size=(4, 4)).astype("float32")
    got = float(class_cross_entropy(logits, np.array([0, 1, 2, 3]), KIT.codes))
    want = 0.0
    for first, values in ((0, [0, 1, 1, 0]), (2, [0, 1, 0, 1])):
        own = logits[:, first : first + 2].astype("float64")
        logs = own - np.log(np.exp(own).sum(axis=1, keepdims=True))
        want -= logs[range(4), values].mean()
    assert got == pytest.approx(want, rel=1e-5)


def test_labels_share_the_weights_of_their_values(networks):
    generator, discriminator = networks
    embedding = generator.get_layer("label_concat").embedding
    assert tuple(embedding.shape) == (4, 4)  # values, not labels
    assert discriminator.output["logits"].shape[-1] == 4
    six = Attributes.of(NAMES, ("a/x", "b/y", "c/x"))
    generator, discriminator = build_networks(
        tiny_architecture("acgan", num_labels=6, codes=six.codes)
    )
    assert generator.get_layer("label_concat").embedding.shape[0] == 5
    assert discriminator.output["logits"].shape[-1] == 5


def test_the_score_of_a_label_is_the_shared_score_and_the_logits_of_its_values(networks):
    _, discriminator = build_networks(architecture(critic="spectral"))
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 256, 1)).astype("float32")
    heads = discriminator({"audio": np.repeat(audio[:1], 4, 0), "label": np.arange(4)})
    scores, logits = (ops.convert_to_numpy(heads[name]) for name in ("score", "logits"))
    own = logits[:1, np.array(KIT.codes)].sum(axis=2)[0]
    shared = scores[:, 0] - own
    assert np.ptp(own) > 1e-5
    np.testing.assert_allclose(shared, shared[:1].repeat(4), atol=1e-5)


def test_a_saved_gan_knows_its_attributes(networks, tmp_path):
    gan = WaveGAN(*networks, labels=KIT.labels, attributes=NAMES, rate=4096)
    gan.compile()
    assert gan.num_labels == 4
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert again.objectives.codes == KIT.codes
    asked = {"instrument": "hat", "velocity": "hard"}
    want = gan.generate("hat/hard", n=2)
    np.testing.assert_array_equal(again.generate(asked, n=2), want)


def test_a_step_changes_the_embeddings_of_the_batchs_values_alone():
    gan = tiny_gan(architecture=architecture("acgan"))
    embedding = gan.generator.get_layer("label_concat").embedding
    (before,) = arrays([embedding])
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 256, 1)).astype("float32")
    gan.train_on_batch(audio, np.array([1, 1, 2, 2], "int32"))  # kicks, hard and soft
    (after,) = arrays([embedding])
    moved = np.abs(after - before).max(axis=1) > 0
    assert moved.tolist() == [value != "hat" for own in KIT.values for value in own]
