"""The term by which a discriminator learns that a label belongs to its sound."""

import keras
import numpy as np
import pytest
from keras import ops
from support.gans import batch_of, fed_noise, tiny_architecture, tiny_gan

from kwavegan.config.settings import Config
from kwavegan.gan.model import WaveGAN
from kwavegan.networks.build import build_networks
from kwavegan.training.build import build_gan

LABELS = 3
WEIGHT = 0.7


def three_labels(**options):
    """Return a tiny gated GAN of three labels."""
    return tiny_gan(architecture=tiny_architecture("gated", num_labels=LABELS), **options)


def losses_of(loss, **options):
    """Return the discriminator's loss and its parts on one fed batch of all three labels."""
    gan = three_labels(loss=loss, **options)
    (batch,) = gan.batches((batch_of(gan)[0], np.array([0, 1, 2, 0], "int32")))
    noise = fed_noise(gan)["discriminator"][0]
    noise["labels_away"] = ops.convert_to_tensor(np.array([1, 1, 2, 2], "int32"))
    fake = ops.flip(batch["audio"], axis=1)
    weights = [v.value for v in gan.discriminator.trainable_variables]
    scale = {"gamma": 0.5, "mismatch": gan.settings.mismatch}
    value, logs, _ = gan.objectives.discriminator_loss_and_gradients(
        weights, batch, fake, noise, scale
    )
    return gan, batch, noise, {**logs, "d_loss": value}


def squared_slope(gan, audio, label, noise):
    """Return the mean squared slope of scores of real audio, as a number."""
    weights = [v.value for v in gan.discriminator.trainable_variables]
    given = {**noise, "shifts_mixed": noise["shifts_real"]}
    slope = ops.stop_gradient(gan.objectives.score_gradient(weights, audio, label, given))
    return float(np.square(ops.convert_to_numpy(slope)).sum(axis=(1, 2)).mean())


@pytest.mark.parametrize("loss", ["relativistic", "wgan-gp", "cross-entropy"])
def test_it_adds_how_little_real_sounds_prefer_their_label_and_nothing_else(loss):
    gan, batch, noise, got = losses_of(loss, mismatch=WEIGHT)
    *_, without = losses_of(loss)
    given = {"audio": batch["audio"], "shifts": noise["shifts_real"]}
    wrong = ops.convert_to_tensor(np.array([1, 2, 1, 2], "int32"))
    own, other = (
        ops.convert_to_numpy(gan.discriminator({**given, "label": label})["score"])
        for label in (batch["label"], wrong)
    )
    term = np.mean(np.log1p(np.exp(other - own)))
    assert np.abs(own - other).min() > 1e-4
    assert float(got["mismatch"]) == pytest.approx(term, rel=1e-4)
    for name in ("d_adversarial_loss", "real_score", "fake_score"):
        assert float(got[name]) == pytest.approx(float(without[name]), rel=1e-4, abs=1e-6)

    slope = float(without["gradient_penalty"])
    if loss == "relativistic":  # the mean over real, generated and mismatched sounds
        slope = (2 * slope + squared_slope(gan, batch["audio"], wrong, noise)) / 3
        assert abs(slope - float(without["gradient_penalty"])) > 1e-3 * slope
    assert float(got["gradient_penalty"]) == pytest.approx(slope, rel=1e-4)
    total = got["d_adversarial_loss"] + got["penalty"] + WEIGHT * term
    assert float(got["d_loss"]) == pytest.approx(float(total), rel=1e-4)


def test_wrong_labels_are_all_the_others_and_never_the_own():
    gan = three_labels(mismatch=WEIGHT)
    drawn = gan.draw_noise(200)["discriminator"][0]["labels_away"]
    assert set(ops.convert_to_numpy(drawn).tolist()) == {1, 2}


@pytest.mark.parametrize(("model", "weight"), [("cwgan", 0.3), ("acgan", 0.0), ("wgan", 0.0)])
def test_only_a_discriminator_that_takes_labels_has_it(model, weight):
    config = Config(
        model=model, labels=("a", "b"), rate=2048, length=256, channels=1, width=2, steps=2
    )
    gan = build_gan(config)
    assert ("mismatch" in gan.step_metrics) == bool(weight)


def test_it_stays_or_falls_by_a_cosine():
    sizes = {"labels": ("a", "b"), "rate": 2048, "length": 256, "channels": 1, "width": 2}
    for final, half in ((0.0, 0.15), (1.0, 0.3)):
        gan = build_gan(Config(model="cwgan", steps=10, mismatch_final=final, **sizes))
        gan.step.assign(5)
        assert float(gan.scheduled_weights()["mismatch"]) == pytest.approx(half)


def test_what_it_cannot_go_with_is_refused():
    class AnyLabel(keras.layers.Layer):
        """A layer that takes a label without saying of how many."""

        def call(self, audio, label):
            return keras.ops.mean(audio, axis=(1, 2))[:, None] * keras.ops.cast(label, "float32")

    audio = keras.Input((256, 1), name="audio")
    label = keras.Input((), name="label", dtype="int32")
    score = AnyLabel()(audio, label)
    discriminator = keras.Model({"audio": audio, "label": label}, {"score": score})
    generator = build_networks(tiny_architecture("wgan"))[0]
    with pytest.raises(ValueError, match="the mismatch term needs at least two labels"):
        WaveGAN(generator, discriminator)
    assert WaveGAN(generator, discriminator, num_labels=2).objectives.has_mismatch
