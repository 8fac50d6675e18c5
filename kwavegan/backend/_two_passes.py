"""What PyTorch and TensorFlow share: they are faster with a second backward pass than with one."""

from collections.abc import Callable
from typing import Any

import keras


def value_and_grad_with_penalty(
    value_and_grad: Callable[..., Any],
    input_gradient: Callable[..., Any],
    score: Callable[..., Any],
    raw: Callable[..., Any],
    penalty: Callable[..., Any],
    values: list[Any],
    x: Any,
) -> tuple[Any, ...]:
    def loss(values: list[Any]) -> tuple[Any, ...]:
        gradient, (y, aux) = input_gradient(lambda x: _with_itself(*score(values, x)), x)
        (value, logs), (extra, more) = raw(y), penalty(gradient, aux)
        return value + extra, {**logs, **more}

    return value_and_grad(loss, values)


def _with_itself(y: Any, aux: Any) -> tuple[Any, ...]:
    return y, (y, aux)


class EagerTrainStep(keras.Model):
    """Keras' TensorFlow and PyTorch trainers: a step assigns the model's variables directly."""

    def train_step(self, data: Any) -> dict[str, Any]:
        return self.update(data)

    def test_step(self, data: Any) -> dict[str, Any]:
        return self.evaluate_batch(data)
