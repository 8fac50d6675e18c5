import numpy as np
import pytest
from keras import ops
from scipy.special import expit, log_softmax

from kwavegan.backend import autodiff
from kwavegan.gan.losses import (
    LOSSES,
    class_cross_entropy,
    cross_entropy,
    gradient_penalty,
    zero_centred_gradient_penalty,
)

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.standard_normal((2, 6, 1)).astype("float32")


def bernoulli(logit, target):
    """Cross-entropy from its definition, by probabilities."""
    p = expit(logit.astype("float64"))
    return -np.mean(target * np.log(p) + (1 - target) * np.log(1 - p))


@pytest.mark.parametrize("target", [0.0, 1.0, 0.7, 1.2])
def test_cross_entropy_is_its_definition(target):
    assert float(cross_entropy(ops.convert_to_tensor(REAL), target)) == pytest.approx(
        bernoulli(REAL, target), rel=1e-5
    )


def test_class_cross_entropy_is_scipys():
    logits, label = RNG.standard_normal((6, 3)).astype("float32"), np.array([0, 2, 1, 1, 0, 2])
    want = -log_softmax(logits, axis=1)[np.arange(6), label].mean()
    assert float(class_cross_entropy(logits, label)) == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize(
    ("game", "discriminator", "generator"),
    [
        ("wgan-gp", FAKE.mean() - REAL.mean(), -FAKE.mean()),
        ("cross-entropy", bernoulli(REAL, 1) + bernoulli(FAKE, 0), bernoulli(FAKE, 1)),
        ("acgan", (bernoulli(REAL, 1) + bernoulli(FAKE, 0)) / 2, bernoulli(FAKE, 1)),
        ("relativistic", bernoulli(REAL - FAKE, 1), bernoulli(FAKE - REAL, 1)),
    ],
)
def test_games_are_their_formulas(game, discriminator, generator):
    got = LOSSES[game]
    real, fake = ops.convert_to_tensor(REAL), ops.convert_to_tensor(FAKE)
    assert float(got.discriminator(real, fake, 1.0)) == pytest.approx(discriminator, rel=1e-5)
    assert float(got.generator(real, fake)) == pytest.approx(generator, rel=1e-5)


@pytest.mark.parametrize("game", LOSSES)
def test_discriminator_wants_real_up_and_generator_wants_fake_up(game):
    real, fake = ops.convert_to_tensor(REAL), ops.convert_to_tensor(FAKE)

    def slope(loss, x):
        return ops.convert_to_numpy(autodiff.input_gradient(lambda x: (loss(x), ()), x)[0])

    rules = LOSSES[game]
    assert (slope(lambda x: rules.discriminator(x, fake, 1.0), real) < 0).all()
    assert (slope(lambda x: rules.discriminator(real, x, 1.0), fake) > 0).all()
    assert (slope(lambda x: rules.generator(real, x), fake) < 0).all()


def test_smoothed_targets_hold_back_a_sure_discriminator():
    target = np.full((6, 1), 0.7, "float32")
    real, fake, target = map(ops.convert_to_tensor, (REAL + 5, FAKE, target))
    for name, game in LOSSES.items():
        plain = float(game.discriminator(real, fake, 1.0))
        assert float(game.discriminator(real, fake, target)) > plain + 0.1, name


def test_penalties_of_a_linear_score_have_closed_forms():
    """The gradient of x → 3·sum(x) is 3 everywhere: its norm is 3·√(samples)."""
    x = ops.convert_to_tensor(RNG.standard_normal((4, 16, 1)).astype("float32"))
    gradient, _ = autodiff.input_gradient(lambda x: (3.0 * ops.sum(x, axis=(1, 2)), ()), x)
    assert float(gradient_penalty(gradient)) == pytest.approx((3 * 4 - 1) ** 2, rel=1e-5)
    assert float(zero_centred_gradient_penalty(gradient)) == pytest.approx((3 * 4) ** 2, rel=1e-5)


def test_one_pass_back_gives_the_gradient_that_two_would():
    """Of a raw loss and of a penalty on slopes, for a score that bends; one example is ignored."""
    x, weights = (RNG.standard_normal(shape).astype("float32") for shape in ((4, 6, 1), (6, 1)))
    counts = ops.convert_to_tensor([[1.0], [-2.0], [0.0], [0.5]])

    def score(values, x):
        y = ops.tanh(ops.matmul(ops.squeeze(x, -1), values[0]))
        return y, y

    def raw(y):
        return ops.sum(counts * ops.square(y + 2.0)), {"raw": ops.sum(y)}

    def rest(gradient, aux):
        return zero_centred_gradient_penalty(gradient) + ops.sum(aux), {"aux": ops.sum(aux)}

    def loss(values):
        gradient, y = autodiff.input_gradient(lambda x: score(values, x), x)
        return raw(y)[0] + rest(gradient, y)[0], ()

    x, values = ops.convert_to_tensor(x), [ops.convert_to_tensor(weights)]
    want, _, (slope,) = autodiff.value_and_grad(loss, values)
    value, logs, (found,) = autodiff.value_and_grad_with_penalty(score, raw, rest, values, x)
    assert float(value) == pytest.approx(float(want), rel=1e-5)
    assert float(logs["raw"]) == pytest.approx(float(logs["aux"]), rel=1e-6)
    np.testing.assert_allclose(
        ops.convert_to_numpy(found), ops.convert_to_numpy(slope), rtol=1e-4, atol=1e-5
    )


def test_gradient_penalty_of_a_dead_score_is_finite_and_so_is_its_gradient():
    def penalty(values):
        return gradient_penalty(values[0] * ops.ones((2, 8, 1))), ()

    loss, _, (gradient,) = autodiff.value_and_grad(penalty, [ops.zeros((2, 1, 1))])
    assert float(loss) == pytest.approx(1.0, rel=1e-4)
    assert np.isfinite(ops.convert_to_numpy(gradient)).all()
