"""PCM ↔ float samples."""

import numpy as np

from kwavegan.errors import InputError


def to_int16(audio: np.ndarray) -> np.ndarray:
    """Convert floats to int16: times 32,768, rounded, and clipped outside [-1, 1).

    `to_float` gives every int16 back exactly.
    """
    scaled = audio * np.float32(32768)
    np.rint(scaled, out=scaled)
    return np.clip(scaled, -32768, 32767, out=scaled).astype(np.int16)


def to_int24(audio: np.ndarray) -> np.ndarray:
    """Convert floats to the upper 24 bits of int32, as libsndfile takes them for PCM_24."""
    scaled = np.rint(np.asarray(audio, "float64") * 2.0**23)
    return np.clip(scaled, -(2.0**23), 2.0**23 - 1).astype(np.int32) << 8


def to_float(audio: np.ndarray) -> np.ndarray:
    """Convert int16 to float32 in [-1, 1): divided by 32,768. Floats come back as float32.

    Raises:
        InputError: other integers, whose full scale is not known.
    """
    if audio.dtype == np.int16:
        return np.multiply(audio, np.float32(1 / 32768), dtype=np.float32)
    if audio.dtype.kind != "f":
        raise InputError(
            f"audio is {audio.dtype}; give floats in -1…1 (divide it by its full scale) or int16"
        )
    return audio.astype(np.float32, copy=False)
