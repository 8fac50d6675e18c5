"""All three backends compute the same numbers; golden ones, so that one alone can be tested.

`scripts/release/make_golden.py` wrote them.
"""

from pathlib import Path

import numpy as np
import pytest
from keras import ops
from support.gans import (
    CASES,
    OWN,
    FedUpdate,
    arrays,
    batch_of,
    fed_noise,
    relative_error,
    tiny_gan,
)

from kwavegan.gan.state import capture_state, restore_state
from kwavegan.layers import polyphase

GOLDEN = Path(__file__).parents[1] / "golden"
BACKENDS = ("jax", "torch", "tensorflow")

OPTIONS = {
    "wgan-gp": {},
    "cross-entropy": {"input_noise": 0.1, "g_updates": 2},
    "acgan": {"class_loss": "both", "smoothing": (0.7, 1.2)},
    "relativistic": {"input_noise": 0.05, "latent_distribution": "normal", "shuffle_per": "batch"},
}
"""By loss."""


def updated(model, loss):
    """Make one whole update: two of the discriminator, then the generator's."""
    gan = tiny_gan(model, loss, d_updates=2, **OPTIONS[loss])
    before = arrays(gan.discriminator.trainable_weights)
    logs = FedUpdate(gan)(batch_of(gan, updates=2), fed_noise(gan))
    for weight, old in zip(gan.discriminator.trainable_weights, before, strict=True):
        # The bias of a score has no gradient where only differences of scores count.
        if "critic" in OWN[model] and not weight.path.endswith("score/bias"):
            assert np.abs(arrays([weight])[0] - old).max() > 0, weight.path
    losses = {name: float(value) for name, value in logs.items()}
    return losses, arrays([*gan.discriminator.weights[:], *gan.generator.weights])


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN / "parity.npz", allow_pickle=False) as stored:
        return dict(stored)


def check_against(golden, model, loss):
    losses, weights = updated(model, loss)
    want = golden[f"{model}/{loss}/losses"]
    np.testing.assert_allclose(list(losses.values()), want, rtol=1e-4, atol=1e-6)
    flat = golden[f"{model}/{loss}/weights"]
    assert sum(w.size for w in weights) == flat.size
    start = 0
    for weight in weights:
        part = flat[start : start + weight.size].reshape(weight.shape)
        assert relative_error(weight, part) < 1e-4
        start += weight.size


@pytest.mark.parametrize(("model", "loss"), CASES)
def test_one_update_gives_the_golden_losses_and_weights(golden, model, loss):
    check_against(golden, model, loss)


@pytest.mark.parametrize("form", polyphase.FORMS[1:])
def test_all_forms_of_the_convolutions_give_the_golden_numbers(golden, form):
    polyphase.set_form(form)
    try:
        check_against(golden, "gated", "relativistic")
        check_against(golden, "wgan", "wgan-gp")
    finally:
        polyphase.set_form("auto")


def test_the_update_really_changes_every_weight():
    """Golden numbers would also be met by an update that does nothing, if they were made so."""
    gan = tiny_gan("acgan", "cross-entropy", d_updates=2)
    before = capture_state(gan)
    FedUpdate(gan)(batch_of(gan, updates=2), fed_noise(gan))
    after = capture_state(gan)
    still = [name for name in before if (before[name] == after[name]).all()]
    # Fed noise draws nothing, and Adam keeps its constant learning rate as a variable.
    assert set(still) <= {"seed", "d_optimizer/001", "g_optimizer/001"}


def sounds_of(gan):
    """Return the sounds of fixed latents."""
    rng = np.random.default_rng(5)
    latent = ops.convert_to_tensor(rng.uniform(-1, 1, (4, 8)).astype("float32"))
    label = ops.convert_to_tensor(np.array([0, 1, 0, 1], "int32"))
    return ops.convert_to_numpy(gan({"latent": latent, "label": label}))


@pytest.fixture(scope="module")
def six_steps():
    """The sounds of a GAN that made six updates in a row."""
    gan = tiny_gan()
    update = FedUpdate(gan)
    for seed in range(6):
        update(batch_of(gan, seed), fed_noise(gan, seed))
    return sounds_of(gan)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_checkpoint_of_any_backend_sounds_the_same_and_trains_on(backend, six_steps):
    with np.load(GOLDEN / f"checkpoint-{backend}.npz", allow_pickle=False) as stored:
        saved = dict(stored)
    sounds = saved.pop("sounds")
    gan = tiny_gan(seed=9)
    restore_state(gan, saved)
    assert relative_error(sounds_of(gan), sounds) < 1e-4

    # Three more steps from the file equal six steps without one.
    more = FedUpdate(gan)
    for seed in range(3, 6):
        more(batch_of(gan, seed), fed_noise(gan, seed))
    assert int(gan.step) == 6
    assert relative_error(sounds_of(gan), six_steps) < 1e-4
    assert relative_error(sounds_of(gan), sounds) > 1e-3
