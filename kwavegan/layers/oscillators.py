"""A few sinusoids with a pitch of their own as a Keras layer: sweeps, bodies of drums."""

import math
from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.layers.frame_gate import interpolated, next_frame, sample_shares, to_next_frame
from kwavegan.layers.tables import SWEEP_LIMITS, first_pitches, pitch_range
from kwavegan.types import Shape, Tensor


@register
class Oscillators(keras.layers.Layer):
    """Sum sinusoids whose frequencies and levels go in a line from frame to frame; no weights.

    A level that rises has risen a frame before: how fast a sound begins is a gate's to say, and a
    level that grew for a whole frame would soften every attack.

    The phase is the integral of the frequency, in closed form within a frame: a sum over samples in
    float32 would differ between backends by more than the frames do.

    Args:
        hop: samples in a frame.
        rate: sample rate in Hz.
        count: oscillators, at least 2.
        channels: of the audio; an oscillator has one pitch, and a level in each channel.

    Call arguments:
        x: (batch, frames, (1 + channels) × count): logits of the pitches between 30 Hz and 2 kHz,
            at most a quarter of the rate, on a logarithmic scale; then for each channel natural
            logarithms of the levels.

    Returns:
        (batch, frames × hop, channels).

    Raises:
        ValueError: hop, rate or channels are not positive, or there are fewer than 2 oscillators.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import Oscillators
        >>> layer = Oscillators(hop=64, rate=16000, count=4)
        >>> tuple(layer(np.zeros((2, 10, layer.units), "float32")).shape)
        (2, 640, 1)
    """

    def __init__(self, hop: int, rate: int, count: int, channels: int = 1, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        if min(hop, rate, channels) < 1 or count < 2:
            raise ValueError(
                "Oscillators: hop, rate and channels must be positive and count at least 2; got "
                f"{hop}, {rate}, {channels} and {count}"
            )
        self.hop, self.rate, self.count, self.channels = hop, rate, count, channels

    @property
    def units(self) -> int:
        """Values of a frame."""
        return (1 + self.channels) * self.count

    def call(self, x: Tensor) -> Tensor:
        x = ops.cast(x, "float32")
        frames, samples = x.shape[1], x.shape[1] * self.hop
        waves = ops.sin(self._angles(x[..., : self.count]))
        levels = ops.exp(ops.clip(x[..., self.count :], *SWEEP_LIMITS))
        # The gradient stays that of a frame's own level: where the next one is the louder, a level
        # would have none, and in some trainings oscillators never found their pitch.
        risen = ops.maximum(levels, next_frame(levels))
        levels = levels + ops.stop_gradient(risen - levels)
        levels = ops.reshape(
            interpolated(levels, self.hop), (-1, frames, self.hop, self.channels, self.count)
        )
        audio = ops.sum(levels * waves[:, :, :, None], axis=-1)
        return ops.cast(ops.reshape(audio, (-1, samples, self.channels)), self.compute_dtype)

    def _angles(self, logits: Tensor) -> Tensor:
        """Return the phases (batch, frames, hop, count) in radians."""
        lowest, span = pitch_range(self.rate)
        places = ops.sigmoid(ops.add(logits, first_pitches(self.count)))
        return (2 * math.pi) * turns_of(ops.exp(span * places) * lowest, self.hop)

    def compute_output_shape(self, x_shape: Shape) -> Shape:
        return x_shape[0], x_shape[1] * self.hop, self.channels

    def get_config(self) -> dict[str, Any]:
        names = ("hop", "rate", "count", "channels")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def turns_of(cycles: Tensor, hop: int) -> Tensor:
    """Return the phase at every sample (batch, frames, hop, n) in turns, but for whole ones.

    Args:
        cycles: (batch, frames, n) a sample; they go in a line from frame to frame.
        hop: samples in a frame.
    """
    step = to_next_frame(cycles)
    of_frame = (cycles + step / 2) * hop
    # Whole turns are left out before the sum over frames, where they would cost digits.
    of_frame = of_frame - ops.stop_gradient(ops.round(of_frame))
    before = ops.cumsum(of_frame, axis=1) - of_frame
    shares = sample_shares(hop)
    within = cycles[:, :, None] * (shares * hop)
    within = within + step[:, :, None] * (shares**2 * (hop / 2))
    return before[:, :, None] + within
