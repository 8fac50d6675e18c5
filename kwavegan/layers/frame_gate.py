"""A gate that opens faster than the frames of a spectrum: attacks."""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.layers.checks import require_positive
from kwavegan.layers.tables import CLOSED_LOGIT, FARTHEST_LOGIT, frame_shares
from kwavegan.types import Shape, Tensor


@register
class FrameGate(keras.layers.Layer):
    """Multiply audio by the sigmoid of a line from frame to frame; no weights.

    A window smears an attack over its whole length. Where the line of logits crosses zero steeply,
    the gate opens within a few samples, at any place within a frame. It never amplifies. With
    several values a frame it opens and closes faster: a click is shorter than a frame.

    The line counts to ±`CLOSED_LOGIT`, and has the gradient of the end beyond it: a closed gate
    lets −61 dB through, where a network still hears what is behind it and learns to open.

    Args:
        hop: samples in a frame.

    Call arguments:
        audio: (batch, frames × hop, channels).
        logits: (batch, frames, values), of which the first holds at the frame's first sample and
            the others follow at equal distances.

    Returns:
        The shape of audio.

    Raises:
        ValueError: hop is not positive, or no multiple of the values of a frame.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import FrameGate
        >>> logits = np.array([[[-30.0], [30.0]]], "float32")
        >>> np.array(FrameGate(hop=2)(np.ones((1, 4, 1), "float32"), logits))[0, :, 0].round(3)
        array([0.001, 0.5  , 0.999, 0.999], dtype=float32)
    """

    def __init__(self, hop: int, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        require_positive("FrameGate", hop=hop)
        self.hop = hop

    def build(self, audio_shape: Shape, logits_shape: Shape) -> None:
        if self.hop % logits_shape[-1]:
            raise ValueError(
                f"FrameGate: {logits_shape[-1]} values a frame do not divide the hop, {self.hop}"
            )

    def call(self, audio: Tensor, logits: Tensor) -> Tensor:
        logits = ops.clip(ops.cast(logits, "float32"), -FARTHEST_LOGIT, FARTHEST_LOGIT)
        frames, values = logits.shape[1:]
        line = interpolated(ops.reshape(logits, (-1, frames * values, 1)), self.hop // values)
        limited = ops.clip(line, -CLOSED_LOGIT, CLOSED_LOGIT)
        # The value of `limited`, the gradient of `line`.
        limited = ops.stop_gradient(limited) + (line - ops.stop_gradient(line))
        gains = ops.reshape(ops.sigmoid(limited), (-1, frames * self.hop, 1))
        gated = ops.cast(audio, "float32") * gains
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
    return next_frame(x) - x


def next_frame(x: Tensor) -> Tensor:
    """Return the values (batch, frames, n) of the frame after each; after the last its own."""
    return ops.concatenate([x[:, 1:], x[:, -1:]], axis=1)


def sample_shares(hop: int) -> Tensor:
    """Return the share of a frame that lies before each of its samples, (hop, 1)."""
    return ops.convert_to_tensor(frame_shares(hop))
