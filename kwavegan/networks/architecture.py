"""What the two networks are made of, at any length and width.

A network of the tables is a ladder of layers of stride 4 between 16 frames and the waveform: 1,024
samples take three, 4,096 four, 16,384 five (Donahue et al. 2018, appendix D; dissertation, appendix
C). Twice such a length takes one more layer of stride 2 at the 16-frame end; any other length is
made by the next longer ladder and cropped, and padded with silence before the discriminator.
"""

from dataclasses import dataclass

from kwavegan.errors import InputError

FRAMES = 16

STRIDE = 4

TAPS = 25

SHORTEST, LONGEST = 64, FRAMES * STRIDE**8

MODELS = ("wgan", "cwgan", "acgan")

CONDITIONINGS = ("gate", "concat", "learned")

GENERATORS = ("frames", "lean", "dissertation")

KINDS_OF_CRITIC = ("wave", "spectral", "both")


@dataclass(frozen=True)
class Ladder:
    """The strided layers between the waveform and the 16 frames at its deep end."""

    length: int
    """Samples that the ladder makes: 16·4ⁿ or 32·4ⁿ, at least as many as asked for."""
    strides: tuple[int, ...]
    """From the waveform to the deep end."""
    filters: tuple[int, ...]
    """Filters after each of `strides`, in the discriminator's direction."""

    @classmethod
    def of(cls, length: int, width: int) -> "Ladder":
        """Return the shortest ladder that reaches `length` samples; its first layer has `width`."""
        rungs = 1
        while 2 * FRAMES * STRIDE**rungs < length:
            rungs += 1
        filters = tuple(width * 2**rung for rung in range(rungs))
        if length <= FRAMES * STRIDE**rungs:
            return cls(FRAMES * STRIDE**rungs, (STRIDE,) * rungs, filters)
        strides = ((STRIDE,) * rungs) + (2,)
        return cls(2 * FRAMES * STRIDE**rungs, strides, (*filters, filters[-1]))


@dataclass(frozen=True)
class Architecture:
    """What two networks are made of.

    Args:
        length: samples of a sound, 64 … 1,048,576.
        channels: 1 (mono) or 2 (stereo).
        labels: number of labels; 0 for `wgan`, at least 2 for the others.
        model: `"wgan"` (tables 2 and 3), `"cwgan"` (4 and 5) or `"acgan"` (6 and 7).
        conditioning: how the label enters `cwgan`'s discriminator: `"gate"` (the waveform times
            the label planes), `"concat"` (constant planes beside it) or `"learned"` planes.
        generator: `"frames"` makes spectra, which an inverse Fourier transform sounds; `"lean"`
            goes the tables' ladder upward; both join a label embedding to the latent.
            `"dissertation"` joins the one-hot label to 16 frames' worth of units before one large
            transposed convolution, and then goes the ladder.
        width: filters of the layer next to the waveform, the tables' d.
        latent: values of a latent.
        label_embedding: values of the label embedding of the first two generators.
        phase_shuffle: largest shift between the discriminator's layers, in samples; 0 for none.
        critic: what the discriminator judges by: `"wave"`, the samples (the tables); `"spectral"`,
            log-mel spectrograms of them at two resolutions; or `"both"`, whose scores are added.
        rate: sample rate in Hz, by which spectrograms have mel bands and a generator its frames.
        wave_scale: factor on the samples, with `"both"`; a larger one lets the waveform's critic
            react more sharply under the same penalty.
        spectral_scale: the same for the spectrograms' levels.

    Raises:
        InputError: a value out of range, or a combination that cannot be built.
    """

    length: int
    channels: int = 1
    labels: int = 0
    model: str = "cwgan"
    conditioning: str = "gate"
    generator: str = "lean"
    width: int = 32
    latent: int = 100
    label_embedding: int = 16
    phase_shuffle: int = 2
    critic: str = "wave"
    rate: int = 16_000
    wave_scale: float = 0.2
    spectral_scale: float = 0.1

    def __post_init__(self) -> None:
        _check(self)

    @property
    def ladder(self) -> Ladder:
        return Ladder.of(self.length, self.width)

    @property
    def conditional(self) -> bool:
        """Whether the generator takes a label."""
        return self.model != "wgan"

    @property
    def discriminator_sees_label(self) -> bool:
        return self.model == "cwgan"

    @property
    def shuffles(self) -> int:
        """Number of phase shuffles in the discriminator: after every strided layer but the last."""
        if self.critic == "spectral" or not self.phase_shuffle:
            return 0
        return len(self.ladder.strides) - 1


def _check(a: Architecture) -> None:
    choices = (
        ("--model", a.model, MODELS),
        ("--conditioning", a.conditioning, CONDITIONINGS),
        ("--generator", a.generator, GENERATORS),
        ("--critic", a.critic, KINDS_OF_CRITIC),
    )
    for option, value, allowed in choices:
        if value not in allowed:
            raise InputError(f"{option}: {value!r} is unknown; choose from {', '.join(allowed)}")
    ranges = (
        ("--length", a.length, SHORTEST, LONGEST),
        ("--channels", a.channels, 1, 2),
        ("--width", a.width, 1, 1024),
        ("--latent", a.latent, 1, 4096),
        ("--label-embedding", a.label_embedding, 1, 1024),
        ("--phase-shuffle", a.phase_shuffle, 0, FRAMES - 1),
    )
    for option, value, low, high in ranges:
        if not low <= value <= high:
            raise InputError(f"{option}: {value} is out of range; choose {low} to {high}")
    if a.conditional and a.labels < 2:
        raise InputError(
            f"--model {a.model}: needs at least two labels, and there are {a.labels}; "
            "give a folder for each label, or take --model wgan"
        )
    deep_units = FRAMES * a.ladder.filters[-1]
    if a.conditional and a.generator == "dissertation" and a.labels >= deep_units:
        raise InputError(
            f"--generator dissertation: {a.labels} labels leave no room in {deep_units} units; "
            "take a larger --width or --generator lean"
        )
