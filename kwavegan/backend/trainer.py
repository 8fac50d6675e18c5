"""A Keras model that trains and evaluates by stateful methods, on every backend."""

import importlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import keras

from kwavegan.backend.autodiff import BACKEND
from kwavegan.backend.replicas import Replicas


class _DirectTrainStep(keras.Model):
    """Keras' TensorFlow and PyTorch trainers: a step assigns the model's variables directly."""

    def train_step(self, data: Any) -> dict[str, Any]:
        return self.update(data)

    def test_step(self, data: Any) -> dict[str, Any]:
        return self.evaluate_batch(data)


if TYPE_CHECKING:

    class _TrainStep(keras.Model):
        """The backend's own where its file has one, else `_DirectTrainStep`."""

else:
    _backend = importlib.import_module(f"kwavegan.backend._{BACKEND}")
    _TrainStep = getattr(_backend, "TrainStep", _DirectTrainStep)


class StatefulModel(_TrainStep, ABC):
    """A model that `fit` trains by `update(data) -> logs`, and `evaluate` by `evaluate_batch`.

    Both methods assign variables freely; the backend's own trainer is hidden behind them. See
    `kwavegan.WaveGAN` for an example.

    Attributes:
        replicas: the devices that it trains on.
    """

    replicas = Replicas()

    @abstractmethod
    def update(self, data: Any) -> dict[str, Any]:
        """Train on one batch, assigning variables freely; return scalars to log."""

    @abstractmethod
    def evaluate_batch(self, data: Any) -> dict[str, Any]:
        """Measure one batch without training; return scalars to log."""
