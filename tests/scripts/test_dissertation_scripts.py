"""`scripts/dissertation/`: the faults it puts back, and that its tables lose nothing in a kill."""

from functools import partial, partialmethod

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from keras import ops
from support.datasets import LENGTH, RATE, write_sines
from support.gans import FedUpdate, arrays, relative_error, whole

from kwavegan.data import PrepareSettings, prepare
from kwavegan.data.dataset import open_dataset
from kwavegan.gan.model import WaveGAN
from kwavegan.gan.state import capture_state
from kwavegan.training.build import build_gan
from scripts.common.pages import filled
from scripts.common.runner import ResultTable, read_rows
from scripts.dissertation import control, page, tables
from scripts.dissertation.conditions import (
    AGREEING,
    AVERAGES,
    BRANCHES,
    LOGGED,
    TABLES,
    Condition,
    conditions,
)
from scripts.dissertation.faults import FaultyObjectives, faulty_noise, frozen_shifts
from scripts.dissertation.products import speed_up
from scripts.dissertation.trial import Trial, build_trial, survived

TINY = {"length": 256, "width": 2, "latent_dim": 8}
LABELS = 2
APART = next(s for s in range(50) if len({int(v[0]) for v in frozen_shifts(s, 1).values()}) == 3)
"""A seed whose three branches have three shifts, where there is one phase shuffle."""

jax_only = pytest.mark.skipif(keras.backend.backend() != "jax", reason="scans on JAX alone")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """More sines than other tests have: the control needs a whole batch of test sounds."""
    folder = tmp_path_factory.mktemp("toys")
    settings = PrepareSettings(rate=RATE, length=LENGTH)
    prepare(write_sines(folder / "sines", 100), folder / "set", settings, jobs=1)
    return open_dataset(folder / "set")


def tiny_gan(**options):
    """Return a conditional GAN; `options` are those of `FaultyObjectives`, without it none."""
    config = Condition("cwgan", batch_size=4).config(0, ("high", "low"), 2048, **TINY)
    faulty = {"objectives": partial(FaultyObjectives, **options)} if options else {}
    return build_gan(config, partial(WaveGAN, **faulty))


def tiny_cell(shuffle="frozen", model="cwgan", seed=0):
    return tables.Cell(Condition(model, batch_size=4, d_updates=2), shuffle, seed)


def tiny_trial(dataset, shuffle="frozen", seed=0, **options):
    """Return the trial of a conditional GAN with faulty labels and two discriminator updates."""
    condition = Condition("cwgan", batch_size=4, d_updates=2)
    config = condition.config(seed, dataset.labels, dataset.rate, **TINY)
    return build_trial(config, dataset.train, shuffle, faulty_labels=True, **options)


# -- The faults -----------------------------------------------------------------------------------


def shifts_by_update(gan, frozen, steps=4):
    """Return the shifts of several steps by name, a row for each update that has them."""
    fixed, shifts = frozen_shifts(APART, gan.step_noise.shuffles), {}
    for _ in range(steps):
        noise = faulty_noise(gan, 4, frozen, fixed, LABELS)
        for update in (*noise["discriminator"], *noise["generator"]):
            for name in set(fixed) & set(update):
                shifts.setdefault(name, []).append(ops.convert_to_numpy(update[name]))
    return {name: np.concatenate(drawn) for name, drawn in shifts.items()}


def test_frozen_shifts_stay_for_the_run_and_differ_between_branches():
    frozen = shifts_by_update(tiny_gan(), frozen=True)
    kept = {name: {tuple(row) for row in shifts} for name, shifts in frozen.items()}
    assert sorted(kept) == sorted(f"shifts_{branch}" for branch in BRANCHES)
    assert all(len(rows) == 1 for rows in kept.values())
    assert len(set.union(*kept.values())) == 3


def test_live_shifts_are_drawn_anew_for_each_update():
    live = shifts_by_update(tiny_gan(), frozen=False)
    assert sorted(live) == sorted(f"shifts_{branch}" for branch in BRANCHES)
    assert all(len(np.unique(shifts, axis=0)) > 1 for shifts in live.values())


def test_agreeing_shifts_are_frozen_and_alike_on_all_branches(dataset):
    trial = tiny_trial(dataset, AGREEING, APART)
    assert trial.frozen
    real, *others = trial.shifts.values()
    assert len(others) == len(BRANCHES) - 1
    assert all((shifts == real).all() for shifts in others)
    apart = tiny_trial(dataset, "frozen", APART).shifts
    assert (apart["shifts_real"] == real).all()
    assert (apart["shifts_fake"] != real).any()


def test_frozen_shifts_agree_by_chance_alone():
    drawn = [frozen_shifts(seed, 2) for seed in range(1000)]
    agree = sum((d["shifts_real"] == d["shifts_fake"]).all() for d in drawn)
    assert 20 < agree < 65  # 1 in 25
    assert {int(v) for d in drawn for v in d["shifts_fake"]} == {-2, -1, 0, 1, 2}


def one_update(gan, labels):
    """Return losses and weights after one update with labels of generated audio fed."""
    rng = np.random.default_rng(3)
    audio = ops.convert_to_tensor(rng.uniform(-0.5, 0.5, (4, 256, 1)).astype("float32"))
    label = ops.convert_to_tensor(np.array([0, 1, 0, 1], "int32"))
    noise = faulty_noise(gan, 4, True, frozen_shifts(0, gan.step_noise.shuffles), LABELS)
    for update in (*noise["discriminator"], *noise["generator"]):
        update["label_fake"] = ops.convert_to_tensor(np.array(labels, "int32"))
    logs = FedUpdate(gan)((audio, label), noise)
    return {name: float(value) for name, value in logs.items()}


def test_faulty_labels_that_agree_give_the_losses_of_the_package():
    sane = one_update(tiny_gan(), [0, 1, 0, 1])
    faulty = one_update(tiny_gan(twice=False), [0, 1, 0, 1])
    assert faulty == pytest.approx(sane, rel=1e-5, abs=1e-6)


def test_generated_audio_has_labels_of_its_own_and_a_gradient_counted_twice():
    sane = one_update(tiny_gan(), [0, 1, 0, 1])
    other = one_update(tiny_gan(twice=False), [1, 0, 1, 0])
    assert other["real_score"] == pytest.approx(sane["real_score"], rel=1e-5)
    assert other["fake_score"] != pytest.approx(sane["fake_score"], rel=1e-3)
    assert other["g_loss"] != pytest.approx(sane["g_loss"], rel=1e-3)
    once, twice = (
        whole(gan.objectives.score_gradient)(
            [v.value for v in gan.discriminator.trainable_variables],
            ops.ones((4, 256, 1)),
            ops.zeros((4,), "int32"),
            {"shifts_mixed": ops.zeros((4, gan.step_noise.shuffles), "int32")},
        )
        for gan in (tiny_gan(twice=False), tiny_gan(twice=True))
    )
    assert relative_error(*arrays([twice, 2.0 * once])) < 1e-5


def test_the_discriminator_scores_generated_audio_with_its_own_labels():
    gan = tiny_gan(twice=True)
    weights = [v.value for v in gan.discriminator.trainable_variables]
    audio, shifts = ops.ones((4, 256, 1)), ops.zeros((4, gan.step_noise.shuffles), "int32")
    zeros, ones = ops.zeros((4,), "int32"), ops.ones((4,), "int32")
    noise = {f"shifts_{branch}": shifts for branch in BRANCHES}
    noise |= {"label_fake": ones, "mix": ops.ones((4, 1, 1))}
    _, parts, _ = whole(gan.objectives.discriminator_loss_and_gradients)(
        weights, {"audio": audio, "label": zeros}, audio, noise, 0.0
    )
    discriminate = whole(gan.objectives.discriminate)
    of_zeros, of_ones = (
        arrays([discriminate(weights, audio, label, shifts)["score"]])[0].mean()
        for label in (zeros, ones)
    )
    assert of_zeros != pytest.approx(of_ones, rel=1e-2)
    assert arrays([parts["real_score"]]) == [pytest.approx(of_zeros, rel=1e-5)]
    assert arrays([parts["fake_score"]]) == [pytest.approx(of_ones, rel=1e-5)]


def test_the_products_are_the_layers_they_replace():
    plain, fast = tiny_gan(), speed_up(tiny_gan())
    replaced = [layer for network in (fast.generator, fast.discriminator)
                for layer in network.layers if "call" in vars(layer)]  # fmt: skip
    assert [layer.name for layer in replaced] == ["up_0", "score"]
    losses = [one_update(gan, [0, 1, 0, 1]) for gan in (plain, fast)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4, abs=1e-6)
    for a, b in zip(plain.generator.weights, fast.generator.weights, strict=True):
        assert relative_error(*arrays([b, a])) < 1e-4


@jax_only
def test_scanned_iterations_are_those_of_update(dataset):
    whole, alone = (tiny_trial(dataset, scanned=scanned) for scanned in (True, False))
    before = capture_state(whole.gan)
    assert alone.run(2) == pytest.approx(whole.run(2), rel=1e-3, abs=1e-5)
    assert whole.iteration == alone.iteration == 2
    for name, value in capture_state(alone.gan).items():
        assert relative_error(capture_state(whole.gan)[name], value) < 1e-3, name
    assert (capture_state(whole.gan)["seed"] != before["seed"]).any()


# -- Survival, and tables that go on --------------------------------------------------------------


def test_a_run_survives_the_iterations_before_the_first_loss_past_the_bound():
    assert survived(np.array([1.0, 99.0, 100.0]), 100) is None
    assert survived(np.array([1.0, 99.0, 100.5, 3.0, 200.0]), 100) == 2
    assert survived(np.array([1.0, np.nan, 2.0]), 100) == 1
    assert survived(np.array([np.inf]), 100) == 0


def test_the_loss_that_passed_is_named():
    peak = LOGGED.index("peak_loss")
    assert (LOGGED[0], LOGGED[1], peak) == ("d_loss", "g_loss", 2)
    assert tables.which_loss(np.array([5.0, -150.0, 150.0]), 100) == "g_loss"
    assert tables.which_loss(np.array([-120.0, -150.0, 150.0]), 100) == "d_loss"
    # One of two updates of the discriminator.
    assert tables.which_loss(np.array([60.0, 3.0, 150.0]), 100) == "d_loss"
    assert tables.which_loss(np.array([np.nan, 3.0, 3.0]), 100) == "nan"


def test_a_diverged_run_stops_where_its_loss_passed(dataset, tmp_path, monkeypatch):
    losses = np.full((12, len(LOGGED)), 1.0)
    losses[6] = (-3.0, 130.0, 130.0, 0.0, 0.0, -127.0, -130.0)  # as in LOGGED

    def run(self, iterations):
        start = self.iteration
        self.gan.step.assign(start + iterations)
        return losses[start : start + iterations]

    monkeypatch.setattr(Trial, "run", run)
    [row] = tables.run_cell(tiny_cell(), dataset, tmp_path, iterations=12, chunk=4, **TINY)
    assert (row["survived"], row["reached"], row["diverged"], row["why"]) == (6, 7, 1, "g_loss")
    assert [row[name] for name in tables.LAST] == ["-3", "130", "-127", "-130"]


def test_killed_tables_go_on_and_lose_at_most_the_cell_they_were_at(dataset, tmp_path, monkeypatch):
    cells = [tiny_cell(seed=seed) for seed in range(3)]
    broken, work, starts, killed_at = tmp_path / "tables.csv", tmp_path / "work", [], [(1, 6)]

    def run(self, iterations):
        start = self.iteration
        starts.append((self.gan.settings.seed, start))
        if starts[-1] in killed_at:
            raise KeyboardInterrupt
        self.gan.step.assign(start + iterations)
        return np.full((iterations, len(LOGGED)), 1.0)

    monkeypatch.setattr(Trial, "run", run)
    options = {"iterations": 8, "chunk": 2, "save_every": 4, **TINY}
    with pytest.raises(KeyboardInterrupt):
        tables.run_cells(cells, dataset, broken, work, **options)
    assert [row["seed"] for row in read_rows(broken)] == ["0"]
    starts.clear(), killed_at.clear()
    tables.run_cells(cells, dataset, broken, work, **options)
    # The second cell from its save on, then the third; the first is not run again.
    assert starts == [(1, 4), (1, 6), (2, 0), (2, 2), (2, 4), (2, 6)]
    ends = [(row["seed"], row["survived"]) for row in read_rows(broken)]
    assert ends == [("0", "8"), ("1", "8"), ("2", "8")]
    assert not list(work.glob("*.npz"))
    starts.clear()
    tables.run_cells(cells, dataset, broken, work, **options)
    assert not starts


def test_two_processes_share_the_cells_of_one_table(dataset, tmp_path, monkeypatch):
    cells = [tiny_cell(seed=seed) for seed in range(4)]
    shared, work, ran = tmp_path / "tables.csv", tmp_path / "work", []

    def run(self, iterations):
        ran.append(self.gan.settings.seed)
        if len(ran) == 1:  # the other process starts while this one is at its first cell
            tables.run_cells(cells[:2], dataset, shared, work, iterations=2, **TINY)
        self.gan.step.assign(iterations)
        return np.full((iterations, len(LOGGED)), 1.0)

    monkeypatch.setattr(Trial, "run", run)
    tables.run_cells(cells, dataset, shared, work, iterations=2, **TINY)
    # It leaves the first cell alone and takes the second; neither is run again.
    assert ran == [0, 1, 2, 3]
    assert [row["seed"] for row in read_rows(shared)] == ["1", "0", "2", "3"]


def test_a_cell_that_goes_on_from_its_save_ends_with_the_same_weights(dataset):
    whole, again = (tiny_trial(dataset) for _ in range(2))
    whole.run(2)
    saved = whole.state()
    whole.run(2)
    again.restore(saved)
    again.run(2)
    assert again.iteration == 4
    for name, value in capture_state(whole.gan).items():
        assert relative_error(capture_state(again.gan)[name], value) < 1e-6, name


# -- The plan and the page ------------------------------------------------------------------------


def test_every_condition_of_the_tables_is_planned_once_for_each_seed_and_shuffle():
    cells = list(tables.plan(2))
    assert len(cells) == len({cell.key() for cell in cells}) == 2 * 2 * 2 * 10
    wanted = {*conditions("wgan"), *conditions("cwgan")}
    assert {cell.condition for cell in cells} == wanted
    keys = {cell.key() for cell in cells}
    for table in TABLES:
        for value in table.printed:  # a number is spelled alike where it is run and where it stands
            assert tables.Cell(table.condition(value), "live", 1).key() in keys
        assert len(table.printed) == len(AVERAGES[table.number])
        for runs, average in zip(table.printed.values(), AVERAGES[table.number], strict=True):
            assert len(runs) == 10
            # Table 15's first average is of 0.3 and the like: rounded as the author liked.
            assert abs(np.mean(runs) - average) < 0.35


def test_the_page_shows_what_was_run_and_says_what_was_not(tmp_path):
    def row_of(cell, survived_by):
        named = dict(zip(tables.KEY, cell.key(), strict=True))
        return {**dict.fromkeys(tables.COLUMNS, ""), **named, "survived": survived_by}

    results, ratio = (
        ResultTable(tmp_path / f"{name}.csv", tables.COLUMNS, tables.KEY)
        for name in ("tables", "ratio")
    )
    for seed, survived_by in enumerate((3999, 5000)):
        done = row_of(tables.Cell(Condition("wgan", lr=1e-5), "frozen", seed), survived_by)
        results.append([done])
    ratio.append([row_of(tables.Cell(Condition("cwgan"), "live", 0), 1234)])
    made = page.sections(tmp_path)
    assert f"| cwgan | {page.MISSING} | 1,234 |" in made["ratio"]
    assert "With the frozen shuffle 1 of 2 runs lasted." in made["progress"]
    lines = made["table-8"].splitlines()
    assert lines[-2].count(page.MISSING) == 4  # 1e-4 has not been run, frozen or live
    assert "| 4.0k | 4,500 (3,999–5,000) | 2 |" in lines[-1]
    assert made["ends"].count("\n") == 1  # no run that diverged
    for real, fake in (("-127", "-130"), ("60", "-41")):
        ended = {"diverged": 1, "real_score": real, "fake_score": fake}
        results.append([{**done, **ended}])
    line = page.sections(tmp_path)["ends"].splitlines()[-1]
    assert line == "| wgan | frozen | 2 | 52 (3 to 101) | -60 (-128 to 10) |"
    text = "".join(f"<!-- {name} -->\nbefore\n<!-- /{name} -->\n" for name in made)
    once = filled(text, made)
    assert "before" not in once
    assert filled(once, made) == once


def test_the_ratio_runs_five_generator_updates_to_one_of_the_discriminator(
    dataset, tmp_path, monkeypatch
):
    gans = []

    def run(self, iterations):
        gans.append(self.gan)
        self.gan.step.assign(tables.ITERATIONS)
        return np.full((iterations, len(LOGGED)), 1.0)

    monkeypatch.setattr(Trial, "run", run)
    monkeypatch.setattr(Condition, "config", partialmethod(Condition.config, **TINY))
    out = ["--out", str(tmp_path / "ratio.csv"), "--work-dir", str(tmp_path / "work")]
    given = [str(dataset.path), "--seeds", "2", "--ratio", *out]
    CliRunner().invoke(tables.main, given, catch_exceptions=False)
    assert {(gan.settings.d_updates, gan.settings.g_updates) for gan in gans} == {(1, 5)}
    rows = read_rows(tmp_path / "ratio.csv")
    assert len({tuple(row[name] for name in tables.KEY) for row in rows}) == 2 * 2 * 2
    assert {row["model"] for row in rows} == {"wgan", "cwgan"}
    assert {row["batch_size"] for row in rows} == {"64"}


# -- The control ----------------------------------------------------------------------------------


def test_frozen_shifts_alone_let_a_discriminator_tell_real_audio_from_real_audio(dataset):
    tiny = {"width": 4, "lr": 1e-2, "gp_weight": 1.0}
    ends = {
        kind: control.run_control(dataset, kind, APART, 150, **tiny)[-1]
        for kind in ("frozen", "live")
    }
    assert ends["frozen"]["gap"] > 1.0
    assert abs(ends["live"]["gap"]) < 0.5
    assert ends["frozen"]["same_higher"] > ends["live"]["same_higher"]


def test_branches_whose_shifts_agree_cannot_be_told_and_live_ones_have_their_own(dataset):
    agreeing = control.build_control(dataset, "agreeing", 0, width=2)
    assert control.measure_branches(agreeing, dataset.test, 0)["same_higher"] == 0.5
    live = control.build_control(dataset, "live", 0, width=2)
    audio, labels = dataset.test.batch(np.arange(16)), np.zeros(16)
    real, fake = (live.scores(audio, labels, side, 0) for side in ("real", "fake"))
    assert (real != fake).any()
