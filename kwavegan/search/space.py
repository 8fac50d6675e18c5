"""What a search tries: a range or some choices for each of a few settings."""

import itertools
import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwavegan.config.fields import checked, nearest
from kwavegan.config.settings import SETTINGS, Config, option_name
from kwavegan.errors import InputError
from kwavegan.runs.pretrained import KEPT
from kwavegan.storage.files import read_toml

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Value = float | int | str

UNSEARCHED = (
    *("data", "rate", "length", "channels", "labels", "origin", "steps", "jit", "seed"),
    *("log_every", "checkpoint_every", "keep", "stop_loss", "evaluate_every"),
    *("stop_when_stalled", "preview_every", "tensorboard", "retry"),
)
"""Settings that say what is trained on, or how a trial is run and compared: trials share them."""

_KEYS = ("low", "high", "log", "step")

_COMBINATIONS = 2_000  # looked at for one that can be trained; more are drawn by lot

_PENALTIES = {"relativistic": "r1r2", "wgan-gp": "slope"}  # that losses have where it is "auto"


@dataclass(frozen=True)
class Choices:
    """Some values of a setting, at least two."""

    values: tuple[Value, ...]

    def distribution(self) -> "BaseDistribution":
        """Return what Optuna draws from."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.values)

    def near(self, value: Value) -> Value:
        """Return the choice that is `value`, or nearest to it; the first for text."""
        if value in self.values or isinstance(value, str):
            return value if value in self.values else self.values[0]
        return min(self.values, key=lambda choice: abs(choice - value))

    def samples(self) -> tuple[Value, ...]:
        """Return values that stand for all."""
        return self.values

    def plain(self) -> Any:
        """Return what TOML and JSON can hold."""
        return list(self.values)


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included; whole numbers if they are.

    Attributes:
        low, high: low < high.
        log: whether equal ratios, not differences, are equally likely.
        step: apart; None for any value (whole numbers: 1).
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def distribution(self) -> "BaseDistribution":
        """Return what Optuna draws from."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if isinstance(self.low, int):
            return IntDistribution(self.low, self._top, self.log, self.step or 1)
        return FloatDistribution(self.low, self._top, self.log, self.step)

    @property
    def _top(self) -> float:
        """The last value that is a whole number of steps away from `low`."""
        if self.step is None:
            return self.high
        # Kept from rounding down a step that floats miss by a hair.
        return self._at(math.floor((self.high - self.low) / self.step + 1e-9))

    def _at(self, steps: int) -> float:
        """Return the value so many steps up: 0.3, not the 0.30000000000000004 of floats."""
        return type(self.low)(f"{self.low + steps * self.step:.12g}")

    def near(self, value: Value) -> Value:
        """Return the value of the range that is nearest."""
        value = min(max(value, self.low), self._top)
        if self.step is not None:
            value = self._at(round((value - self.low) / self.step))
        return type(self.low)(value)

    def samples(self) -> tuple[Value, ...]:
        """Return values that stand for all: the ends."""
        return self.low, self._top

    def plain(self) -> Any:
        """Return what TOML and JSON can hold."""
        return {key: value for key, value in asdict(self).items() if value not in (None, False)}


Space = dict[str, Choices | Range]
"""By setting."""


def default_space(base: Config, fixed: Iterable[str] = ()) -> Space:
    """Return what is searched where the user does not say: what matters for most sets.

    Settings that take longer (`width`, `d_updates`) or whose best value depends on how long a
    trial is (`average`, `lr_final`) are left out.

    Args:
        base: the settings that the others stay at; the penalty's weight, phase shuffle and the
            scales of the critics are searched where they count.
        fixed: settings that stay at `base` too.

    Raises:
        InputError: nothing is left to search.
    """
    space: Space = {"lr": Range(5e-5, 2e-3, log=True)}
    penalty = base.penalty if base.penalty != "auto" else _PENALTIES.get(base.loss)
    if penalty == "r1r2":
        space["gamma"] = Range(0.01, 10.0, log=True)
    elif penalty == "slope":
        space["lamb"] = Range(1.0, 100.0, log=True)
    space["batch"] = Choices((8, 16, 32, 64))
    space["beta1"] = Choices((0.0, 0.5))
    space["beta2"] = Choices((0.9, 0.99, 0.999))
    if base.critic != "spectral":
        space["phase_shuffle"] = Choices((0, 1, 2))
    if base.critic == "both" and not base.origin:
        space["wave_scale"] = Range(0.02, 2.0, log=True)
    if base.critic != "wave" and not base.origin:
        space["spectral_scale"] = Range(0.01, 1.0, log=True)
    left = {name: kind for name, kind in space.items() if name not in set(fixed)}
    if not left:
        raise InputError("search: the options fix all that is searched; give --space, or leave one")
    return left


def read_space(path: str | Path, base: Config, fixed: Iterable[str] = ()) -> Space:
    """Read a space from TOML: `lr = { low = 1e-5, high = 1e-3, log = true }`, `batch = [8, 16]`.

    Args:
        path: the file.
        base: the settings that the others stay at.
        fixed: settings that the user gave as options.

    Raises:
        InputError: no such file, an unknown name, or a range that cannot be searched; the message
            names the file and the setting.
    """
    stored = read_toml(Path(path))
    if not stored:
        raise InputError(f"{path}: nothing to search; write lines such as `batch = [8, 16, 32]`")
    for name in stored:
        _check_name(name, f"{path}: {name}", base, fixed)
    return {name: _kind(name, given, f"{path}: {name}") for name, given in stored.items()}


def _check_name(name: str, spelled: str, base: Config, fixed: Iterable[str]) -> None:
    if name not in SETTINGS:
        raise InputError(f"{spelled}: unknown{nearest(name, _searched())}")
    if name in UNSEARCHED:
        raise InputError(
            f"{spelled}: is the same for all trials, or they would not compare; take it out, and"
            f" give it as {option_name(name)} if need be"
        )
    if name in fixed:
        raise InputError(f"{spelled}: is fixed by {option_name(name)} too; leave one of them out")
    if base.origin and name in KEPT:
        raise InputError(f"{spelled}: comes from the run that --from names; take it out")


def _searched() -> list[str]:
    return [name for name in SETTINGS if name not in UNSEARCHED]


def _kind(name: str, given: Any, spelled: str) -> Choices | Range:
    if isinstance(given, list):
        return _choices(name, given, spelled)
    if isinstance(given, dict):
        return _range(name, given, spelled)
    raise InputError(
        f"{spelled}: {given!r} is neither a range nor a list of choices; write "
        f"`{name} = [...]` or `{name} = {{ low = ..., high = ... }}`, or fix it with "
        f"{option_name(name)}"
    )


def _choices(name: str, given: list, spelled: str) -> Choices:
    values = tuple(checked(SETTINGS[name], value, spelled) for value in given)
    for place, value in enumerate(values):
        if value in values[:place]:
            raise InputError(f"{spelled}: {value!r} is given twice")
    if len(values) < 2:
        raise InputError(
            f"{spelled}: {'one choice' if values else 'no choices'}; give two or more, or fix it "
            f"with {option_name(name)}"
        )
    return Choices(values)


def _range(name: str, given: Mapping[str, Any], spelled: str) -> Range:
    for key in given:
        if key not in _KEYS:
            # In TOML, what stands below a [table] is in it.
            hint = "; lines come above the first [table]" if key in SETTINGS else ""
            raise InputError(f"{spelled}: {key} is unknown; a range has {', '.join(_KEYS)}{hint}")
    if isinstance(SETTINGS[name].default, str):
        raise InputError(f"{spelled}: names have no range; write `{name} = [...]`")
    for key in ("low", "high"):
        if key not in given:
            raise InputError(f"{spelled}: {key} is missing; a range has low and high")
    low, high = (checked(SETTINGS[name], given[key], f"{spelled}.{key}") for key in ("low", "high"))
    log, step = given.get("log", False), given.get("step")
    if not isinstance(log, bool):
        raise InputError(f"{spelled}.log: {log!r} is neither true nor false")
    if low >= high:
        raise InputError(f"{spelled}: low, {low:g}, is not below high, {high:g}; swap or part them")
    _check_zero(name, low, spelled)
    if log and low <= 0:
        raise InputError(f"{spelled}: a log range begins above 0, not at {low:g}; raise low")
    return Range(low, high, log, None if step is None else _step(step, low, high, log, spelled))


def _check_zero(name: str, low: float, spelled: str) -> None:
    """Refuse a range from a 0 that is no number but means "auto"."""
    limits = SETTINGS[name].metadata
    if limits["or_zero"] and low < limits["low"]:
        raise InputError(
            f"{spelled}: 0 stands for another setting's value, so no range begins there; begin at"
            f" {limits['low']:g} or above, or list choices"
        )


def _step(step: Any, low: float, high: float, log: bool, spelled: str) -> float:
    if isinstance(step, bool) or not isinstance(
        step, type(low) if isinstance(low, int) else (int, float)
    ):
        what = "a whole number" if isinstance(low, int) else "a number"
        raise InputError(f"{spelled}.step: {step!r} is not {what}")
    if log:
        raise InputError(f"{spelled}: a log range has no steps; leave out step or log")
    if not 0 < step <= high - low:
        raise InputError(f"{spelled}.step: {step} does not fit between {low:g} and {high:g}")
    return type(low)(step)


def distributions(space: Space) -> "dict[str, BaseDistribution]":
    """Return what Optuna draws from, by setting."""
    return {name: kind.distribution() for name, kind in space.items()}


def inside(space: Space, base: Config) -> dict[str, Value]:
    """Return the values of the first trial: those of `base`, or the nearest in the space."""
    return {name: kind.near(getattr(base, name)) for name, kind in space.items()}


def check_possible(space: Space, base: Config, spelled: str) -> None:
    """Refuse a space in which no combination can be trained.

    Looks at all combinations of choices and of the ends of ranges, or at 2,000 drawn by lot.

    Raises:
        InputError: none of them fits together; the message is that of the first.
    """
    samples = [kind.samples() for kind in space.values()]
    if math.prod(map(len, samples)) <= _COMBINATIONS:
        tried = itertools.product(*samples)
    else:
        lot = random.Random(0)
        tried = (tuple(map(lot.choice, samples)) for _ in range(_COMBINATIONS))
    first = None
    for values in tried:
        try:
            replace(base, **dict(zip(space, values, strict=True)))
            return
        except InputError as error:
            first = first or error
    raise InputError(f"{spelled}: no combination of it can be trained: {first}")


def as_plain(space: Space) -> dict[str, Any]:
    """Return a space as TOML and JSON can hold it."""
    return {name: kind.plain() for name, kind in space.items()}
