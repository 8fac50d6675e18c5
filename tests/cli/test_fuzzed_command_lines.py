"""Any command line and any settings: they work, or end in one line; always the same ones are tried.

`KWAVEGAN_EXAMPLES=500 pytest tests/cli/test_fuzzed_command_lines.py` tries more.
"""

import importlib
import os

import click
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwavegan.cli.main import COMMANDS, main
from kwavegan.config import PRESETS, Config, read_config
from kwavegan.config.resolution import resolve
from kwavegan.config.settings import SETTINGS
from kwavegan.errors import InputError

few = settings(
    max_examples=int(os.environ.get("KWAVEGAN_EXAMPLES", "40")),
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

FOLDERS = {"prepare": 2, "train": 1, "search": 1}
"""Commands, and how many folders they take: one that is not there, so that nothing is made."""

NOT_TRIED = {"--open", "--help", "--storage"}
"""Options that open a browser, end at once, or reach for a network."""

ODD = ("", "0", "-1", "1e999", "nan", "9" * 5_000, "..", "a\nb", "é\u202e", "x" * 300, "a,b,,a")

letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
"""Of an argument: no system passes a zero byte to a program."""

word = (
    st.sampled_from(ODD)
    | st.text(letters, max_size=8)
    | st.integers().map(str)
    | st.floats().map(str)
)


@st.composite
def command_lines(draw):
    """Draw a command and options of its own, with values of any kind."""
    name = draw(st.sampled_from(sorted(set(COMMANDS) - {"info"})))
    command = importlib.import_module(f"kwavegan.cli.{name}").command
    options = [p for p in command.params if isinstance(p, click.Option)]
    options = [p for p in options if not NOT_TRIED & set(p.opts)]
    words = ["nowhere"] * FOLDERS.get(name, 0) or draw(st.lists(word, max_size=2))
    for option in draw(st.lists(st.sampled_from(options), max_size=4)):
        fitting = [str(each) for each in getattr(option.type, "choices", ())]
        values = st.sampled_from(fitting) | word if fitting else word
        words += [
            option.opts[0],
            *(draw(values) for _ in range(option.nargs) if not option.is_flag),
        ]
    return [name, *words]


@few
@given(arguments=command_lines())
def test_any_command_line_works_or_ends_in_one_line(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "--resume" in arguments or "--from" in arguments:
        arguments = [*arguments, "--runs-dir", "none"]
    result = CliRunner().invoke(main, arguments)
    if not isinstance(result.exception, SystemExit | type(None)):
        raise result.exception
    assert result.exit_code in (0, 2), result.output
    if result.exit_code and "Usage:" not in result.stderr:
        assert result.stderr.splitlines()[-1].startswith("kwavegan: ")


value = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.lists(st.text(max_size=5) | st.integers(), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)


def fitting(name):
    """Return values of which most fit a setting."""
    default, limits = SETTINGS[name].default, SETTINGS[name].metadata
    if limits["choices"]:
        return st.sampled_from(limits["choices"])
    if isinstance(default, str | tuple):
        return st.text(max_size=5) if isinstance(default, str) else st.just(("a", "b"))
    if limits["high"] == float("inf"):
        return value
    kind = st.integers if isinstance(default, int) else st.floats
    low, high = (type(default)(limits[end]) for end in ("low", "high"))
    return kind(low, high)


def check_line(error):
    line = error.for_command_line()
    assert "\n" not in line
    assert len(line) < 2_100


some_settings = st.dictionaries(st.sampled_from(sorted(SETTINGS)), st.none(), max_size=6).flatmap(
    lambda names: st.fixed_dictionaries({name: fitting(name) | value for name in names})
)


@few
@given(preset=st.sampled_from([None, *PRESETS]), options=some_settings)
def test_settings_are_refused_in_one_line_or_come_back_from_their_file(preset, options, tmp_path):
    try:
        config = resolve(preset, options=options)
        _ = config.architecture if config.length and config.channels else None
    except InputError as error:
        check_line(error)
        return
    path = tmp_path / "config.toml"
    path.write_text(config.to_toml(), encoding="utf-8")
    assert read_config(path) == config


@few
@given(data=st.binary(max_size=60) | some_settings.map(str).map(str.encode))
def test_any_file_is_refused_in_one_line_or_has_settings(data, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(data)
    try:
        assert isinstance(read_config(path), Config)
    except InputError as error:
        check_line(error)
