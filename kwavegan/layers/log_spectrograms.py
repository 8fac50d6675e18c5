"""Log spectrograms as Keras layers: the input of a spectral critic."""

import math
from typing import Any

import keras
from keras import ops

from kwavegan.audio.mel import MelSettings, level_taper, mel_filters
from kwavegan.backend.serialization import register
from kwavegan.types import Shape, Tensor

POWER_FLOOR = 1e-6
"""Power that is added in every band by default: 60 dB below a sine of full scale."""

COMMON_RMS = 0.25
"""Root mean square to which a sound is brought where its loudness is a band of its own."""

QUIETEST = 1e-7
"""Power that is added to a sound's own: at -70 dB silence begins, which no gain makes loud."""


@register
class LogSpectrogram(keras.layers.Layer):
    """Turn audio into a spectrogram with a level for every bin, and a soft floor.

    Levels are `scale` times the logarithm to base 10 of the amplitude above the floor: 0 for
    silence, 3 × `scale` for a sine of full scale where the floor is 60 dB lower. Unlike
    `keras.layers.MelSpectrogram`, whose gradient at digital silence is NaN (Keras 3.15), it can be
    differentiated anywhere. It has no weights.

    With `loudness` above 0 each sound is first brought to one loudness, `COMMON_RMS`, and its own
    is one band more, the same in every frame. A floor at a fixed level hides most of a quiet sound,
    so that quiet sounds are easier to imitate, and a generator makes too many of them.

    Args:
        window: samples in a window (Hann), a power of two.
        hop: samples from one window to the next, a divisor of `window`.
        scale: factor on the levels.
        loudness: factor on the band of the sound's loudness; 0 for levels as they are, without it.
        floor: power that is added in every band; that of a sine of full scale is 1.

    Call arguments:
        x: (batch, time, channels) in -1…1.

    Returns:
        (batch, frames, channels × window / 2), no bin at 0 Hz, and with `loudness` one more; frames
        = time / hop, rounded up.

    Raises:
        ValueError: the window is not a multiple of the hop, or the floor is not positive.

    Example:
        >>> import numpy as np
        >>> from kwavegan.layers import LogSpectrogram
        >>> silence = np.zeros((2, 640, 1), "float32")
        >>> tuple(LogSpectrogram(window=256, hop=64)(silence).shape)
        (2, 10, 128)
        >>> tuple(LogSpectrogram(window=256, hop=64, loudness=3.0)(silence).shape)
        (2, 10, 129)
    """

    def __init__(
        self,
        window: int,
        hop: int,
        scale: float = 1.0,
        loudness: float = 0.0,
        floor: float = POWER_FLOOR,
        **kwargs: Any,
    ):
        # The logarithm of a power wants float32, whatever the layer hands on.
        super().__init__(autocast=False, **kwargs)
        if hop < 1 or window % hop:
            raise ValueError(
                f"{type(self).__name__}: window must be a multiple of hop; got {window} and {hop}"
            )
        if floor <= 0:
            raise ValueError(f"{type(self).__name__}: floor must be positive; got {floor}")
        self.window, self.hop, self.scale, self.loudness = window, hop, scale, loudness
        self.floor = floor
        self.taper = level_taper(window)
        self.bands = window // 2

    def call(self, x: Tensor) -> Tensor:
        x = ops.cast(x, "float32")
        if not self.loudness:
            return ops.cast(self._levels(x), self.compute_dtype)
        power = ops.mean(ops.square(x), axis=(1, 2), keepdims=True) + QUIETEST
        levels = self._levels(x * (COMMON_RMS * ops.rsqrt(power)))
        own = self.loudness * self._level(power, QUIETEST)
        own = ops.broadcast_to(own, (ops.shape(x)[0], levels.shape[1], 1))
        return ops.cast(ops.concatenate([levels, own], axis=-1), self.compute_dtype)

    def _levels(self, x: Tensor) -> Tensor:
        """Return the levels (batch, frames, channels × bands) of audio."""
        windows = self._windows(ops.transpose(x, (0, 2, 1)))
        power = self._power(*ops.rfft(ops.multiply(windows, self.taper)))
        levels = ops.transpose(self._level(power + self.floor, self.floor), (0, 2, 1, 3))
        return ops.reshape(levels, (-1, levels.shape[1], levels.shape[2] * self.bands))

    def _level(self, power: Tensor, floor: float) -> Tensor:
        """Return `scale` times the logarithm to base 10 of the amplitude above the floor."""
        return (ops.log(power) - math.log(floor)) * (self.scale / math.log(100))

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
        return batch, -(-time // self.hop), channels * self.bands + bool(self.loudness)

    def get_config(self) -> dict[str, Any]:
        names = ("window", "hop", "scale", "loudness", "floor")
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
        loudness: factor on the band of the sound's loudness; 0 for levels as they are, without it.
        floor: power that is added in every band; that of a sine of full scale is 1.

    Call arguments:
        x: (batch, time, channels) in -1…1.

    Returns:
        (batch, frames, channels × bands), with `loudness` one more; frames = time / hop, rounded
        up.

    Raises:
        ValueError: the window is not a multiple of the hop, or the floor is not positive.

    Example:
        >>> import numpy as np
        >>> from kwavegan import LogMel
        >>> layer = LogMel(rate=8000, window=256, hop=64, bands=16)
        >>> tuple(layer(np.zeros((2, 640, 1), "float32")).shape)
        (2, 10, 16)
    """

    def __init__(
        self,
        rate: int,
        window: int,
        hop: int,
        bands: int,
        scale: float = 1.0,
        loudness: float = 0.0,
        floor: float = POWER_FLOOR,
        **kwargs: Any,
    ):
        super().__init__(window, hop, scale, loudness, floor, **kwargs)
        self.rate, self.bands = rate, bands
        self.filters = mel_filters(MelSettings(rate, window, hop, bands)).T.astype("float32")

    def _power(self, real: Tensor, imaginary: Tensor) -> Tensor:
        return ops.matmul(ops.square(real) + ops.square(imaginary), self.filters)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "bands": self.bands}
