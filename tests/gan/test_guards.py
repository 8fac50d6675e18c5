"""What makes a step fast, held by counts that no busy machine changes.

Times are for `scripts/benchmarks/`; these fail where a change makes the step compile again, do
more work, or keep more memory than it needs.
"""

import inspect
from contextlib import contextmanager
from functools import cache
from itertools import groupby

import numpy as np
import pytest
from keras import ops
from support.gans import FedUpdate, adam, batch_of, fed_noise, tiny_architecture, tiny_gan

from kwavegan.backend import autodiff
from kwavegan.gan.model import WaveGAN
from kwavegan.networks.build import build_networks
from scripts.benchmarks.counting import step_operations
from scripts.benchmarks.plain import plain_discriminator, plain_generator
from scripts.benchmarks.steps import state_of

jax_only = pytest.mark.skipif(autodiff.BACKEND != "jax", reason="asks XLA")
compiles = pytest.mark.skipif(autodiff.BACKEND == "torch", reason="PyTorch compiles nothing here")

WIDE = {"width": 32, "latent_dim": 100, "label_embedding": 16}
"""So wide that the convolutions are nearly all of the work, and so few that they compile fast."""

MEMORY = 1.3
"""How many times the memory of a step of plain layers ours may keep."""


def jitted(gan):
    """Return JAX's compiled step, which Keras keeps inside the function that `fit` calls."""
    gan.make_train_function()
    return inspect.getclosurevars(gan.train_function).nonlocals["step_function"]


@contextmanager
def compilations(caplog):
    """Give a list of the training steps that JAX compiles meanwhile; empty on other backends."""
    compiled = []
    if autodiff.BACKEND != "jax":
        yield compiled
        return
    import jax

    with jax.log_compiles():
        caplog.clear()
        yield compiled
    compiled += [text for text in caplog.messages if "Compiling" in text and "train_step" in text]


def on_device(gan, batch):
    return tuple(ops.convert_to_tensor(array) for array in batch_of(gan, batch=batch))


@cache
def analysed(loss, plain=False, batch=8):
    """Return a wide GAN's operations by hand and by XLA, and the bytes that its step keeps."""
    a = tiny_architecture(**WIDE)
    networks = (plain_generator(a), plain_discriminator(a)) if plain else build_networks(a)
    gan = WaveGAN(*networks, loss=loss)
    gan.compile(adam(), adam())
    compiled = jitted(gan).lower(state_of(gan), on_device(gan, batch)).compile()
    memory = compiled.memory_analysis()
    kept = memory.temp_size_in_bytes + memory.argument_size_in_bytes
    kept += memory.output_size_in_bytes - memory.alias_size_in_bytes
    return step_operations(gan, batch), compiled.cost_analysis()["flops"], kept


@compiles
def test_a_step_is_traced_and_compiled_once(caplog):
    gan, traced = tiny_gan(), []
    update = gan.update
    gan.update = lambda data: traced.append(1) or update(data)
    audio, labels = batch_of(gan, batch=24)
    with compilations(caplog) as at_first:
        gan.fit(audio[:8], labels[:8], batch_size=8, verbose=0)
    first = len(traced)
    with compilations(caplog) as again:
        gan.fit(audio, labels, batch_size=8, epochs=2, verbose=0)
    assert len(traced) == first > 0
    assert bool(at_first) == (autodiff.BACKEND == "jax")
    assert not again


@jax_only
@pytest.mark.parametrize("loss", ["wgan-gp", "relativistic"])
def test_a_step_does_the_work_it_needs_and_little_more(loss):
    needed, done, _ = analysed(loss)
    assert needed < done < 1.09 * needed


@jax_only
def test_a_step_keeps_no_more_copies_of_its_signals():
    """Windows joined for a matrix product would be a copy of a signal for each of seven taps."""
    assert analysed("wgan-gp")[2] < MEMORY * analysed("wgan-gp", plain=True)[2]


@jax_only
def test_a_step_takes_nothing_from_the_host():
    import jax

    gan = tiny_gan()
    step, data = jitted(gan), on_device(gan, 4)
    _, state = step(state_of(gan), data)
    with jax.transfer_guard("disallow"):
        with pytest.raises(Exception, match="Disallowed"):
            step(state, tuple(np.asarray(array) for array in data))
        logs, _ = step(state, data)
        jax.block_until_ready(logs)
    text = step.lower(*_shapes(jax, gan, data)).as_text()
    assert "callback" not in text


def _shapes(jax, gan, data):
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), (state_of(gan), data))


@pytest.mark.parametrize("loss", ["wgan-gp", "relativistic"])
def test_an_update_asks_only_for_the_gradients_it_uses(loss, monkeypatch):
    """Not, say, for the discriminator's while the generator learns, to throw them away."""
    gan, asked = tiny_gan(loss=loss), []
    plain, with_penalty = autodiff.value_and_grad, autodiff.value_and_grad_with_penalty

    def value_and_grad(loss, values):
        asked.append([tuple(value.shape) for value in values])
        return plain(loss, values)

    def value_and_grad_with_penalty(score, raw, rest, values, x):
        asked.append([tuple(value.shape) for value in values])
        return with_penalty(score, raw, rest, values, x)

    monkeypatch.setattr(autodiff, "value_and_grad", value_and_grad)
    monkeypatch.setattr(autodiff, "value_and_grad_with_penalty", value_and_grad_with_penalty)
    monkeypatch.setattr(autodiff, "apply_gradients", lambda optimizer, gradients, variables: None)
    FedUpdate(gan)(batch_of(gan), fed_noise(gan))
    # The second may be built on the first, and then asks for the same twice.
    networks = gan.discriminator, gan.generator
    each = [[tuple(v.shape) for v in network.trainable_variables] for network in networks]
    assert each[0] != each[1]
    assert [values for values, _ in groupby(asked)] == each
