"""What a Keras user tries first with a `WaveGAN`: it works, or says in one line what to do."""

import json

import keras
import numpy as np
import pytest
from keras import ops
from support.gans import LENGTH, arrays, batch_of, tiny_architecture, tiny_gan, whole
from support.sounds import assert_same_sounds

from kwavegan import AdversarialLoss, Sounds, WaveGAN
from kwavegan.errors import InputError
from kwavegan.networks.build import build_networks

N = 12


@pytest.fixture(scope="module")
def gan():
    gan = tiny_gan("gated")
    gan.labels = ("low", "high")
    return gan


@pytest.fixture(scope="module")
def sounds():
    rng = np.random.default_rng(0)
    audio = rng.uniform(-0.5, 0.5, (N, LENGTH, 1)).astype("float32")
    return audio, np.arange(N) % 2


def fit(gan, audio, labels=None, **options):
    return gan.fit(audio, labels, batch_size=N, epochs=1, verbose=0, **options)


LABELS = {
    "(n,)": lambda y: y,
    "(n, 1)": lambda y: y[:, None],
    "one-hot": lambda y: np.eye(2)[y],
    "names": lambda y: np.array(["low", "high"])[y],
    "whole floats": lambda y: y.astype("float64"),
    "a list": lambda y: y.tolist(),
}


@pytest.mark.parametrize("form", LABELS)
def test_labels_of_every_usual_form_train_alike(gan, sounds, form):
    audio, labels = sounds
    checked = gan.checked(audio, LABELS[form](labels))
    np.testing.assert_array_equal(checked[1], labels)
    assert checked[1].dtype == np.int32
    if form == "one-hot":
        assert np.isfinite(fit(gan, audio, LABELS[form](labels)).history["d_loss"]).all()


REFUSED = {
    "int16": (lambda x, y: ((x * 32767).astype("int16"), y), "audio is int16; .*32768.0"),
    "full scale of 16 bits": (lambda x, y: (x * 32767, y), r"reaches 1\.6\d*e\+04, and must lie"),
    "not finite": (lambda x, y: (np.where(x > 0.4, np.nan, x), y), "NaN or infinity"),
    "no channel axis": (
        lambda x, y: (x[..., 0], y),
        r"add the channel axis: audio\[\.\.\., None\]",
    ),
    "channels first": (lambda x, y: (x.transpose(0, 2, 1), y), "put channels last"),
    "another length": (
        lambda x, y: (x[:, :-1], y),
        r"must be \(batch, 256, 1\).*got \(12, 255, 1\)",
    ),
    "no audio": (lambda x, y: (x[:0], y[:0]), "there is no audio"),
    "no labels": (lambda x, y: (x, None), "needs labels"),
    "too few labels": (lambda x, y: (x, y[:-1]), "11 labels for 12 sounds"),
    "negative label": (lambda x, y: (x, y - 1), "label -1 is out of range; labels are 0 to 1"),
    "label too large": (lambda x, y: (x, y + 1), "label 2 is out of range"),
    "fractions": (lambda x, y: (x, y + 0.7), "must be whole numbers"),
    "unknown name": (
        lambda x, y: (x, np.array(["low", "mid"])[y]),
        "'mid' is unknown; .* low, high",
    ),
    "soft labels": (lambda x, y: (x, np.full((N, 2), 0.5)), "look one-hot"),
    "labels of no form": (
        lambda x, y: (x, np.zeros((N, 5))),
        r"must be \(12,\) indices or one-hot",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_trained_on_is_refused_in_one_line(gan, sounds, what):
    change, says = REFUSED[what]
    before = arrays(gan.discriminator.weights)
    for door in (gan.fit, gan.evaluate, gan.train_on_batch):
        with pytest.raises(ValueError, match=says) as error:
            door(*change(*sounds))
        assert "\n" not in str(error.value)
    for got, want in zip(arrays(gan.discriminator.weights), before, strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_data_set_of_integers_is_refused_when_it_is_traced(sounds):
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return (sounds[0] * 32767).astype("int16"), sounds[1]

    with pytest.raises(ValueError, match="audio is int16"):
        tiny_gan("gated").fit(Batches(), verbose=0)


@pytest.mark.parametrize("name", ["sample_weight", "class_weight"])
def test_weights_of_examples_are_refused(gan, sounds, name):
    with pytest.raises(ValueError, match=f"{name} is not supported"):
        gan.fit(*sounds, verbose=0, **{name: np.ones(N)})


@pytest.mark.parametrize("name", ["loss", "metrics", "optimizer", "loss_weights"])
def test_options_of_compile_that_mean_nothing_are_refused(name):
    with pytest.raises(ValueError, match=f"compile takes no {name}"):
        tiny_gan().compile(**{name: "adam"})


def test_compile_without_optimizers_has_those_of_the_recipe():
    gan = tiny_gan()
    gan.compile()
    assert gan.d_optimizer is not gan.g_optimizer
    for optimizer in (gan.d_optimizer, gan.g_optimizer):
        config = optimizer.get_config()
        assert (config["beta_1"], config["beta_2"]) == (0.0, 0.99)
        assert float(config["learning_rate"]) == pytest.approx(8e-4)


@pytest.mark.parametrize("model", ["gated", "acgan", "wgan"])
def test_evaluate_measures_without_training_and_always_the_same(model):
    gan = tiny_gan(model)
    audio, labels = batch_of(gan, batch=8)
    before = arrays(gan.weights)
    first, second = (gan.evaluate(audio, labels, verbose=0, return_dict=True) for _ in range(2))
    assert first == second
    assert {"d_loss", "g_loss", "real_score", "fake_score"} <= first.keys()
    assert ("class_real" in first) == (model == "acgan")
    for got, want in zip(arrays(gan.weights), before, strict=True):
        np.testing.assert_array_equal(got, want)


def test_held_out_scores_are_those_of_the_discriminator():
    gan = tiny_gan("gated", phase_shuffle=0)
    audio, labels = batch_of(gan, batch=8)
    logs = gan.evaluate(audio, labels, verbose=0, return_dict=True)
    given = {
        "audio": audio,
        "label": labels,
        "shifts": np.zeros((8, gan.step_noise.shuffles), "int32"),
    }
    heads = whole(gan.discriminator)({name: given[name] for name in gan.discriminator.input})
    want = ops.convert_to_numpy(ops.stop_gradient(heads["score"]))
    assert logs["real_score"] == pytest.approx(want.mean(), rel=1e-4, abs=1e-6)


def test_validation_data_goes_through_the_same_door(sounds):
    gan = tiny_gan("gated")
    audio, labels = sounds
    history = fit(gan, audio, labels, validation_data=(audio, np.eye(2)[labels])).history
    assert np.isfinite(history["val_d_loss"]).all()
    assert history["val_real_score"] != history["real_score"]
    with pytest.raises(ValueError, match="audio is int16"):
        fit(gan, audio, labels, validation_data=((audio * 9).astype("int16"), labels))


def test_generate_knows_labels_by_name_and_index_and_its_rate():
    networks = build_networks(tiny_architecture("gated"))
    gan = WaveGAN(*networks, rate=4096, labels=("low", "high"))
    low, again, high = (gan.generate(x, n=3, seed=5) for x in ("low", 0, "high"))
    assert isinstance(low, Sounds)
    assert (low.shape, low.dtype, low.rate) == ((3, LENGTH, 1), np.float32, 4096)
    np.testing.assert_array_equal(low, again)
    assert (low != high).any()
    assert_same_sounds(gan.generate("low", n=1, seed=5), low[:1])
    with pytest.raises(InputError, match=r"'mid' is not a label of .*; choose from low, high"):
        gan.generate("mid")
    with pytest.raises(InputError, match="None is not a label"):
        gan.generate()
    with pytest.raises(InputError, match=r"latents: must be \(sounds, 8\)"):
        gan.generate("low", latents=np.zeros((2, 9)))


def test_generate_without_labels():
    gan = tiny_gan("wgan")
    assert gan.generate(n=2).shape == (2, LENGTH, 1)
    with pytest.raises(InputError, match="unconditional"):
        gan.generate("kick")


@keras.saving.register_keras_serializable("tests")
def hinge_discriminator(real, fake, target):
    return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + fake))


@keras.saving.register_keras_serializable("tests")
def hinge_generator(real, fake):
    return -ops.mean(fake)


def test_a_loss_of_ones_own_trains_and_is_saved(tmp_path):
    hinge = AdversarialLoss(hinge_discriminator, hinge_generator, penalty="r1r2")
    gan = tiny_gan("gated", loss=hinge)
    logs = gan.train_on_batch(*batch_of(gan), return_dict=True)
    assert logs["d_adversarial_loss"] == pytest.approx(2.0, abs=0.5)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert loaded.settings.loss == hinge
    assert loaded.labels == gan.labels
    json.dumps(loaded.get_config()["gamma"])


def test_a_loss_that_cannot_be_saved_says_so(tmp_path):
    gan = tiny_gan(loss=AdversarialLoss(lambda r, f, t: ops.mean(f - r), hinge_generator))
    with pytest.raises(ValueError, match="its discriminator function cannot be saved"):
        gan.save(tmp_path / "gan.keras")


def test_a_class_loss_without_a_class_head_is_refused():
    with pytest.raises(ValueError, match="loss='acgan' needs a discriminator with a class head"):
        tiny_gan("gated", loss="acgan")


def test_networks_and_names_that_differ_in_labels_are_refused():
    networks = build_networks(tiny_architecture("gated"))
    with pytest.raises(ValueError, match="differ in their number"):
        WaveGAN(*networks, labels=("a", "b", "c"))


def test_sounds_play_in_a_notebook_and_slices_keep_the_rate():
    sounds = Sounds(np.zeros((20, 80, 1)), rate=8000)
    assert sounds[3:5].rate == (sounds * 0.5).rate == 8000
    assert sounds.seconds == 0.01
    html = sounds._repr_html_()
    assert html.count("<audio") == 12
    assert "and 8 more" in html
    assert sounds[0]._repr_html_().count("<audio") == 1
    assert Sounds(np.zeros((2, 80, 1)))._repr_html_() is None
