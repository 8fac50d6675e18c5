"""Audio that knows its sample rate, and plays in a notebook."""

import base64
import html
import io
from typing import Any

import numpy as np
import soundfile as sf

from kwavegan.audio.pcm import to_float

PLAYED = 12
"""Most sounds that a notebook shows players for."""


class Sounds(np.ndarray):
    """Sounds (n, length, channels) or one sound (length, channels), float32 in −1…1.

    A NumPy array in all respects; slices keep the rate. In a notebook it shows a player for each
    sound.

    Args:
        audio: (n, length, channels), or (length, channels): floats, or int16 of full scale 32768.
        rate: sample rate in Hz; None where it is not known.

    Example:
        >>> import numpy as np
        >>> from kwavegan import Sounds
        >>> sounds = Sounds(np.zeros((2, 800, 1), "float32"), rate=8000)
        >>> sounds[0].rate, sounds.seconds
        (8000, 0.1)
    """

    rate: int | None

    def __new__(cls, audio: Any, rate: int | None = None) -> "Sounds":
        sounds = to_float(np.asarray(audio)).view(cls)
        sounds.rate = rate
        return sounds

    def __array_finalize__(self, other: Any) -> None:
        self.rate = getattr(other, "rate", None)

    @property
    def seconds(self) -> float | None:
        """Duration of a sound; None without a rate."""
        return self.shape[-2] / self.rate if self.rate else None

    def _repr_html_(self) -> str | None:
        """Return players for a notebook; None, for the plain text, where they cannot be made."""
        if not self.rate or self.ndim not in (2, 3) or not self.size:
            return None
        sounds = self[None] if self.ndim == 2 else self
        sources = [f"data:audio/wav;base64,{self._wav(sound)}" for sound in sounds[:PLAYED]]
        players = [f'<audio controls preload="none" src="{source}"></audio>' for source in sources]
        hidden = len(sounds) - len(players)
        rest = f"<p>… and {hidden} more</p>" if hidden > 0 else ""
        title = html.escape(f"{len(sounds)} sounds of {self.seconds:.2f} s at {self.rate} Hz")
        return f"<div><p>{title}</p>{''.join(players)}{rest}</div>"

    def _wav(self, sound: np.ndarray) -> str:
        file = io.BytesIO()
        sf.write(file, np.clip(np.asarray(sound), -1, 1), self.rate, format="WAV", subtype="PCM_16")
        return base64.b64encode(file.getvalue()).decode("ascii")
