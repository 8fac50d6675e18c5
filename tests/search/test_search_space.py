"""What a search may try, and where its study may be."""

from dataclasses import replace

import click
import pytest
from support.datasets import tiny_config

from kwavegan.backend import selection
from kwavegan.config.presets import PRESETS
from kwavegan.config.resolution import resolve
from kwavegan.config.settings import SETTINGS, Config
from kwavegan.errors import InputError
from kwavegan.search import plan
from kwavegan.search import space as spaces
from kwavegan.search.space import Choices, Range


def read(tmp_path, text, base=None, fixed=()):
    (tmp_path / "space.toml").write_text(text)
    return spaces.read_space(tmp_path / "space.toml", base or Config(), fixed)


def test_ranges_and_choices_are_read(tmp_path):
    text = "batch_size = [8, 16]\nlr = { low = 1e-5, high = 1e-3, log = true }\n"
    space = read(tmp_path, text + "[width]\nlow = 4\nhigh = 8\nstep = 2\n")
    assert space == {
        "batch_size": Choices((8, 16)),
        "lr": Range(1e-5, 1e-3, log=True),
        "width": Range(4, 8, step=2),
    }
    assert type(space["width"].distribution()).__name__ == "IntDistribution"
    assert spaces.as_plain(space)["lr"] == {"low": 1e-5, "high": 1e-3, "log": True}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "nothing to search"),
        ("lr = ", "not TOML"),
        ("learning_rate = [1e-3, 1e-4]", "learning_rate: unknown"),
        ("bacth_size = [8, 16]", "bacth_size: unknown; did you mean batch_size?"),
        ("lr = 1e-3", "lr: 0.001 is neither a range nor a list of choices"),
        ("lr = []", "lr: no choices; give two or more"),
        ("lr = [1e-3]", "lr: one choice; give two or more, or fix it with lr"),
        ("lr = [1e-3, 1e-3]", "lr: 0.001 is given twice"),
        ("batch_size = [8, 2.5]", "batch_size: 2.5 is not a whole number"),
        ("batch_size = [8, 0]", "batch_size: 0 is out of range; choose 1 to 65536"),
        ('loss = ["wgan-gp", "hinge"]', "loss: 'hinge' is unknown; choose from wgan-gp"),
        ("lr = { low = 1e-3 }", "lr: high is missing"),
        ("lr = { low = 1e-3, high = 1e-4 }", "lr: low, 0.001, is not below high, 0.0001"),
        ("lr = { low = 1e-3, high = 1e-3 }", "is not below high"),
        ("lr = { low = 1e-3, high = 2 }", "lr.high: 2.0 is out of range"),
        ("lr = { low = 1e-3, high = inf }", "lr.high: inf is out of range"),
        ('lr = { low = "a", high = 1 }', "lr.low: 'a' is not a number"),
        ("lr = { low = 1e-3, high = 1e-2, log = 1 }", "lr.log: 1 is neither true nor false"),
        ("lr = { low = 1e-3, high = 1e-2, steps = 1 }", "lr: steps is unknown; a range has low"),
        ("gamma = { low = 0, high = 1, log = true }", "gamma: a log range begins above 0"),
        ("d_lr = { low = 0, high = 0.1 }", "d_lr: 0 stands for another setting's value"),
        (
            "batch_size = { low = 8, high = 16, step = 1.5 }",
            "batch_size.step: 1.5 is not a whole number",
        ),
        ("batch_size = { low = 8, high = 16, step = 9 }", "batch_size.step: 9 does not fit"),
        ("batch_size = { low = 8, high = 16, step = 0 }", "batch_size.step: 0 does not fit"),
        ("lr = { low = 0.1, high = 0.2, log = true, step = 0.1 }", "a log range has no steps"),
        ("loss = { low = 1, high = 2 }", "loss: names have no range"),
        ("steps = [10, 20]", "steps: must be the same for all trials"),
        ("[lr]\nlow=0.1\nhigh=0.2\nbatch_size=[8,16]", "lines come above the first [table]"),
    ],
)
def test_a_bad_space_gets_one_line_that_names_the_file(tmp_path, text, says):
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(str(tmp_path / "space.toml"))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_setting_is_not_both_fixed_and_searched(tmp_path):
    with pytest.raises(InputError, match="lr: is fixed by lr too"):
        read(tmp_path, "lr = [1e-3, 1e-4]", fixed={"lr": 1e-3})
    assert "lr" not in spaces.default_space(Config(), {"lr": 1e-3})
    with pytest.raises(InputError, match="the options fix all"):
        spaces.default_space(Config(), spaces.default_space(Config()))


def test_networks_that_come_from_another_run_are_not_searched(tmp_path):
    base = Config(origin="drums", critic="both")
    assert not {"waveform_scale", "spectral_scale"} & set(spaces.default_space(base))
    with pytest.raises(InputError, match="width: comes from the run that origin names"):
        read(tmp_path, "width = [8, 16]", base)


@pytest.mark.parametrize(
    ("critic", "searched"),
    [
        ("waveform", {"phase_shuffle"}),
        ("spectral", {"spectral_scale"}),
        ("both", {"phase_shuffle", "waveform_scale", "spectral_scale"}),
    ],
)
def test_what_only_some_critics_have_is_searched_for_those(critic, searched):
    space = spaces.default_space(Config(critic=critic))
    assert {"phase_shuffle", "waveform_scale", "spectral_scale"} & set(space) == searched


@pytest.mark.parametrize("preset", PRESETS)
def test_every_corner_of_the_default_space_can_be_trained(preset):
    base = resolve(preset)
    space = spaces.default_space(base)
    assert not set(space) & set(spaces.UNSEARCHED)
    for name, kind in space.items():
        for value in kind.samples():
            replace(base, **{name: value})
    weights = {"gamma", "gp_weight"} & set(space)
    expected = {"relativistic": {"gamma"}, "wgan-gp": {"gp_weight"}}.get(base.loss, set())
    assert weights == expected  # the weight of a penalty that the loss does not have is no use


def test_all_settings_are_either_searched_or_shared():
    assert set(spaces.UNSEARCHED) < set(SETTINGS)


def test_a_space_without_a_combination_that_can_be_trained_is_refused(tmp_path):
    space = read(tmp_path, 'loss = ["acgan", "wgan-gp"]\nmodel = ["wgan", "cwgan"]')
    spaces.check_possible(space, Config(), "space.toml")
    impossible = read(tmp_path, "smoothing_low = [1.5, 2.0]\nsmoothing_high = [0.5, 1.0]")
    with pytest.raises(InputError, match=r"space.toml: no combination of it can be trained: sm"):
        spaces.check_possible(impossible, Config(), "space.toml")


@pytest.mark.parametrize(
    ("kind", "value", "near"),
    [
        (Range(1e-5, 1e-3, log=True), 4e-4, 4e-4),
        (Range(1e-5, 1e-4, log=True), 4e-4, 1e-4),
        (Range(8, 64), 16, 16),
        (Range(8, 20, step=5), 64, 18),
        (Range(8, 20, step=5), 14, 13),
        (Range(0.0, 0.3, step=0.1), 0.9, 0.3),
        (Choices((8, 32)), 16, 8),
        (Choices(("waveform", "both")), "spectral", "waveform"),
    ],
)
def test_the_first_trial_is_as_near_to_the_settings_as_the_space_has_it(kind, value, near):
    nearest = kind.near(value)
    assert nearest == pytest.approx(near) if isinstance(near, float) else nearest == near
    assert type(nearest) is type(near)
    distribution = kind.distribution()
    assert distribution._contains(distribution.to_internal_repr(nearest))


@pytest.fixture
def refused(cli, dataset):
    """Call a search that must fail, and return its one line of error."""

    def refuse(*args):
        return click.unstyle(cli.refuse("search", dataset.path, "--steps", 10, *args))

    return refuse


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("study.db", "--storage: is no URL of a database; write sqlite:///FILE"),
        ("redis://localhost/0", "redis://localhost/0: is no database that Optuna knows"),
        ("sqlite:///none/study.db", "sqlite:///none/study.db: cannot be used: unable to open"),
        ("sqlite:///text.txt", "cannot be used: file is not a database"),
        ("oracle+nothere://me:hidden@host/x", "is no database that Optuna knows"),
        ("mssql+pymssql://me:hidden@host/x?password=hidden", "run: pip install pymssql"),
    ],
)
def test_a_storage_out_of_reach_gets_one_line_without_its_password(
    refused, tmp_path, monkeypatch, url, says
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("This is no database, though it is long enough. " * 30)
    said = refused("--storage", url)
    assert says in said
    assert "hidden" not in said
    assert not (tmp_path / "runs" / "search").exists()


def test_what_a_database_says_is_told_without_its_password():
    from kwavegan.search.database import reason

    error = RuntimeError("no such user me with password hidden\nmore")
    assert reason(error, "sqlite://me:hidden@host/x") == "no such user me with password ***"
    assert "hidden" not in reason(error, "sqlite://host/x?user=me&password=hidden")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--evaluate-every", "20"), "--evaluate-every: 20 gives no score within 10 steps"),
        (("--evaluate-every", "0"), "--evaluate-every: 0 gives no score within 10 steps"),
        (("--space", "none.toml"), "none.toml: no such file"),
        (("--name", "a/b"), "--name: 'a/b' cannot name a folder"),
        (("--lr", "-1"), "--lr: -1.0 is out of range"),
        (("--rate", "8000"), "--rate: 8000 is asked for, but"),
    ],
)
def test_bad_options_get_one_line_and_leave_nothing(refused, tmp_path, monkeypatch, args, says):
    monkeypatch.chdir(tmp_path)
    assert says in refused(*args)
    assert not (tmp_path / "runs").exists()


def test_a_missing_extra_gets_one_line(refused, monkeypatch):
    monkeypatch.setattr(selection, "package_folder", lambda name: None)
    assert "optuna is missing; run: pip install 'kwavegan[search]'" in refused()


@pytest.mark.parametrize("steps", [1, 7, 100, 3600])
def test_a_trial_is_looked_at_often_enough(steps):
    base = tiny_config(steps=steps, log_every=500, retry=2)
    trained = plan.trial_settings(base, "score", {})
    assert steps // trained.evaluate_every >= min(10, steps)
    assert trained.retry == 0  # another seed would be another trial


def test_survival_is_counted_in_hundredths_of_the_steps():
    trained = plan.trial_settings(tiny_config(steps=2000, log_every=500), "survival", {})
    assert trained.log_every == 20
