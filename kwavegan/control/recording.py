"""One's own recording → a sound of a run's rate, channels and length."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kwavegan.audio import processing
from kwavegan.audio.problems import AudioError
from kwavegan.audio.soundfiles import load_sound
from kwavegan.config.settings import Config
from kwavegan.errors import InputError

_SHORTEST_S = 0.005
"""A shorter sound is a click, which says nothing of a spectrum."""


@dataclass(frozen=True)
class Recording:
    """A recording, ready to be compared.

    Attributes:
        path: the file.
        audio: (length, channels), float32, with a peak of 0.95; what is missing is silence.
        seconds: how long it sounds.
        compared: how many of them fit into a sound of the run.

    Example:
        >>> import kwavegan
        >>> from kwavegan.control import read_recording
        >>> config = kwavegan.load_pretrained("drums").config
        >>> read_recording("recordings/kick/00.wav", config).compared <= 16384 / 44100
        True
    """

    path: Path
    audio: np.ndarray
    seconds: float
    compared: float


def read_recording(path: str | Path, config: Config) -> Recording:
    """Read a recording of any rate, channels, level and length.

    Args:
        path: of an audio file.
        config: of the run that it is compared with.

    Raises:
        InputError: the file is no usable audio, silent, or shorter than 5 ms.

    Example:
        >>> import kwavegan
        >>> from kwavegan.control import read_recording
        >>> config = kwavegan.load_pretrained("drums").config
        >>> read_recording("recordings/kick/00.wav", config).audio.shape
        (16384, 1)
    """
    path = Path(path)
    try:
        sound = load_sound(path, config.rate, config.channels)
    except AudioError as error:
        raise InputError(f"{path}: {error.reason}") from error
    audio = processing.trim(sound.audio)
    peak = float(np.abs(audio).max(initial=0.0))
    if not 0 < peak < np.inf or peak < 3 * sound.step:
        why = "its channels cancel out" if sound.peak > 3 * sound.step else "it is silent"
        raise InputError(f"{path}: {why}; name a file with a sound in it")
    seconds = len(audio) / config.rate
    if seconds < _SHORTEST_S:
        raise InputError(f"{path}: is too short: {1000 * seconds:.1f} ms of sound, 5 are needed")
    ((_, clip),) = processing.fit(audio, config.length)
    compared = min(seconds, config.length / config.rate)
    return Recording(path, processing.normalize(clip, "peak"), seconds, compared)
