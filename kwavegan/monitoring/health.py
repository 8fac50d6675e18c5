"""Is a run well? Small checks of its own signals, each with its evidence and what to try.

`CHECKS` is the one table: what is looked at, past which bound, and why there. The rest is a pure
function of a run's rows of numbers; `diagnose` reads them from its folder.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kwavegan.config.settings import Config
from kwavegan.evaluation.results import rank
from kwavegan.monitoring.advice import advise
from kwavegan.runs.run import HEALTH, VALIDATION, Run
from kwavegan.storage.csv_log import read_metrics

Row = Mapping[str, float]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a run.

    Attributes:
        name: of the check.
        title: the verdict in a few plain words.
        evidence: one sentence: the number against its bound.
        tries: one or two things to try, each an option of `kwavegan train` and why.
        value: the number. bound: what it is past; infinite where any finite number is good.
    """

    name: str
    title: str
    evidence: str
    tries: tuple[str, ...]
    value: float
    bound: float


class Limit(NamedTuple):
    """A bound on a number of a row, which a sick run is at or past: "above" or "below" it.

    `bound` may name another number of the row. `why` says what it rests on: "well" runs are those
    of the default settings on drums and on spoken digits, at every preview.
    """

    number: str
    sick: str
    bound: float | str
    why: str

    def of(self, row: Row) -> float:
        """Return the bound for a row."""
        return row.get(self.bound, math.nan) if isinstance(self.bound, str) else self.bound

    def passed(self, row: Row) -> bool:
        """Whether a row is at the bound or past it; not where a number is missing or NaN."""
        value = row.get(self.number, math.nan)
        return value >= self.of(row) if self.sick == "above" else value <= self.of(row)


@dataclass(frozen=True)
class Check:
    """What is looked at for one finding.

    Attributes:
        name, title: of the finding.
        evidence: its sentence, with numbers of the row in braces, and {bounds} of the limits.
        limits: a sick run is past all of them; the finding's number is the first one's.
        rows: how many in a row must be past the limits.
        source: whose rows: "previews", "metrics" or "validation".
    """

    name: str
    title: str
    evidence: str
    limits: tuple[Limit, ...]
    rows: int = 2
    source: str = "previews"


CHECKS = (
    Check(
        "diverged",
        "the training has diverged",
        "A loss reached {peak_loss:.4g} (bound {bounds[0]:.4g}).",
        (Limit("peak_loss", "above", "stop_loss", "The run's own bound: it stops there."),),
        rows=1,
        source="metrics",
    ),
    Check(
        "silent",
        "sounds are silent",
        "{silent:.0%} of sounds{of_silent} are silent, beyond real ones (bound {bounds[0]:.0%}).",
        (Limit("silent", "above", 0.9, "Well: up to 0.5, of a label of soft speech, once."),),
        rows=1,
    ),
    Check(
        "discriminator_too_strong",
        "the discriminator is too strong",
        "It scores {told_apart:.1%} of real sounds above generated ones (bound {bounds[0]:.0%});"
        " its loss is {d_share:.0%} of what guessing costs (bound {bounds[1]:.0%}).",
        (
            Limit("told_apart", "above", 0.95, "Well runs start like this: not enough alone."),
            Limit("d_share", "below", 0.15, "Well: 0.32 and more. A generator at rest: 0.07."),
        ),
    ),
    Check(
        "generator_too_strong",
        "the discriminator cannot tell, and the sounds are far from real",
        "It scores {told_apart:.0%} of real sounds above generated ones (bound {bounds[0]:.0%});"
        " these are {distance:.1f} times as far from real ones as real ones are (bound"
        " {bounds[1]:g}).",
        (
            Limit("told_apart", "below", 0.55, "Guessing is 0.5 ± 0.05. Well, if far: 0.69."),
            Limit("distance", "above", 4.0, "Well, where it cannot tell: 0.9 at most."),
        ),
    ),
    Check(
        "collapsed",
        "sounds{of_diversity} are all alike",
        "They spread {diversity:.1%} as far as real ones (bound {bounds[0]:.0%}).",
        (Limit("diversity", "below", 0.04, "Well: 0.07 and more. Latents without effect: 0."),),
    ),
    Check(
        "label_ignored",
        "two labels sound the same{of_labels_apart}",
        "Their means are {labels_apart:.1%} as far apart as real ones (bound {bounds[0]:.0%}).",
        (Limit("labels_apart", "below", 0.05, "Well: 0.14 and more. Labels without effect: 0."),),
    ),
    Check(
        "copying",
        "sounds are copies of training sounds",
        "A sound is {nearest:.2f} times as far from the nearest training sound as those are from"
        " one another (bound {bounds[0]:.1f}).",
        (Limit("nearest", "below", 0.5, "Well: 1.3 and more; other real sounds: 1.1. Copies: 0."),),
    ),
    Check(
        "memorizing",
        "the discriminator knows the training sounds by heart",
        "It scores {known_by_heart:.1%} of training sounds above validation sounds (bound"
        " {bounds[0]:.0%}).",
        (Limit("known_by_heart", "above", 0.95, "Well: up to 0.82. Four sounds to learn: 1."),),
    ),
    Check(
        "clipped",
        "sounds are clipped",
        "{clipped:.0%} more sounds are clipped than real ones (bound {bounds[0]:.0%}).",
        (Limit("clipped", "above", 0.5, "Well: up to 0.08, early. Held at full scale: 1."),),
    ),
    Check(
        "dc_offset",
        "sounds have a DC offset",
        "{offset:.0%} more of their RMS is DC than of that of real ones (bound {bounds[0]:.0%}).",
        (
            Limit(
                "offset", "above", 0.25, "Well: up to 0.06. A generator that learned nothing: 0.5."
            ),
        ),
    ),
    Check(
        "buzzing",
        "sounds buzz",
        "Tones at the multiples of rate / 4, / 16, … stick out by {buzz:.0f} dB more than in real"
        " ones (bound {bounds[0]:.0f} dB).",
        (Limit("buzz", "above", 18.0, "Well: up to 16, once. Pulses 20 dB below the sound: 20."),),
    ),
    Check(
        "stalled",
        "no gain for long",
        "The best validation score is {since_best:.0f} evaluations old (bound {bounds[0]:.0f}).",
        (
            Limit(
                "since_best",
                "above",
                "patience",
                "Half of the run, 10 at least; or the run's own --stop-when-stalled.",
            ),
        ),
        rows=1,
        source="validation",
    ),
)
"""Every check, the worst first; what `verdict` finds first is the run's verdict.

Other signals that might have told more were measured, and do not: the length of the generator's
gradient falls three times in a well run, and rises where the discriminator is too strong.
"""


def verdict(
    signals: Sequence[Row], metrics: Sequence[Row], validation: Sequence[Row], config: Config
) -> tuple[Finding, ...]:
    """Say what is wrong with a run, worst first; () for a healthy one.

    Args:
        signals: rows of `health.csv`, ascending; any signal may be missing.
        metrics: rows of `metrics.csv`, ascending.
        validation: rows of `validation.csv`, ascending.
        config: the run's settings.
    """
    last = signals[-max(check.rows for check in CHECKS) :]
    sources = {
        "previews": [{**row, **_game(metrics, row["step"], config)} for row in last],
        "metrics": _losses(metrics, config),
        "validation": _gains(validation, config),
    }
    found = (_finding(check, sources[check.source], config) for check in CHECKS)
    return tuple(finding for finding in found if finding)


def diagnose(run: Run) -> tuple[Finding, ...]:
    """Say what is wrong with a run as its folder has it now, worst first; () for a healthy one.

    Raises:
        InputError: `config.toml` is missing or damaged.
    """
    names = (HEALTH, "metrics.csv", VALIDATION)
    signals, metrics, validation = (read_metrics(run.path / name) for name in names)
    return verdict(signals, metrics, validation, run.config())


def _finding(check: Check, rows: Sequence[Row], config: Config) -> Finding | None:
    last = rows[-check.rows :]
    if len(last) < check.rows or not all(
        limit.passed(row) for row in last for limit in check.limits
    ):
        return None
    row = last[-1]
    bounds = [limit.of(row) for limit in check.limits]
    words = {**row, **_labels(row, config), "bounds": bounds}
    return Finding(
        check.name,
        check.title.format(**words),
        check.evidence.format(**words),
        advise(check.name, config),
        float(row[check.limits[0].number]),
        float(bounds[0]),
    )


def _labels(row: Row, config: Config) -> dict[str, str]:
    """Return which labels a row is about, in words; empty where there are none."""

    def named(place: str) -> str:
        index = int(row.get(place, -1))
        return config.labels[index] if 0 <= index < len(config.labels) else ""

    one, other = (named(f"labels_apart_{place}") for place in ("one", "other"))
    of = {f"of_{name}": named(f"{name}_label") for name in ("silent", "diversity")}
    words = {name: f" of {label}" if label else "" for name, label in of.items()}
    return {**words, "of_labels_apart": f": {one} and {other}" if one and other else ""}


# -- Rows that are looked at, from rows that are kept ---------------------------------------------

_GUESSING = {
    "relativistic": math.log(2),
    "cross-entropy": 2 * math.log(2),
    "acgan": math.log(2),
}
"""The discriminator's loss, without its penalty, where it cannot tell."""


def _game(metrics: Sequence[Row], step: float, config: Config) -> Row:
    """Return `d_share`, the discriminator's loss at a step over what guessing costs.

    Nothing for WGAN-GP, whose critic is meant to be ahead and has no such cost, nor for smoothed
    targets, which move it.
    """
    smoothed = (config.smoothing_low, config.smoothing_high) != (1.0, 1.0)
    before = (row["d_raw"] for row in reversed(metrics) if row["step"] <= step and "d_raw" in row)
    loss = next(before, None)
    if loss is None or smoothed or config.loss not in _GUESSING:
        return {}
    return {"d_share": loss / _GUESSING[config.loss]}


def _losses(metrics: Sequence[Row], config: Config) -> list[Row]:
    """Return each row's largest loss, infinite where it is not a number, beside its bound."""
    bound = config.stop_loss or math.inf
    peaks = [row["peak_loss"] for row in metrics if "peak_loss" in row]
    return [
        {"peak_loss": peak if math.isfinite(peak) else math.inf, "stop_loss": bound}
        for peak in peaks
    ]


def _gains(validation: Sequence[Row], config: Config) -> list[Row]:
    """Return how many evaluations ago the best one was, beside how many are too many.

    As near as real sounds there is nothing to gain, and the last of those is the best.
    """
    ranks = [rank(row) for row in validation if "score" in row]
    if not ranks:
        return []
    since = ranks[::-1].index(max(ranks))
    patience = config.stop_when_stalled or max(10, math.ceil(len(ranks) / 2))
    return [{"since_best": since, "patience": patience}]
