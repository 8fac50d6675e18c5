"""A model whose `fit`, `evaluate` and `train_on_batch` check audio and labels first."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import keras

from kwavegan.backend.defaults import keras_defaults
from kwavegan.backend.trainer import StatefulModel
from kwavegan.gan import checking


class CheckedModel(StatefulModel):
    """A model of audio and labels that refuses what it cannot be trained on, in one line.

    Attributes:
        audio_shape: (length, channels).
        num_labels: number of labels; 0 where there are none.
        labels: their names, in index order; empty where they are not known.
    """

    audio_shape: tuple[int, int]
    num_labels: int
    labels: Sequence[str]

    @property
    @abstractmethod
    def needs_labels(self) -> bool:
        """Whether it is trained on labels."""

    @keras_defaults()
    def fit(self, x: Any = None, y: Any = None, **kwargs: Any) -> keras.callbacks.History:
        """Train, as `keras.Model.fit`; arrays are checked first.

        Args:
            x: audio, or a data set that yields batches of audio, or of (audio, labels).
            y: labels; see `kwavegan.WaveGAN`.
            **kwargs: as in Keras; `class_weight` and `sample_weight` are refused.

        Raises:
            ValueError: audio or labels that cannot be trained on.
        """
        checking.refuse_weights(
            class_weight=kwargs.get("class_weight"), sample_weight=kwargs.get("sample_weight")
        )
        held_out = kwargs.get("validation_data")
        if isinstance(held_out, tuple | list) and len(held_out) in (1, 2):
            kwargs["validation_data"] = self.checked(*held_out)
        return super().fit(*self.checked(x, y), **kwargs)

    @keras_defaults()
    def evaluate(self, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
        """Return the losses of held-out sounds; see `WaveGAN`. Arguments as in Keras."""
        checking.refuse_weights(sample_weight=kwargs.get("sample_weight"))
        return super().evaluate(*self.checked(x, y), **kwargs)

    @keras_defaults()
    def train_on_batch(self, x: Any, y: Any = None, **kwargs: Any) -> Any:
        """Train on one batch, as `keras.Model.train_on_batch`; arrays are checked first."""
        checking.refuse_weights(
            class_weight=kwargs.get("class_weight"), sample_weight=kwargs.get("sample_weight")
        )
        return super().train_on_batch(*self.checked(x, y), **kwargs)

    def checked(self, x: Any, y: Any = None) -> tuple[Any, Any]:
        """Return audio as float32 and labels as int32 indices, checked as far as they are arrays.

        Raises:
            ValueError: audio or labels that cannot be trained on.
        """
        if not checking.is_array(x):
            return x, y
        audio = checking.check_audio(x, self.audio_shape)
        if not self.needs_labels:
            return audio, None
        return audio, checking.check_labels(y, audio, self.num_labels, self.labels)
