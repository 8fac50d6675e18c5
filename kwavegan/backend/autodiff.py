"""Gradients on any Keras backend, behind one interface; a file per backend implements it.

A backend's file may leave out what has a default here.

Keras has no gradient of its own. Here a loss is a pure function of a list of tensors, and two
operations differentiate it the same way on JAX, PyTorch and TensorFlow.
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import keras

BACKEND = keras.backend.backend()

if BACKEND not in ("jax", "torch", "tensorflow"):
    raise ImportError(f"kwavegan runs on jax, torch and tensorflow; Keras is set to {BACKEND!r}")

_backend = importlib.import_module(f"kwavegan.backend._{BACKEND}")

STRIDED_FORM_ON_CPU: str = _backend.STRIDED_FORM_ON_CPU
"""The fastest form of strided convolutions on CPU; see `kwavegan.layers.polyphase`."""


def on_cpu() -> bool:
    """Return whether tensors live on the CPU by default."""
    return _backend.on_cpu()


def value_and_grad(loss: Callable[..., Any], values: Sequence[Any]) -> tuple[Any, Any, list[Any]]:
    """Return a loss, its auxiliary output, and its gradient.

    Args:
        loss: a function of a list of tensors that returns (scalar, aux), aux any nest of tensors.
        values: the tensors, for example `[v.value for v in model.trainable_variables]`.

    Returns:
        (scalar, aux, gradients): gradients in the order of `values`, zeros where unconnected.

    Example:
        >>> from keras import ops
        >>> from kwavegan.backend import value_and_grad
        >>> loss = lambda values: (ops.sum(values[0] ** 2), {})
        >>> value, aux, (gradient,) = value_and_grad(loss, [ops.array([3.0])])
        >>> float(value), float(gradient[0])
        (9.0, 6.0)
    """
    return _backend.value_and_grad(loss, list(values))


def input_gradient(function: Callable[..., Any], x: Any) -> tuple[Any, Any]:
    """Return the gradient of the sum of `function(x)[0]` to x, and aux; differentiable again.

    Args:
        function: from x to (tensor, aux).
        x: one tensor.

    Example:
        >>> from keras import ops
        >>> from kwavegan.backend import input_gradient
        >>> gradient, aux = input_gradient(lambda x: (x**3, ()), ops.array([2.0]))
        >>> float(gradient[0])
        12.0
    """
    return _backend.input_gradient(function, x)


def value_and_grad_with_penalty(
    score: Callable[..., Any],
    raw: Callable[..., Any],
    penalty: Callable[..., Any],
    values: Sequence[Any],
    x: Any,
) -> tuple[Any, dict[str, Any], list[Any]]:
    """Return a loss with a gradient penalty, and its gradient.

    With y, aux = score(values, x) and g = dy/dx, row by row, the loss is raw(y) + penalty(g, aux).
    JAX runs one backward pass through the network for both g and the gradient of raw; PyTorch and
    TensorFlow are faster with two (docs/performance.md).

    Args:
        score: (values, x) → (y (n, 1), aux); a row of y depends on its row of x alone.
        raw: y → (scalar, logs).
        penalty: (g, aux) → (scalar, logs); g has the shape of x.
        values: the tensors to differentiate with respect to, as in `value_and_grad`.
        x: (n, …).

    Returns:
        (loss, logs of both, gradients in the order of `values`).

    Example:
        >>> from keras import ops
        >>> from kwavegan.backend import value_and_grad_with_penalty
        >>> def score(values, x): return x * values[0], ()
        >>> def raw(y): return ops.mean(y), {}
        >>> def penalty(g, aux): return ops.mean(g**2), {}
        >>> x, w = ops.ones((4, 1)), ops.array([3.0])
        >>> loss, logs, (gradient,) = value_and_grad_with_penalty(score, raw, penalty, [w], x)
        >>> float(loss), float(gradient[0])
        (12.0, 7.0)
    """
    if hasattr(_backend, "value_and_grad_with_penalty"):
        return _backend.value_and_grad_with_penalty(score, raw, penalty, list(values), x)

    def loss(values: list[Any]) -> tuple[Any, ...]:
        gradient, (y, aux) = input_gradient(lambda x: _with_itself(*score(values, x)), x)
        (value, logs), (extra, more) = raw(y), penalty(gradient, aux)
        return value + extra, {**logs, **more}

    return value_and_grad(loss, values)


def _with_itself(y: Any, aux: Any) -> tuple[Any, ...]:
    return y, (y, aux)


def with_gradients(
    function: Callable[..., Any], to_first: Callable[..., Any], to_second: Callable[..., Any]
) -> Callable[..., Any]:
    """Attach gradients to a function, where those that a backend derives by itself are slower.

    They would be derived of slices and concatenations piece by piece, or be convolutions in a
    layout that XLA runs slowly.

    Args:
        function: (a, b, fixed) → a tensor, of two tensors and something hashable.
        to_first, to_second: (a, b, fixed, g) → the gradient to a, and to b; differentiable in turn.
    """
    return _backend.with_gradients(function, to_first, to_second)


def recorded(function: Callable[..., Any]) -> Callable[..., Any]:
    """On PyTorch, return `function` recorded after a few calls; other backends get it back.

    JAX and TensorFlow compile a whole step. PyTorch would run it through every layer each time.

    Args:
        function: pure, of nested tensors; it must not branch on anything but their shapes.
    """
    if hasattr(_backend, "recorded"):
        return _backend.recorded(function)
    return function


def in_parts(function: Callable[..., Any], parts: int, rows: tuple[int, ...]) -> Callable[..., Any]:
    """Return a function that works through its rows in equal parts, one after the other.

    Its memory is that of a part; its results are the means of those of the parts.

    Args:
        function: pure, of nested tensors; its results are means over rows.
        parts: how many.
        rows: places of the arguments that hold a row for each example.

    Example:
        >>> from keras import ops
        >>> from kwavegan.backend.autodiff import in_parts
        >>> mean = in_parts(lambda scale, x: scale * ops.mean(x), 2, rows=(1,))
        >>> float(mean(3.0, ops.array([1.0, 2.0, 3.0, 6.0])))
        9.0
    """
    if parts == 1:
        return function

    def of_parts(*args: Any) -> Any:
        given = list(args)

        def of_part(each: list[Any]) -> Any:
            for place, part in zip(rows, each, strict=True):
                given[place] = part
            return function(*given)

        split = keras.tree.map_structure(
            lambda x: keras.ops.reshape(x, (parts, -1, *x.shape[1:])), [args[r] for r in rows]
        )
        return _backend.mean_of_each(of_part, split, parts)

    return of_parts


def apply_gradients(optimizer: keras.Optimizer, gradients: list[Any], variables: list[Any]) -> None:
    """Update `variables` with `optimizer` and `gradients`.

    Example:
        >>> import keras
        >>> from kwavegan.backend import apply_gradients
        >>> w = keras.Variable([1.0])
        >>> sgd = keras.optimizers.SGD(0.5)
        >>> sgd.build([w])
        >>> apply_gradients(sgd, [keras.ops.array([1.0])], [w])
        >>> float(w.numpy()[0])
        0.5
    """
    _backend.apply_gradients(optimizer, gradients, variables)
