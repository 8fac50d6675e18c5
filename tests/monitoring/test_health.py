"""Each check fires on the rows it is for, no other does, and what it advises can be done."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from keras import ops

from kwavegan.config.losses import LOSSES
from kwavegan.config.presets import PRESETS
from kwavegan.config.resolution import resolve
from kwavegan.config.settings import SETTINGS, Config
from kwavegan.errors import InputError
from kwavegan.gan import losses
from kwavegan.monitoring.advice import TRIES, advise
from kwavegan.monitoring.health import CHECKS, Limit, diagnose, verdict
from kwavegan.monitoring.signals import SIGNALS
from kwavegan.runs.run import HEALTH, VALIDATION, Run
from kwavegan.storage.csv_log import MetricsLog

CONFIG = Config(labels=("hat", "kick", "snare"))

WELL = {
    "real_fake_auc": 0.85,
    "train_validation_auc": 0.55,
    "distance": 45.0,
    "diversity": 0.3,
    "diversity_label": 2.0,
    "label_separation": 0.7,
    "label_separation_one": 0.0,
    "label_separation_other": 2.0,
    "nearest_training_ratio": 1.5,
    "silent": 0.0,
    "silent_label": 0.0,
    "clipped": 0.0,
    "offset": 0.01,
    "periodicity": 0.02,
    "periodicity_label": 0.0,
    "shared_period": 0.05,
    "shared_period_label": 1.0,
    "attack": 0.9,
    "attack_label": 2.0,
}
"""Signals of a run of the default settings."""

LOSS_ROW = {"peak_loss": 2.5, "d_adversarial_loss": 0.44}

UNHEALTHY = {
    "silent": ({"silent": 0.95, "silent_label": 1.0}, {}),
    "discriminator_too_strong": ({"real_fake_auc": 1.0}, {"d_adversarial_loss": 0.04}),
    "generator_too_strong": ({"real_fake_auc": 0.4}, {}),
    "collapsed": ({"diversity": 0.01}, {}),
    "label_ignored": ({"label_separation": 0.02}, {}),
    "copying": ({"nearest_training_ratio": 0.1}, {}),
    "memorizing": ({"train_validation_auc": 0.99}, {}),
    "clipped": ({"clipped": 0.8}, {}),
    "dc_offset": ({"offset": 0.5}, {}),
    "buzzing": ({"periodicity": 0.45}, {}),
    "one_period": ({"shared_period": 0.8}, {}),
    "no_attack": ({"attack": 2.4}, {}),
}
"""By check: what differs from a run that is well, in its signals and in its metrics."""

AT_ONCE = ("diverged", "silent", "stalled")


def rows(*changes, every=200, well=WELL):
    """Rows by step, each like one of a run that is well but for its changes."""
    return [{"step": every * i, **well, **change} for i, change in enumerate(changes, start=1)]


def names(signals=(), metrics=None, validation=(), config=CONFIG):
    if metrics is None:
        metrics = rows(*[{}] * max(len(signals), 1), well=LOSS_ROW)
    return [finding.name for finding in verdict(signals, metrics, validation, config)]


def scores(*values):
    """Return evaluations of hundredths; a hundred is as near as real sounds."""
    return [
        {"step": 200 * i, "score": value / 100, "label_accuracy": 1.0}
        for i, value in enumerate(values, start=1)
    ]


def test_a_run_that_is_well():
    assert names(rows({}, {}, {}), validation=scores(*range(18))) == []
    assert names() == names(metrics=[]) == []


@pytest.mark.parametrize("name", UNHEALTHY)
def test_each_check_fires_alone(name):
    signals, losses = UNHEALTHY[name]
    unhealthy, metrics = rows({}, signals, signals), rows({}, losses, losses, well=LOSS_ROW)
    assert names(unhealthy, metrics) == [name]
    (finding,) = verdict(unhealthy, metrics, [], CONFIG)
    check = next(check for check in CHECKS if check.name == name)
    assert finding.value == unhealthy[-1][check.limits[0].number]
    assert finding.bound == check.limits[0].bound
    assert 1 <= len(finding.tries) <= 2


@pytest.mark.parametrize("name", UNHEALTHY)
def test_soft_signals_must_hold_at_two_previews_in_a_row(name):
    signals, losses = UNHEALTHY[name]
    metrics = rows({}, *[losses] * 4, well=LOSS_ROW)
    first, gone, again, held = (
        names(rows(*changes), metrics)
        for changes in (
            ({}, signals),
            ({}, signals, signals, {}),
            ({}, signals, {}, signals),
            ({}, signals, {}, signals, signals),
        )
    )
    assert gone == []
    assert first == again == ([name] if name in AT_ONCE else [])
    assert held == [name]
    assert names(rows(signals), metrics) == ([name] if name in AT_ONCE else [])


@pytest.mark.parametrize("name", UNHEALTHY)
@pytest.mark.parametrize("gap", ["missing", "nan"])
def test_a_signal_that_is_missing_is_no_finding(name, gap):
    signals, losses = UNHEALTHY[name]
    unhealthy = rows(signals, signals)
    for row in unhealthy:
        for signal in signals:
            if gap == "nan":
                row[signal] = math.nan
            else:
                del row[signal]
    assert names(unhealthy, rows(losses, losses, well=LOSS_ROW)) == []


def test_every_limit_of_a_check_counts():
    assert names(rows(*[{"real_fake_auc": 1.0}] * 2)) == []
    assert names(rows({}, {}), rows(*[{"d_adversarial_loss": 0.01}] * 2, well=LOSS_ROW)) == []
    assert names(rows(*[{"real_fake_auc": 0.4, "distance": 2.0}] * 2)) == []
    only = {"real_fake_auc": 1.0, "step": 200}, {"real_fake_auc": 1.0, "step": 400}
    assert names(
        only, rows({"d_adversarial_loss": 0.01}, {"d_adversarial_loss": 0.01}, well=LOSS_ROW)
    ) == ["discriminator_too_strong"]
    # The second preview's row of metrics came later than the preview: it does not count.
    assert names(only, rows({}, {"d_adversarial_loss": 0.01}, every=300, well=LOSS_ROW)) == []


@pytest.mark.parametrize(
    ("changes", "percent"),
    [
        ({}, 14),
        ({"loss": "cross-entropy"}, 7),
        ({"loss": "acgan", "model": "acgan"}, 14),
        ({"loss": "wgan-gp"}, None),
        ({"smoothing_low": 0.7}, None),
    ],
)
def test_what_guessing_costs_depends_on_the_loss(changes, percent):
    config = replace(CONFIG, **changes)
    signals = rows(*[{"real_fake_auc": 1.0}] * 2)
    metrics = rows(*[{"d_adversarial_loss": 0.1}] * 2, well=LOSS_ROW)
    findings = verdict(signals, metrics, [], config)
    said = [f"its loss is {percent}% of what guessing costs" in f.evidence for f in findings]
    assert said == ([] if percent is None else [True])


def test_guessing_costs_what_the_formulas_say():
    costs = {name: loss.chance_loss for name, loss in LOSSES.items()}
    assert [name for name, cost in costs.items() if cost is None] == ["wgan-gp"]
    zero = ops.zeros((4, 1))
    for name in set(costs) - {"wgan-gp"}:
        loss = losses.LOSSES[name].discriminator(zero, zero, 1.0)
        assert float(loss) == pytest.approx(costs[name])


@pytest.mark.parametrize("peak", [401.0, 1e30, math.inf, math.nan])
def test_a_loss_past_its_bound_diverged(peak):
    metrics = rows({}, {"peak_loss": peak}, well=LOSS_ROW)
    (finding,) = verdict([], metrics, [], CONFIG)
    assert (finding.name, finding.bound) == ("diverged", 400)
    assert finding.value == (peak if math.isfinite(peak) else math.inf)
    unbounded = names(metrics=metrics, config=replace(CONFIG, stop_loss=0.0))
    assert unbounded == ([] if math.isfinite(peak) else ["diverged"])
    assert names(metrics=rows({}, {"peak_loss": 399.0}, well=LOSS_ROW)) == []


def test_no_gain_for_half_of_the_run_and_ten_evaluations_is_a_stall():
    assert names(validation=scores(9, *range(8), 1)) == []
    assert names(validation=scores(9, *range(8), 1, 2)) == ["stalled"]
    assert names(validation=scores(*range(30), *[0] * 20)) == []
    assert names(validation=scores(*range(25), *[0] * 26)) == ["stalled"]
    (finding,) = verdict([], [], scores(9, *[1] * 12), CONFIG)
    assert (finding.value, finding.bound) == (12, 10)
    assert names(validation=scores(9, 1, 1, 1)) == []
    assert names(validation=scores(9, *[100] * 26)) == []  # as near as real: no gain is left
    patient = replace(CONFIG, stop_when_stalled=3)
    assert names(validation=scores(9, 1, 1, 1), config=patient) == ["stalled"]


def test_the_worst_comes_first():
    everything = {k: v for signals, _ in UNHEALTHY.values() for k, v in signals.items()}
    low, high = {**everything, "real_fake_auc": 0.4}, {**everything, "real_fake_auc": 1.0}
    stall = scores(9, *[1] * 12)
    bad = rows(
        {},
        {"d_adversarial_loss": 0.01, "peak_loss": 999.0},
        well={**LOSS_ROW, "d_adversarial_loss": 0.01},
    )
    order = [check.name for check in CHECKS]
    assert order[0] == "diverged"
    assert names(rows(low, low), bad, stall) == [
        name for name in order if name != "discriminator_too_strong"
    ]
    assert names(rows(high, high), bad, stall) == [
        name for name in order if name != "generator_too_strong"
    ]
    assert set(order) == {*UNHEALTHY, *AT_ONCE}


def test_the_same_rows_get_the_same_verdict_and_stay_as_they_are():
    unhealthy = rows(*[{"diversity": 0.01, "periodicity": 0.5}] * 3)
    kept, metrics = [dict(row) for row in unhealthy], rows({}, {}, {}, well=LOSS_ROW)
    first = verdict(unhealthy, metrics, scores(1, 2), CONFIG)
    assert first == verdict(tuple(unhealthy), tuple(metrics), scores(1, 2), CONFIG)
    assert unhealthy == kept
    assert [finding.name for finding in first] == ["collapsed", "buzzing"]


def test_evidence_has_the_number_its_bound_and_the_label():
    (finding,) = verdict(rows(*[{"diversity": 0.012}] * 2), [], [], CONFIG)
    assert finding.title == "sounds of snare are all alike"
    assert finding.evidence == "They spread 1.2% as far as real ones (bound 4%)."
    (finding,) = verdict(rows(*[{"label_separation": 0.01}] * 2), [], [], CONFIG)
    assert finding.title == "two labels sound the same: hat and snare"
    (finding,) = verdict(rows({"silent": 1.0, "silent_label": 1.0}), [], [], CONFIG)
    assert "of kick" in finding.evidence
    (finding,) = verdict(rows(*[{"shared_period": 0.8}] * 2), [], [], CONFIG)
    assert finding.title == "sounds of kick all have one pitch"
    assert finding.evidence == ("80% more of them share a period than of real ones (bound 55%).")
    bare = {"step": 1, "diversity": 0.0, "silent": 1.0}
    findings = verdict([bare, bare], [], [], Config(model="wgan"))
    assert [f.title for f in findings] == ["sounds are silent", "sounds are all alike"]
    assert "sounds are silent" in findings[0].evidence.replace("more ", "")


RUNS = {
    **{name: preset.values for name, preset in PRESETS.items()},
    "no penalty": {"penalty": "none"},
    "d_lr": {"d_lr": 0.1},
    "slow": {"lr": 1e-7, "d_lr": 4e-4},
    "zeros": {"gamma": 0.0, "gp_weight": 0.0, "class_weight": 0.0},
    "large": {
        "gamma": 10_000.0,
        "width": 1024,
        "batch_size": 65_536,
        "d_updates": 1_000,
        "phase_shuffle": 15,
        "label_embedding": 1024,
        "seed": 2**31 - 1,
        "input_noise": 10.0,
    },
    "small": {"gamma": 1e-9, "width": 1, "lr": 1e-9, "batch_size": 1},
    "tried": {"stop_when_stalled": 5, "retry": 3, "input_noise": 0.02, "ema_decay": 0.9},
}


@pytest.mark.parametrize("run", RUNS)
def test_advice_is_an_option_of_train_that_differs_from_what_the_run_has(run):
    config = Config(**{**RUNS[run], "labels": ("a", "b")})
    advised = {}
    for name, line in [(check, line) for check in TRIES for line in advise(check, config)]:
        option, value = line.split(":")[0].split(" ")
        setting = option.removeprefix("--").replace("-", "_")
        assert option.startswith("--")
        assert setting in SETTINGS
        assert SETTINGS[setting].metadata["option"]
        new = type(SETTINGS[setting].default)(value)
        tried = resolve(options={**config.as_dict(), setting: new})
        assert tried != config
        advised.setdefault(name, []).append(setting)
    if run not in ("large", "small"):
        assert list(advised) == [check.name for check in CHECKS]
    assert all(len(settings) == len(set(settings)) <= 2 for settings in advised.values())


@pytest.mark.parametrize(
    ("settings", "advised"),
    [
        ({"loss": "relativistic"}, "--gamma"),
        ({"loss": "wgan-gp"}, "--gp-weight"),
        ({"loss": "cross-entropy"}, "--penalty"),
        ({"loss": "relativistic", "penalty": "none"}, "--penalty"),
        ({"loss": "cross-entropy", "penalty": "gp"}, "--gp-weight"),
    ],
)
def test_a_stronger_penalty_is_that_of_the_run(settings, advised):
    assert advise("memorizing", Config(**settings))[0].startswith(advised)


def test_diagnose_reads_a_run(tmp_path):
    run = Run.create("ill", replace(CONFIG, tensorboard="off"), tmp_path)
    assert diagnose(run) == ()
    logs = {
        HEALTH: rows({}, {"periodicity": 0.5}, {"periodicity": 0.5}),
        "metrics.csv": rows({}, {}, {"peak_loss": math.nan}, well=LOSS_ROW),
        VALIDATION: scores(9, *[1] * 12),
    }
    for name, kept in logs.items():
        log = MetricsLog(run.path / name)
        for row in kept:
            log.append(row)
    findings = diagnose(run)
    assert [finding.name for finding in findings] == ["diverged", "buzzing", "stalled"]
    assert findings == verdict(logs[HEALTH], logs["metrics.csv"], logs[VALIDATION], run.config())
    (run.path / "config.toml").unlink()
    with pytest.raises(InputError, match="no such file"):
        diagnose(run)


def test_a_limit_says_what_it_rests_on():
    limits = [limit for check in CHECKS for limit in check.limits]
    assert all(len(limit.why) > 20 and limit.direction in ("above", "below") for limit in limits)
    assert Limit("x", "above", 1.0, "").passed({"x": 1.0})
    assert Limit("x", "below", "y", "").passed({"x": 1.0, "y": 1.0})
    assert not Limit("x", "below", "y", "").passed({"x": 1.0})


def test_the_documentation_has_every_check_and_its_bounds():
    page = (Path(__file__).parents[2] / "docs" / "health.md").read_text(encoding="utf-8")
    measured, text = page.split("\n## The checks\n")
    assert all(f"| `{signal}` |" in measured for signal in SIGNALS)
    for check in CHECKS:
        (line,) = (line for line in text.splitlines() if line.startswith(f"| `{check.name}` "))
        for limit in check.limits:
            assert isinstance(limit.bound, str) or f"{limit.bound:g}" in line


def test_unequal_steps_are_made_equal_by_the_rate_that_is_out_of_the_way():
    def first(name, **rates):
        config = Config(**rates)
        return advise(name, config)[0].split(":")[0]

    assert first("discriminator_too_strong", d_lr=0.012) == "--d-lr 0.0008"
    assert first("discriminator_too_strong", lr=1e-7, d_lr=4e-4) == "--lr 0.0004"
    assert first("discriminator_too_strong") == "--gamma 0.9"
    assert first("generator_too_strong", d_lr=1e-6) == "--d-lr 0.0008"
    assert first("diverged", loss="wgan-gp", d_lr=0.1) == "--d-lr 0.0008"
