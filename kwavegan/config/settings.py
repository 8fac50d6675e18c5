"""Everything a run needs to be repeated: one table of fields and its checks.

Validation, the TOML of a run folder and the options of `train` all come from the fields of
`Config`; a new field here is a new option there.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from kwavegan.config.attributes import Attributes
from kwavegan.config.fields import check_value
from kwavegan.config.losses import LOSSES, PENALTIES
from kwavegan.config.sound_set import SoundSet, auto_width, suited_loudness
from kwavegan.config.step import STEP_SETTINGS, StepSettings
from kwavegan.errors import InputError, setting
from kwavegan.networks.architecture import CONDITIONINGS, CRITICS, GENERATORS, MODELS, Architecture

Spelling = Callable[[str], str]
"""From a field's name to how the user spelled it: as an argument or option, or in a file."""


_FREE = {
    "choices": (),
    "low": -math.inf,
    "high": math.inf,
    "or_zero": False,
    "option": True,
}


def _setting(default: Any, help: str, **limits: Any) -> Any:
    """One field: its default gives its type; `or_zero` allows 0 below `low` (it means "auto").

    `option` says whether `train` has an option for it.
    """
    return field(default=default, metadata={**_FREE, "help": help, **limits})


@dataclass(frozen=True)
class Config:
    """One run, flat and frozen; each field's help text says what it means.

    Raises:
        InputError: a wrong type, a value out of range, or an impossible combination.

    Example:
        >>> from kwavegan import Config
        >>> Config(loss="wgan-gp", d_updates=5).gp_weight
        10.0
        >>> Config(batch_size=0)
        Traceback (most recent call last):
        kwavegan.errors.InputError: batch_size: 0 is out of range; choose 1 to 65536
    """

    # What it was trained on.
    data: str = _setting("", "Folder trained on; empty for the built-in drums.", option=False)
    rate: int = _setting(
        0, "Sample rate in Hz; 0: the set's.", low=1_000, high=768_000, or_zero=True
    )
    length: int = _setting(0, "Samples in a sound; 0: the set's.", low=64, high=2**20, or_zero=True)
    channels: int = _setting(0, "1 mono, 2 stereo; 0: the set's.", low=0, high=2)
    labels: tuple[str, ...] = _setting((), "Labels, in index order; none for all.")
    labels_from: str = _setting(
        "", "CSV file that says the labels of the sounds: a column for the file, then attributes."
    )
    label_pattern: str = _setting(
        "", "Pattern of the files' names that says them, such as {instrument}-{velocity}-*.wav."
    )
    attributes: tuple[str, ...] = _setting(
        (),
        "Columns of the CSV file to take, or names for the levels of folders; of several, a label"
        " is a combination of values, as kick/hard is.",
    )
    origin: str = _setting(
        "",
        "Pretrained model (see `kwavegan presets`) or run whose weights to start from; the new run"
        " takes its networks, rate and length.",
    )

    # The networks.
    model: str = _setting(
        Architecture.model,
        "wgan: no labels. cwgan: the discriminator takes the label. acgan: it predicts the label.",
        choices=MODELS,
    )
    conditioning: str = _setting(
        Architecture.conditioning,
        "How the label enters cwgan's discriminator. gate: audio times label planes. concat:"
        " constant planes beside it. learned: planes from a transposed convolution (Hill 2018).",
        choices=CONDITIONINGS,
    )
    generator: str = _setting(
        Architecture.generator,
        "istft: noise, tones and sweeps of frames. waveform: WaveGAN's transposed convolutions."
        " dissertation: tables 5 and 7 of Hill 2018.",
        choices=GENERATORS,
    )
    critic: str = _setting(
        Architecture.critic,
        "Input of the discriminator: waveform, three spectrograms (spectral), or both.",
        choices=CRITICS,
    )
    waveform_scale: float = _setting(
        Architecture.waveform_scale,
        "Factor on the samples, with both; a larger one lets their critic react more sharply.",
        low=1e-4,
        high=1e4,
    )
    spectral_scale: float = _setting(
        Architecture.spectral_scale,
        "Factor on the levels of the spectrograms, to the same effect.",
        low=1e-4,
        high=1e4,
    )
    loudness: float = _setting(
        -1.0,
        "Above 0 spectral critics hear each sound at one loudness, and its own times this factor."
        " 0: levels as they are. -1: 3 where levels within a label differ by more than 7.5 dB"
        " (standard deviation), else 0.",
        low=-1,
        high=100,
    )
    pitch: float = _setting(
        -1.0,
        "Median pitch in Hz of sounds that have a voice, 40 to 1,000: the generator's has it. 0: no"
        " voice. -1: measured; 0 where most sounds have none.",
        low=-1,
        high=1000,
    )
    width: int = _setting(
        Architecture.width,
        "Filters of the layer next to the waveform; 0: chosen for the length.",
        low=0,
        high=1024,
    )
    latent_dim: int = _setting(Architecture.latent_dim, "Dimensions of a latent.", low=1, high=4096)
    latent_distribution: str = _setting(
        StepSettings.latent_distribution,
        "Distribution of latents: -1 to 1, or variance 1.",
        choices=("uniform", "normal"),
    )
    label_embedding: int = _setting(
        Architecture.label_embedding,
        "Dimensions of the label embedding; the dissertation's generator has none.",
        low=1,
        high=1024,
    )
    phase_shuffle: int = _setting(
        Architecture.phase_shuffle,
        "Largest phase shift between the discriminator's layers, in samples.",
        low=0,
        high=15,
    )
    shuffle_per: str = _setting(
        StepSettings.shuffle_per,
        "Draw one phase shift for each example, or for the batch.",
        choices=("example", "batch"),
    )

    # The losses.
    loss: str = _setting(
        StepSettings.loss,
        "The adversarial loss.",
        choices=tuple(LOSSES),
    )
    penalty: str = _setting(
        StepSettings.penalty,
        "Gradient penalty. gp: WGAN-GP's. r1r2: R1 and R2. auto: the loss's own.",
        choices=PENALTIES,
    )
    gp_weight: float = _setting(
        StepSettings.gp_weight,
        "Lambda, the weight of WGAN-GP's gradient penalty.",
        low=0,
        high=10_000,
    )
    gamma: float = _setting(
        StepSettings.gamma, "Gamma of gamma / 2 * (R1 + R2).", low=0, high=10_000
    )
    gamma_final: float = _setting(
        0.3,
        "Fraction of gamma reached at the last step, by a cosine; 1 for constant.",
        low=0,
        high=10,
    )
    smoothing_low: float = _setting(1.0, "Lower end of the targets of real sounds.", low=0, high=2)
    smoothing_high: float = _setting(1.0, "Upper end of the targets of real sounds.", low=0, high=2)
    input_noise: float = _setting(
        StepSettings.input_noise,
        "Standard deviation of noise on the discriminator's input.",
        low=0,
        high=10,
    )
    class_weight: float = _setting(
        StepSettings.class_weight,
        "Weight of the loss that teaches the discriminator the labels of real sounds.",
        low=0,
        high=1_000,
    )
    class_loss: str = _setting(
        StepSettings.class_loss,
        "Network that acgan's class loss of generated sounds trains; both: as in Hill 2018.",
        choices=("generator", "both"),
    )

    # The training.
    d_updates: int = _setting(
        StepSettings.d_updates, "Discriminator updates a step.", low=1, high=1_000
    )
    g_updates: int = _setting(
        StepSettings.g_updates, "Generator updates a step.", low=1, high=1_000
    )
    accumulate: int = _setting(
        StepSettings.accumulate, "Parts of a batch, worked through in turn.", low=1, high=65_536
    )
    batch_size: int = _setting(16, "Sounds in a batch.", low=1, high=65_536)
    steps: int = _setting(4_000, "Steps to train for.", low=1, high=1_000_000_000)
    lr: float = _setting(8e-4, "Learning rate of Adam.", low=1e-9, high=1)
    d_lr: float = _setting(
        0.0, "Learning rate of the discriminator; 0 for the same.", low=1e-9, high=1, or_zero=True
    )
    lr_final: float = _setting(
        0.1, "Fraction of the rates reached at the last step, by a cosine.", low=0, high=1
    )
    beta1: float = _setting(0.0, "Adam's beta 1.", low=0, high=0.9999)
    beta2: float = _setting(0.99, "Adam's beta 2.", low=0, high=0.999999)
    ema_decay: float = _setting(
        StepSettings.ema_decay,
        "Decay of the generator's moving average; 0 for none.",
        low=0,
        high=0.999999,
    )
    precision: str = _setting(
        "float32", "Number format of the layers.", choices=("float32", "mixed_bfloat16")
    )
    jit: str = _setting("auto", "Compile the training step.", choices=("auto", "on", "off"))
    seed: int = _setting(StepSettings.seed, "Seed of all that is random.", low=0, high=2**31 - 1)

    # The run folder, and when to stop.
    log_every: int = _setting(20, "Steps between rows of metrics.", low=1, high=1_000_000_000)
    checkpoint_every: int = _setting(500, "Steps between checkpoints.", low=1, high=1_000_000_000)
    keep: int = _setting(3, "Checkpoints to keep, the last ones.", low=1, high=1_000_000)
    stop_loss: float = _setting(
        400.0,
        "Stop when a loss passes this, plus or minus; 0: only if not finite.",
        low=0,
        high=1e12,
    )
    evaluate_every: int = _setting(
        200,
        "Steps between evaluations on the validation sounds, which choose the best checkpoint;"
        " 0 for none.",
        low=0,
        high=1_000_000_000,
    )
    stop_when_stalled: int = _setting(
        0, "Stop after this many evaluations without a better one; 0 for never.", low=0, high=10_000
    )
    preview_every: int = _setting(
        400,
        "Steps between previews: sounds of fixed latents, and a check of the run's health; 0 for"
        " none.",
        low=0,
        high=1_000_000_000,
    )
    tensorboard: str = _setting(
        "auto",
        "Write a TensorBoard log into the run; auto: where the extra `report` is installed.",
        choices=("auto", "on", "off"),
    )
    retry: int = _setting(
        0, "Times to start again, with another seed, a run that diverged.", low=0, high=1_000
    )

    def __post_init__(self) -> None:
        for name, each in SETTINGS.items():
            object.__setattr__(self, name, check_value(each, getattr(self, name), setting(name)))
        check_together(self.as_dict(), setting)

    @property
    def discriminator_lr(self) -> float:
        """The discriminator's learning rate: `d_lr`, or `lr` where that is 0."""
        return self.d_lr or self.lr

    @property
    def inference_part(self) -> str:
        """The generator that sounds come from: `"ema_generator"`, or `"generator"` without EMA."""
        return "ema_generator" if self.ema_decay else "generator"

    @property
    def label_attributes(self) -> Attributes:
        """What the parts of the labels say, and all combinations of them; wgan knows no label."""
        if self.model == "wgan":
            return Attributes.of((), ())
        return Attributes.of(self.attributes, self.labels)

    @property
    def architecture(self) -> Architecture:
        """The architecture of the run's networks.

        Raises:
            InputError: a combination that cannot be built.
        """
        own = {f.name: getattr(self, f.name) for f in fields(Architecture) if f.name in SETTINGS}
        labels, width = self.label_attributes, self.width or auto_width(self.length)
        own |= {name: max(0.0, own[name]) for name in ("loudness", "pitch")}  # -1: not yet measured
        known = {"num_labels": len(labels.labels), "codes": labels.codes}
        return Architecture(**{**own, "width": width, **known})

    @property
    def step_settings(self) -> StepSettings:
        """The settings of a training step; schedules have their first value."""
        own = {name: getattr(self, name) for name in STEP_SETTINGS if name in SETTINGS}
        return StepSettings(**own, smoothing=(self.smoothing_low, self.smoothing_high))

    def for_dataset(self, dataset: SoundSet, source: str = "") -> "Config":
        """Return these settings with rate, length, channels, labels and loudness of a dataset.

        The path of a table of labels becomes an absolute one.

        Args:
            dataset: what to train on.
            source: where it came from, kept in the run; "" for the built-in drums.

        Raises:
            InputError: the settings ask for something else than the dataset has, there are too few
                labels, or the networks cannot be built.
        """
        if self.model != "wgan":
            dataset.require_labels()
        for name in _OF_DATASET:
            wish, have = getattr(self, name), getattr(dataset, name)
            if wish and wish != have:
                raise InputError(
                    f"{setting(name)}: {_plain(wish)} is asked for, but {dataset.spelled} was"
                    f" prepared with {_plain(have)}; leave {setting(name)} out, or prepare the"
                    " audio anew"
                )
        decided = {name: getattr(dataset, name) for name in _OF_DATASET}
        if self.labels_from:
            decided["labels_from"] = str(Path(self.labels_from).resolve())
        if self.loudness < 0:
            heard = self.critic != "waveform"
            decided["loudness"] = suited_loudness(dataset.level_spread) if heard else 0.0
        if self.pitch < 0:
            decided["pitch"] = dataset.voice_pitch if self.generator == "istft" else 0.0
        filled = replace(self, data=source, **decided)
        _ = filled.architecture  # raises where the networks cannot be built
        return filled

    def as_dict(self) -> dict[str, Any]:
        """Values by field."""
        return {name: getattr(self, name) for name in SETTINGS}

    def to_toml(self) -> str:
        """Every field as TOML, its help text above it as a comment."""
        import tomli_w

        return "".join(
            f"# {each.metadata['help']}\n{tomli_w.dumps({name: getattr(self, name)})}"
            for name, each in SETTINGS.items()
        )


_OF_DATASET = ("rate", "length", "channels", "labels", "attributes")

SETTINGS: dict[str, Field[Any]] = {each.name: each for each in fields(Config)}
"""The table: every field of `Config` by name, with `metadata`."""


def _plain(value: object) -> str:
    return ",".join(value) or "none" if isinstance(value, tuple) else str(value)


def check_together(values: Mapping[str, Any], spelling: Spelling) -> None:
    """Raise an `InputError` where settings exclude each other; `spelling` names them."""
    low, high = values["smoothing_low"], values["smoothing_high"]
    if low > high:
        raise InputError(
            f"{spelling('smoothing_low')}: {low:g} is above the upper end, {high:g}; "
            f"lower it or raise {setting('smoothing_high')}"
        )
    if values["stop_when_stalled"] and not values["evaluate_every"]:
        raise InputError(
            f"{spelling('stop_when_stalled')}: needs evaluations, and there are none; set "
            f"{setting('evaluate_every')} or leave it out"
        )
    if values["loss"] == "acgan" and values["model"] != "acgan":
        raise InputError(
            f"{spelling('loss')}: acgan needs the model acgan, and the model is "
            f"{values['model']}; add {setting('model', 'acgan')} or take another {setting('loss')}"
        )
