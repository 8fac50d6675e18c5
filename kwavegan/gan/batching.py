"""One batch of `fit` → a batch for each discriminator update, whatever form labels have."""

from typing import Any

import keras
from keras import ops

from kwavegan.gan import checking
from kwavegan.types import Tensor, Tensors


def split_batches(
    data: Any, audio_shape: tuple[int, int], d_updates: int, num_labels: int | None
) -> list[Tensors]:
    """Return `d_updates` batches of `audio` (batch, length, channels) and `label` (batch,).

    Args:
        data: audio or (audio, labels), as a Keras trainer hands them to a step: one batch, or one
            for each update stacked on axis 1 (see `kwavegan.data.batches.StepBatches`).
        audio_shape: (length, channels).
        d_updates: discriminator updates a step.
        num_labels: number of labels; None where the networks take none.

    Raises:
        ValueError: types or shapes that do not fit.
    """
    audio, label, weight = keras.utils.unpack_x_y_sample_weight(data)
    checking.refuse_weights(sample_weight=weight)
    dtype = keras.backend.standardize_dtype(audio.dtype)
    if "float" not in dtype:
        raise ValueError(checking.not_float(dtype))
    checking.check_audio_shape(audio.shape, audio_shape)
    stacked = len(audio.shape) == 4
    if stacked and audio.shape[1] != d_updates:
        raise ValueError(
            f"WaveGAN: axis 1 of audio must be d_updates = {d_updates}; got {tuple(audio.shape)}"
        )
    batch = {"audio": ops.cast(audio, "float32")}
    if num_labels is not None:
        batch["label"] = _label_indices(label, 2 if stacked else 1, num_labels)
    if not stacked:
        return [batch] * d_updates
    return [{name: x[:, update] for name, x in batch.items()} for update in range(d_updates)]


def _label_indices(label: Any, rank: int, num_labels: int) -> Tensor:
    """Return labels as int32 indices of `rank` axes."""
    if label is None:
        raise ValueError("WaveGAN: this model needs labels: give (audio, labels)")
    if len(label.shape) == rank + 1 and label.shape[-1] == 1:
        label = ops.squeeze(label, -1)
    elif len(label.shape) == rank + 1 and label.shape[-1] == num_labels:
        label = ops.argmax(label, axis=-1)
    if len(label.shape) != rank:
        raise ValueError(
            f"WaveGAN: labels must be (batch,) indices or one-hot (batch, {num_labels}); got "
            f"{tuple(label.shape)}"
        )
    if "int" not in keras.backend.standardize_dtype(label.dtype):
        raise ValueError("WaveGAN: labels must be whole numbers; cast them to int32")
    return ops.cast(label, "int32")
