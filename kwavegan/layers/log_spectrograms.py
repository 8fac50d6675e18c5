"""Log spectrograms as Keras layers: the input of a spectral critic."""

import math
from typing import Any

import keras
from keras import ops

from kwavegan.audio.mel import MelSettings, hann, mel_filters
from kwavegan.backend.serialization import register
from kwavegan.types import Shape, Tensor

POWER_FLOOR = 1e-6
"""Power that is added in every band: -60 dB below a sine of full scale."""


@register
class LogSpectrogram(keras.layers.Layer):
    """Turn audio into a spectrogram with a level for every bin, and a soft floor.

    Levels are `scale` times the logarithm to base 10 of the amplitude above the floor: 0 for
    silence, 3 × `scale` for a sine of full scale (`POWER_FLOOR` is 60 dB lower). Unlike
    `keras.layers.MelSpectrogram`, whose gradient at digital silence is NaN (Keras 3.15), it can be
    differentiated anywhere. It has no weights.

    Args:
        window: samples in a window (Hann), a power of two.
        hop: samples from one window to the next, a divisor of `window`.
        scale: factor on the levels.

    Call arguments:
        x: (batch, time, channels) in -1…1.

    Returns:
        (batch, frames, channels × window / 2), no bin at 0 Hz; frames = time / hop, rounded up.

    Raises:
        ValueError: the window is not a multiple of the hop.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import LogSpectrogram
        >>> layer = LogSpectrogram(window=256, hop=64)
        >>> tuple(layer(np.zeros((2, 640, 1), "float32")).shape)
        (2, 10, 128)
    """

    def __init__(self, window: int, hop: int, scale: float = 1.0, **kwargs: Any):
        # The logarithm of a power wants float32, whatever the layer hands on.
        super().__init__(autocast=False, **kwargs)
        if hop < 1 or window % hop:
            raise ValueError(
                f"{type(self).__name__}: window must be a multiple of hop; got {window} and {hop}"
            )
        self.window, self.hop, self.scale = window, hop, scale
        taper = hann(window)
        self.taper = (taper / (taper.sum() / 2)).astype("float32")
        self.bands = window // 2

    def call(self, x: Tensor) -> Tensor:
        windows = self._windows(ops.transpose(ops.cast(x, "float32"), (0, 2, 1)))
        power = self._power(*ops.rfft(ops.multiply(windows, self.taper)))
        levels = (ops.log(power + POWER_FLOOR) - math.log(POWER_FLOOR)) * (
            self.scale / math.log(100)
        )
        frames = levels.shape[2]
        levels = ops.transpose(levels, (0, 2, 1, 3))
        levels = ops.reshape(levels, (-1, frames, levels.shape[2] * self.bands))
        return ops.cast(levels, self.compute_dtype)

    def _power(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Return the power of each band (…, bands) of spectra (…, window / 2 + 1)."""
        return ops.square(real[..., 1:]) + ops.square(imaginary[..., 1:])

    def _windows(self, x: Tensor) -> Tensor:
        """Return overlapping windows of x (batch, channels, time): (…, frames, window)."""
        channels, time = x.shape[1:]
        frames, overlap = -(-time // self.hop), self.window // self.hop
        before = (self.window - self.hop) // 2
        after = (frames + overlap - 1) * self.hop - time - before
        padded = ops.pad(x, ((0, 0), (0, 0), (before, after)))
        hops = ops.reshape(padded, (-1, channels, frames + overlap - 1, self.hop))
        return ops.concatenate([hops[:, :, i : i + frames] for i in range(overlap)], axis=-1)

    def compute_output_shape(self, x_shape: Shape) -> Shape:
        batch, time, channels = x_shape
        return batch, -(-time // self.hop), channels * self.bands

    def get_config(self) -> dict[str, Any]:
        names = ("window", "hop", "scale")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register
class LogMel(LogSpectrogram):
    """The same with levels in mel bands.

    Args:
        rate: sample rate in Hz.
        window: samples in a window (Hann), a power of two.
        hop: samples from one window to the next, a divisor of `window`.
        bands: mel bands between 0 and rate / 2.
        scale: factor on the levels.

    Call arguments:
        x: (batch, time, channels) in -1…1.

    Returns:
        (batch, frames, channels × bands); frames = time / hop, rounded up.

    Raises:
        ValueError: the window is not a multiple of the hop.

    Example:
        >>> import numpy as np
        >>> from kwavegan import LogMel
        >>> layer = LogMel(rate=8000, window=256, hop=64, bands=16)
        >>> tuple(layer(np.zeros((2, 640, 1), "float32")).shape)
        (2, 10, 16)
    """

    def __init__(
        self, rate: int, window: int, hop: int, bands: int, scale: float = 1.0, **kwargs: Any
    ):
        super().__init__(window, hop, scale, **kwargs)
        self.rate, self.bands = rate, bands
        self.filters = mel_filters(MelSettings(rate, window, hop, bands)).T.astype("float32")

    def _power(self, real: Tensor, imaginary: Tensor) -> Tensor:
        return ops.matmul(ops.square(real) + ops.square(imaginary), self.filters)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "bands": self.bands}
