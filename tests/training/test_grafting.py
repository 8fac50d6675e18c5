"""Starting from another run's weights: what a label sounded like, it goes on sounding like."""

from dataclasses import replace

import numpy as np
import pytest
from support.datasets import sines, tiny_config

from kwavegan.errors import InputError
from kwavegan.gan.state import capture
from kwavegan.generation.generator import load_run
from kwavegan.runs.pretrained import KEPT, adopt, kept_settings
from kwavegan.runs.run import Run
from kwavegan.training.build import build_gan
from kwavegan.training.finetune import ancestors, graft
from kwavegan.training.session import Watch, resume, settle, train

OLD = {"rate": 2048, "length": 256, "channels": 2, "labels": ("a", "b", "c")}
KINDS = [
    {"model": "wgan", "critic": "both"},
    {"model": "cwgan", "conditioning": "gate", "critic": "both"},
    {"model": "cwgan", "conditioning": "gate", "critic": "wave"},
    {"model": "cwgan", "conditioning": "concat", "critic": "both"},
    {"model": "acgan", "critic": "both"},
]


def config_of(**changes):
    return tiny_config(**{**OLD, **changes})


def heard(gan, config, label):
    """Return what both networks make of one label, and of the same latents and audio."""
    rng = np.random.default_rng(0)
    z = rng.uniform(-1, 1, (4, config.latent)).astype("float32")
    audio = rng.uniform(-1, 1, (4, 256, 2)).astype("float32")
    y = np.full(4, config.labels.index(label), "int32")
    shifts = np.zeros((4, 5), "int32")

    def run(network, inputs):
        taken = {k: inputs[k][:, : v.shape[1]] if k == "shifts" else inputs[k]
                 for k, v in network.input.items()}  # fmt: skip
        out = network.predict_on_batch(taken)
        return out if isinstance(out, dict) else {"audio": out}

    found = run(gan.sounding_generator, {"latent": z, "label": y})
    return {**found, **run(gan.discriminator, {"audio": audio, "label": y, "shifts": shifts})}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind.values()))
def test_labels_keep_their_sound_in_any_order(kind):
    old = config_of(**kind, seed=1)
    new = config_of(**kind, seed=2, labels=("d", "c", "e", "a"))
    source, gan = build_gan(old), build_gan(new)
    graft(gan, new, capture(source), old)
    # b is gone, and d comes first of those that are new; for e none is left but all in turn.
    parents = {"a": "a", "c": "c", "d": "b", "e": "a"}
    for label, parent in parents.items():
        got, want = heard(gan, new, label), heard(source, old, parent)
        if "logits" in want:
            order = [old.labels.index(parents[name]) for name in new.labels]
            want["logits"] = want["logits"][:, order]
        for name, value in want.items():
            np.testing.assert_allclose(got[name], value, rtol=1e-5, atol=1e-6, err_msg=name)
    trained = {name: np.array(value) for name, value in capture(gan).items()}
    assert trained["step"] == 0
    for name, value in trained.items():
        if name.startswith("averaged/"):
            np.testing.assert_array_equal(value, trained[name.replace("averaged", "generator")])


def test_the_averaged_generator_is_the_start():
    old = config_of(average=0.9)
    source, gan = build_gan(old), build_gan(old)
    arrays = capture(source)
    arrays["averaged/dense/bias"] = arrays["averaged/dense/bias"] + 1
    graft(gan, old, arrays, old)
    np.testing.assert_array_equal(capture(gan)["generator/dense/bias"], 1)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ({"generator": "dissertation"}, "--generator dissertation cannot take other labels than a"),
        ({"conditioning": "learned"}, "--conditioning learned cannot take other labels than a"),
    ],
)
def test_networks_tied_to_their_labels_take_no_others(kind, says):
    old, new = config_of(**kind), config_of(**kind, labels=("a", "b", "d"))
    source = build_gan(old)
    with pytest.raises(InputError, match=says):
        graft(build_gan(new), new, capture(source), old)
    same = build_gan(old)
    graft(same, old, capture(source), old)
    np.testing.assert_array_equal(heard(same, old, "b")["audio"], heard(source, old, "b")["audio"])


def test_weights_of_other_networks_are_refused():
    old = config_of()
    wide = replace(old, width=8)
    with pytest.raises(InputError, match="does not fit"):
        graft(build_gan(wide), wide, capture(build_gan(old)), old)


def test_ancestors():
    assert ancestors(("a", "b", "c"), ("c", "b", "a")) == [2, 1, 0]
    assert ancestors(("a", "b"), ("x", "b", "y", "z")) == [0, 1, 0, 1]
    assert ancestors((), ()) == []


def test_networks_are_the_sources_and_a_wish_against_it_is_refused():
    source = config_of(latent=7)
    assert kept_settings(source, "x", {"latent": 7, "rate": None, "length": 0, "lr": 1.0}) == {
        name: getattr(source, name) for name in KEPT
    }
    with pytest.raises(InputError, match="--latent: 9 cannot be had with --from x"):
        kept_settings(source, "x", {"latent": 9})


def test_a_run_goes_on_from_another_and_can_be_resumed_without_it(tmp_path):
    dataset = sines(tmp_path)
    first = train(settle(tiny_config(), dataset), dataset, "first").run
    wish = adopt(tiny_config(origin="first", width=8, steps=8, seed=3), {"width": None})
    assert (wish.width, wish.origin) == (4, str(first.path.resolve()))
    second = train(settle(wish, dataset), dataset, "second").run
    start = second.load_checkpoint(0).arrays
    last = first.load_checkpoint().arrays
    for name in ("averaged/dense/kernel", "discriminator/down_1/kernel"):
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
    assert load_run("third").step == 8


def test_an_origin_whose_best_checkpoint_is_damaged_says_so_and_gives_its_newest(tmp_path):
    dataset, notes = sines(tmp_path), []
    settings = tiny_config(checkpoint_every=4, keep=9)
    first = train(settle(settings, dataset), dataset, "first").run
    best, last = first.steps()[0], first.steps()[-1]
    assert best < last
    first.mark_best(best)
    first.checkpoint_path(best).write_bytes(b"damaged")
    wish = settle(adopt(replace(settings, origin="first"), {}), dataset)
    second = train(wish, dataset, "second", watch=Watch(note=notes.append)).run
    assert any(f"the best checkpoint, of step {best}, cannot be read" in line for line in notes)
    name = "discriminator/down_1/kernel"
    np.testing.assert_array_equal(
        second.load_checkpoint(0).arrays[name], first.load_checkpoint(last).arrays[name]
    )
