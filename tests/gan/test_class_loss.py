"""A discriminator with a class head learns the labels of real audio, whichever way they enter."""

import numpy as np
import pytest
from keras import ops
from support.gans import arrays, batch_of, fed_noise, tiny_architecture, tiny_gan, whole

from kwavegan.networks.build import build_networks

LABELS = 3
WEIGHT = 0.7


def three_labels(model="gated-both", **options):
    """Return a tiny GAN of three labels with spectral critics."""
    return tiny_gan(architecture=tiny_architecture(model, num_labels=LABELS), **options)


def losses_of(gan):
    """Return the discriminator's loss and its parts on one fed batch of all labels."""
    (batch,) = gan.batches((batch_of(gan)[0], np.array([0, 1, 2, 0], "int32")))
    noise = fed_noise(gan)["discriminator"][0]
    weights = [v.value for v in gan.discriminator.trainable_variables]
    fake = ops.flip(batch["audio"], axis=1)
    value, logs, gradients = whole(gan.objectives.discriminator_loss_and_gradients)(
        weights, batch, fake, noise, 0.5
    )
    return batch, noise, {**logs, "d_loss": value}, arrays(gradients)


@pytest.mark.parametrize("loss", ["relativistic", "wgan-gp", "cross-entropy"])
def test_it_adds_the_cross_entropy_of_real_audio_and_nothing_else(loss):
    gan = three_labels(loss=loss, class_weight=WEIGHT)
    batch, noise, got, _ = losses_of(gan)
    *_, without, _ = losses_of(three_labels(loss=loss, class_weight=0.0))
    given = {"audio": batch["audio"], "label": batch["label"], "shifts": noise["shifts_real"]}
    logits = ops.convert_to_numpy(whole(gan.discriminator)(given)["logits"]).astype("float64")
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    term = -logs[np.arange(4), [0, 1, 2, 0]].mean()
    assert float(got["class_real"]) == pytest.approx(term, rel=1e-4)
    for name in ("d_adversarial_loss", "gradient_penalty", "real_score", "fake_score"):
        assert float(got[name]) == pytest.approx(float(without[name]), rel=1e-4, abs=1e-6)
    more = float(got["d_loss"]) - float(without["d_loss"])
    assert more == pytest.approx(WEIGHT * term, rel=1e-3)


def test_the_score_of_a_label_is_the_shared_score_and_its_own_logit():
    architecture = tiny_architecture("gated-both", num_labels=LABELS, critic="spectral")
    discriminator = build_networks(architecture)[1]
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 256, 1)).astype("float32")
    score = whole(discriminator)
    heads = [
        score({"audio": audio, "label": np.full(4, label, "int32")}) for label in range(LABELS)
    ]
    scores = np.stack([ops.convert_to_numpy(each["score"])[:, 0] for each in heads], axis=1)
    shared = scores - ops.convert_to_numpy(heads[0]["logits"])
    assert np.abs(scores[:, 0] - scores[:, 1]).min() > 1e-5
    np.testing.assert_allclose(shared, shared[:, :1].repeat(LABELS, axis=1), atol=1e-5)


def test_it_teaches_which_sound_a_label_belongs_to():
    gan = three_labels(class_weight=WEIGHT)
    *_, with_it = losses_of(gan)
    *_, without = losses_of(three_labels(class_weight=0.0))
    names = [v.path for v in gan.discriminator.trainable_variables]
    moved = {n for n, a, b in zip(names, with_it, without, strict=True) if not np.allclose(a, b)}
    assert any("logits" in name for name in moved)
    assert any("down_1" in name for name in moved)
    assert not any(name.endswith("_score/kernel") for name in moved)


@pytest.mark.parametrize(
    ("model", "real", "generated"),
    [
        ("gated-both", True, False),
        ("acgan-spectral", True, True),
        ("acgan", True, True),
        ("concat-both", False, False),
        ("gated", False, False),
        ("wgan-both", False, False),
    ],
)
def test_only_where_no_score_takes_the_label_is_the_generator_trained_on_it(model, real, generated):
    gan = tiny_gan(model)
    assert ("class_real" in gan.step_metrics) == real
    assert ("class_fake" in gan.step_metrics) == generated
    (batch,) = gan.batches(batch_of(gan))
    parts = whole(gan.objectives.generator_loss)(
        [v.value for v in gan.generator.trainable_variables],
        [v.value for v in gan.discriminator.trainable_variables],
        batch,
        fed_noise(gan)["generator"][0],
    )[1]
    assert ("class_fake" in parts) == generated
