"""What a generator is made of, as numbers: filters, strides, hops and heads.

No Keras here, so that `kwavegan.player` plays the same networks without it.
"""

import math
from dataclasses import dataclass

from kwavegan.layers.tables import LINEAR_TO, OVERLAP
from kwavegan.networks.architecture import FRAMES, Architecture

# -- Transposed convolutions ----------------------------------------------------------------------


def upward_stages(a: Architecture) -> list[tuple[int, int]]:
    """Return stride and filters of each transposed convolution from 16 frames to the waveform."""
    stages = a.stages
    return list(zip(stages.strides, (a.channels, *stages.filters), strict=False))[::-1]


# -- The end --------------------------------------------------------------------------------------


def linear_to(a: Architecture) -> float:
    """Return up to where samples are left as they are; louder ones are bent by a tanh.

    The transposed convolutions of published networks bend all of them.
    """
    return LINEAR_TO if a.generator == "istft" else 0.0


# -- Frames ---------------------------------------------------------------------------------------

FRAME_WIDTHS = (16, 12, 8)
"""Times the width: filters of the first frames, and after each doubling; the last for the rest."""

FRAME_TAPS = 9


def hop_of(rate: int, length: int) -> int:
    """Return the samples between frames of sounds of `length` samples, a power of two.

    1/64 s, so that a window of four hops resolves the partials of a low voice; less where a sound
    would otherwise have fewer than 64 frames.
    """
    return 2 ** max(0, round(math.log2(min(rate, length) / 64)))


@dataclass(frozen=True)
class FramePlan:
    """The frames of a generator of frames, from the first to one a hop.

    Attributes:
        hop: samples between the last frames.
        first: frames before the first doubling, 16 to 32.
        filters: of the first frames, and after each doubling.

    Example:
        >>> from kwavegan import Architecture
        >>> from kwavegan.networks.plan import FramePlan
        >>> FramePlan.of(Architecture(41_472, num_labels=2, rate=44_100, width=16))
        FramePlan(hop=512, first=21, filters=(256, 192, 128))
    """

    hop: int
    first: int
    filters: tuple[int, ...]

    @property
    def frames(self) -> int:
        """Frames after the last doubling."""
        return self.first * 2 ** (len(self.filters) - 1)

    @classmethod
    def of(cls, a: Architecture) -> "FramePlan":
        """Return the fewest frames that hold a sound, doubled from `FRAMES` of them or a few more.

        Their number fits the sound: frames that would be cropped are not computed.
        """
        hop = hop_of(a.rate, a.length)
        frames = -(-a.length // hop)
        doublings = int(math.log2(frames / FRAMES))
        last = len(FRAME_WIDTHS) - 1
        filters = [FRAME_WIDTHS[min(stage, last)] * a.width for stage in range(doublings + 1)]
        return cls(hop, -(-frames // 2**doublings), tuple(filters))


# -- Windows of spectral critics ------------------------------------------------------------------

_SMALLEST, _LARGEST = 64, 1024
"""Limits of the middle window, in samples."""

_ATTACK_S = 0.002
"""Seconds that the shortest window may last: a sharp attack."""

_SHORTEST = 32
"""Samples that it may last at any rate: fewer have no bands to speak of."""


def spectral_windows(rate: int, length: int) -> tuple[int, int, int]:
    """Return the windows in which sounds of `length` samples are heard: short, middle and long.

    The shortest sees an attack of two milliseconds; the middle one has about as many bins as its
    sounds have frames.
    """
    longest = 2 ** int(math.log2(length))
    middle = 2 ** round(math.log2(math.sqrt(rate * length) / 32))
    middle = min(max(_SMALLEST, min(middle, _LARGEST)), longest)
    attack = max(_SHORTEST, 2 ** int(math.log2(rate * _ATTACK_S)))
    return min(middle // 8, attack), middle, min(4 * middle, longest)


# -- Heads: what is made of the last frames -------------------------------------------------------

NOISE_BANDS = 64
OSCILLATORS = 4
_LOG_SCALE = 3.0
"""Factor on what becomes a natural logarithm: Adam's steps are small beside decibels."""

_PITCH_SCALE = 2.0

_GATE_SCALE = 6.0
_OWN_GATE_SCALE = 2.0

# Noise leads at the start: the oscillators are 6 dB below it, and the tones 10, but for few that
# are as loud as the noise in their bins. Where tones lead, they are shaped into all there is to
# hear, noise included, and the noise is never taken up; where all are quiet, the tones are not.
_FIRST_NOISE = -1.0
_FIRST_OSCILLATORS = -3.0
_FIRST_TONES = -4.3
_FIRST_SPREAD = 1.5
_FIRST_GATE = 1.0

VARIATIONS = 2
"""Numbers of a latent's own that its levels vary by, such as how hard and how long it sounds."""

_FIRST_VARIATION = 0.25  # nepers each, so 3 dB together: recordings of a label differ by 3 to 9

_FIRST_VOICING = -1.0  # pulses 2 dB below the noise

PARTS = {"tones": "tone_levels", "noise": "noise_levels", "sweeps": "sweep_levels"}
"""What is summed to a sound, each behind a gate of its own, and the head of its levels."""


FRAME_RMS = 0.25
"""Limit of the root mean square of the last frames, from which the heads read."""


@dataclass(frozen=True)
class Head:
    """A dense layer from the last frames to what a part is made of: scale × output + offset.

    Attributes:
        units: values of a frame.
        scale: of the output.
        offset: added to it.
        shared: name of the head whose values, one or as many, are added as well: that of all parts.
    """

    units: int
    scale: float = 1.0
    offset: float = 0.0
    shared: str = ""


def openings_of(a: Architecture, hop: int) -> int:
    """Return the values of a gate in a frame: one for each of the critics' shortest windows.

    What is faster than these windows, the critics do not hear.
    """
    return max(1, hop // spectral_windows(a.rate, a.length)[0])


def heads_of(a: Architecture, hop: int) -> dict[str, Head]:
    """Return the heads of a generator of frames, by the name of their layer, shared ones first.

    What all parts are to do, the shared heads say: in the first steps of a training all is turned
    down at once, and where each part had a gate and a level for itself alone, one of them went
    too far by chance, and another took its place for good.
    """
    channels, bins = a.channels, OVERLAP * hop // 2
    openings, bands = openings_of(a, hop), min(NOISE_BANDS, bins)
    levels = {
        "tone_levels": (channels * bins, _FIRST_TONES),
        "noise_levels": (channels * bands, _FIRST_NOISE),
        "sweep_levels": (channels * OSCILLATORS, _FIRST_OSCILLATORS),
    }
    voicing = {
        "voicing": Head(1, _LOG_SCALE, _FIRST_VOICING),
        "voicing_in_bands": Head(channels * bands, 1.0, 0.0, "voicing"),
    }
    return {
        "loudness": Head(1, _LOG_SCALE),
        "openness": Head(openings, _GATE_SCALE, _FIRST_GATE),
        **{name: Head(n, _LOG_SCALE, first, "loudness") for name, (n, first) in levels.items()},
        **{f"{part}_openness": Head(openings, _OWN_GATE_SCALE, 0.0, "openness") for part in PARTS},
        "bins": Head(channels * 3 * bins),
        "tone_spreads": Head(channels, _LOG_SCALE, _FIRST_SPREAD),
        "pitches": Head(OSCILLATORS, _PITCH_SCALE),
        **(voicing if a.pitch else {}),
        **{f"{part}_variation": Head(VARIATIONS, 1.0, _FIRST_VARIATION) for part in PARTS},
    }
