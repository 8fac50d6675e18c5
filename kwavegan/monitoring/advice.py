"""What may help an unhealthy run: options of `train`, chosen from the settings of the run."""

from collections.abc import Callable
from typing import Any, NamedTuple

from kwavegan.config.losses import penalty_of
from kwavegan.config.settings import SETTINGS, Config
from kwavegan.errors import option_name

_DEFAULTS = Config()


class Try(NamedTuple):
    """A setting that may help an unhealthy run.

    Attributes:
        setting: its name.
        value: from the run's settings to its new value; None where it cannot help.
        why: how it may help, in a few words.
    """

    setting: str
    value: Callable[[Config], Any]
    why: str


def _times(setting: str, factor: float, penalty: str = "") -> Callable[[Config], Any]:
    """Return the setting times `factor`; None for a run with another penalty, if one is named."""
    default = getattr(_DEFAULTS, setting)

    def value(config: Config) -> Any:
        if penalty and penalty != _penalty(config):
            return None
        new = (_now(config, setting) or default) * factor
        return float(f"{new:.1g}") if isinstance(default, float) else round(new)

    return value


def _now(config: Config, setting: str) -> Any:
    return config.discriminator_lr if setting == "d_lr" else getattr(config, setting)


def _penalty(config: Config) -> str:
    return penalty_of(config.loss, config.penalty)


def _generator_is_slow(config: Config) -> bool:
    """Whether the generator's learning rate is the unusual one, and not the discriminator's."""
    return config.lr < config.d_lr <= _DEFAULTS.lr


_STRONGER_PENALTY = tuple(
    Try(setting, value, "a stronger penalty keeps the discriminator smooth")
    for setting, value in (
        ("gamma", _times("gamma", 3, "r1r2")),
        ("gp_weight", _times("gp_weight", 3, "gp")),
        ("penalty", lambda c: "r1r2" if _penalty(c) == "none" else None),
    )
)

_WEAKER_PENALTY = tuple(
    Try(setting, value, "a weaker penalty lets the discriminator see finer differences")
    for setting, value in (
        ("gamma", _times("gamma", 1 / 3, "r1r2")),
        ("gp_weight", _times("gp_weight", 1 / 3, "gp")),
    )
)

_EQUAL_RATES = tuple(
    Try(setting, value, "steps as large for both networks")
    for setting, value in (
        ("lr", lambda c: c.d_lr if _generator_is_slow(c) else None),
        ("d_lr", lambda c: None if _generator_is_slow(c) else c.lr),
    )
)

_LOWER_RATE = Try("lr", _times("lr", 1 / 4), "smaller steps keep the generator from saturating")

_NARROWER = Try("width", _times("width", 1 / 2), "smaller networks memorize less")

_WIDER = Try("width", _times("width", 2), "more filters to learn with")

_HEARS_TEXTURE = (
    Try(
        "generator",
        lambda c: "istft" if c.generator != "istft" else None,
        "makes noise of noise, where other generators repeat themselves",
    ),
    Try(
        "critic",
        lambda c: "both" if c.critic != "both" else None,
        "a waveform critic hears periods that mel bands hide",
    ),
    Try(
        "phase_shuffle",
        lambda c: None if c.critic == "spectral" else c.phase_shuffle + 2,
        "hides the phase that buzz relies on",
    ),
    *_WEAKER_PENALTY,
    _WIDER,
)

_STOP = Try(
    "stop_when_stalled", lambda c: 5, "ends a run that gains no more; its best checkpoint is kept"
)

_OTHER_SEED = Try("seed", lambda c: c.seed + 1, "other weights to start from")

TRIES: dict[str, tuple[Try, ...]] = {
    "diverged": (
        *_EQUAL_RATES,
        Try("loss", lambda c: "relativistic", "this loss does not run away"),
        _LOWER_RATE,
        Try("retry", lambda c: 3, "starts again with other seeds"),
    ),
    "silent": (_LOWER_RATE, _OTHER_SEED),
    "discriminator_too_strong": (
        *_EQUAL_RATES,
        *_STRONGER_PENALTY,
        Try("d_lr", _times("d_lr", 1 / 4), "lets the generator keep up"),
    ),
    "generator_too_strong": (
        *_EQUAL_RATES,
        *_WEAKER_PENALTY,
        Try("d_updates", _times("d_updates", 2), "lets the discriminator keep up"),
    ),
    "collapsed": (
        *_STRONGER_PENALTY,
        Try("batch_size", _times("batch_size", 2), "shows the discriminator more sounds at once"),
        _OTHER_SEED,
    ),
    "label_ignored": (
        Try(
            "conditioning",
            lambda c: "gate" if c.model == "cwgan" else None,
            "the waveform times the label cannot be overlooked",
        ),
        Try(
            "class_weight",
            _times("class_weight", 2),
            "the discriminator must know a sound's label from others",
        ),
        Try("label_embedding", _times("label_embedding", 2), "gives the label more room"),
    ),
    "copying": (_STOP, _NARROWER),
    "memorizing": (
        *_STRONGER_PENALTY,
        Try("input_noise", lambda c: c.input_noise or 0.02, "blurs what the discriminator sees"),
        _NARROWER,
    ),
    "clipped": (_LOWER_RATE, _OTHER_SEED),
    "dc_offset": (_LOWER_RATE, _OTHER_SEED),
    "buzzing": _HEARS_TEXTURE,
    "one_period": _HEARS_TEXTURE,
    "no_attack": (
        Try(
            "critic",
            lambda c: "both" if c.critic != "both" else None,
            "a waveform critic hears what a spectrogram's window blurs",
        ),
        *_WEAKER_PENALTY,
        _WIDER,
    ),
    "stalled": (
        _STOP,
        Try("lr_final", lambda c: min(c.lr_final, 0.1), "smaller steps towards the end"),
        _WIDER,
    ),
}
"""By name of a check in `kwavegan.monitoring.health`: what may help, the most promising first."""


def advise(name: str, config: Config) -> tuple[str, ...]:
    """Return the first two settings to try for a finding that would change something.

    Settings out of range are left out.

    Args:
        name: of the check, a key of `TRIES`.
        config: the run's settings.

    Returns:
        Lines such as "--lr 0.0001: smaller steps …".

    Example:
        >>> from kwavegan.config import Config
        >>> from kwavegan.monitoring.advice import advise
        >>> advise("copying", Config(width=16))[1]
        '--width 8: smaller networks memorize less'
    """
    lines: dict[str, str] = {}
    for setting, value, why in TRIES[name]:
        new, limits = value(config), SETTINGS[setting].metadata
        if new is None or not (isinstance(new, str) or limits["low"] <= new <= limits["high"]):
            continue
        if new != _now(config, setting) and setting not in lines:
            shown = f"{new:g}" if isinstance(new, float) else new
            lines[setting] = f"{option_name(setting)} {shown}: {why}"
    return tuple(lines.values())[:2]
