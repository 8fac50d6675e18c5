"""What PyTorch and TensorFlow share: they are faster with a second backward pass than with one."""

from collections.abc import Callable
from typing import Any

import keras


def value_and_grad_with_penalty(
    value_and_grad: Callable,
    input_gradient: Callable,
    score: Callable,
    raw: Callable,
    penalty: Callable,
    values: list,
    x: Any,
) -> tuple:
    def loss(values: list) -> tuple:
        gradient, (y, aux) = input_gradient(lambda x: _with_itself(*score(values, x)), x)
        (value, logs), (extra, more) = raw(y), penalty(gradient, aux)
        return value + extra, {**logs, **more}

    return value_and_grad(loss, values)


def _with_itself(y: Any, aux: Any) -> tuple:
    return y, (y, aux)


class EagerTrainStep(keras.Model):
    """Keras' TensorFlow and PyTorch trainers: a step assigns the model's variables directly."""

    def train_step(self, data: Any) -> dict:
        return self.update(data)

    def test_step(self, data: Any) -> dict:
        return self.evaluate_batch(data)
