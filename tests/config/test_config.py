"""The settings: presets, layers of them, what is refused and in which words, TOML."""

import dataclasses
import math
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from keras import ops

from kwavegan.cli.options import PRESETS_EPILOG, click_options
from kwavegan.config import losses as table
from kwavegan.config.presets import PRESETS
from kwavegan.config.resolution import read_config, resolve
from kwavegan.config.settings import SETTINGS, Config
from kwavegan.config.sound_set import auto_width
from kwavegan.config.step import StepSettings
from kwavegan.errors import InputError, option_name
from kwavegan.gan.losses import LOSSES
from kwavegan.networks.architecture import Architecture


@pytest.fixture
def toml(tmp_path):
    """Write a TOML file; return its path."""

    def write(text):
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(*args, **options):
    with pytest.raises(InputError) as caught:
        resolve(*args, options=options)
    message = caught.value.for_command_line()
    assert "\n" not in message
    return message


def test_defaults_resolve_to_config():
    assert resolve() == Config() == resolve("default")


@pytest.mark.parametrize("name", PRESETS)
def test_preset_holds_only_what_differs(name):
    config = resolve(name)
    values = PRESETS[name].values
    assert {setting: getattr(config, setting) for setting in values} == values
    assert [s for s, value in values.items() if value == SETTINGS[s].default] == []


def test_wavegan_is_as_published():
    config = resolve("wavegan")
    adam = (config.lr, config.d_lr, config.beta1, config.beta2, config.lr_final)
    assert adam == (1e-4, 0, 0.5, 0.9, 1)
    game = (
        config.model,
        config.loss,
        config.gp_weight,
        config.d_updates,
        config.batch_size,
        config.width,
    )
    assert game == ("wgan", "wgan-gp", 10, 5, 64, 64)


def test_dissertation_acgan_is_as_its_listing():
    config = resolve("dissertation-acgan")
    assert (config.model, config.loss, config.class_loss) == ("acgan", "acgan", "both")
    assert (config.smoothing_low, config.smoothing_high) == (0.7, 1.2)
    assert (config.batch_size, config.steps, config.lr, config.stop_loss) == (64, 1000, 1e-4, 400)


def test_later_layers_win(toml):
    path = toml('preset = "wavegan"\nbatch_size = 8\nlr = 1\n')
    config = resolve(toml_path=path, options={"batch_size": 4, "seed": None})
    assert (config.d_updates, config.lr, config.batch_size, config.seed) == (5, 1.0, 4, 0)
    assert isinstance(config.lr, float)
    assert resolve("dissertation-wgan", path).d_updates == 1


@pytest.mark.parametrize(("length", "width"), [(64, 16), (1024, 16), (4096, 32), (16384, 64)])
def test_auto_width_is_the_tables_d(length, width):
    assert auto_width(length) == width


def test_discriminator_takes_the_same_rate_by_default():
    assert Config(lr=1e-3).discriminator_lr == 1e-3
    assert Config(lr=1e-3, d_lr=1e-4).discriminator_lr == 1e-4


def test_toml_round_trip_of_every_field(tmp_path):
    labels = ("kick", 'a "quoted" \\ name', "snåre", "new\nline", "#")
    config = resolve("dissertation-acgan", options={"labels": labels, "data": "/tmp/é", "lr": 3e-7})
    path = tmp_path / "config.toml"
    path.write_text(config.to_toml(), encoding="utf-8")
    assert read_config(path) == config
    for setting in SETTINGS.values():
        assert f"# {setting.metadata['help']}\n{setting.name} = " in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": 0.0}, "--lr: 0.0 is out of range; choose 1e-09 to 1"),
        ({"lr": math.nan}, "--lr: nan is out of range"),
        ({"gp_weight": math.inf}, "--gp-weight: inf is out of range"),
        ({"d_updates": 0}, "--d-updates: 0 is out of range; choose 1 to 1000"),
        ({"length": 63}, "--length: 63 is out of range; choose 0 or 64 to 1048576"),
        ({"steps": 3e3}, "--steps: 3000.0 is not a whole number"),
        ({"steps": True}, "--steps: True is not a whole number"),
        ({"gamma": "high"}, "--gamma: 'high' is not a number"),
        ({"model": 3}, "--model: 3 is not text"),
        ({"model": "gan"}, "--model: 'gan' is unknown; choose from wgan, cwgan, acgan"),
        ({"labels": "kick"}, "--labels: 'kick' is not a list of names"),
        ({"labels": ("a", "b", "a")}, "--labels: 'a' is given twice"),
        ({"labels": ("a", "")}, "--labels: an empty name"),
        ({"labels": ("a\udcff",)}, "--labels: 'a\\udcff' is not UTF-8"),
        ({"d_update": 1}, "--d-update: unknown; did you mean d_updates?"),
        ({"smoothing_low": 1.5}, "--smoothing-low: 1.5 is above the upper end, 1"),
        ({"loss": "acgan"}, "--loss: acgan needs the model acgan, and the model is cwgan"),
    ],
)
def test_refuses_naming_the_option(options, words):
    assert refusal(**options).startswith(words)


def test_zero_may_mean_auto():
    config = resolve(options={"rate": 0, "length": 0, "d_lr": 0})
    assert (config.rate, config.length, config.d_lr) == (0, 0, 0.0)


def test_refuses_what_a_preset_and_an_option_make_together():
    assert "add --model acgan" in refusal("dissertation-acgan", model="cwgan")
    assert "--preset: 'wavgan' is unknown" in refusal("wavgan")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lr = 5", "lr: 5.0 is out of range"),
        ("learning = 5", "learning: unknown; the names are data"),
        ("d-updates = 2", "d-updates: unknown; did you mean d_updates?"),
        ('preset = "nope"', "preset: 'nope' is unknown"),
        ("preset = 3", "preset: 3 is unknown"),
        ("lr = ", "not TOML"),
        ("[train]\nlr = 1.0", "train: unknown"),
        ('loss = "acgan"', "loss: acgan needs"),
    ],
)
def test_refuses_naming_the_file(toml, text, words):
    path = toml(text)
    assert refusal(None, path).startswith(f"{path}: {words}")


def test_refuses_files_that_cannot_be_read(tmp_path):
    assert "no such file" in refusal(None, tmp_path / "none.toml")
    assert "cannot be read" in refusal(None, tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'labels = ["sn\xe5re"]')
    assert "not UTF-8" in refusal(None, tmp_path / "latin.toml")


def test_config_itself_refuses_in_the_words_of_python_and_is_frozen():
    with pytest.raises(InputError, match=r"^batch_size: 0 is out of range"):
        Config(batch_size=0)
    with pytest.raises(InputError, match="add model='acgan' or take another loss"):
        Config(loss="acgan")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().batch_size = 3


def test_options_come_from_the_table():
    given = {}

    @click.command(epilog=PRESETS_EPILOG)
    @click_options()
    def command(**options):
        given.update(options)

    result = CliRunner().invoke(command, ["--d-updates", "5", "--labels", "kick, snare"])
    assert result.exit_code == 0, result.output
    assert set(given) == set(SETTINGS) - {"data"}
    config = resolve(options=given)
    assert config == Config(d_updates=5, labels=("kick", "snare"))
    text = CliRunner().invoke(command, ["--help"]).output
    assert text.isascii()  # a Windows pipe may not print more
    for name in SETTINGS.keys() - {"data"}:
        assert f"{option_name(name)} " in text
    assert "--from TEXT" in text
    assert "[default: 16; 1 to" in text
    assert all(f"  {name} " in text for name in PRESETS)


def test_the_parts_of_a_config_have_its_defaults():
    """One set of defaults: a GAN built by hand is that of the command line."""
    config = Config(labels=("a", "b"), length=4096, rate=16_000, channels=1)
    assert config.architecture == Architecture(4096, num_labels=2)
    assert config.step_settings == StepSettings()
    settings = {field.name for field in dataclasses.fields(StepSettings)}
    assert settings - set(SETTINGS) == {"smoothing"}  # smoothing_low and smoothing_high


def test_every_loss_in_the_table_has_its_formula():
    assert LOSSES.keys() == table.LOSSES.keys()
    for name, traits in table.LOSSES.items():
        loss = LOSSES[name]
        assert (loss.penalty, loss.paired) == (traits.penalty, traits.paired)
        zeros = ops.zeros((4, 1))
        if traits.chance_loss is not None:
            assert float(loss.discriminator(zeros, zeros, 1.0)) == pytest.approx(traits.chance_loss)


def test_options_can_be_chosen():
    @click.command()
    @click_options("lr", "seed")
    def command(**options):
        click.echo(sorted(options))

    assert CliRunner().invoke(command, []).output == "['lr', 'seed']\n"


def test_import_is_light():
    code = (
        "import sys, kwavegan.config.settings; "
        "print(sorted({'keras', 'numpy', 'click', 'tomllib', 'tomli_w'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
