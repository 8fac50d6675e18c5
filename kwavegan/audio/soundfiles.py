"""Read and write whole audio files.

Audio is float32 (time, channels), nominally in [-1, 1], unless a function says otherwise.
"""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile as sf

from kwavegan.audio.decoding import open_audio
from kwavegan.audio.pcm import to_float, to_int16, to_int24
from kwavegan.audio.resampling import resampled_blocks
from kwavegan.errors import InputError
from kwavegan.storage.files import atomic

BLOCK = 1 << 20
"""Samples that are decoded at a time, over all channels: bounds the memory."""


def read_audio(path: str | Path) -> tuple[np.ndarray, int]:
    """Decode a whole file at its own rate.

    Returns:
        float32 (time, channels), and the sample rate in Hz.

    Raises:
        AudioError: the file does not open, is empty or truncated, holds NaN or infinity, or
            claims a sample rate outside `decoding.RATES`.

    Example:
        >>> from kwavegan.audio import read_audio
        >>> audio, rate = read_audio("recordings/kick/00.wav")
        >>> audio.shape, rate
        ((4096, 1), 16384)
    """
    with open_audio(path) as sound:
        return np.concatenate(list(sound.blocks(BLOCK // sound.channels))), sound.rate


def load_audio(
    path: str | Path,
    rate: int,
    channels: int = 1,
    need: int | None = None,
    block: int = BLOCK,
) -> np.ndarray:
    """Decode a file, mix it to `channels` and resample it to `rate` Hz.

    It decodes block by block, so that an hour-long recording takes no more memory than its result.

    Args:
        path: the file.
        rate: of the result, in Hz.
        channels: of the result, 1 or 2.
        need: decoding stops after this many samples of the result: at least `need` come back
            unless the file is shorter, and damage further on goes unnoticed. None for all.
        block: samples that are decoded at a time, over all channels.

    Returns:
        float32 (time, channels).

    Raises:
        AudioError: as `read_audio`.

    Example:
        >>> from kwavegan.audio import load_audio
        >>> load_audio("recordings/kick/00.wav", rate=8192, channels=2).shape
        (2048, 2)
    """
    return load_sound(path, rate, channels, need, block).audio


@dataclass(frozen=True)
class LoadedSound:
    """A file's sound, and what `prepare` has to say of it.

    Attributes:
        audio: float32 (time, channels).
        step: the smallest step between two samples of the file.
        peak: the largest sample of any of the file's channels.
        notes: those of `AudioFile`, and "mixed" where more than two channels became fewer.
    """

    audio: np.ndarray
    step: float
    peak: float
    notes: tuple[str, ...]


def load_sound(
    path: str | Path,
    rate: int,
    channels: int = 1,
    need: int | None = None,
    block: int = BLOCK,
) -> LoadedSound:
    """Decode, mix and resample a file as `load_audio` does, and tell more about it."""
    with open_audio(path) as sound:
        ratio = sound.rate / rate
        size = max(1, block // sound.channels)
        if need is not None:
            # Slightly more than `need`: the resampler's filter delays its output.
            size = min(size, math.ceil(need * ratio) + math.ceil(4096 * max(1.0, ratio)))
        parts: list[np.ndarray] = []
        done, peaks = 0, [0.0]

        def blocks(size: int) -> Iterator[np.ndarray]:
            for piece in sound.blocks(size):
                peaks.append(max(float(piece.max()), -float(piece.min())))
                yield piece

        for part in resampled_blocks(replace(sound, blocks=blocks), rate, channels, size):
            parts.append(part)
            done += len(part)
            if need is not None and done >= need:
                break
        notes = (*sound.notes, *["mixed"] * (sound.channels > max(2, channels)))
        audio = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return LoadedSound(audio, sound.step, max(peaks), tuple(dict.fromkeys(notes)))


_FAR = 100.0
"""Floats that reach this were meant for another full scale, and not to be clipped."""

SUBTYPES = {16: "PCM_16", 24: "PCM_24", 32: "FLOAT"}
"""What a sample is in a WAV file, by its bits."""


def write_wav(path: str | Path, audio: np.ndarray, rate: int, bits: int = 16) -> None:
    """Write a WAV file atomically: it appears whole, or not at all.

    Args:
        path: of the file; missing folders are made.
        audio: (time,) or (time, channels): float in [-1, 1], clipped outside, or int16.
        rate: sample rate in Hz.
        bits: of a sample: 16 or 24, integers, or 32, floats.

    Raises:
        InputError: other integers, floats far beyond full scale, a full disk, or a folder that is
            not writable.

    Example:
        >>> import numpy as np
        >>> from kwavegan.audio import read_audio, write_wav
        >>> write_wav("sounds/silence.wav", np.zeros(4096), rate=16384)
        >>> read_audio("sounds/silence.wav")[0].shape
        (4096, 1)
    """
    with atomic(path) as partial:
        write_wav_in_place(partial, audio, rate, bits)


def write_wav_in_place(path: Path, audio: np.ndarray, rate: int, bits: int = 16) -> None:
    """Write as `write_wav` does, but not atomically: for a folder that is still partial itself."""
    # Integers are rounded here, and thus exact both ways: libsndfile would cut them off.
    convert = {16: to_int16, 24: to_int24, 32: _within_full_scale}[bits]
    samples = audio if audio.dtype == np.int16 else convert(_checked(audio))
    encoded = io.BytesIO()
    sf.write(encoded, samples, rate, format="WAV", subtype=SUBTYPES[bits])
    # Not by libsndfile: it says nothing of a write that fails, and leaves a part of the sound.
    path.write_bytes(encoded.getbuffer())


def _checked(audio: np.ndarray) -> np.ndarray:
    if audio.dtype.kind != "f":
        to_float(audio)  # raises
    peak = float(np.abs(audio).max(initial=0.0))
    if peak > _FAR:
        raise InputError(
            f"audio reaches {peak:.4g}, and must lie in -1…1; divide it by its full scale"
            " (32768 for 16-bit audio)"
        )
    return audio


def _within_full_scale(audio: np.ndarray) -> np.ndarray:
    return np.clip(audio, -1.0, 1.0)
