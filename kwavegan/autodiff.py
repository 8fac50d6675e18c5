"""Gradients and the training step on any Keras backend: the only module that names a backend.

Keras has no gradient of its own. Here a loss is a pure function of a list of tensors, and two
operations differentiate it the same way on JAX, PyTorch and TensorFlow.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import keras

from kwavegan.types import Tensor

BACKEND = keras.backend.backend()

if BACKEND == "jax":
    from functools import partial

    import jax

    # XLA runs strided convolutions, and even more so their gradients, on a slow path on CPU.
    STRIDED_FORM_ON_CPU = "folded"

    def on_cpu() -> bool:
        """Whether tensors live on the CPU by default."""
        return jax.default_backend() == "cpu"

    def _value_and_grad(loss: Callable, values: list) -> tuple:
        (value, aux), gradients = jax.value_and_grad(loss, has_aux=True)(values)
        return value, aux, gradients

    def _input_gradient(function: Callable, x: Any) -> tuple:
        def total(x: Tensor):
            y, aux = function(x)
            return keras.ops.sum(y), aux

        return jax.grad(total, has_aux=True)(x)

    def _value_and_grad_with_slope(
        score: Callable, raw: Callable, rest: Callable, values: list, x: Any
    ) -> tuple:
        # The pass back for raw gives both gradients: to a row of x it is the row's g times the
        # gradient of raw to its y.
        def loss(values: list):
            y, back, aux = jax.vjp(score, values, x, has_aux=True)
            (value, logs), weight = jax.value_and_grad(raw, has_aux=True)(y)
            # A score that counts for nothing changes nothing, but its slope must still be had.
            weight = jax.numpy.where(abs(weight) < 1e-20, 1e-20, jax.lax.stop_gradient(weight))
            direct, of_x = back(weight)
            left, more = rest(of_x / weight.reshape(-1, *[1] * (x.ndim - 1)), aux)
            return left, (value + left, {**logs, **more}, direct)

        (_, (value, logs, direct)), gradients = jax.value_and_grad(loss, has_aux=True)(values)
        return value, logs, [a + b for a, b in zip(direct, gradients, strict=True)]

    def _apply(optimizer: keras.Optimizer, gradients: list, variables: list) -> None:
        optimizer.apply(gradients, variables)

    def _with_gradients(function: Callable, gradients: Callable) -> Callable:
        @partial(jax.custom_vjp, nondiff_argnums=(2,))
        def told(a: Tensor, b: Tensor, fixed: Any) -> Tensor:
            return function(a, b, fixed)

        told.defvjp(
            lambda a, b, fixed: (function(a, b, fixed), (a, b)),
            lambda fixed, saved, g: gradients(*saved, fixed, g),
        )
        return told

elif BACKEND == "tensorflow":
    import tensorflow as tf

    STRIDED_FORM_ON_CPU = "folded"

    def on_cpu() -> bool:
        """Whether tensors live on the CPU by default."""
        return not tf.config.list_physical_devices("GPU")

    def _value_and_grad(loss: Callable, values: list) -> tuple:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            value, aux = loss(values)
        return value, aux, tape.gradient(value, values, unconnected_gradients="zero")

    def _input_gradient(function: Callable, x: Any) -> tuple:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            y, aux = function(x)
        return tape.gradient(y, x), aux

    def _apply(optimizer: keras.Optimizer, gradients: list, variables: list) -> None:
        optimizer.apply(gradients, variables)

elif BACKEND == "torch":
    import torch

    STRIDED_FORM_ON_CPU = "planar"

    def on_cpu() -> bool:
        """Whether tensors live on the CPU by default."""
        return keras.ops.zeros(()).device.type == "cpu"

    def _value_and_grad(loss: Callable, values: list) -> tuple:
        with torch.enable_grad():
            values = [v if v.requires_grad else v.detach().requires_grad_() for v in values]
            value, aux = loss(values)
            gradients = torch.autograd.grad(value, values, materialize_grads=True)
        return value.detach(), keras.tree.map_structure(_detach, aux), list(gradients)

    def _detach(value: Any) -> Any:
        return value.detach() if isinstance(value, torch.Tensor) else value

    def _input_gradient(function: Callable, x: Any) -> tuple:
        def total(x: Tensor):
            y, aux = function(x)
            return y.sum(), aux

        # torch.func, unlike torch.autograd.grad(create_graph=True), can also be compiled.
        return torch.func.grad(total, has_aux=True)(x)

    def _apply(optimizer: keras.Optimizer, gradients: list, variables: list) -> None:
        with torch.no_grad():
            optimizer.apply(gradients, variables)

else:
    raise ImportError(f"kwavegan runs on jax, torch and tensorflow; Keras is set to {BACKEND!r}")


def value_and_grad(loss: Callable, values: Sequence) -> tuple[Any, Any, list]:
    """Return a loss, what else it computed, and its gradient.

    Args:
        loss: a function of a list of tensors that returns (scalar, aux), aux any nest of tensors.
        values: the tensors, for example `[v.value for v in model.trainable_variables]`.

    Returns:
        (scalar, aux, gradients): gradients in the order of `values`, zeros where unconnected.
    """
    return _value_and_grad(loss, list(values))


def input_gradient(function: Callable, x: Any) -> tuple[Any, Any]:
    """Return the gradient of the sum of `function(x)[0]` to x, and aux; differentiable again.

    Args:
        function: from x to (tensor, aux).
        x: one tensor.
    """
    return _input_gradient(function, x)


def value_and_grad_with_slope(
    score: Callable, raw: Callable, rest: Callable, values: Sequence, x: Any
) -> tuple[Any, dict, list]:
    """Return a loss of scores and of their slopes, and its gradient.

    With y, aux = score(values, x) and g the gradient of each y to its row of x, the loss is
    raw(y) + rest(g, aux). JAX goes back through the network once for both g and the gradient of
    raw; PyTorch and TensorFlow are faster going twice (docs/performance.md).

    Args:
        score: (values, x) → (y (n, 1), aux); a row of y depends on its row of x alone.
        raw: y → (scalar, logs).
        rest: (g, aux) → (scalar, logs); g has the shape of x.
        values: the tensors to differentiate to, as in `value_and_grad`.
        x: (n, …).

    Returns:
        (loss, logs of both, gradients in the order of `values`).
    """
    if BACKEND == "jax":
        return _value_and_grad_with_slope(score, raw, rest, list(values), x)

    def loss(values: list) -> tuple:
        gradient, (y, aux) = input_gradient(lambda x: _and_itself(*score(values, x)), x)
        (value, logs), (left, more) = raw(y), rest(gradient, aux)
        return value + left, {**logs, **more}

    return value_and_grad(loss, values)


def _and_itself(y: Any, aux: Any) -> tuple:
    return y, (y, aux)


def with_gradients(function: Callable, gradients: Callable) -> Callable:
    """Return a function whose gradients are computed as written, where that is worth telling.

    On JAX, which would take gradients of slices and joins apart piece by piece. PyTorch and
    TensorFlow find the same numbers by themselves: they get the function back.

    Args:
        function: (a, b, fixed) → a tensor, of two tensors and something hashable.
        gradients: (a, b, fixed, g) → the gradients to a and b, differentiable in turn.
    """
    return _with_gradients(function, gradients) if BACKEND == "jax" else function


def apply_gradients(optimizer: keras.Optimizer, gradients: list, variables: list) -> None:
    """Let `optimizer` change `variables` by `gradients`."""
    _apply(optimizer, gradients, variables)


class StatefulModel(keras.Model, ABC):
    """A model that `fit` trains through one stateful method, `update(data) -> logs`.

    On JAX a training step must be a pure function of its state: `train_step` runs `update` inside
    a scope that lends the variables their values from the state, and reads the new ones back.
    """

    @abstractmethod
    def update(self, data: Any) -> dict:
        """Train on one batch, assigning variables freely; return scalars to log."""

    if BACKEND == "jax":

        def state_variables(self) -> tuple[list, ...]:
            """Return the variables of a step, in the groups that Keras gives their values in."""
            return (
                self.trainable_variables,
                self.non_trainable_variables,
                self.optimizer.variables,
                self.metrics_variables,
            )

        def train_step(self, state: tuple, data: Any) -> tuple:
            groups = self.state_variables()
            lent = [
                pair
                for variables, values in zip(groups, state, strict=True)
                for pair in zip(variables, values, strict=True)
            ]
            with keras.StatelessScope(lent) as scope:
                logs = self.update(data)
                new = tuple([scope.get_current_value(v) for v in group] for group in groups)
            return logs, new

    else:

        def train_step(self, data: Any) -> dict:
            return self.update(data)
