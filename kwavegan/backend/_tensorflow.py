"""Gradients on TensorFlow; see `kwavegan.backend.autodiff` for what each function promises."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from kwavegan.backend._two_passes import EagerTrainStep as TrainStep
from kwavegan.backend._two_passes import value_and_grad_with_penalty as _in_two_passes

STRIDED_FORM_ON_CPU = "folded"


def on_cpu() -> bool:
    return not tf.config.list_physical_devices("GPU")


def value_and_grad(loss: Callable[..., Any], values: list[Any]) -> tuple[Any, ...]:
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        value, aux = loss(values)
    return value, aux, tape.gradient(value, values, unconnected_gradients="zero")


def input_gradient(function: Callable[..., Any], x: Any) -> tuple[Any, ...]:
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        y, aux = function(x)
    return tape.gradient(y, x), aux


def value_and_grad_with_penalty(
    score: Callable[..., Any],
    raw: Callable[..., Any],
    penalty: Callable[..., Any],
    values: list[Any],
    x: Any,
) -> tuple[Any, ...]:
    return _in_two_passes(value_and_grad, input_gradient, score, raw, penalty, values, x)


def apply_gradients(optimizer: keras.Optimizer, gradients: list[Any], variables: list[Any]) -> None:
    optimizer.apply(gradients, variables)


def with_gradients(
    function: Callable[..., Any], gradients: Callable[..., Any]
) -> Callable[..., Any]:
    return function


__all__ = [
    "STRIDED_FORM_ON_CPU",
    "TrainStep",
    "apply_gradients",
    "input_gradient",
    "on_cpu",
    "value_and_grad",
    "value_and_grad_with_penalty",
    "with_gradients",
]
