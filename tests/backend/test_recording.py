"""A function recorded on PyTorch gives the same numbers, bit by bit."""

import keras
import numpy as np
import pytest
from keras import ops
from support.gans import FedUpdate, adam, batch_of, fed_noise, tiny_gan

from kwavegan.backend import autodiff
from kwavegan.gan.state import capture_state, restore_state

TORCH = keras.backend.backend() == "torch"
ENOUGH = 10
"""Calls after which a function is recorded."""


class Counted:
    """Counts the calls that reach a function."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *args):
        self.calls += 1
        return self.function(*args)


def call_often(function, make_args, times=ENOUGH):
    """Return the recorded function, and how often the last of many calls reached the original."""
    counted = Counted(function)
    recorded = autodiff.recorded(counted)
    for number in range(times):
        recorded(*make_args(number))
    before = counted.calls
    results = [recorded(*make_args(number)) for number in range(3)]
    return results, counted.calls - before


def numbers(seed):
    return ops.convert_to_tensor(np.random.default_rng(seed).standard_normal(6).astype("float32"))


def test_a_nest_of_tensors_comes_back_as_the_function_makes_it():
    def function(values, named):
        total = values[0] * values[1] + ops.sum(named["x"]) * named["factor"]
        return total, {"twice": [total + total, 3]}

    def args(seed):
        return [numbers(seed), numbers(seed + 1)], {"x": numbers(seed + 2), "factor": 2.5}

    results, reached = call_often(function, args)
    assert reached == (0 if TORCH else 3)
    for seed, (total, more) in enumerate(results):
        want, want_more = function(*args(seed))
        np.testing.assert_array_equal(ops.convert_to_numpy(total), ops.convert_to_numpy(want))
        np.testing.assert_array_equal(
            ops.convert_to_numpy(more["twice"][0]), ops.convert_to_numpy(want_more["twice"][0])
        )
        assert more["twice"][1] == 3


def test_a_number_is_part_of_what_is_recorded():
    recorded = autodiff.recorded(lambda x, factor: x * factor)
    for _ in range(ENOUGH):
        recorded(numbers(0), 2.0)
    np.testing.assert_array_equal(
        ops.convert_to_numpy(recorded(numbers(0), 3.0)), ops.convert_to_numpy(numbers(0) * 3.0)
    )


def test_another_shape_is_another_recording():
    recorded = autodiff.recorded(lambda x: x - ops.mean(x))
    for _ in range(ENOUGH):
        recorded(numbers(0))
    np.testing.assert_allclose(
        ops.convert_to_numpy(recorded(ops.ones((3,)) * 5.0)), np.zeros(3), atol=1e-6
    )


def test_a_function_that_branches_on_a_value_is_called_as_it_is():
    def function(x):
        return x if float(ops.sum(x)) > 0 else -x

    results, reached = call_often(function, lambda seed: (numbers(seed),))
    assert reached == 3
    assert all(float(ops.sum(result)) > 0 for result in results)


@pytest.mark.skipif(not TORCH, reason="draws by PyTorch's own function")
def test_what_is_drawn_inside_is_drawn_each_time():
    import torch

    (first, second, _), reached = call_often(lambda x: x + torch.rand(6), lambda _: (numbers(0),))
    assert reached == 0
    assert not np.array_equal(first.numpy(), second.numpy())


@pytest.mark.skipif(not TORCH, reason="nothing else records")
@pytest.mark.parametrize(
    ("model", "loss"), [("gated", "relativistic"), ("acgan", "acgan"), ("wgan", "wgan-gp")]
)
def test_an_update_from_a_recording_is_the_update_bit_by_bit(model, loss):
    gan = tiny_gan(model, loss)
    update = FedUpdate(gan)
    for seed in range(ENOUGH):
        update(batch_of(gan, seed), fed_noise(gan, seed))
    before = capture_state(gan)
    update(batch_of(gan, 99), fed_noise(gan, 99))
    recorded = capture_state(gan)

    fresh = tiny_gan(model, loss, seed=9)
    restore_state(fresh, before)
    FedUpdate(fresh)(batch_of(fresh, 99), fed_noise(fresh, 99))
    for name, value in capture_state(fresh).items():
        np.testing.assert_array_equal(value, recorded[name], err_msg=name)


@pytest.mark.skipif(not TORCH, reason="nothing else records")
@pytest.mark.parametrize("eager", [True, False])
def test_an_eager_model_runs_its_layers_at_every_step(eager):
    gan, reached = tiny_gan("wgan", "wgan-gp"), []
    gan.compile(adam(), adam(), run_eagerly=eager)
    for network in (gan.generator, gan.discriminator):
        layer = network.get_layer("up_1" if network is gan.generator else "down_1")
        layer.call = lambda x, call=layer.call, name=layer.name: reached.append(name) or call(x)
    for seed in range(ENOUGH):
        gan.train_on_batch(*batch_of(gan, seed))
    reached.clear()
    gan.train_on_batch(*batch_of(gan))
    assert set(reached) == ({"up_1", "down_1"} if eager else set())
