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


def mean_of_each(function: Callable[..., Any], parts: Any, count: int) -> Any:
    """Return the mean of the results of `function` for each row of nested tensors, in order."""

    def of_part(part: Any) -> Any:
        return tf.nest.map_structure(tf.convert_to_tensor, function(part))

    first = tf.nest.map_structure(lambda x: x[0], parts)
    shapes = tf.nest.map_structure(tf.TensorSpec.from_tensor, of_part(first))
    each = tf.map_fn(of_part, parts, fn_output_signature=shapes, parallel_iterations=1)
    return tf.nest.map_structure(lambda x: tf.reduce_sum(x, axis=0) / count, each)


def apply_gradients(optimizer: keras.Optimizer, gradients: list[Any], variables: list[Any]) -> None:
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync > 1:
        # They are averaged already, and the optimizer adds up those of all replicas.
        gradients = [gradient / context.num_replicas_in_sync for gradient in gradients]
    optimizer.apply(gradients, variables)
