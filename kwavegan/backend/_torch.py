"""Gradients on PyTorch; see `kwavegan.backend.autodiff` for what each function promises."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import torch

from kwavegan.backend._torch_recording import Recorded
from kwavegan.types import Tensor

STRIDED_FORM_ON_CPU = "columns"


def on_cpu() -> bool:
    return keras.ops.zeros(()).device.type == "cpu"


def value_and_grad(loss: Callable[..., Any], values: list[Tensor]) -> tuple[Any, ...]:
    with torch.enable_grad():
        values = [v if v.requires_grad else v.detach().requires_grad_() for v in values]
        value, aux = loss(values)
        gradients = torch.autograd.grad(value, values, materialize_grads=True)
    return value.detach(), keras.tree.map_structure(_detach, aux), list(gradients)


def _detach(value: Any) -> Any:
    return value.detach() if isinstance(value, torch.Tensor) else value


def input_gradient(function: Callable[..., Any], x: Any) -> tuple[Any, ...]:
    def total(x: Tensor) -> tuple[Any, ...]:
        y, aux = function(x)
        return y.sum(), aux

    # torch.func, unlike torch.autograd.grad(create_graph=True), can also be compiled.
    return torch.func.grad(total, has_aux=True)(x)


def recorded(function: Callable[..., Any]) -> Callable[..., Any]:
    return Recorded(function)


def mean_of_each(function: Callable[..., Any], parts: Any, count: int) -> Any:
    """Return the mean of the results of `function` for each row of nested tensors, in order."""

    def add(total: Any, part: int) -> Any:
        result = function(keras.tree.map_structure(lambda x: x[part], parts))
        if total is None:
            return result
        return keras.tree.map_structure(lambda a, b: a + b, total, result)

    total = functools.reduce(add, range(count), None)
    return keras.tree.map_structure(lambda x: x / count, total)


def apply_gradients(
    optimizer: keras.Optimizer, gradients: list[Tensor], variables: list[Tensor]
) -> None:
    with torch.no_grad():
        optimizer.apply(gradients, variables)


def with_gradients(
    function: Callable[..., Any], to_first: Callable[..., Any], to_second: Callable[..., Any]
) -> Callable[..., Any]:
    class Custom(torch.autograd.Function):
        @staticmethod
        def forward(a: Tensor, b: Tensor, fixed: Any) -> Tensor:
            return function(a, b, fixed)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
            a, b, ctx.fixed = inputs
            ctx.save_for_backward(a, b)

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
            needed = zip((to_first, to_second), ctx.needs_input_grad, strict=False)
            a, b = ctx.saved_tensors
            return *(f(a, b, ctx.fixed, g) if needs else None for f, needs in needed), None

    return Custom.apply
