"""A gate that opens faster than the frames of a spectrum: attacks."""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.layers.checks import require_positive
from kwavegan.layers.tables import FARTHEST_LOGIT, frame_shares
from kwavegan.types import Shape, Tensor


@register
class FrameGate(keras.layers.Layer):
    """Multiply audio by the sigmoid of a line from frame to frame; no weights.

    A window smears an attack over its whole length. Where the line of logits crosses zero steeply,
    the gate opens within a few samples, at any place within a frame. It has one value a frame, so
    that it cannot learn a pattern that repeats with the frames, and it never amplifies.

    Args:
        hop: samples in a frame.

    Call arguments:
        audio: (batch, frames × hop, channels).
        logits: (batch, frames, 1 or channels); that of a frame holds at its first sample.

    Returns:
        The shape of audio.

    Raises:
        ValueError: hop is not positive.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import FrameGate
        >>> logits = np.array([[[-30.0], [30.0]]], "float32")
        >>> np.array(FrameGate(hop=2)(np.ones((1, 4, 1), "float32"), logits))[0, :, 0].round(3)
        array([0. , 0.5, 1. , 1. ], dtype=float32)
    """

    def __init__(self, hop: int, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        require_positive("FrameGate", hop=hop)
        self.hop = hop

    def call(self, audio: Tensor, logits: Tensor) -> Tensor:
        logits = ops.clip(ops.cast(logits, "float32"), -FARTHEST_LOGIT, FARTHEST_LOGIT)
        gains = ops.sigmoid(interpolated(logits, self.hop))
        shape = (-1, logits.shape[1] * self.hop, logits.shape[2])
        gated = ops.cast(audio, "float32") * ops.reshape(gains, shape)
        return ops.cast(gated, self.compute_dtype)

    def compute_output_shape(self, audio_shape: Shape, logits_shape: Shape) -> Shape:
        return audio_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "hop": self.hop}


def interpolated(x: Tensor, hop: int) -> Tensor:
    """Return values (batch, frames, n) at every sample, (batch, frames, hop, n).

    They go in a straight line from each frame to the next; the last frame's value is held.
    """
    here, step = x[:, :, None], to_next_frame(x)[:, :, None]
    return here + step * sample_shares(hop)


def to_next_frame(x: Tensor) -> Tensor:
    """Return the differences (batch, frames, n) from each frame to the next; the last is 0."""
    return ops.concatenate([x[:, 1:], x[:, -1:]], axis=1) - x


def sample_shares(hop: int) -> Tensor:
    """Return the share of a frame that lies before each of its samples, (hop, 1)."""
    return ops.convert_to_tensor(frame_shares(hop))
