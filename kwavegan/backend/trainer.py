"""A Keras model that trains and evaluates by stateful methods, on every backend."""

import importlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import keras

from kwavegan.backend.autodiff import BACKEND

if TYPE_CHECKING:
    _TrainStep = keras.Model
else:
    _TrainStep = importlib.import_module(f"kwavegan.backend._{BACKEND}").TrainStep


class StatefulModel(_TrainStep, ABC):
    """A model that `fit` trains by `update(data) -> logs`, and `evaluate` by `evaluate_batch`.

    Both methods assign variables freely; the backend's own trainer is hidden behind them.
    """

    @abstractmethod
    def update(self, data: Any) -> dict:
        """Train on one batch, assigning variables freely; return scalars to log."""

    def evaluate_batch(self, data: Any) -> dict:
        """Measure one batch without training; return scalars to log."""
