"""How alike two sounds are: their spectra, their course in time and their texture, side by side.

Sounds are compared from their onset and at one level, so that a recording is like a sound that
begins later or is quieter. What lies 60 dB below the loudest does not count.
"""

from dataclasses import dataclass

import numpy as np

from kwavegan.audio.mel import MelSettings, bands_of, log_mel, mel_settings

_ONSET = 0.1
"""Of the peak: a sound begins where it first reaches that."""

_BEFORE_S = 0.004
"""Seconds before the onset that are compared too."""

_RANGE_DB = 60.0

_SHORT_S = 0.006
"""Window of the spectrogram that shows the course in time, to a few milliseconds."""

_SHORT_BANDS = 20

_CHUNK = 64
"""Sounds compared at a time: bounds the memory."""

_SHARES = {"spectrum": 0.5, "course": 0.25, "texture": 0.25}
"""Of the squared distance: long windows, short windows, and how the short ones fluctuate."""


@dataclass(frozen=True)
class Likeness:
    """Compares sounds of one rate and length; `Likeness.of` makes one.

    Attributes:
        long, short: the spectrograms, of good resolution in frequency, and in time.

    Example:
        >>> import kwavegan
        >>> from kwavegan.control import Likeness
        >>> drums = kwavegan.load_pretrained("drums")
        >>> likeness = Likeness.of(drums.rate, drums.config.length)
        >>> kick, other, hat = (
        ...     likeness.features(drums.generate(label, seed=seed))[0]
        ...     for label, seed in (("kick", 0), ("kick", 1), ("closed-hat", 0))
        ... )
        >>> bool(likeness.distances(kick, other) < likeness.distances(kick, hat))
        True
    """

    long: MelSettings
    short: MelSettings

    @classmethod
    def of(cls, rate: int, length: int) -> "Likeness":
        """Return the comparison of sounds of a rate in Hz and a length in samples."""
        long = mel_settings(rate, length)
        hop = max(long.hop, long.window // 4)
        window = max(16, min(2 ** round(np.log2(rate * _SHORT_S)), long.window))
        bands = bands_of(rate, window, _SHORT_BANDS)
        return cls(
            MelSettings(rate, long.window, hop, long.bands),
            MelSettings(rate, window, window // 2, bands),
        )

    def features(self, sounds: np.ndarray) -> np.ndarray:
        """Return rows of numbers whose Euclidean distance is that of the sounds.

        Args:
            sounds: (n, length, channels) in −1…1, of any level.

        Returns:
            (n, features), float32; a distance of 1 is a root mean square of 1 dB.
        """
        starts = range(0, len(sounds), _CHUNK)
        return np.concatenate([self._features(sounds[i : i + _CHUNK]) for i in starts])

    def _features(self, sounds: np.ndarray) -> np.ndarray:
        aligned = _aligned(np.asarray(sounds, "float32"), self.long.rate)
        long, short = (_levels(aligned, each) for each in (self.long, self.short))
        parts = {"spectrum": long, "course": short, "texture": _texture(short)}
        rows = []
        for name, values in parts.items():
            flat = values.reshape(len(values), -1)
            rows.append(flat * np.sqrt(_SHARES[name] / max(flat.shape[1], 1)))
        return np.concatenate(rows, axis=1).astype("float32")

    @staticmethod
    def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the distances of features (…, features) in dB, (…)."""
        return np.sqrt(np.square(a - b).sum(axis=-1))


def _aligned(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Return sounds moved to begin at their onsets, and scaled to one energy; silence stays."""
    before, length = round(_BEFORE_S * rate), sounds.shape[1]
    level = np.abs(sounds).max(axis=2)
    onsets = (level >= _ONSET * level.max(axis=1, keepdims=True)).argmax(axis=1)
    padded = np.pad(sounds, ((0, 0), (before, length), (0, 0)))
    places = onsets[:, None] + np.arange(length)
    moved = np.take_along_axis(padded, places[:, :, None], axis=1)
    energy = np.einsum("nlc,nlc->n", moved, moved, dtype="float64")
    scale = np.sqrt(rate / np.maximum(energy, 1e-20) / 1000)
    return moved * np.minimum(scale, 1e6).astype("float32")[:, None, None]


def _levels(sounds: np.ndarray, mel: MelSettings) -> np.ndarray:
    """Return spectrograms (n, frames, bands, channels) in dB, no lower than is heard."""
    levels = log_mel(sounds, mel)
    loudest = levels.max(axis=(1, 2, 3), keepdims=True)
    return np.maximum(levels, loudest - _RANGE_DB)


def _texture(levels: np.ndarray) -> np.ndarray:
    """Return mean and fluctuation of each band, and its mean step from frame to frame.

    They do not depend on when a band of noise is loud, after McDermott & Simoncelli 2011.
    """
    steps = np.abs(np.diff(levels, axis=1)) if levels.shape[1] > 1 else np.zeros_like(levels)
    return np.stack([levels.mean(axis=1), levels.std(axis=1), steps.mean(axis=1)], axis=1)
