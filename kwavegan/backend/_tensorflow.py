"""Gradients on TensorFlow; see `kwavegan.backend.autodiff` for what each function promises."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

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


def with_gradients(
    function: Callable[..., Any], to_first: Callable[..., Any], to_second: Callable[..., Any]
) -> Callable[..., Any]:
    def custom(a: Any, b: Any, fixed: Any) -> Any:
        def of_tensors(a: Any, b: Any) -> tuple[Any, Callable[..., Any]]:
            def gradients(g: Any) -> tuple[Any, Any]:
                return to_first(a, b, fixed, g), to_second(a, b, fixed, g)

            return function(a, b, fixed), gradients

        # A variable that is read within would need a gradient of its own.
        return tf.custom_gradient(of_tensors)(tf.convert_to_tensor(a), tf.convert_to_tensor(b))

    return custom


def apply_gradients(optimizer: keras.Optimizer, gradients: list[Any], variables: list[Any]) -> None:
    optimizer.apply(gradients, variables)
