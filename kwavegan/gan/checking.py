"""What `WaveGAN.fit` and `evaluate` accept: audio and labels in any usual form, or one clear line.

Arrays are checked here before Keras sees them, values included. Of data sets and generators only
types and shapes can be checked, batch by batch, when the step is traced.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

TOLERANCE = 1e-3
"""How far audio may pass full scale, as after resampling."""


def is_array(data: Any) -> bool:
    """Return whether `data` is an array, or a list, and not a data set that yields batches."""
    return hasattr(data, "__array__") or isinstance(data, list | tuple)


def refuse_weights(**weights: Any) -> None:
    """Raise a ValueError where a weighting of examples is asked for."""
    for name, value in weights.items():
        if value is not None:
            raise ValueError(
                f"WaveGAN: {name} is not supported; repeat sounds that should count more"
            )


def check_audio(audio: Any, audio_shape: tuple[int, int]) -> np.ndarray:
    """Return audio as float32 (n, length, channels), or (n, d_updates, length, channels).

    Args:
        audio: an array of numbers in −1…1.
        audio_shape: (length, channels) of the GAN.

    Raises:
        ValueError: integers, another shape, values that are not finite or beyond −1…1.
    """
    audio = np.asarray(audio)
    if not np.issubdtype(audio.dtype, np.floating):
        raise ValueError(not_float(audio.dtype))
    if not len(audio):
        raise ValueError("WaveGAN: there is no audio; give at least one sound")
    check_audio_shape(audio.shape, audio_shape)
    peak = float(np.abs(audio).max())
    if not np.isfinite(peak):
        raise ValueError("WaveGAN: audio holds NaN or infinity; leave those sounds out")
    if peak > 1 + TOLERANCE:
        raise ValueError(
            f"WaveGAN: audio reaches {peak:.4g}, and must lie in -1…1; divide it by its full scale"
            " (32768 for 16-bit audio) or clip it"
        )
    return audio.astype("float32", copy=False)


def not_float(dtype: Any) -> str:
    """Return the message for audio that is not of floats."""
    name = str(dtype).removeprefix("torch.")
    scale = {"int16": "32768.0", "int32": "2147483648.0"}.get(name, "its full scale")
    return f"WaveGAN: audio is {name}; give floats in -1…1: divide it by {scale}"


def check_audio_shape(shape: Sequence[int | None], audio_shape: tuple[int, int]) -> None:
    """Raise a ValueError where a batch of audio has another shape than the GAN's."""
    rank, (length, channels) = len(shape), audio_shape
    if rank in (3, 4) and tuple(shape[-2:]) == tuple(audio_shape):
        return
    hint = ""
    if channels == 1 and rank == 2 and shape[1] == length:
        hint = "; add the channel axis: audio[..., None]"
    elif rank == 3 and tuple(shape[1:]) == (channels, length):
        hint = "; put channels last: audio.transpose(0, 2, 1)"
    raise ValueError(
        f"WaveGAN: audio must be (batch, {length}, {channels}), with axis 1 for the discriminator's"
        f" updates if there are several; got {tuple(shape)}{hint}"
    )


def check_labels(
    labels: Any, audio: np.ndarray, num_labels: int, names: Sequence[str]
) -> np.ndarray:
    """Return labels as int32 (n,), or (n, d_updates) beside audio of that kind.

    Args:
        labels: (n,), (n, 1), one-hot (n, num_labels), or names of labels.
        audio: from `check_audio`.
        num_labels: of the GAN; 0 where it is not known.
        names: of the labels; empty where they are not known.

    Raises:
        ValueError: another shape or number of labels, fractions, unknown names or indices.
    """
    if labels is None:
        raise ValueError("WaveGAN: this model needs labels: give (audio, labels)")
    labels = np.asarray(labels)
    if len(labels) != len(audio):
        raise ValueError(f"WaveGAN: {len(labels)} labels for {len(audio)} sounds")
    if labels.dtype.kind in "USO":
        labels = _indices(labels, names)
    wanted = audio.shape[: audio.ndim - 2]
    if labels.shape != wanted:
        labels = _unpacked(labels, wanted, num_labels)
    if not np.issubdtype(labels.dtype, np.integer):
        whole = labels.astype("int64", casting="unsafe")
        if not np.array_equal(whole, labels):
            raise ValueError("WaveGAN: labels must be whole numbers, and some are not")
        labels = whole
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or (num_labels and high >= num_labels):
        wrong = low if low < 0 else high
        last = num_labels - 1 if num_labels else "number of labels - 1"
        raise ValueError(f"WaveGAN: label {wrong} is out of range; labels are 0 to {last}")
    return labels.astype("int32")


def _indices(labels: np.ndarray, names: Sequence[str]) -> np.ndarray:
    if not names:
        raise ValueError("WaveGAN: labels are names; give indices, or WaveGAN(…, labels=names)")
    index = {name: i for i, name in enumerate(names)}
    unknown = sorted({str(label) for label in labels.ravel()} - index.keys())
    if unknown:
        raise ValueError(
            f"WaveGAN: label {unknown[0]!r} is unknown; the labels are {', '.join(names)}"
        )
    return np.vectorize(index.__getitem__, otypes=["int32"])(labels)


def _unpacked(labels: np.ndarray, wanted: tuple[int, ...], num_labels: int) -> np.ndarray:
    """Undo a trailing axis of length 1, or one-hot coding."""
    if labels.shape == (*wanted, 1):
        return labels[..., 0]
    if labels.shape == (*wanted, num_labels):
        if not (np.isin(labels, (0, 1)).all() and (labels.sum(axis=-1) == 1).all()):
            raise ValueError("WaveGAN: labels look one-hot, and some rows are not")
        return labels.argmax(axis=-1)
    raise ValueError(
        f"WaveGAN: labels must be {wanted} indices or one-hot {(*wanted, num_labels)}; got "
        f"{labels.shape}"
    )
