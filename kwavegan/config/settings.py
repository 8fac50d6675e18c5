"""Everything a run needs to be repeated: one table of fields and its checks.

Validation, the TOML of a run folder and the options of `train` all come from the fields of
`Config`; a new field here is a new option there.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from kwavegan.config.fields import checked, nearest
from kwavegan.config.presets import PRESETS, Preset
from kwavegan.errors import InputError
from kwavegan.networks.architecture import CONDITIONINGS, GENERATORS, KINDS_OF_CRITIC, MODELS
from kwavegan.storage.files import read_toml

Spelling = Callable[[str], str]
"""From a field's name to how the user spelled it: `--d-updates`, or `mine.toml: d_updates`."""

_FREE = {
    "choices": (),
    "low": -math.inf,
    "high": math.inf,
    "or_zero": False,
    "option": True,
    "spelled": "",
}


def _setting(default: Any, help: str, **limits: Any) -> Any:
    """One field: its default gives its type; `or_zero` allows 0 below `low` (it means "auto").

    `option` says whether `train` has an option for it, `spelled` how, if not as the field.
    """
    return field(default=default, metadata={**_FREE, "help": help, **limits})


@dataclass(frozen=True)
class Config:
    """One run, flat and frozen; each field's help text says what it means.

    Raises:
        InputError: a wrong type, a value out of range, or an impossible combination.
    """

    # What it was trained on.
    data: str = _setting("", "Folder trained on; empty for the built-in drums.", option=False)
    rate: int = _setting(
        0, "Sample rate in Hz; 0: the set's.", low=1_000, high=768_000, or_zero=True
    )
    length: int = _setting(0, "Samples in a sound; 0: the set's.", low=64, high=2**20, or_zero=True)
    channels: int = _setting(0, "1 mono, 2 stereo; 0: the set's.", low=0, high=2)
    labels: tuple[str, ...] = _setting((), "Labels, in index order; none for all.")
    origin: str = _setting(
        "",
        "Trained preset (see `kwavegan presets`) or run whose weights to start from; its networks,"
        " rate and length are taken over.",
        spelled="--from",
    )

    # The networks.
    model: str = _setting(
        "cwgan",
        "Unconditional, label into the discriminator, or label guessed by it.",
        choices=MODELS,
    )
    conditioning: str = _setting(
        "gate",
        "How the label enters cwgan's discriminator: waveform times label planes, constant planes"
        " beside it, or planes from a transposed convolution (Hill 2018, F.1).",
        choices=CONDITIONINGS,
    )
    generator: str = _setting(
        "frames",
        "Frames of spectra and an inverse Fourier transform, the tables' ladder with an embedding"
        " of the label joined to the latent, or tables 5 and 7 of Hill 2018.",
        choices=GENERATORS,
    )
    critic: str = _setting(
        "spectral",
        "What the discriminator judges by: samples, log-mel spectrograms, or both.",
        choices=KINDS_OF_CRITIC,
    )
    wave_scale: float = _setting(
        0.2,
        "Factor on the samples where there are both; larger lets their critic react more sharply.",
        low=1e-4,
        high=1e4,
    )
    spectral_scale: float = _setting(
        0.1,
        "Factor on the spectrograms, which does the same.",
        low=1e-4,
        high=1e4,
    )
    width: int = _setting(
        16, "Filters of the layer next to the waveform; 0 to fit the length.", low=0, high=1024
    )
    latent: int = _setting(100, "Values of a latent.", low=1, high=4096)
    latent_distribution: str = _setting(
        "uniform", "Latents in -1 to 1, or of variance 1.", choices=("uniform", "normal")
    )
    label_embedding: int = _setting(
        16, "Values of the label embedding, but in the dissertation's generator.", low=1, high=1024
    )
    phase_shuffle: int = _setting(
        2, "Largest phase shift between the discriminator's layers, in samples.", low=0, high=15
    )
    shuffle_per: str = _setting(
        "example", "What phase shifts are drawn for.", choices=("example", "batch")
    )

    # The game.
    loss: str = _setting(
        "relativistic",
        "The adversarial loss.",
        choices=("wgan-gp", "cross-entropy", "acgan", "relativistic"),
    )
    penalty: str = _setting(
        "auto",
        "On the discriminator's slope: WGAN-GP's, R1 and R2, none, or the loss's.",
        choices=("auto", "slope", "r1r2", "none"),
    )
    lamb: float = _setting(
        10.0, "Lambda, the weight of WGAN-GP's slope penalty.", low=0, high=10_000
    )
    gamma: float = _setting(0.3, "Gamma, twice the weight of R1 and R2.", low=0, high=10_000)
    gamma_final: float = _setting(
        0.3,
        "Fraction of gamma reached at the last step, by a cosine; 1 for constant.",
        low=0,
        high=10,
    )
    smoothing_low: float = _setting(1.0, "Lower end of the targets of real sounds.", low=0, high=2)
    smoothing_high: float = _setting(1.0, "Upper end of the targets of real sounds.", low=0, high=2)
    noise: float = _setting(
        0.0, "Standard deviation of noise on the discriminator's input.", low=0, high=10
    )
    class_weight: float = _setting(1.0, "Weight of acgan's class loss.", low=0, high=1_000)
    class_loss: str = _setting(
        "generator",
        "Whom the class loss on generated sounds trains; both is Hill 2018's.",
        choices=("generator", "both"),
    )
    mismatch: float = _setting(
        0.3,
        "Weight of a term that teaches cwgan's discriminator to prefer real sounds with their own"
        " label to the same with another one; 0 for none.",
        low=0,
        high=1_000,
    )
    mismatch_final: float = _setting(
        1.0,
        "Fraction of that weight reached at the last step, by a cosine; 1 for constant.",
        low=0,
        high=10,
    )

    # The training.
    d_updates: int = _setting(1, "Discriminator updates a step.", low=1, high=1_000)
    g_updates: int = _setting(1, "Generator updates a step.", low=1, high=1_000)
    batch: int = _setting(16, "Sounds in a batch.", low=1, high=65_536)
    steps: int = _setting(4_000, "Steps to train for.", low=1, high=1_000_000_000)
    lr: float = _setting(4e-4, "Learning rate of Adam.", low=1e-9, high=1)
    d_lr: float = _setting(
        0.0, "Learning rate of the discriminator; 0 for the same.", low=1e-9, high=1, or_zero=True
    )
    lr_final: float = _setting(
        0.1, "Fraction of the rates reached at the last step, by a cosine.", low=0, high=1
    )
    beta1: float = _setting(0.0, "Adam's beta 1.", low=0, high=0.9999)
    beta2: float = _setting(0.99, "Adam's beta 2.", low=0, high=0.999999)
    average: float = _setting(
        0.999, "Decay of the averaged generator; 0 for none.", low=0, high=0.999999
    )
    precision: str = _setting(
        "float32", "Number format of the layers.", choices=("float32", "mixed_bfloat16")
    )
    jit: str = _setting("auto", "Compile the training step.", choices=("auto", "on", "off"))
    seed: int = _setting(0, "Seed of all that is random.", low=0, high=2**31 - 1)

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
        "Steps between evaluations on the validation sounds, by which the best checkpoint is"
        " known; 0 for none.",
        low=0,
        high=1_000_000_000,
    )
    stop_when_stalled: int = _setting(
        0, "Stop after this many evaluations without a better one; 0 for never.", low=0, high=10_000
    )
    preview_every: int = _setting(
        400,
        "Steps between previews: sounds of the same latents, and a look at the run's health; 0 for"
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
        for name, setting in SETTINGS.items():
            value = checked(setting, getattr(self, name), option_name(name))
            object.__setattr__(self, name, value)
        _check_together(self.as_dict(), option_name)

    @property
    def discriminator_lr(self) -> float:
        """The discriminator's learning rate: `d_lr`, or `lr` where that is 0."""
        return self.d_lr or self.lr

    @property
    def sounding(self) -> str:
        """Which generator sounds are made with: `"averaged"`, or `"generator"` without average."""
        return "averaged" if self.average else "generator"

    def as_dict(self) -> dict[str, Any]:
        """Values by field."""
        return {name: getattr(self, name) for name in SETTINGS}

    def to_toml(self) -> str:
        """Every field as TOML, its help text above it as a comment."""
        import tomli_w

        return "".join(
            f"# {setting.metadata['help']}\n{tomli_w.dumps({name: getattr(self, name)})}"
            for name, setting in SETTINGS.items()
        )

    @classmethod
    def from_toml(cls, path: str | Path) -> "Config":
        """Read what `to_toml` wrote; fields that are missing take their defaults.

        Raises:
            InputError: no such file, not TOML, or a value that `Config` refuses.
        """
        return resolve(toml_path=path)


SETTINGS: dict[str, Field] = {setting.name: setting for setting in fields(Config)}
"""The table: every field of `Config` by name, with `metadata`."""


def auto_width(length: int) -> int:
    """The width that goes with a length: the dissertation's d, where `Config.width` is 0.

    16 at 1,024 samples, 32 at 4,096 and 64 at 16,384 (Hill 2018, F.1; Donahue et al. 2018,
    appendix D); a length between counts as the one with as many layers of stride 4, so up to
    2,048 and up to 8,192; never more than 64.
    """
    if length <= 2_048:
        return 16
    return 32 if length <= 8_192 else 64


def option_name(name: str) -> str:
    """A field as `train` spells it: `d_updates` → `--d-updates`."""
    spelled = SETTINGS[name].metadata["spelled"] if name in SETTINGS else ""
    return spelled or "--" + name.replace("_", "-")


def resolve(
    preset: str | None = None,
    toml_path: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Config:
    """Put a run's settings together: defaults ← preset ← TOML ← options.

    Args:
        preset: a key of `PRESETS`; None for the one that the TOML names, if it does.
        toml_path: a file with any of the fields, and `preset`.
        options: by field name; None means "not given".

    Raises:
        InputError: an unknown name, a value out of range, or an impossible combination; the
            message names the file or the option.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    stored = {} if toml_path is None else read_toml(Path(toml_path))
    named, where = stored.pop("preset", None), f"{toml_path}: preset"
    if preset is not None:
        named, where = preset, "--preset"
    values = {} if named is None else dict(_preset(named, where).values)
    spelled = {name: f"{toml_path}: {name}" for name in stored}
    spelled |= {name: option_name(name) for name in given}

    def spelling(name: str) -> str:
        return spelled.get(name, option_name(name))

    for name, value in {**stored, **given}.items():
        if name not in SETTINGS:
            raise InputError(f"{spelling(name)}: unknown{nearest(name, SETTINGS)}")
        values[name] = checked(SETTINGS[name], value, spelling(name))
    _check_together({name: s.default for name, s in SETTINGS.items()} | values, spelling)
    return Config(**values)


def _preset(name: Any, spelled: str) -> Preset:
    if not isinstance(name, str) or name not in PRESETS:
        raise InputError(f"{spelled}: {name!r} is unknown; choose from {', '.join(PRESETS)}")
    return PRESETS[name]


def _check_together(values: Mapping[str, Any], spelling: Spelling) -> None:
    low, high = values["smoothing_low"], values["smoothing_high"]
    if low > high:
        raise InputError(
            f"{spelling('smoothing_low')}: {low:g} is above the upper end, {high:g}; "
            f"lower it or raise {option_name('smoothing_high')}"
        )
    if values["stop_when_stalled"] and not values["evaluate_every"]:
        raise InputError(
            f"{spelling('stop_when_stalled')}: needs evaluations, and there are none; set "
            f"{option_name('evaluate_every')} or leave it out"
        )
    if values["loss"] == "acgan" and values["model"] != "acgan":
        raise InputError(
            f"{spelling('loss')}: acgan needs the model acgan, and the model is "
            f"{values['model']}; add --model acgan or take another --loss"
        )
