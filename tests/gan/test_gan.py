import keras
import numpy as np
import pytest
from keras import ops
from support.gans import (
    adam,
    arrays,
    batch_of,
    fed_noise,
    relative_error,
    tiny_architecture,
    tiny_gan,
    train_once,
    whole,
)

from kwavegan.gan.model import WaveGAN
from kwavegan.gan.step_metrics import PeakMagnitude
from kwavegan.networks.build import build_networks


def fitted(gan, steps=3, batch=8, **fit):
    audio, labels = batch_of(gan, batch=steps * batch)
    return gan.fit(audio, labels, batch_size=batch, verbose=0, shuffle=False, **fit)


@pytest.mark.parametrize("model", ["wgan", "gated", "acgan"])
def test_fit_trains_every_weight_and_logs_finite_numbers(model):
    gan = tiny_gan(model, "cross-entropy")
    before = arrays([*gan.generator.weights, *gan.discriminator.trainable_weights])
    history = fitted(gan).history
    after = arrays([*gan.generator.weights, *gan.discriminator.trainable_weights])
    assert all((a != b).any() for a, b in zip(before, after, strict=True))
    assert all(np.isfinite(values).all() for values in history.values())
    assert ("class_real" in history) == (model == "acgan")
    assert int(gan.step) == 3


def test_a_compiled_step_equals_an_eager_one_and_a_plain_update():
    """JAX's traced step and TensorFlow's graph compute what the eager update computes."""
    compiled, eager, plain = (tiny_gan("acgan") for _ in range(3))
    eager.compile(adam(), adam(), run_eagerly=True)
    audio, labels = batch_of(compiled)
    for gan in (compiled, eager):
        gan.train_on_batch(audio, labels)
    plain.update((audio, labels))
    for gan in (eager, plain):
        for got, want in zip(arrays(compiled.weights), arrays(gan.weights), strict=True):
            assert relative_error(got, want) < 1e-4


@pytest.fixture(scope="module")
def gan():
    """A GAN for tests that only `fit` it, so that its step is compiled once."""
    return tiny_gan()


def test_two_fits_in_a_row_continue(gan):
    before = int(gan.step)
    fitted(gan)
    fitted(gan)
    assert int(gan.step) == before + 6


def test_keras_own_callbacks_work(gan, tmp_path):
    path = tmp_path / "log.csv"
    seen = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(epoch))
    ends = []
    fitted(gan, epochs=2, callbacks=[keras.callbacks.CSVLogger(path), seen])
    header, *rows = path.read_text().splitlines()
    assert {"d_loss", "g_loss", "peak_loss"} <= set(header.split(","))
    assert len(rows) == 2
    assert ends == [0, 1]


def test_one_batch_serves_all_updates_or_each_has_its_own():
    gan = tiny_gan(d_updates=2)
    audio, labels = batch_of(gan)
    shared = gan.batches((audio, labels))
    np.testing.assert_array_equal(shared[0]["audio"], shared[1]["audio"])
    stacked = gan.batches(batch_of(gan, updates=2))
    assert (np.asarray(stacked[0]["audio"]) != np.asarray(stacked[1]["audio"])).any()


@pytest.mark.parametrize("updates", [(3, 1), (1, 2)])
def test_update_ratios_count_the_optimizers_steps(updates):
    d_updates, g_updates = updates
    gan = tiny_gan(loss="cross-entropy", d_updates=d_updates, g_updates=g_updates)
    train_once(gan)
    assert int(gan.d_optimizer.iterations) == d_updates
    assert int(gan.g_optimizer.iterations) == g_updates


def test_the_same_seed_trains_the_same_and_another_does_not():
    results = []
    for seed in (0, 0, 1):
        gan = tiny_gan(loss="cross-entropy")
        gan.seed_generator.state.assign(keras.random.SeedGenerator(seed).state)
        train_once(gan)
        results.append(arrays(gan.generator.weights)[0])
    np.testing.assert_array_equal(results[0], results[1])
    assert (results[0] != results[2]).any()


def test_noise_is_drawn_anew_each_step():
    gan = tiny_gan()
    first, second = (gan.draw_noise(4) for _ in range(2))
    for name in ("latent", "shifts_real"):
        drawn = [ops.convert_to_numpy(n["discriminator"][0][name]) for n in (first, second)]
        assert (drawn[0] != drawn[1]).any(), f"{name} is frozen"


def test_averaged_generator_follows_from_its_definition():
    gan = tiny_gan(loss="cross-entropy", ema_decay=0.5)
    start = arrays(gan.generator.weights)
    train_once(gan)
    decay = min(0.5, 2 / 11)  # the warm-up of the first step
    for before, fast, slow in zip(
        start, arrays(gan.generator.weights), arrays(gan.ema_generator.weights), strict=True
    ):
        np.testing.assert_allclose(slow, decay * before + (1 - decay) * fast, atol=1e-6)


def test_without_an_average_the_trained_generator_sounds():
    gan = tiny_gan(ema_decay=0.0)
    assert gan.inference_generator is gan.generator


def test_class_loss_of_generated_audio_trains_the_generator_only():
    """With labels as they are and with labels turned round, the discriminator learns the same."""

    def discriminator_gradient(class_loss, turned):
        gan = tiny_gan("acgan", class_loss=class_loss)
        (batch,) = gan.batches(batch_of(gan))
        noise = fed_noise(gan)["discriminator"][0]
        fake = whole(gan.objectives.generate)(
            [v.value for v in gan.generator.trainable_variables], batch, noise
        )
        weights = [v.value for v in gan.discriminator.trainable_variables]

        loss_and_gradients = whole(gan.objectives.discriminator_loss_and_gradients)
        _, _, gradients = loss_and_gradients(weights, batch, fake * turned, noise, 1.0)
        names = [v.path for v in gan.discriminator.trainable_variables]
        return ops.convert_to_numpy(gradients[names.index("logits/kernel")])

    same = [discriminator_gradient("generator", turned) for turned in (1.0, -1.0)]
    both = [discriminator_gradient("both", turned) for turned in (1.0, -1.0)]
    np.testing.assert_allclose(*same, atol=1e-7)
    assert np.abs(both[0] - both[1]).max() > 1e-5


def test_r1_and_r2_flatten_the_discriminator():
    """Trained with them, the discriminator is far flatter than without any penalty."""
    norms = {}
    for penalty in ("r1r2", "none"):
        gan = tiny_gan("gated", gamma=100.0, penalty=penalty)
        for _ in range(40):
            gan.train_on_batch(*batch_of(gan))
        (batch,) = gan.batches(batch_of(gan))
        weights = [v.value for v in gan.discriminator.trainable_variables]
        noise = fed_noise(gan)["discriminator"][0]
        noise["shifts_mixed"] = noise["shifts_real"]
        score_gradient = whole(gan.objectives.score_gradient)
        gradient = score_gradient(weights, batch["audio"], batch["label"], noise)
        norms[penalty] = float(np.linalg.norm(arrays([ops.stop_gradient(gradient)])[0]))
    assert norms["r1r2"] < 0.5 * norms["none"]


def test_gamma_may_be_a_schedule():
    gan = tiny_gan(gamma=keras.optimizers.schedules.CosineDecay(8.0, 10, alpha=0.0))
    gan.step.assign(5)
    assert float(gan.gamma()) == pytest.approx(4.0)


def test_saved_and_loaded_it_generates_and_goes_on_the_same(tmp_path):
    gan = tiny_gan("gated", gamma=keras.optimizers.schedules.CosineDecay(1.0, 10))
    fitted(gan)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert isinstance(loaded, WaveGAN)
    latent = {
        "latent": ops.ones((2, 8)),
        "label": ops.convert_to_tensor(np.array([0, 1], "int32")),
    }
    np.testing.assert_array_equal(
        ops.convert_to_numpy(loaded(latent)), ops.convert_to_numpy(gan(latent))
    )
    fitted(gan)
    fitted(loaded)
    for got, want in zip(arrays(loaded.weights), arrays(gan.weights), strict=True):
        assert relative_error(got, want) < 1e-5


def test_mixed_bfloat16_trains_close_to_float32():
    """From one seed, so with the same noise: losses within the 3 digits that bfloat16 keeps."""
    logs = []
    for dtype in ("float32", "mixed_bfloat16"):
        networks = build_networks(tiny_architecture("gated"), 0, dtype)
        gan = WaveGAN(*networks, gamma=1.0)
        gan.compile(adam(), adam())
        logs.append(train_once(gan))
        assert {w.dtype for w in gan.generator.weights} == {"float32"}
    for name in ("d_loss", "g_loss"):
        assert float(logs[1][name]) == pytest.approx(float(logs[0][name]), rel=0.02)


def test_peak_keeps_the_largest_and_shows_nan():
    peak = PeakMagnitude()
    for value in (0.5, -3.0, 1.0):
        peak.update_state(value)
    assert float(peak.result()) == 3.0
    peak.update_state(float("nan"))
    assert np.isnan(float(peak.result()))
    peak.reset_state()
    assert float(peak.result()) == 0.0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"loss": "hinge"}, "loss: 'hinge' is unknown"),
        ({"penalty": "r3"}, "penalty: 'r3' is unknown"),
        ({"class_loss": "nobody"}, "class_loss: 'nobody' is unknown"),
        ({"latent_distribution": "cauchy"}, "latent_distribution: 'cauchy' is unknown"),
        ({"d_updates": 0}, "d_updates: 0 is less than 1"),
    ],
)
def test_bad_arguments_are_refused(options, says):
    with pytest.raises(ValueError, match=says):
        tiny_gan(**options)


def test_bad_batches_are_refused():
    gan = tiny_gan(d_updates=2)
    audio, labels = batch_of(gan)
    with pytest.raises(ValueError, match="axis 1 of audio must be d_updates = 2"):
        gan.update(batch_of(gan, updates=3))
    with pytest.raises(ValueError, match="audio must be"):
        gan.update((audio[:, :100], labels))
    with pytest.raises(ValueError, match="needs labels"):
        gan.update((audio,))


def test_one_optimizer_cannot_serve_both():
    gan = tiny_gan()
    one = adam()
    with pytest.raises(ValueError, match="an optimizer each"):
        gan.compile(one, one)
