"""Each check fires on the rows it is for, no other does, and what it advises can be done."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from keras import ops

from kwavegan.config.presets import PRESETS
from kwavegan.config.settings import SETTINGS, Config, resolve
from kwavegan.errors import InputError
from kwavegan.gan.losses import GAMES
from kwavegan.monitoring import health
from kwavegan.monitoring.advice import TRIES, advise, penalty_of
from kwavegan.monitoring.health import CHECKS, Limit, diagnose, verdict
from kwavegan.monitoring.signals import SIGNALS
from kwavegan.runs.run import HEALTH, VALIDATION, Run
from kwavegan.storage.csv_log import MetricsLog

CONFIG = Config(labels=("hat", "kick", "snare"))

WELL = {
    "told_apart": 0.85,
    "known_by_heart": 0.55,
    "distance": 45.0,
    "diversity": 0.3,
    "diversity_label": 2.0,
    "labels_apart": 0.7,
    "labels_apart_one": 0.0,
    "labels_apart_other": 2.0,
    "nearest": 1.5,
    "silent": 0.0,
    "silent_label": 0.0,
    "clipped": 0.0,
    "offset": 0.01,
    "buzz": 4.0,
}
"""Signals of a run of the default settings."""

GAME = {"peak_loss": 2.5, "d_raw": 0.44}

SICK = {
    "silent": ({"silent": 0.95, "silent_label": 1.0}, {}),
    "discriminator_too_strong": ({"told_apart": 1.0}, {"d_raw": 0.04}),
    "generator_too_strong": ({"told_apart": 0.4}, {}),
    "collapsed": ({"diversity": 0.01}, {}),
    "label_ignored": ({"labels_apart": 0.02}, {}),
    "copying": ({"nearest": 0.1}, {}),
    "memorizing": ({"known_by_heart": 0.99}, {}),
    "clipped": ({"clipped": 0.8}, {}),
    "dc_offset": ({"offset": 0.5}, {}),
    "buzzing": ({"buzz": 25.0}, {}),
}
"""By check: what differs from a run that is well, in its signals and in its metrics."""

AT_ONCE = ("diverged", "silent", "stalled")


def rows(*changes, every=200, well=WELL):
    """Rows by step, each like one of a run that is well but for its changes."""
    return [{"step": every * i, **well, **change} for i, change in enumerate(changes, start=1)]


def names(signals=(), metrics=None, validation=(), config=CONFIG):
    if metrics is None:
        metrics = rows(*[{}] * max(len(signals), 1), well=GAME)
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


@pytest.mark.parametrize("name", SICK)
def test_each_check_fires_alone(name):
    signals, game = SICK[name]
    sick, metrics = rows({}, signals, signals), rows({}, game, game, well=GAME)
    assert names(sick, metrics) == [name]
    (found,) = verdict(sick, metrics, [], CONFIG)
    check = next(check for check in CHECKS if check.name == name)
    assert found.value == sick[-1][check.limits[0].number]
    assert found.bound == check.limits[0].bound
    assert 1 <= len(found.tries) <= 2


@pytest.mark.parametrize("name", SICK)
def test_soft_signals_must_hold_at_two_previews_in_a_row(name):
    signals, game = SICK[name]
    metrics = rows({}, game, game, game, game, well=GAME)
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


@pytest.mark.parametrize("name", SICK)
@pytest.mark.parametrize("gap", ["missing", "nan"])
def test_a_signal_that_is_missing_is_no_finding(name, gap):
    signals, game = SICK[name]
    sick = rows(signals, signals)
    for row in sick:
        for signal in signals:
            if gap == "nan":
                row[signal] = math.nan
            else:
                del row[signal]
    assert names(sick, rows(game, game, well=GAME)) == []


def test_every_limit_of_a_check_counts():
    assert names(rows(*[{"told_apart": 1.0}] * 2)) == []
    assert names(rows({}, {}), rows(*[{"d_raw": 0.01}] * 2, well=GAME)) == []
    assert names(rows(*[{"told_apart": 0.4, "distance": 2.0}] * 2)) == []
    only = {"told_apart": 1.0, "step": 200}, {"told_apart": 1.0, "step": 400}
    assert names(only, rows({"d_raw": 0.01}, {"d_raw": 0.01}, well=GAME)) == [
        "discriminator_too_strong"
    ]
    # The second preview's row of metrics came later than the preview: it does not count.
    assert names(only, rows({}, {"d_raw": 0.01}, every=300, well=GAME)) == []


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ({}, 0.14),
        ({"loss": "cross-entropy"}, 0.07),
        ({"loss": "acgan", "model": "acgan"}, 0.14),
        ({"loss": "wgan-gp"}, None),
        ({"smoothing_low": 0.7}, None),
    ],
)
def test_what_guessing_costs_depends_on_the_loss(changes, share):
    config = replace(CONFIG, **changes)
    found = health._game([{"step": 1, "d_raw": 0.1}], 1, config).get("d_share")
    assert found == (share and pytest.approx(share, abs=0.005))


def test_guessing_costs_what_the_games_say():
    assert set(health._GUESSING) == set(GAMES) - {"wgan-gp"}
    for loss, cost in health._GUESSING.items():
        zero = ops.zeros((4, 1))
        assert float(GAMES[loss].discriminator(zero, zero, 1.0)) == pytest.approx(cost)


@pytest.mark.parametrize("peak", [401.0, 1e30, math.inf, math.nan])
def test_a_loss_past_its_bound_diverged(peak):
    metrics = rows({}, {"peak_loss": peak}, well=GAME)
    (found,) = verdict([], metrics, [], CONFIG)
    assert (found.name, found.bound) == ("diverged", 400)
    assert found.value == (peak if math.isfinite(peak) else math.inf)
    unbounded = names(metrics=metrics, config=replace(CONFIG, stop_loss=0.0))
    assert unbounded == ([] if math.isfinite(peak) else ["diverged"])
    assert names(metrics=rows({}, {"peak_loss": 399.0}, well=GAME)) == []


def test_no_gain_for_half_of_the_run_and_ten_evaluations_is_a_stall():
    assert names(validation=scores(9, *range(8), 1)) == []
    assert names(validation=scores(9, *range(8), 1, 2)) == ["stalled"]
    assert names(validation=scores(*range(30), *[0] * 20)) == []
    assert names(validation=scores(*range(25), *[0] * 26)) == ["stalled"]
    (found,) = verdict([], [], scores(9, *[1] * 12), CONFIG)
    assert (found.value, found.bound) == (12, 10)
    assert names(validation=scores(9, 1, 1, 1)) == []
    assert names(validation=scores(300, *[120] * 26)) == []  # as near as real: no gain is left
    patient = replace(CONFIG, stop_when_stalled=3)
    assert names(validation=scores(9, 1, 1, 1), config=patient) == ["stalled"]


def test_the_worst_comes_first():
    everything = {k: v for signals, _ in SICK.values() for k, v in signals.items()}
    low, high = {**everything, "told_apart": 0.4}, {**everything, "told_apart": 1.0}
    stall = scores(9, *[1] * 12)
    bad = rows({}, {"d_raw": 0.01, "peak_loss": 999.0}, well={**GAME, "d_raw": 0.01})
    order = [check.name for check in CHECKS]
    assert order[0] == "diverged"
    assert names(rows(low, low), bad, stall) == [
        name for name in order if name != "discriminator_too_strong"
    ]
    assert names(rows(high, high), bad, stall) == [
        name for name in order if name != "generator_too_strong"
    ]
    assert set(order) == {*SICK, *AT_ONCE}


def test_the_same_rows_get_the_same_verdict_and_stay_as_they_are():
    sick = rows(*[{"diversity": 0.01, "buzz": 30.0}] * 3)
    kept, metrics = [dict(row) for row in sick], rows({}, {}, {}, well=GAME)
    first = verdict(sick, metrics, scores(1, 2), CONFIG)
    assert first == verdict(tuple(sick), tuple(metrics), scores(1, 2), CONFIG)
    assert sick == kept
    assert [finding.name for finding in first] == ["collapsed", "buzzing"]


def test_evidence_has_the_number_its_bound_and_the_label():
    (found,) = verdict(rows(*[{"diversity": 0.012}] * 2), [], [], CONFIG)
    assert found.title == "sounds of snare are all alike"
    assert found.evidence == "They spread 1.2% as far as real ones (bound 4%)."
    (found,) = verdict(rows(*[{"labels_apart": 0.01}] * 2), [], [], CONFIG)
    assert found.title == "two labels sound the same: hat and snare"
    (found,) = verdict(rows({"silent": 1.0, "silent_label": 1.0}), [], [], CONFIG)
    assert "of kick" in found.evidence
    bare = {"step": 1, "diversity": 0.0, "silent": 1.0}
    found = verdict([bare, bare], [], [], Config(model="wgan"))
    assert [f.title for f in found] == ["sounds are silent", "sounds are all alike"]
    assert "sounds are silent" in found[0].evidence.replace("more ", "")


RUNS = {
    **{name: preset.values for name, preset in PRESETS.items()},
    "no penalty": {"penalty": "none"},
    "d_lr": {"d_lr": 0.1},
    "slow": {"lr": 1e-7, "d_lr": 4e-4},
    "zeros": {"gamma": 0.0, "lamb": 0.0, "class_weight": 0.0},
    "large": {
        "gamma": 10_000.0,
        "width": 1024,
        "batch": 65_536,
        "d_updates": 1_000,
        "phase_shuffle": 15,
        "label_embedding": 1024,
        "seed": 2**31 - 1,
        "noise": 10.0,
    },
    "small": {"gamma": 1e-9, "width": 1, "lr": 1e-9, "batch": 1},
    "tried": {"stop_when_stalled": 5, "retry": 3, "noise": 0.02, "average": 0.9},
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


def test_the_penalty_of_a_run_is_the_games():
    for loss, game in GAMES.items():
        model = "acgan" if loss == "acgan" else "cwgan"
        assert penalty_of(Config(model=model, loss=loss)) == game.penalty
    assert penalty_of(Config(penalty="none")) == "none"


def test_diagnose_reads_a_run(tmp_path):
    run = Run.create("ill", replace(CONFIG, tensorboard="off"), tmp_path)
    assert diagnose(run) == ()
    logs = {
        HEALTH: rows({}, {"buzz": 30.0}, {"buzz": 30.0}),
        "metrics.csv": rows({}, {}, {"peak_loss": math.nan}, well=GAME),
        VALIDATION: scores(9, *[1] * 12),
    }
    for name, kept in logs.items():
        log = MetricsLog(run.path / name)
        for row in kept:
            log.append(row)
    found = diagnose(run)
    assert [finding.name for finding in found] == ["diverged", "buzzing", "stalled"]
    assert found == verdict(logs[HEALTH], logs["metrics.csv"], logs[VALIDATION], run.config())
    (run.path / "config.toml").unlink()
    with pytest.raises(InputError, match="no such file"):
        diagnose(run)


def test_a_limit_says_what_it_rests_on():
    limits = [limit for check in CHECKS for limit in check.limits]
    assert all(len(limit.why) > 20 and limit.sick in ("above", "below") for limit in limits)
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

    assert first("discriminator_too_strong", d_lr=0.012) == "--d-lr 0.0004"
    assert first("discriminator_too_strong", lr=1e-7, d_lr=4e-4) == "--lr 0.0004"
    assert first("discriminator_too_strong") == "--gamma 0.9"
    assert first("generator_too_strong", d_lr=1e-6) == "--d-lr 0.0004"
    assert first("diverged", loss="wgan-gp", d_lr=0.1) == "--d-lr 0.0004"
