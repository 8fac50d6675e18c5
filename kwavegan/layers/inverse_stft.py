"""The inverse short-time Fourier transform as a Keras layer: the end of an iSTFT generator."""

from typing import Any

import keras
from keras import ops

from kwavegan.backend.serialization import register
from kwavegan.layers.checks import require_positive
from kwavegan.layers.tables import OVERLAP, frame_turns, taper_of
from kwavegan.types import Shape, Tensor


@register
class InverseSTFT(keras.layers.Layer):
    """Turn frames of complex bins into a waveform by overlap-add; no weights.

    Phases are relative to the start of the sound, not of each frame: a tone at the centre of a bin
    is the same number in every frame, and a tone beside the centre turns slowly. Convolutions then
    need not learn to turn the phase of every bin at its own speed, as they must before a plain
    inverse transform (iSTFTNet, Kaneko et al. 2022, arXiv 2203.02395; Flanagan & Golden 1966 use
    such phases in the phase vocoder). There is no bin at 0 Hz, which is inaudible and which
    spectral critics do not see: a generator would drift away from zero in it.

    Args:
        hop: samples from one frame to the next; a window (Hann) has four hops.
        channels: of the audio.

    Call arguments:
        x: (batch, frames, channels × 4 × hop): for each channel the real parts of 2·hop bins, the
            last at half the sample rate, then their imaginary parts. Bins of variance 1 make a
            waveform whose variance does not depend on the hop.

    Returns:
        (batch, frames × hop, channels), unbounded.

    Raises:
        ValueError: hop or channels are not positive, or the last axis does not fit them.

    Example:
        >>> import numpy as np
        >>> from kwavegan import InverseSTFT
        >>> layer = InverseSTFT(hop=16)
        >>> tuple(layer(np.zeros((2, 10, layer.units), "float32")).shape)
        (2, 160, 1)
    """

    def __init__(self, hop: int, channels: int = 1, **kwargs: Any):
        # A Fourier transform wants float32, whatever the layers before it hand on.
        super().__init__(autocast=False, **kwargs)
        require_positive("InverseSTFT", hop=hop, channels=channels)
        self.hop, self.channels = hop, channels
        self.window = OVERLAP * hop
        self.taper = taper_of(hop)
        self.bins = self.window // 2

    @property
    def units(self) -> int:
        """Values of a frame."""
        return self.channels * 2 * self.bins

    def build(self, x_shape: Shape) -> None:
        if x_shape[-1] != self.units:
            raise ValueError(
                f"InverseSTFT: frames of {self.channels} channels at hop {self.hop} have "
                f"{self.units} values; got {x_shape[-1]}"
            )

    def call(self, x: Tensor) -> Tensor:
        frames = x.shape[1]
        x = ops.reshape(ops.cast(x, "float32"), (-1, frames, self.channels, 2, self.bins))
        x = ops.pad(x, ((0, 0), (0, 0), (0, 0), (0, 0), (1, 0)))  # nothing at 0 Hz
        turned = _turned(x[:, :, :, 0], x[:, :, :, 1])
        windows = ops.multiply(ops.irfft(turned, self.window), self.taper)
        windows = ops.reshape(windows, (-1, frames, self.channels, OVERLAP, self.hop))
        hops = ops.transpose(self._added(windows), (0, 1, 3, 2))
        audio = ops.reshape(hops, (-1, frames * self.hop, self.channels))
        return ops.cast(audio, self.compute_dtype)

    @staticmethod
    def _added(windows: Tensor) -> Tensor:
        """Add windows, each begun two hops before its own: (batch, frames, channels, hop)."""
        frames = windows.shape[1]
        padded = ops.pad(windows, ((0, 0), (1, 2), (0, 0), (0, 0), (0, 0)))
        return sum(
            padded[:, late : late + frames, :, OVERLAP - 1 - late] for late in range(OVERLAP)
        )

    def compute_output_shape(self, x_shape: Shape) -> Shape:
        return x_shape[0], x_shape[1] * self.hop, self.channels

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "hop": self.hop, "channels": self.channels}


def _turned(real: Tensor, imaginary: Tensor) -> Tensor:
    """Return bins (batch, frames, channels, bins) with the phase of their frame's start."""
    cos, sin = (ops.convert_to_tensor(table) for table in frame_turns(real.shape[1], real.shape[3]))
    return real * cos - imaginary * sin, real * sin + imaginary * cos
