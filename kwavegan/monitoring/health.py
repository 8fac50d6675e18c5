"""The health of a run: small checks of its signals, each with evidence and what to try.

`CHECKS` is the one table: which signals are checked, against which bounds, and why those.
`verdict` is a pure function of a run's rows of numbers; `diagnose` reads the rows from its folder.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kwavegan.config.losses import LOSSES
from kwavegan.config.settings import Config
from kwavegan.monitoring.advice import advise
from kwavegan.runs.run import HEALTH, VALIDATION, Run
from kwavegan.storage.csv_log import read_metrics

HealthRow = Mapping[str, float]
"""Numbers by name, of one step."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a run.

    Attributes:
        name: of the check.
        title: the verdict in a few plain words.
        evidence: one sentence: the number against its bound.
        tries: one or two settings to try, each an option of `kwavegan train` and why.
        value: the number of the check's first limit.
        bound: the bound that the number has passed; infinite where any finite number is good.

    Example:
        >>> from kwavegan.config import Config
        >>> from kwavegan.monitoring import verdict
        >>> rows = [{"step": step, "clipped": 0.9} for step in (400, 800)]
        >>> (finding,) = verdict(rows, [], [], Config())
        >>> finding.title
        'sounds are clipped'
        >>> finding.evidence
        '90% more sounds are clipped than real ones (bound 50%).'
    """

    name: str
    title: str
    evidence: str
    tries: tuple[str, ...]
    value: float
    bound: float


class Limit(NamedTuple):
    """A threshold on one number of a row.

    Attributes:
        number: name of the number.
        direction: on which side of the bound the run is unhealthy: "above" (number ≥ bound) or
            "below" (number ≤ bound).
        bound: the threshold, or the name of another number of the row.
        why: what the bound rests on. "Well" are runs of the default settings on drums and on spoken
            digits, at every preview.
    """

    number: str
    direction: str
    bound: float | str
    why: str

    def of(self, row: HealthRow) -> float:
        """Return the bound for a row."""
        return row.get(self.bound, math.nan) if isinstance(self.bound, str) else self.bound

    def passed(self, row: HealthRow) -> bool:
        """Whether a row is unhealthy; False where the number is missing or NaN."""
        value = row.get(self.number, math.nan)
        return value >= self.of(row) if self.direction == "above" else value <= self.of(row)


@dataclass(frozen=True)
class Check:
    """One condition of an unhealthy run, and the words of its `Finding`.

    Attributes:
        name, title: of the finding.
        evidence: its sentence, with numbers of the row in braces, and `{bounds}` of the limits.
        limits: an unhealthy run is past all of them.
        rows: how many consecutive rows must be past the limits.
        source: which rows are checked: those of "previews", "metrics" or "validation".
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
        "It scores {real_fake_auc:.1%} of real sounds above generated ones (bound {bounds[0]:.0%});"
        " its loss is {d_loss_share:.0%} of what guessing costs (bound {bounds[1]:.0%}).",
        (
            Limit("real_fake_auc", "above", 0.95, "Well runs start like this: not enough alone."),
            Limit("d_loss_share", "below", 0.15, "Well: 0.32 and more. A generator at rest: 0.07."),
        ),
    ),
    Check(
        "generator_too_strong",
        "the discriminator is fooled by sounds that are far from real",
        "It scores {real_fake_auc:.0%} of real sounds above generated ones (bound {bounds[0]:.0%});"
        " these are {distance:.1f} times as far from real ones as real ones are (bound"
        " {bounds[1]:g}).",
        (
            Limit("real_fake_auc", "below", 0.55, "Guessing is 0.5 ± 0.05. Well, if far: 0.69."),
            Limit("distance", "above", 4.0, "Well, where it is fooled: 0.9 at most."),
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
        "two labels sound the same{of_label_separation}",
        "Their means are {label_separation:.1%} as far apart as real ones (bound {bounds[0]:.0%}).",
        (
            Limit(
                "label_separation", "below", 0.05, "Well: 0.14 and more. Labels without effect: 0."
            ),
        ),
    ),
    Check(
        "copying",
        "sounds are copies of training sounds",
        "A sound is {nearest_training_ratio:.2f} times as far from the nearest training sound as"
        " those are from one another (bound {bounds[0]:.1f}).",
        (
            Limit(
                "nearest_training_ratio",
                "below",
                0.5,
                "Well: 1.3 and more; other real sounds: 1.1. Copies: 0.",
            ),
        ),
    ),
    Check(
        "memorizing",
        "the discriminator has memorized the training sounds",
        "It scores {train_validation_auc:.1%} of training sounds above validation sounds (bound"
        " {bounds[0]:.0%}).",
        (
            Limit(
                "train_validation_auc", "above", 0.95, "Well: up to 0.82. Four sounds to learn: 1."
            ),
        ),
    ),
    Check(
        "clipped",
        "sounds are clipped",
        "{clipped:.0%} more sounds are clipped than real ones (bound {bounds[0]:.0%}).",
        (Limit("clipped", "above", 0.5, "Well: up to 0.08, early. A saturated generator: 1."),),
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
        "sounds{of_periodicity} buzz",
        "{periodicity:.2f} more of a sound returns after a period than of a real one (bound"
        " {bounds[0]:g}).",
        (
            Limit(
                "periodicity",
                "above",
                0.2,
                "Real sounds against others, of drums and of speech, 6 to 32 of a label: up to"
                " 0.09. Snares that repeat every 256 samples: 0.5.",
            ),
        ),
    ),
    Check(
        "one_period",
        "sounds{of_shared_period} all have one pitch",
        "{shared_period:.0%} more of them share a period than of real ones (bound"
        " {bounds[0]:.0%}).",
        (
            Limit(
                "shared_period",
                "above",
                0.55,
                "Real sounds against others: up to 0.48 of six, 0.31 of sixteen. All on one"
                " period: 0.76 and more.",
            ),
        ),
    ),
    Check(
        "no_attack",
        "sounds{of_attack} begin too softly",
        "They take {attack:.1f} times as long to begin as real ones (bound {bounds[0]:g}).",
        (
            Limit(
                "attack",
                "above",
                1.7,
                "Real sounds against others: up to 1.34. Kicks without their click: 2.4 to 5.",
            ),
        ),
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
"""Every check, in order of severity: the first finding is the run's verdict.

The length of the generator's gradient was measured too, and is of no use: it falls to a third in a
healthy run, and rises where the discriminator is too strong.
"""


def verdict(
    signals: Sequence[HealthRow],
    metrics: Sequence[HealthRow],
    validation: Sequence[HealthRow],
    config: Config,
) -> tuple[Finding, ...]:
    """Return what is wrong with a run, worst first; () for a healthy one.

    Args:
        signals: rows of `health.csv`, ascending; any signal may be missing.
        metrics: rows of `metrics.csv`, ascending.
        validation: rows of `validation.csv`, ascending.
        config: the run's settings.

    Example:
        >>> from kwavegan.config import Config
        >>> from kwavegan.monitoring import verdict
        >>> rows = [{"step": step, "nearest_training_ratio": 0.1} for step in (400, 800)]
        >>> [finding.name for finding in verdict(rows, [], [], Config())]
        ['copying']
        >>> verdict(rows[:1], [], [], Config())  # once is not enough
        ()
    """
    last = signals[-max(check.rows for check in CHECKS) :]
    sources: dict[str, Sequence[HealthRow]] = {
        "previews": [{**row, **_loss_share(metrics, row["step"], config)} for row in last],
        "metrics": _largest_losses(metrics, config),
        "validation": _since_best(validation, config),
    }
    findings = (_finding(check, sources[check.source], config) for check in CHECKS)
    return tuple(finding for finding in findings if finding)


def diagnose(run: Run) -> tuple[Finding, ...]:
    """Return what is wrong with a run as its folder has it now, worst first; () if healthy.

    The training itself calls this after each preview, although it has just written those rows: the
    run folder is the unit of everything, so a run gets the same verdict while it trains, in its
    report, and on another machine.

    Raises:
        InputError: `config.toml` is missing or damaged.

    Example:
        >>> import kwavegan
        >>> from kwavegan.monitoring import diagnose
        >>> diagnose(kwavegan.load_pretrained("drums").run)
        ()
    """
    names = (HEALTH, "metrics.csv", VALIDATION)
    signals, metrics, validation = (read_metrics(run.path / name) for name in names)
    return verdict(signals, metrics, validation, run.config())


def _finding(check: Check, rows: Sequence[HealthRow], config: Config) -> Finding | None:
    last = rows[-check.rows :]
    if len(last) < check.rows or not all(
        limit.passed(row) for row in last for limit in check.limits
    ):
        return None
    row = last[-1]
    bounds = [limit.of(row) for limit in check.limits]
    words = {**row, **_label_words(row, config), "bounds": bounds}
    return Finding(
        check.name,
        check.title.format(**words),
        check.evidence.format(**words),
        advise(check.name, config),
        float(row[check.limits[0].number]),
        float(bounds[0]),
    )


def _label_words(row: HealthRow, config: Config) -> dict[str, str]:
    """Return words for the labels that a row is about; "" where it is about none."""

    def label(column: str) -> str:
        index = row.get(column, -1)  # not finite in a damaged row
        return config.labels[int(index)] if 0 <= index < len(config.labels) else ""

    one, other = label("label_separation_one"), label("label_separation_other")
    words = {"of_label_separation": f": {one} and {other}" if one and other else ""}
    for name in ("silent", "diversity", "periodicity", "shared_period", "attack"):
        words[f"of_{name}"] = f" of {label(f'{name}_label')}" if label(f"{name}_label") else ""
    return words


# -- Rows to check, from the rows in the run's files ----------------------------------------------


def _loss_share(metrics: Sequence[HealthRow], step: float, config: Config) -> HealthRow:
    """Return `d_loss_share`, the discriminator's loss at a step over that of guessing.

    Empty for a loss without a cost of guessing, such as WGAN-GP's, whose critic is meant to be
    ahead, and for smoothed targets, which change that cost.
    """
    chance_loss = LOSSES[config.loss].chance_loss
    smoothed = (config.smoothing_low, config.smoothing_high) != (1.0, 1.0)
    before = (
        row["d_adversarial_loss"]
        for row in reversed(metrics)
        if row["step"] <= step and "d_adversarial_loss" in row
    )
    loss = next(before, None)
    if loss is None or smoothed or chance_loss is None:
        return {}
    return {"d_loss_share": loss / chance_loss}


def _largest_losses(metrics: Sequence[HealthRow], config: Config) -> list[HealthRow]:
    """Return each row's largest loss, infinite where it is NaN, beside its bound."""
    bound = config.stop_loss or math.inf
    peaks = [row["peak_loss"] for row in metrics if "peak_loss" in row]
    return [
        {"peak_loss": peak if math.isfinite(peak) else math.inf, "stop_loss": bound}
        for peak in peaks
    ]


def _since_best(validation: Sequence[HealthRow], config: Config) -> list[HealthRow]:
    """Return how many evaluations ago the best one was, beside how many are too many.

    Of evaluations as good as real sounds the last counts as the best: nothing is left to gain.
    """
    scores = [row["score"] for row in validation if "score" in row]
    if not scores:
        return []
    since = scores[::-1].index(max(scores))
    patience = config.stop_when_stalled or max(10, math.ceil(len(scores) / 2))
    return [{"since_best": since, "patience": patience}]
