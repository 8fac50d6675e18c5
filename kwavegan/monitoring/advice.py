"""What may help a run that is not well: options of `train`, from the settings that it has."""

from collections.abc import Callable
from typing import Any, NamedTuple

from kwavegan.config.settings import SETTINGS, Config, option_name


class Try(NamedTuple):
    """A setting that may help: its new value from the run's settings, None where it cannot help."""

    setting: str
    value: Callable[[Config], Any]
    why: str


def _times(setting: str, factor: float, penalty: str = "") -> Callable[[Config], Any]:
    """Return the setting times `factor`; only for runs with that penalty, if one is named."""
    default = SETTINGS[setting].default

    def value(config: Config) -> Any:
        if penalty and penalty != penalty_of(config):
            return None
        new = (_now(config, setting) or default) * factor
        return float(f"{new:.1g}") if isinstance(default, float) else round(new)

    return value


def _now(config: Config, setting: str) -> Any:
    return config.discriminator_lr if setting == "d_lr" else getattr(config, setting)


def penalty_of(config: Config) -> str:
    """Return the penalty that a run has: the one asked for, or its loss's own."""
    own = {"relativistic": "r1r2", "wgan-gp": "slope"}
    return own.get(config.loss, "none") if config.penalty == "auto" else config.penalty


def _slow(config: Config) -> bool:
    """Whether it is the generator's learning rate that is out of the way, not the other's."""
    return config.lr < config.d_lr <= SETTINGS["lr"].default


_CALMER = tuple(
    Try(setting, value, "a stronger penalty keeps the discriminator smooth")
    for setting, value in (
        ("gamma", _times("gamma", 3, "r1r2")),
        ("lamb", _times("lamb", 3, "slope")),
        ("penalty", lambda c: "r1r2" if penalty_of(c) == "none" else None),
    )
)

_FREER = tuple(
    Try(setting, value, "a weaker penalty lets the discriminator hear finer differences")
    for setting, value in (
        ("gamma", _times("gamma", 1 / 3, "r1r2")),
        ("lamb", _times("lamb", 1 / 3, "slope")),
    )
)

_SAME_STEPS = tuple(
    Try(setting, value, "steps as large for both networks")
    for setting, value in (
        ("lr", lambda c: c.d_lr if _slow(c) else None),
        ("d_lr", lambda c: None if _slow(c) else c.lr),
    )
)

_SMALLER_STEPS = Try("lr", _times("lr", 1 / 4), "smaller steps keep the generator from saturating")

_SMALLER = Try("width", _times("width", 1 / 2), "smaller networks hold less by heart")

_STOP = Try("stop_when_stalled", lambda c: 5, "ends a run that no longer gains; its best is kept")

_OTHER_SEED = Try("seed", lambda c: c.seed + 1, "other weights to start from")

TRIES: dict[str, tuple[Try, ...]] = {
    "diverged": (
        *_SAME_STEPS,
        Try("loss", lambda c: "relativistic", "this loss does not run away"),
        _SMALLER_STEPS,
        Try("retry", lambda c: 3, "starts again with other seeds"),
    ),
    "silent": (_SMALLER_STEPS, _OTHER_SEED),
    "discriminator_too_strong": (
        *_SAME_STEPS,
        *_CALMER,
        Try("d_lr", _times("d_lr", 1 / 4), "lets the generator keep up"),
    ),
    "generator_too_strong": (
        *_SAME_STEPS,
        *_FREER,
        Try("d_updates", _times("d_updates", 2), "lets the discriminator keep up"),
    ),
    "collapsed": (
        *_CALMER,
        Try("batch", _times("batch", 2), "shows the discriminator more sounds at once"),
        _OTHER_SEED,
    ),
    "label_ignored": (
        Try(
            "conditioning",
            lambda c: "gate" if c.model == "cwgan" else None,
            "the waveform times the label cannot be overlooked",
        ),
        Try(
            "mismatch",
            lambda c: (2 * c.mismatch or 0.3) if c.model == "cwgan" else None,
            "the discriminator must know a sound's label from others",
        ),
        Try(
            "class_weight",
            lambda c: _times("class_weight", 2)(c) if c.model == "acgan" else None,
            "a wrong label costs more",
        ),
        Try("label_embedding", _times("label_embedding", 2), "gives the label more room"),
    ),
    "copying": (_STOP, _SMALLER),
    "memorizing": (
        *_CALMER,
        Try("noise", lambda c: c.noise or 0.02, "the discriminator hears each sound blurred"),
        _SMALLER,
    ),
    "clipped": (_SMALLER_STEPS, _OTHER_SEED),
    "dc_offset": (_SMALLER_STEPS, _OTHER_SEED),
    "buzzing": (
        Try("generator", lambda c: "frames", "spectra have nothing that repeats by fours"),
        Try(
            "phase_shuffle",
            lambda c: None if c.critic == "spectral" else c.phase_shuffle + 2,
            "hides the phase that buzz relies on",
        ),
        Try("average", lambda c: c.average or 0.999, "averages tones away"),
        Try("width", _times("width", 2), "more filters share the work"),
    ),
    "stalled": (
        _STOP,
        Try("lr_final", lambda c: min(c.lr_final, 0.1), "smaller steps towards the end"),
        Try("width", _times("width", 2), "more filters to learn with"),
    ),
}
"""Name of a check in `kwavegan.monitoring.health` → what may help, the most promising first."""


def advise(name: str, config: Config) -> tuple[str, ...]:
    """Return the first two tries for a finding that are allowed and would change something.

    Args:
        name: of the check.
        config: the run's settings.

    Returns:
        Lines such as "--lr 0.0001: smaller steps …".
    """
    found: dict[str, str] = {}
    for setting, value, why in TRIES[name]:
        new, limits = value(config), SETTINGS[setting].metadata
        if new is None or not (isinstance(new, str) or limits["low"] <= new <= limits["high"]):
            continue
        if new != _now(config, setting) and setting not in found:
            shown = f"{new:g}" if isinstance(new, float) else new
            found[setting] = f"{option_name(setting)} {shown}: {why}"
    return tuple(found.values())[:2]
