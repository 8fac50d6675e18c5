"""A Keras model that trains and evaluates by stateful methods, on every backend."""

import importlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import keras

from kwavegan.backend.autodiff import BACKEND

if TYPE_CHECKING:

    class _TrainStep(keras.Model):
        """A file per backend has its own."""

else:
    _TrainStep = importlib.import_module(f"kwavegan.backend._{BACKEND}").TrainStep


class StatefulModel(_TrainStep, ABC):
    """A model that `fit` trains by `update(data) -> logs`, and `evaluate` by `evaluate_batch`.

    Both methods assign variables freely; the backend's own trainer is hidden behind them. See
    `kwavegan.WaveGAN` for an example.
    """

    @abstractmethod
    def update(self, data: Any) -> dict[str, Any]:
        """Train on one batch, assigning variables freely; return scalars to log."""

    @abstractmethod
    def evaluate_batch(self, data: Any) -> dict[str, Any]:
        """Measure one batch without training; return scalars to log."""
