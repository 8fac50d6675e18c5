"""What a run's settings take from the sounds that it trains on."""

from typing import Protocol

from kwavegan.errors import setting

UNEVEN = 7.5
"""Spread of levels within a label, in dB, above which critics hear loudness apart by default.

Ten spoken digits of 60 speakers have 9.2 dB and gain by it; one-shots of drums have 6.2, the
built-in drums 3.8, two words of many speakers 3.5 (docs/experiments.md).
"""

UNEVEN_LOUDNESS = 3.0
"""`Config.loudness` of such sets."""


class SoundSet(Protocol):
    """What a run's settings take from its dataset; see `kwavegan.data.dataset.Dataset`."""

    @property
    def spelled(self) -> str:
        """The folder that the user gave."""

    @property
    def rate(self) -> int:
        """Sample rate in Hz."""

    @property
    def length(self) -> int:
        """Samples in a sound."""

    @property
    def channels(self) -> int:
        """1 or 2."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names in index order."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """What the parts of a label say; () for a label as a whole."""

    @property
    def level_spread(self) -> float:
        """Standard deviation of the levels within a label, in dB."""

    @property
    def voice_pitch(self) -> float:
        """Median pitch of voices in Hz; 0 where most sounds have none."""

    def require_labels(self) -> None:
        """Raise an `InputError` where there are fewer than two labels, or one has no sounds."""


def auto_width(length: int) -> int:
    """The width that goes with a length: the dissertation's d, where `Config.width` is 0.

    16 at 1,024 samples, 32 at 4,096 and 64 at 16,384 (Hill 2018, F.1; Donahue et al. 2018,
    appendix D); a length between counts as the one with as many layers of stride 4, so up to
    2,048 and up to 8,192; never more than 64.
    """
    if length <= 2_048:
        return 16
    return 32 if length <= 8_192 else 64


def suited_loudness(level_spread: float) -> float:
    """Return the `loudness` that suits sounds whose levels within a label differ so much, in dB.

    Example:
        >>> from kwavegan.config.sound_set import suited_loudness
        >>> suited_loudness(3.5), suited_loudness(9.2)
        (0.0, 3.0)
    """
    return UNEVEN_LOUDNESS if level_spread > UNEVEN else 0.0


class Suited(Protocol):
    """What is left to a set's sounds where it is below 0; see `kwavegan.Config`."""

    @property
    def loudness(self) -> float:
        """`Config.loudness`."""

    @property
    def pitch(self) -> float:
        """`Config.pitch`."""


def remarks_on(asked: Suited, taken: Suited, dataset: SoundSet) -> list[str]:
    """Return a line for each setting that the sounds decided, and not as it mostly is.

    Args:
        asked: the settings as the user gave them.
        taken: those for the data.
        dataset: the data.
    """
    loudness = remark_on_loudness(asked.loudness, taken.loudness, dataset.level_spread)
    return list(filter(None, (loudness, remark_on_pitch(asked.pitch, taken.pitch))))


def remark_on_loudness(asked: float, taken: float, level_spread: float) -> str:
    """Return a line where critics hear loudness apart and nobody asked for it, else nothing.

    Args:
        asked: `Config.loudness` as the user gave it, below 0 where it is left to the data.
        taken: `Config.loudness` for the data.
        level_spread: of the data, in dB.

    Example:
        >>> from kwavegan.config.sound_set import remark_on_loudness
        >>> remark_on_loudness(-1.0, 3.0, 9.2)[:45]
        'levels within a label differ by 9 dB: critics'
        >>> remark_on_loudness(3.0, 3.0, 9.2)
        ''
    """
    if not asked < 0 < taken:
        return ""
    return (
        f"levels within a label differ by {level_spread:.0f} dB: critics hear loudness apart "
        f"({setting('loudness')} {taken:g})"
    )


def remark_on_pitch(asked: float, taken: float) -> str:
    """Return a line where sounds were found to have a voice, else nothing.

    Args:
        asked: `Config.pitch` as the user gave it, below 0 where it is left to the data.
        taken: `Config.pitch` for the data.

    Example:
        >>> from kwavegan.config.sound_set import remark_on_pitch
        >>> remark_on_pitch(-1.0, 125.0)[:51]
        'most sounds have a voice, at 125 Hz: the generator '
        >>> remark_on_pitch(-1.0, 0.0)
        ''
    """
    if not asked < 0 < taken:
        return ""
    return (
        f"most sounds have a voice, at {taken:.0f} Hz: the generator is given one "
        f"({setting('pitch')} {taken:g})"
    )
