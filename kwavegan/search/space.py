"""The space of a search: a range or some choices for each setting that is searched."""

import itertools
import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwavegan.config.fields import check_value, nearest
from kwavegan.config.losses import penalty_of
from kwavegan.config.settings import SETTINGS, Config
from kwavegan.errors import InputError, setting
from kwavegan.runs.pretrained import INHERITED
from kwavegan.storage.reading import read_toml

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Value = float | int | str

UNSEARCHED = (
    *("data", "rate", "length", "channels", "labels", "origin", "steps", "jit", "seed"),
    *("log_every", "checkpoint_every", "keep", "stop_loss", "evaluate_every"),
    *("stop_when_stalled", "preview_every", "tensorboard", "retry"),
)
"""Settings of the data, and of how trials run and compare: all trials share them."""

_KEYS = ("low", "high", "log", "step")

MAX_COMBINATIONS = 2_000
"""Combinations that `check_possible` tries; of more, it draws as many at random."""

_WEIGHTS = {"r1r2": ("gamma", 0.01, 10.0), "gp": ("gp_weight", 1.0, 100.0)}  # name, low, high


@dataclass(frozen=True)
class Choices:
    """Values of a setting to choose from, at least two."""

    values: tuple[Value, ...]

    def distribution(self) -> "BaseDistribution":
        """Return what Optuna draws from."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.values)

    def near(self, value: Value) -> Value:
        """Return the choice that is nearest to `value`; of names the same one, or the first."""
        if value in self.values or isinstance(value, str):
            return value if value in self.values else self.values[0]
        numbers = (choice for choice in self.values if not isinstance(choice, str))
        return min(numbers, key=lambda choice: abs(choice - value))

    def samples(self) -> tuple[Value, ...]:
        """Return values that represent all."""
        return self.values

    def plain(self) -> Any:
        """Return it as TOML and JSON can hold it."""
        return list(self.values)


@dataclass(frozen=True)
class Range:
    """The values from `low` to `high`, both included; whole numbers if the ends are.

    Attributes:
        low, high: the ends, low < high.
        log: whether equal ratios are equally likely, rather than equal differences.
        step: between neighbouring values; None for any value, and 1 between whole numbers.

    Example:
        >>> from kwavegan.search.space import Range
        >>> Range(8, 20, step=5).near(64)
        18
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def distribution(self) -> "BaseDistribution":
        """Return what Optuna draws from."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if isinstance(self.low, int):
            return IntDistribution(self.low, int(self._top), self.log, int(self.step or 1))
        return FloatDistribution(self.low, self._top, self.log, self.step)

    @property
    def _top(self) -> float:
        """The largest value: a whole number of steps above `low`."""
        if self.step is None:
            return self.high
        # Without the margin, floats that miss a step by a hair would lose it.
        return self._at(math.floor((self.high - self.low) / self.step + 1e-9), self.step)

    def _at(self, steps: int, step: float) -> float:
        """Return the value so many steps above `low`: 0.3, not 0.30000000000000004."""
        return type(self.low)(f"{self.low + steps * step:.12g}")

    def near(self, value: float) -> float:
        """Return the value of the range that is nearest to `value`."""
        value = min(max(value, self.low), self._top)
        if self.step is not None:
            value = self._at(round((value - self.low) / self.step), self.step)
        return type(self.low)(value)

    def samples(self) -> tuple[Value, ...]:
        """Return values that represent all: the ends."""
        return self.low, self._top

    def plain(self) -> Any:
        """Return it as TOML and JSON can hold it."""
        return {key: value for key, value in asdict(self).items() if value not in (None, False)}


Space = dict[str, Choices | Range]
"""A range or choices by setting."""


def default_space(base: Config, fixed: Iterable[str] = ()) -> Space:
    """Return the space for users who name none: settings that matter for most data sets.

    It leaves out settings that change the cost of a trial (`width`, `d_updates`), and those whose
    best value depends on its length (`ema_decay`, `lr_final`).

    Args:
        base: the other settings; the weight of the penalty, phase shuffle and the scales of the
            critics are searched only if they have an effect.
        fixed: settings that are not searched.

    Raises:
        InputError: nothing is left to search.
    """
    space: Space = {"lr": Range(5e-5, 2e-3, log=True)}
    if weight := _WEIGHTS.get(penalty_of(base.loss, base.penalty)):
        name, low, high = weight
        space[name] = Range(low, high, log=True)
    space["batch_size"] = Choices((8, 16, 32, 64))
    space["beta1"] = Choices((0.0, 0.5))
    space["beta2"] = Choices((0.9, 0.99, 0.999))
    if base.critic != "spectral":
        space["phase_shuffle"] = Choices((0, 1, 2))
    if base.critic == "both" and not base.origin:
        space["waveform_scale"] = Range(0.02, 2.0, log=True)
    if base.critic != "waveform" and not base.origin:
        space["spectral_scale"] = Range(0.01, 1.0, log=True)
    left = {name: kind for name, kind in space.items() if name not in set(fixed)}
    if not left:
        raise InputError(
            "search: the options fix all that is searched; "
            f"give {setting('space')}, or leave one out"
        )
    return left


def read_space(path: str | Path, base: Config, fixed: Iterable[str] = ()) -> Space:
    """Read a space from TOML.

    A line is `lr = { low = 1e-5, high = 1e-3, log = true }` or `batch_size = [8, 16]`.

    Args:
        path: the file.
        base: the settings that are not searched.
        fixed: settings that the user gave as options.

    Raises:
        InputError: the file is missing, a name is unknown, or a range cannot be searched; the
            message names the file and the setting.
    """
    stored = read_toml(Path(path))
    if not stored:
        raise InputError(
            f"{path}: nothing to search; write lines such as `batch_size = [8, 16, 32]`"
        )
    for name in stored:
        _check_name(name, f"{path}: {name}", base, fixed)
    return {name: _read_kind(name, given, f"{path}: {name}") for name, given in stored.items()}


def _check_name(name: str, spelled: str, base: Config, fixed: Iterable[str]) -> None:
    if name not in SETTINGS:
        raise InputError(f"{spelled}: unknown{nearest(name, _searched())}")
    if name in UNSEARCHED:
        raise InputError(
            f"{spelled}: must be the same for all trials, so that they compare; take it out, and "
            f"give it as {setting(name)} if need be"
        )
    if name in fixed:
        raise InputError(f"{spelled}: is fixed by {setting(name)} too; leave one of them out")
    if base.origin and name in INHERITED:
        raise InputError(
            f"{spelled}: comes from the run that {setting('origin')} names; take it out"
        )


def _searched() -> list[str]:
    return [name for name in SETTINGS if name not in UNSEARCHED]


def _read_kind(name: str, given: Any, spelled: str) -> Choices | Range:
    if isinstance(given, list):
        return _read_choices(name, given, spelled)
    if isinstance(given, dict):
        return _read_range(name, given, spelled)
    raise InputError(
        f"{spelled}: {given!r} is neither a range nor a list of choices; write "
        f"`{name} = [...]` or `{name} = {{ low = ..., high = ... }}`, or fix it with "
        f"{setting(name)}"
    )


def _read_choices(name: str, given: Iterable[Any], spelled: str) -> Choices:
    values = tuple(check_value(SETTINGS[name], value, spelled) for value in given)
    for place, value in enumerate(values):
        if value in values[:place]:
            raise InputError(f"{spelled}: {value!r} is given twice")
    if len(values) < 2:
        raise InputError(
            f"{spelled}: {'one choice' if values else 'no choices'}; give two or more, or fix it "
            f"with {setting(name)}"
        )
    return Choices(values)


def _read_range(name: str, given: Mapping[str, Any], spelled: str) -> Range:
    for key in given:
        if key not in _KEYS:
            # In TOML, a line below a [table] belongs to it.
            hint = "; lines come above the first [table]" if key in SETTINGS else ""
            raise InputError(f"{spelled}: {key} is unknown; a range has {', '.join(_KEYS)}{hint}")
    if isinstance(SETTINGS[name].default, str):
        raise InputError(f"{spelled}: names have no range; write `{name} = [...]`")
    for key in ("low", "high"):
        if key not in given:
            raise InputError(f"{spelled}: {key} is missing; a range has low and high")
    low, high = (
        check_value(SETTINGS[name], given[key], f"{spelled}.{key}") for key in ("low", "high")
    )
    log, step = given.get("log", False), given.get("step")
    if not isinstance(log, bool):
        raise InputError(f"{spelled}.log: {log!r} is neither true nor false")
    if low >= high:
        raise InputError(
            f"{spelled}: low, {low:g}, is not below high, {high:g}; swap them, or move them apart"
        )
    _check_zero(name, low, spelled)
    if log and low <= 0:
        raise InputError(f"{spelled}: a log range begins above 0, not at {low:g}; raise low")
    return Range(low, high, log, None if step is None else _step(step, low, high, log, spelled))


def _check_zero(name: str, low: float, spelled: str) -> None:
    """Refuse a range that begins at a 0 which stands for another setting's value."""
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


def first_values(space: Space, base: Config) -> dict[str, Value]:
    """Return the values of the first trial: for each setting, the nearest to that of `base`."""
    return {name: kind.near(getattr(base, name)) for name, kind in space.items()}


def check_possible(space: Space, base: Config, origin: str) -> None:
    """Refuse a space in which no combination can be trained.

    Tries all combinations of choices and of the ends of ranges, or some of them at random.

    Args:
        space: what is searched.
        base: the other settings.
        origin: what error messages call the space, such as its file.

    Raises:
        InputError: no combination is possible; the message is that of the first.
    """
    samples = [kind.samples() for kind in space.values()]
    combinations: Iterable[tuple[Value, ...]]
    if math.prod(map(len, samples)) <= MAX_COMBINATIONS:
        combinations = itertools.product(*samples)
    else:
        rng = random.Random(0)
        combinations = (tuple(map(rng.choice, samples)) for _ in range(MAX_COMBINATIONS))
    reason = ""
    for values in combinations:
        settings: dict[str, Any] = dict(zip(space, values, strict=True))
        try:
            replace(base, **settings)
            return
        except InputError as error:
            reason = reason or error.args[0]
    # The raw message, whose settings are still to be spelled for Python or for the command line.
    raise InputError(f"{origin}: no combination of it can be trained: {reason}")


def as_plain(space: Space) -> dict[str, Any]:
    """Return a space as TOML and JSON can hold it."""
    return {name: kind.plain() for name, kind in space.items()}
