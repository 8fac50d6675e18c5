"""Fine-tuning: a label goes on sounding as it did in the run that the weights come from."""

from dataclasses import fields, replace

import keras
import numpy as np
import pytest
from support.datasets import tiny_config
from support.listeners import listening
from support.training import resume, run_training

from kwavegan.errors import InputError
from kwavegan.gan.state import capture_state
from kwavegan.generation.generator import load_generator
from kwavegan.networks.architecture import Architecture
from kwavegan.runs.pretrained import INHERITED, inherit_settings, inherited_settings
from kwavegan.runs.run import Run
from kwavegan.training.build import build_gan
from kwavegan.training.finetune import label_parents, transfer_weights

OLD = {"rate": 2048, "length": 256, "channels": 2, "labels": ("a", "b", "c")}
KINDS = [
    {"model": "wgan", "critic": "both"},
    {"model": "cwgan", "conditioning": "gate", "critic": "both", "generator": "istft"},
    {"model": "cwgan", "conditioning": "gate", "critic": "waveform"},
    {"model": "cwgan", "conditioning": "concat", "critic": "both"},
    {"model": "acgan", "critic": "both"},
]


def config_of(**changes):
    return tiny_config(**{**OLD, **changes})


def outputs(gan, config, label):
    """Return what both networks make of one label, and of the same latents and audio."""
    rng = np.random.default_rng(0)
    z = rng.uniform(-1, 1, (4, config.latent_dim)).astype("float32")
    audio = rng.uniform(-1, 1, (4, 256, 2)).astype("float32")
    y = np.full(4, config.labels.index(label), "int32")
    shifts = np.zeros((4, 5), "int32")

    def run(network, inputs):
        taken = {k: inputs[k][:, : v.shape[1]] if k == "shifts" else inputs[k]
                 for k, v in network.input.items()}  # fmt: skip
        # JAX compiles the network whole; for one batch the others are faster without.
        jax = keras.backend.backend() == "jax"
        out = network.predict_on_batch(taken) if jax else network(taken)
        out = out if isinstance(out, dict) else {"audio": out}
        return {name: keras.ops.convert_to_numpy(value) for name, value in out.items()}

    scores = run(gan.discriminator, {"audio": audio, "label": y, "shifts": shifts})
    return {**run(gan.inference_generator, {"latent": z, "label": y}), **scores}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind.values()))
def test_labels_keep_their_sound_in_any_order(kind):
    old = config_of(**kind, seed=1)
    new = config_of(**kind, seed=2, labels=("d", "c", "e", "a"))
    source, gan = build_gan(old), build_gan(new)
    transfer_weights(gan, new, capture_state(source), old)
    # b is gone, and d comes first of those that are new; for e none is left but all in turn.
    parents = {"a": "a", "c": "c", "d": "b", "e": "a"}
    for label, parent in parents.items():
        got, want = outputs(gan, new, label), outputs(source, old, parent)
        if "logits" in want:
            order = [old.labels.index(parents[name]) for name in new.labels]
            want["logits"] = want["logits"][:, order]
        for name, value in want.items():
            np.testing.assert_allclose(got[name], value, rtol=1e-5, atol=1e-6, err_msg=name)
    trained = {name: np.array(value) for name, value in capture_state(gan).items()}
    assert trained["step"] == 0
    for name, value in trained.items():
        if name.startswith("ema_generator/"):
            np.testing.assert_array_equal(
                value, trained[name.replace("ema_generator", "generator")]
            )


def test_values_of_attributes_keep_their_sound():
    both = {"attributes": ("drum", "velocity"), "critic": "both", "channels": 2}
    old = config_of(**both, seed=1, labels=("a/x", "b/y", "c/x"))
    new = config_of(**both, seed=2, labels=("d/y", "a/x", "b/y"))
    source, gan = build_gan(old), build_gan(new)
    transfer_weights(gan, new, capture_state(source), old)
    for label in ("a/x", "b/y"):
        got, want = outputs(gan, new, label), outputs(source, old, label)
        for name in ("audio", "score"):
            np.testing.assert_allclose(got[name], want[name], rtol=1e-5, atol=1e-6)
    plain = config_of(critic="both")
    for one, other in ((new, plain), (plain, new)):
        with pytest.raises(InputError, match=r"^origin: its labels say .* and those of the sounds"):
            transfer_weights(gan, one, {}, other)


def test_both_generators_start_from_the_ema_generator():
    old = config_of(ema_decay=0.9)
    source, gan = build_gan(old), build_gan(old)
    arrays = capture_state(source)
    arrays["ema_generator/dense/bias"] = arrays["ema_generator/dense/bias"] + 1
    transfer_weights(gan, old, arrays, old)
    np.testing.assert_array_equal(capture_state(gan)["generator/dense/bias"], 1)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ({"generator": "dissertation"}, "generator='dissertation' cannot take other labels than a"),
        ({"conditioning": "learned"}, "conditioning='learned' cannot take other labels than a"),
    ],
)
def test_networks_tied_to_their_labels_take_no_others(kind, says):
    old, new = config_of(**kind), config_of(**kind, labels=("a", "b", "d"))
    source = build_gan(old)
    with pytest.raises(InputError, match=says):
        transfer_weights(build_gan(new), new, capture_state(source), old)
    same = build_gan(old)
    transfer_weights(same, old, capture_state(source), old)
    np.testing.assert_array_equal(
        outputs(same, old, "b")["audio"], outputs(source, old, "b")["audio"]
    )


def test_weights_of_other_networks_are_refused():
    old = config_of()
    wide = replace(old, width=8)
    with pytest.raises(InputError, match="does not fit"):
        transfer_weights(build_gan(wide), wide, capture_state(build_gan(old)), old)


def test_labels_of_the_same_name_continue_and_others_start_from_those_that_are_gone():
    assert label_parents(("a", "b", "c"), ("c", "b", "a")) == [2, 1, 0]
    assert label_parents(("a", "b"), ("x", "b", "y", "z")) == [0, 1, 0, 1]
    assert label_parents((), ()) == []


def test_network_settings_come_from_the_source_and_others_are_refused():
    source = config_of(latent_dim=7)
    assert inherited_settings(
        source, "x", {"latent_dim": 7, "rate": None, "length": 0, "lr": 1.0}
    ) == {name: getattr(source, name) for name in INHERITED}
    with pytest.raises(InputError, match="latent_dim: 9 does not go with origin='x'"):
        inherited_settings(source, "x", {"latent_dim": 9})


def test_all_that_weights_depend_on_comes_from_the_source():
    # Labels are matched by name, and shifts have no weights.
    own = {"num_labels", "codes", "phase_shuffle"}
    assert {field.name for field in fields(Architecture)} - set(INHERITED) == own


def test_a_run_starts_from_another_and_can_be_resumed_without_it(dataset, tmp_path):
    first = run_training(tiny_config().for_dataset(dataset), dataset, "first").run
    wish = inherit_settings(tiny_config(origin="first", width=8, steps=8, seed=3), {"width": None})
    assert (wish.width, wish.origin) == (4, str(first.path.resolve()))
    second = run_training(wish.for_dataset(dataset), dataset, "second").run
    start = second.load_checkpoint(0).arrays
    last = first.load_checkpoint().arrays
    for name in ("ema_generator/dense/kernel", "discriminator/down_1/kernel"):
        np.testing.assert_array_equal(start[name], last[name])
    assert start["step"] == 0

    # Killed before its first checkpoint, and its origin gone.
    third = Run.create("third", second.config())
    source = second.checkpoint_path(0)
    third.checkpoint_path(0).parent.mkdir()
    third.checkpoint_path(0).write_bytes(source.read_bytes())
    first.path.rename(tmp_path / "elsewhere")
    resume(third, dataset)
    want, got = second.load_checkpoint().arrays, third.load_checkpoint().arrays
    for name, value in want.items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)
    assert load_generator("third").step == 8


def test_an_origin_whose_best_checkpoint_is_damaged_says_so_and_gives_its_newest(dataset):
    notes = []
    settings = tiny_config(checkpoint_every=4, keep=9)
    first = run_training(settings.for_dataset(dataset), dataset, "first").run
    best, last = first.checkpoint_steps()[0], first.checkpoint_steps()[-1]
    assert best < last
    first.mark_best(best)
    first.checkpoint_path(best).write_bytes(b"damaged")
    wish = inherit_settings(replace(settings, origin="first"), {}).for_dataset(dataset)
    second = run_training(wish, dataset, "second", listeners=[listening(note=notes.append)]).run
    assert any(f"the best checkpoint, of step {best}, cannot be read" in line for line in notes)
    name = "discriminator/down_1/kernel"
    np.testing.assert_array_equal(
        second.load_checkpoint(0).arrays[name], first.load_checkpoint(last).arrays[name]
    )


def test_networks_without_labels_start_from_a_run_whatever_its_attributes():
    plain = {"model": "wgan", "critic": "waveform"}
    old = config_of(**plain, labels=("a/x", "b/y"), attributes=("one", "two"), seed=1)
    new = config_of(**plain, labels=("c",), seed=2)
    source, gan = build_gan(old), build_gan(new)
    transfer_weights(gan, new, capture_state(source), old)
    for mine, theirs in zip(gan.generator.weights, source.ema_generator.weights, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (mine, theirs)))
