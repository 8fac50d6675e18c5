"""What a generator is made of, as numbers: filters, strides, hops and heads.

No Keras here, so that `kwavegan.player` plays the same networks without it.
"""

import math
from dataclasses import dataclass

from kwavegan.layers.tables import OVERLAP
from kwavegan.networks.architecture import FRAMES, Architecture

# -- Transposed convolutions ----------------------------------------------------------------------


def upward_stages(a: Architecture) -> list[tuple[int, int]]:
    """Return stride and filters of each transposed convolution from 16 frames to the waveform."""
    stages = a.stages
    return list(zip(stages.strides, (a.channels, *stages.filters), strict=False))[::-1]


# -- Frames ---------------------------------------------------------------------------------------

FRAME_WIDTHS = (16, 12, 8)
"""Times the width: filters of 16 frames, of 32, and of 64 or more, in a generator of frames."""

FRAME_TAPS = 9


def hop_of(rate: int, length: int) -> int:
    """Return the samples between frames of sounds of `length` samples, a power of two.

    1/64 s, so that a window of four hops resolves the partials of a low voice; less where a sound
    would otherwise have fewer than 64 frames.
    """
    return 2 ** max(0, round(math.log2(min(rate, length) / 64)))


def frame_filters(a: Architecture) -> list[int]:
    """Return the filters of 16 frames, and after each doubling until there is a frame a hop."""
    doublings, hop = 0, hop_of(a.rate, a.stages.length)
    while FRAMES * 2**doublings * hop < a.stages.length:
        doublings += 1
    last = len(FRAME_WIDTHS) - 1
    return [FRAME_WIDTHS[min(stage, last)] * a.width for stage in range(doublings + 1)]


# -- Heads: what is made of the last frames -------------------------------------------------------

NOISE_BANDS = 64
OSCILLATORS = 4
_LOG_SCALE = 3.0
"""Factor on what becomes a natural logarithm: Adam's steps are small beside decibels."""

_PITCH_SCALE = 2.0

_GATE_SCALE = 6.0

# Noise leads at the start, by 17 dB over the oscillators and 20 over the bins. Where tones lead,
# they are shaped into all there is to hear, noise included, and the noise is never taken up.
_FIRST_NOISE = -1.0
_FIRST_OSCILLATORS = -3.0
TONES_SCALE = 0.1
_FIRST_GATE = 1.0

PARTS = ("tones", "noise", "sweeps")
"""What is summed to a sound, each behind a gate of its own."""


@dataclass(frozen=True)
class Head:
    """A dense layer from the last frames to what a part is made of: scale × output + offset."""

    units: int
    scale: float = 1.0
    offset: float = 0.0


def heads_of(channels: int, hop: int) -> dict[str, Head]:
    """Return the heads of a generator of frames, by the name of their layer."""
    bins = OVERLAP * hop // 2
    bands = min(NOISE_BANDS, bins)
    return {
        "bins": Head(channels * 3 * bins),
        "noise_levels": Head(channels * bands, _LOG_SCALE, _FIRST_NOISE),
        "pitches": Head(OSCILLATORS, _PITCH_SCALE),
        "sweep_levels": Head(channels * OSCILLATORS, _LOG_SCALE, _FIRST_OSCILLATORS),
        **{f"{part}_openness": Head(1, _GATE_SCALE, _FIRST_GATE) for part in PARTS},
    }
