"""What the two networks are made of, at any length and width.

A network of the tables has stages of stride 4 between 16 frames and the waveform: 1,024 samples
take three, 4,096 four, 16,384 five (Donahue et al. 2018, appendix D; Hill 2018, appendix C). Twice
such a length takes one more stage of stride 2 at the 16-frame end; any other length is generated at
the next such length and cropped, and padded with silence before the discriminator.
"""

from dataclasses import dataclass

from kwavegan.errors import InputError, require_choice, setting
from kwavegan.layers.codes import count_attributes, count_values
from kwavegan.types import Codes

FRAMES = 16
STRIDE = 4
TAPS = 25
SHORTEST, LONGEST = 64, FRAMES * STRIDE**8
MODELS = ("wgan", "cwgan", "acgan")
CONDITIONINGS = ("gate", "concat", "learned")
GENERATORS = ("istft", "waveform", "dissertation")
CRITICS = ("waveform", "spectral", "both")


LOWEST_PITCH, HIGHEST_PITCH = 40.0, 1000.0
"""Limits of the median pitch of a voice, in Hz."""


@dataclass(frozen=True)
class Stages:
    """The strided layers between the waveform and the 16 frames at the deep end.

    Example:
        >>> from kwavegan.networks import Stages
        >>> Stages.of(4096, width=32).filters
        (32, 64, 128, 256)
    """

    length: int
    """Samples between both ends: 16·4ⁿ or 32·4ⁿ, at least as many as asked for."""
    strides: tuple[int, ...]
    """From the waveform to the deep end."""
    filters: tuple[int, ...]
    """Filters after each of `strides`, in the discriminator's direction."""

    @classmethod
    def of(cls, length: int, width: int) -> "Stages":
        """Return the fewest stages that reach `length` samples; the first layer has `width`."""
        count = 1
        while 2 * FRAMES * STRIDE**count < length:
            count += 1
        filters = tuple(width * 2**stage for stage in range(count))
        if length <= FRAMES * STRIDE**count:
            return cls(FRAMES * STRIDE**count, (STRIDE,) * count, filters)
        strides = ((STRIDE,) * count) + (2,)
        return cls(2 * FRAMES * STRIDE**count, strides, (*filters, filters[-1]))


@dataclass(frozen=True)
class Architecture:
    """What two networks are made of.

    Args:
        length: samples of a sound, 64 … 1,048,576.
        channels: 1 (mono) or 2 (stereo).
        num_labels: number of labels; 0 for `wgan`, at least 2 for the others.
        model: `"wgan"` (tables 2 and 3), `"cwgan"` (4 and 5) or `"acgan"` (6 and 7).
        conditioning: how the label enters `cwgan`'s discriminator: `"gate"` (the waveform times
            the label planes), `"concat"` (constant planes beside it) or `"learned"` planes.
        generator: `"istft"` makes frames, and of them noise, tones and sweeps, with inverse
            short-time Fourier transforms and oscillators; `"waveform"` has the transposed
            convolutions of the tables; both concatenate a label embedding to the latent.
            `"dissertation"` is tables 5 and 7 as printed: the one-hot label beside 16 frames'
            worth of units before one large transposed convolution.
        width: filters of the layer next to the waveform, the tables' d.
        latent_dim: dimensions of a latent.
        label_embedding: dimensions of the label embedding of the first two generators.
        phase_shuffle: largest shift between the discriminator's layers, in samples; 0 for none.
        critic: input of the discriminator: `"waveform"`, the samples (the tables); `"spectral"`,
            spectrograms of them at three resolutions; or `"both"`, whose scores are added.
        rate: sample rate in Hz; mel bands and the generator's frames depend on it.
        waveform_scale: factor on the samples, with `"both"`; a larger one lets the waveform critic
            react more sharply under the same penalty.
        spectral_scale: the same for the levels of the spectrograms.
        loudness: above 0, spectral critics hear each sound at one loudness, and its own as a band
            more, times this factor; 0 for levels as they are.
        pitch: above 0, the noise shares its bands with pulses whose pitch is born with the latent,
            around this median in Hz: voices. 0 for none.
        codes: of labels with several attributes, such as instrument and velocity: for each label
            the number of each of its values, where the values of all attributes are numbered in a
            row. Then networks learn of values, and of a combination that no sound has from its
            values; () where labels are whole.

    Raises:
        InputError: a value out of range, or a combination that cannot be built.

    Example:
        >>> from kwavegan import Architecture
        >>> Architecture(4096, num_labels=3, model="acgan", critic="waveform").stages.strides
        (4, 4, 4, 4)
    """

    length: int
    channels: int = 1
    num_labels: int = 0
    model: str = "cwgan"
    conditioning: str = "gate"
    generator: str = "istft"
    width: int = 16
    latent_dim: int = 100
    label_embedding: int = 16
    phase_shuffle: int = 2
    critic: str = "spectral"
    rate: int = 16_000
    waveform_scale: float = 0.2
    spectral_scale: float = 0.1
    loudness: float = 0.0
    pitch: float = 0.0
    codes: Codes = ()

    def __post_init__(self) -> None:
        _check(self)

    @property
    def stages(self) -> Stages:
        """The strided layers of a waveform network."""
        return Stages.of(self.length, self.width)

    @property
    def conditional(self) -> bool:
        """Whether the generator takes a label."""
        return self.model != "wgan"

    @property
    def label_units(self) -> int:
        """Values that a label is told by, one of which is 1 for each attribute."""
        return count_values(self.num_labels, self.codes)

    @property
    def label_width(self) -> int:
        """Values that join the latent: an embedding for each attribute."""
        return self.label_embedding * count_attributes(self.codes)

    @property
    def discriminator_sees_label(self) -> bool:
        return self.model == "cwgan"

    @property
    def scores_each_label(self) -> bool:
        """Whether spectral critics end in a score for each label, of which the label picks one."""
        gated = self.discriminator_sees_label and self.conditioning == "gate"
        return gated and self.critic != "waveform"

    @property
    def has_class_head(self) -> bool:
        """Whether the discriminator has logits of the labels: a class loss teaches it them."""
        return self.model == "acgan" or self.scores_each_label

    @property
    def shuffles(self) -> int:
        """Number of phase shuffles in the discriminator: after every strided layer but the last."""
        if self.critic == "spectral" or not self.phase_shuffle:
            return 0
        return len(self.stages.strides) - 1


def _check(a: Architecture) -> None:
    choices = {
        "model": MODELS,
        "conditioning": CONDITIONINGS,
        "generator": GENERATORS,
        "critic": CRITICS,
    }
    for name, allowed in choices.items():
        require_choice(setting(name), getattr(a, name), allowed)
    ranges = {
        "length": (SHORTEST, LONGEST),
        "channels": (1, 2),
        "rate": (1, 768_000),
        "width": (1, 1024),
        "latent_dim": (1, 4096),
        "label_embedding": (1, 1024),
        "phase_shuffle": (0, FRAMES - 1),
    }
    for name, (low, high) in ranges.items():
        value = getattr(a, name)
        if not low <= value <= high:
            raise InputError(f"{setting(name)}: {value} is out of range; choose {low} to {high}")
    if a.pitch and not LOWEST_PITCH <= a.pitch <= HIGHEST_PITCH:
        raise InputError(
            f"{setting('pitch')}: {a.pitch:g} is out of range; choose {LOWEST_PITCH:g} to "
            f"{HIGHEST_PITCH:g}, or 0 for no voices"
        )
    if a.conditional and a.num_labels < 2:
        raise InputError(
            f"{setting('model', a.model)}: needs at least two labels, and there are "
            f"{a.num_labels}; give a folder for each label, or take {setting('model', 'wgan')}"
        )
    if a.codes and len(a.codes) != a.num_labels:
        raise InputError(
            f"{setting('codes')}: are of {len(a.codes)} labels, and there are {a.num_labels}"
        )
    deep_units = FRAMES * a.stages.filters[-1]
    if a.conditional and a.generator == "dissertation" and a.label_units >= deep_units:
        raise InputError(
            f"{setting('generator', 'dissertation')}: {a.label_units} labels leave no room in "
            f"{deep_units} units; take a larger {setting('width')} or "
            f"{setting('generator', 'waveform')}"
        )
