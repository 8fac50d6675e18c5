"""Gradients on JAX; see `kwavegan.backend.autodiff` for what each function promises."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import keras

from kwavegan.backend._jax_mesh import HostReplicas
from kwavegan.types import Tensor

# XLA runs strided convolutions, and even more so their gradients, on a slow path on CPU.
STRIDED_FORM_ON_CPU = "folded"


def on_cpu() -> bool:
    return jax.default_backend() == "cpu"


def value_and_grad(loss: Callable[..., Any], values: list[Tensor]) -> tuple[Any, ...]:
    (value, aux), gradients = jax.value_and_grad(loss, has_aux=True)(values)
    return value, aux, gradients


def input_gradient(function: Callable[..., Any], x: Any) -> tuple[Any, ...]:
    def total(x: Tensor) -> tuple[Any, ...]:
        y, aux = function(x)
        return keras.ops.sum(y), aux

    return jax.grad(total, has_aux=True)(x)


def value_and_grad_with_penalty(
    score: Callable[..., Any],
    raw: Callable[..., Any],
    penalty: Callable[..., Any],
    values: list[Tensor],
    x: Any,
) -> tuple[Any, ...]:
    # One VJP with cotangent w = d raw/dy yields the weight gradient of raw and, per row of x,
    # w·g, where g = dy/dx. Dividing by w recovers g, so no second backward pass is needed.
    def loss(values: list[Tensor]) -> tuple[Any, ...]:
        y, backward, aux = jax.vjp(score, values, x, has_aux=True)
        (value, logs), weight = jax.value_and_grad(raw, has_aux=True)(y)
        # A score that does not count in raw still has a gradient, which the penalty needs.
        weight = jax.numpy.where(abs(weight) < 1e-20, 1e-20, jax.lax.stop_gradient(weight))
        direct, weighted = backward(weight)
        extra, more = penalty(weighted / weight.reshape(-1, *[1] * (x.ndim - 1)), aux)
        return extra, (value + extra, {**logs, **more}, direct)

    (_, (value, logs, direct)), gradients = jax.value_and_grad(loss, has_aux=True)(values)
    return value, logs, [a + b for a, b in zip(direct, gradients, strict=True)]


def mean_of_each(function: Callable[..., Any], parts: Any, count: int) -> Any:
    """Return the mean of the results of `function` for each row of nested tensors, in order."""

    def add(total: Any, part: Any) -> tuple[Any, None]:
        return jax.tree.map(jax.numpy.add, total, function(part)), None

    first = jax.tree.map(lambda x: x[0], parts)
    zeros = jax.tree.map(
        lambda x: jax.numpy.zeros(x.shape, x.dtype), jax.eval_shape(function, first)
    )
    total, _ = jax.lax.scan(add, zeros, parts)
    return jax.tree.map(lambda x: x / count, total)


def apply_gradients(
    optimizer: keras.Optimizer, gradients: list[Tensor], variables: list[Tensor]
) -> None:
    optimizer.apply(gradients, variables)


def with_gradients(
    function: Callable[..., Any], to_first: Callable[..., Any], to_second: Callable[..., Any]
) -> Callable[..., Any]:
    @partial(jax.custom_vjp, nondiff_argnums=(2,))
    def custom(a: Tensor, b: Tensor, fixed: Any) -> Tensor:
        return function(a, b, fixed)

    custom.defvjp(
        lambda a, b, fixed: (function(a, b, fixed), (a, b)),
        lambda fixed, saved, g: (to_first(*saved, fixed, g), to_second(*saved, fixed, g)),
    )
    return custom


class TrainStep(keras.Model):
    """Keras' JAX trainer: a step is a pure function of the model's state.

    `train_step` runs `update` inside a scope that lends the variables their values from the
    state, and reads the new values back; `test_step` does the same with `evaluate_batch`. On the
    devices of several processes, state and rows span them within the step alone.
    """

    train_function: Any  # set by Keras, which has no types
    spans_hosts = False
    """Whether the newest state is of arrays of all hosts."""

    def make_train_function(self, force: bool = False) -> None:
        hosts = self.replicas
        if not isinstance(hosts, HostReplicas) or (self.train_function and not force):
            super().make_train_function(force)
            return
        step = self.train_step
        if self.jit_compile and not self.run_eagerly:
            step = jax.jit(step, donate_argnums=0, out_shardings=hosts.on_all)

        def train_function(state: tuple[Any, ...], batches: Iterator[Any]) -> tuple[Any, ...]:
            result = step(hosts.everywhere(state), hosts.rows(next(batches)))
            self.spans_hosts = True
            return result

        self.train_function = train_function

    def jax_state_sync(self) -> None:
        super().jax_state_sync()
        if self.spans_hosts:
            self.spans_hosts = False
            for variable in (v for group in self.state_variables() for v in group):
                if not variable.value.is_deleted():  # by a step that failed
                    variable.assign(variable.value.addressable_data(0))

    def state_variables(self) -> tuple[list[Tensor], ...]:
        """Return the variables of a step, in the groups that Keras gives their values in."""
        return (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )

    def train_step(self, state: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
        return _in_scope(self.state_variables(), state, lambda: self.update(data))

    def test_step(self, state: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
        trainable, fixed, _, metrics = self.state_variables()
        groups = (trainable, fixed, metrics)
        logs, new = _in_scope(groups, state, lambda: self.evaluate_batch(data))
        return logs, new


def _in_scope(
    groups: tuple[list[Tensor], ...], state: tuple[Any, ...], compute: Callable[..., Any]
) -> tuple[Any, ...]:
    lent = [
        pair
        for variables, values in zip(groups, state, strict=True)
        for pair in zip(variables, values, strict=True)
    ]
    with keras.StatelessScope(lent) as scope:
        logs = compute()
        new = tuple([scope.get_current_value(v) for v in group] for group in groups)
    return logs, new
