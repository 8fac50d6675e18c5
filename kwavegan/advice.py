"""What may help a run that is not well: options of `train`, from the settings that it has."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kwavegan.config import SETTINGS, Config, option_name


class Try(NamedTuple):
    """A setting that may help: its new value from the run's settings, None where it cannot help."""

    setting: str
    value: Callable[[Config], Any]
    why: str


def times(setting: str, factor: float, penalty: str = "") -> Callable[[Config], Any]:
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


def advise(tries: Sequence[Try], config: Config) -> tuple[str, ...]:
    """Return the first two tries that are allowed and would change something."""
    found: dict[str, str] = {}
    for setting, value, why in tries:
        new, limits = value(config), SETTINGS[setting].metadata
        if new is None or not (isinstance(new, str) or limits["low"] <= new <= limits["high"]):
            continue
        if new != _now(config, setting) and setting not in found:
            shown = f"{new:g}" if isinstance(new, float) else new
            found[setting] = f"{option_name(setting)} {shown}: {why}"
    return tuple(found.values())[:2]


_SMOOTH = "a stronger penalty keeps the discriminator smooth"
CALMER = (
    Try("gamma", times("gamma", 3, "r1r2"), _SMOOTH),
    Try("lamb", times("lamb", 3, "slope"), _SMOOTH),
    Try("penalty", lambda config: "r1r2" if penalty_of(config) == "none" else None, _SMOOTH),
)
_SHARP = "a weaker penalty lets the discriminator learn finer differences"
FREER = (
    Try("gamma", times("gamma", 1 / 3, "r1r2"), _SHARP),
    Try("lamb", times("lamb", 1 / 3, "slope"), _SHARP),
)
SMALLER_STEPS = Try("lr", times("lr", 1 / 4), "smaller steps keep the generator from saturating")
SAME_STEPS = (
    Try("lr", lambda c: c.d_lr if _slow(c) else None, "steps as large for both networks"),
    Try("d_lr", lambda c: None if _slow(c) else c.lr, "steps as large for both networks"),
)
OTHER_SEED = Try("seed", lambda config: config.seed + 1, "other weights to start from")
RELATIVISTIC = Try("loss", lambda config: "relativistic", "this loss does not run away")
SMALLER = Try("width", times("width", 1 / 2), "a smaller network holds less by heart")


def _slow(config: Config) -> bool:
    """Whether it is the generator's learning rate that is out of the way, not the other's."""
    return config.lr < config.d_lr <= SETTINGS["lr"].default


def gate(config: Config) -> str | None:
    return "gate" if config.model == "cwgan" else None


def of_acgan(config: Config) -> float | None:
    return times("class_weight", 2)(config) if config.model == "acgan" else None
