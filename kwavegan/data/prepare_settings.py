"""The settings of a preparation, and the part of them that decides the samples of a clip."""

from dataclasses import asdict, dataclass, fields

from kwavegan.audio.decoding import RATES
from kwavegan.audio.processing import FITS, NORMALIZATIONS
from kwavegan.data.label_table import TableLabels
from kwavegan.data.labelling import FolderLabels, Labelling, PatternLabels
from kwavegan.errors import InputError, setting

DTYPES = ("int16", "float32")


@dataclass(frozen=True)
class ClipSettings:
    """What decides the samples of a clip: equal settings give equal clips.

    Where rate, length or channels are None, `prepare` takes what suits the folder; see
    `kwavegan.data.survey`.

    Attributes:
        rate: sample rate in Hz, within `kwavegan.audio.decoding.RATES`.
        length: samples in a clip.
        channels: 1 or 2.
        fit: "pad", "crop" or "slice"; see `kwavegan.audio.processing.fit`.
        overlap: the part of a slice that the next one repeats, in [0, 1).
        trim: whether silence at both ends is removed first.
        cut: whether a file is a recording of many sounds, cut first into a piece for each; see
            `kwavegan.audio.cutting`.
        normalize: "none", "peak" or "rms"; see `kwavegan.audio.processing.normalize`.
        dtype: of the arrays, "int16" or "float32".

    Raises:
        InputError: a value out of range.
    """

    rate: int | None = None
    length: int | None = None
    channels: int | None = None
    fit: str = "pad"
    overlap: float = 0.0
    trim: bool = False
    cut: bool = False
    normalize: str = "none"
    dtype: str = "int16"

    def __post_init__(self) -> None:
        low, high = RATES
        if self.rate is not None:
            within = low <= self.rate <= high
            _require(within, "rate", f"{self.rate} is not within {low} to {high} Hz")
        if self.length is not None:
            _require(self.length >= 1, "length", "must be at least 1 sample")
        _require(self.channels in (None, 1, 2), "channels", f"{self.channels} is not 1 or 2")
        for name, value, allowed in (
            ("fit", self.fit, FITS),
            ("normalize", self.normalize, NORMALIZATIONS),
            ("dtype", self.dtype, DTYPES),
        ):
            _require(value in allowed, name, f"{value!r} is not one of {', '.join(allowed)}")
        _require(0 <= self.overlap < 1, "overlap", f"{self.overlap} is not within 0 and 1")
        alone = bool(self.overlap) and self.fit != "slice"
        _require(not alone, "overlap", f"is for slices; give {setting('fit', 'slice')} too")
        twice = self.cut and self.trim
        _require(not twice, "trim", f"{setting('cut')} does that itself; leave it out")

    @property
    def is_open(self) -> bool:
        """Whether rate, length or channels are left to the folder."""
        return None in (self.rate, self.length, self.channels)

    @property
    def decided(self) -> tuple[int, int, int]:
        """Rate, length and channels, where none of them is left to the folder.

        Raises:
            ValueError: one of them is None.
        """
        if self.rate is None or self.length is None or self.channels is None:
            raise ValueError(f"rate, length or channels are not decided yet: {self}")
        return self.rate, self.length, self.channels

    @property
    def shape(self) -> tuple[int, int]:
        """Length and channels of a clip; see `decided`."""
        return self.decided[1:]

    @property
    def seconds(self) -> float:
        """Duration of a clip; see `decided`."""
        rate, length, _ = self.decided
        return length / rate


@dataclass(frozen=True)
class PrepareSettings(ClipSettings):
    """How `prepare` turns a folder of audio into arrays: clips as in `ClipSettings`, and splits.

    Attributes:
        labels: labels to take, in index order; None for all, sorted.
        labels_from: a CSV file that says the label of each sound, instead of its folder; see
            `kwavegan.data.label_table`.
        label_pattern: a pattern of the files' names that says it; see
            `kwavegan.data.labelling.PatternLabels`.
        attributes: the columns of `labels_from` to take, or without it what each level of folders
            says, from the top. Of several, a label is a combination: `kick/hard`.
        validation: per cent of file names (of speakers) for validation.
        test: per cent for the test; both together stay below 100.
        lists: split by Speech Commands' `validation_list.txt` and `testing_list.txt` instead.
        strict: stop at the first unusable file, instead of leaving it out.

    Raises:
        InputError: a value out of range.

    Example:
        >>> from kwavegan import PrepareSettings
        >>> PrepareSettings(rate=22050, length=11025, channels=1, normalize="peak").seconds
        0.5
        >>> PrepareSettings(fit="squeeze")
        Traceback (most recent call last):
        kwavegan.errors.InputError: fit: 'squeeze' is not one of pad, crop, slice
    """

    labels: tuple[str, ...] | None = None
    validation: float = 5.0
    test: float = 20.0
    lists: bool = False
    strict: bool = False
    labels_from: str | None = None
    label_pattern: str | None = None
    attributes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        low, total = min(self.validation, self.test), self.validation + self.test
        _require(
            low >= 0 and total < 100,
            "validation",
            "the percentages for validation and test must not be negative, and stay below 100"
            " together",
        )
        if self.labels is not None:
            object.__setattr__(self, "labels", tuple(self.labels))
            _require(bool(self.labels), "labels", "names no label")
        if self.attributes is not None:
            object.__setattr__(self, "attributes", tuple(self.attributes))
            _require(bool(self.attributes), "attributes", "names no attribute")
        if self.labels_from is not None:
            object.__setattr__(self, "labels_from", str(self.labels_from))
        if self.label_pattern is not None:
            for name in ("labels_from", "attributes"):
                complaint = f"says the labels itself; leave {setting(name)} out, or this"
                _require(not getattr(self, name), "label_pattern", complaint)

    @property
    def labelling(self) -> Labelling | None:
        """What tells the label of a file; None for its folder alone.

        Raises:
            InputError: the table or the pattern is of no use.
        """
        if self.labels_from is not None:
            return TableLabels(self.labels_from, self.attributes or ())
        if self.label_pattern is not None:
            return PatternLabels(self.label_pattern)
        return FolderLabels(self.attributes) if self.attributes else None

    @property
    def stored(self) -> dict[str, object]:
        """What changes a prepared folder: older settings, and what is given of newer ones."""
        newer = ("labels_from", "label_pattern", "attributes")
        values = {name: value for name, value in asdict(self).items() if name != "strict"}
        return {n: v for n, v in values.items() if n not in newer or v is not None}

    @property
    def clips(self) -> ClipSettings:
        """The part that decides the samples of a clip."""
        return ClipSettings(**{f.name: getattr(self, f.name) for f in fields(ClipSettings)})


def _require(holds: bool, name: str, complaint: str) -> None:
    if not holds:
        raise InputError(f"{setting(name)}: {complaint}")
