"""Figures of sounds and training, and `kwavegan plot`."""

import sys
import xml.etree.ElementTree as ElementTree
from contextlib import nullcontext
from dataclasses import replace

import librosa
import matplotlib as mpl
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from matplotlib.image import imread
from toys import sines, tiny_config

from kwavegan import generation, plots
from kwavegan.assembly import architecture_of
from kwavegan.audio import write_wav
from kwavegan.commands.plot import command
from kwavegan.config import Config
from kwavegan.errors import InputError
from kwavegan.generation import Generator
from kwavegan.metrics import MetricsLog
from kwavegan.networks import build_generator
from kwavegan.runs import Run
from kwavegan.training import settle

RATE, LENGTH = 8000, 4096


def sine(hertz=1000.0, amplitude=1.0, length=LENGTH, rate=RATE):
    time = np.arange(length) / rate
    return (amplitude * np.sin(2 * np.pi * hertz * time)).astype("float32")


def pair(quiet=0.02, loud=0.4):
    """Real and generated sounds of very different loudness."""
    real = [("kick-0", sine(500, loud)), ("kick-1", sine(600, loud))]
    return {"real": real, "generated": [(name, sound * quiet) for name, sound in real]}


def panels(figure):
    """The axes of sounds: those with a title."""
    return [axis for axis in figure.axes if axis.get_title(loc="left")]


def refusal(call, *args):
    with pytest.raises(InputError) as caught:
        call(*args)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- Decibels -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "length"), [(2048, 256), (16384, 4096), (44100, 88200)])
@pytest.mark.parametrize("amplitude", [1.0, 0.01])
def test_a_sine_shows_its_frequency_and_its_level(rate, length, amplitude):
    bands = len(plots.decibels(np.zeros(length), rate))
    band = (bands - 1) // 3
    hertz = band * rate / 2 / (bands - 1)
    levels = plots.decibels(sine(hertz, amplitude, length, rate), rate)
    middle = levels[:, levels.shape[1] // 2]
    assert middle.argmax() == band
    assert middle[band] == pytest.approx(20 * np.log10(amplitude), abs=0.01)


def test_levels_are_those_of_librosa():
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, LENGTH).astype("float32")
    theirs = np.abs(librosa.stft(sound, n_fft=256, hop_length=64)) / 64
    want = librosa.amplitude_to_db(theirs, ref=1.0, amin=1e-4, top_db=None)
    np.testing.assert_allclose(plots.decibels(sound, RATE), want, atol=0.01)


def test_silence_is_at_the_floor_and_channels_are_averaged():
    for length in (0, 1, 64, LENGTH):
        assert (plots.decibels(np.zeros((length, 2)), RATE) == plots.FLOOR).all()
    left, right = sine(1000), sine(2000, 0.5)
    stereo = plots.decibels(np.stack([left, right], axis=1), RATE)
    np.testing.assert_allclose(stereo, plots.decibels((left + right) / 2, RATE), atol=0.01)
    opposed = plots.decibels(np.stack([left, -left], axis=1), RATE)
    assert (opposed == plots.FLOOR).all()


def test_long_sounds_have_few_frames_and_lose_no_click():
    sound = np.zeros(RATE * 60, "float32")
    sound[360_192] = 1.0  # in the middle of the frames that are drawn as one
    levels = plots.decibels(sound, RATE)
    assert levels.shape[1] <= 1_000
    loud = np.flatnonzero(levels.max(axis=0) > plots.FLOOR)
    assert len(loud)
    np.testing.assert_allclose(loud / levels.shape[1] * 60, 45, atol=0.1)


# -- Figures of sounds ----------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [plots.waves, plots.spectrograms])
def test_real_and_generated_share_every_scale(draw):
    axes = panels(draw(pair(), RATE))
    assert [axis.get_title(loc="left") for axis in axes] == ["kick-0", "kick-1"] * 2
    (scale,) = {axis.get_ylim() for axis in axes}
    assert scale == pytest.approx((-0.525, 0.525) if draw is plots.waves else (0, RATE / 2))
    assert {axis.get_xlim() for axis in axes} == {(0.0, LENGTH / RATE)}
    assert len({tuple(axis.bbox.size.round(6)) for axis in axes}) == 1
    lefts = [axis.get_position().x0 for axis in axes]
    assert lefts[0] == lefts[1] < lefts[2] == lefts[3]
    bottom = [axis.get_xlabel() for axis in axes]
    assert bottom == ["", "time (s)"] * 2
    side = "amplitude" if draw is plots.waves else "frequency (Hz)"
    assert [axis.get_ylabel() for axis in axes] == [side] * 2 + [""] * 2


def test_column_titles_are_written():
    figure = plots.waves(pair(), RATE)
    assert [text.get_text() for text in figure.texts] == ["real", "generated"]


def test_a_sine_is_drawn_at_its_frequency():
    (axis,) = panels(plots.spectrograms({"": [("a", sine(1000))]}, RATE))
    (image,) = axis.images
    assert axis.get_ylim() == (0, RATE / 2)
    levels = image.get_array()
    left, right, low, high = image.get_extent()
    bands, frames = levels.shape
    row = levels[:, frames // 2].argmax()
    assert low + (row + 0.5) * (high - low) / bands == pytest.approx(1000, abs=1)
    # Frame 0 is centred on 0 s, the last on the end of the sound.
    width = (right - left) / frames
    assert (left + width / 2, right - width / 2) == pytest.approx((0, LENGTH / RATE))


def test_colour_bar_goes_from_the_floor_to_full_scale():
    figure = plots.spectrograms(pair(), RATE)
    assert {image.get_clim() for axis in panels(figure) for image in axis.images} == {(-80.0, 0.0)}
    bar = figure.axes[-1]
    assert bar.get_ylim() == (-80.0, 0.0)
    assert bar.get_ylabel() == "level (dB re full-scale sine)"


def test_waves_keep_every_peak_of_a_long_sound():
    sound = np.zeros((50_000, 1), "float32")
    sound[12_345], sound[43_210] = 0.9, -0.8
    (axis,) = panels(plots.waves({"": [("a", sound)]}, RATE))
    x, y = axis.lines[-1].get_data()
    assert len(x) < 2_000
    assert (y.max(), y.min()) == pytest.approx((0.9, -0.8))
    assert x[y.argmax()] == pytest.approx(12_345 / RATE, abs=0.01)
    assert x[y.argmin()] == pytest.approx(43_210 / RATE, abs=0.01)


def test_both_channels_of_stereo_are_drawn_as_waves():
    stereo = np.stack([sine(100, 0.9), sine(100, 0.1)], axis=1)
    figure = plots.waves({"real": [("a", stereo)]}, RATE)
    assert [axis.get_ylabel() for axis in figure.axes] == ["amplitude\nleft", "amplitude\nright"]
    assert len({axis.get_ylim() for axis in figure.axes}) == 1
    peaks = [axis.lines[-1].get_ydata().max() for axis in figure.axes]
    assert peaks == pytest.approx([0.9, 0.1], abs=0.02)


def test_panels_of_a_row_are_as_high_with_one_channel_as_with_two():
    stereo = np.stack([sine(100), sine(200)], axis=1)
    figure = plots.waves({"real": [("a", stereo)], "generated": [("b", sine(100))]}, RATE)
    left, right, one = (axis.get_position() for axis in figure.axes)
    assert (one.y1, one.y0) == pytest.approx((left.y1, right.y0))


@pytest.mark.parametrize(
    ("peak", "limit"), [(0.0, 1.0), (0.4, 0.5), (0.5, 0.5), (0.51, 0.5), (0.6, 1.0), (1.5, 2.0)]
)
def test_wave_scales_are_round(peak, limit):
    (axis,) = panels(plots.waves({"": [("a", np.full(64, peak))]}, RATE))
    assert axis.get_ylim() == pytest.approx((-1.05 * limit, 1.05 * limit))


@pytest.mark.parametrize("draw", [plots.waves, plots.spectrograms])
@pytest.mark.parametrize(("columns", "sounds"), [(1, 1), (1, 12), (2, 6), (3, 3)])
def test_nothing_lies_outside_the_figure_or_upon_another(draw, sounds, columns):
    names = [f"a sound with a name far too long for its panel {i}" * 3 for i in range(sounds)]
    figure = draw(
        {f"{c}": [(name, sine(length=64)) for name in names] for c in range(columns)}, RATE
    )
    assert plots.pixels(figure).shape[2] == 3
    width, height = figure.bbox.size
    assert width < 12 * figure.dpi
    boxes = [axis.get_tightbbox() for axis in figure.axes]
    for box in boxes:
        assert 0 <= box.x0 <= box.x1 <= width
        assert 0 <= box.y0 <= box.y1 <= height
    crossing = [
        (a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.shrunk(0.98, 0.98).overlaps(b)
    ]
    assert not crossing


@pytest.mark.parametrize("draw", [plots.waves, plots.spectrograms])
@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0),
        np.zeros((1, 1)),
        np.zeros((64, 2)),
        sine(length=64),
        np.full(100, np.nan),
        np.full((100, 1), 1e38, "float32"),
        np.ones((300, 9), "float32"),
    ],
    ids=["none", "one", "silent", "short", "nan", "huge", "nine channels"],
)
def test_odd_sounds_are_drawn(draw, sound):
    figure = draw({"real": [("usual", sine())], "generated": [("odd", sound)]}, RATE)
    broken = not (np.abs(sound) <= 1e6).all()
    titles = [axis.get_title(loc="left") for axis in panels(figure)]
    assert titles == ["usual", "odd (broken)" if broken else "odd"]
    most = 2 * min(8, np.atleast_2d(sound.T).shape[0])
    assert len(figure.axes) <= max(3, most)  # one of them may be the colour bar
    assert len(np.unique(plots.pixels(figure, 40))) > 1


def test_columns_may_differ_in_length_and_names_may_be_in_any_script():
    columns = {
        "$x$": [("太鼓 $\\x$", sine()), ("a\nb\udcff", sine())],
        "one": [("c", sine(length=9))],
    }
    figure = plots.waves(columns, RATE)
    titles = [axis.get_title(loc="left") for axis in panels(figure)]
    assert titles == ["太鼓 $\\x$", "a?b?", "c"]
    assert [axis.get_xlabel() for axis in panels(figure)] == ["", "time (s)", "time (s)"]
    plots.pixels(figure)


@pytest.mark.parametrize("draw", [plots.waves, plots.spectrograms])
@pytest.mark.parametrize("columns", [{}, {"real": []}])
def test_no_sounds_are_refused(draw, columns):
    assert "no sound to draw" in refusal(draw, columns, RATE)


# -- Curves ---------------------------------------------------------------------------------------


def legend(figure):
    (axis,) = figure.axes
    return [text.get_text() for text in axis.get_legend().get_texts()]


def test_losses_are_drawn_over_steps():
    rows = [{"step": 20 * i, "d_loss": -i, "g_loss": 2.0 * i, "seconds": 1.0} for i in range(40)]
    figure = plots.losses([*rows, {"step": 800}, {"step": 820, "d_loss": 1.0}])
    (axis,) = figure.axes
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("step", "loss")
    assert legend(figure) == ["discriminator", "generator"]
    d, g = (line.get_xydata() for line in axis.lines)
    np.testing.assert_array_equal(d[:40], [[20 * i, -i] for i in range(40)])
    np.testing.assert_array_equal(d[40:], [[820, 1]])
    np.testing.assert_array_equal(g, [[20 * i, 2 * i] for i in range(40)])
    assert axis.lines[0].get_color() != axis.lines[1].get_color()


def test_long_curves_are_drawn_by_their_median_and_keep_their_peaks():
    y = np.tile([0.0, 1.0, 2.0], 1_000)
    y[1_500] = 9.0
    (axis,) = plots.curves({"a": (np.arange(3_000), y)}, "step", "loss").axes
    pale, line = axis.lines
    assert pale.get_ydata().max() == 9
    assert pale.get_alpha() < 0.5
    assert set(line.get_ydata()) == {1.0}
    assert len(line.get_xdata()) < 200
    assert line.get_xdata()[-1] > 2_950


def test_what_is_not_finite_is_left_out():
    nan, inf = float("nan"), float("inf")
    figure = plots.curves({"a": ([0, 1, 2, 3], [1, nan, inf, 3e38]), "b": ([0], [nan])}, "x", "y")
    assert [line.get_ydata().tolist() for line in figure.axes[0].lines] == [[1.0], []]
    plots.pixels(figure)


@pytest.mark.parametrize(
    "figure", [lambda: plots.losses([]), lambda: plots.curves({}, "step", "distance")]
)
def test_a_figure_without_values_says_so(figure):
    (axis,) = figure().axes
    assert [text.get_text() for text in axis.texts] == ["no values yet"]


def test_a_loss_that_ran_away_leaves_the_others_readable():
    rows = [{"step": i, "d_loss": -3.0, "g_loss": 1e6 if i > 95 else 3.0} for i in range(100)]
    (axis,) = plots.losses(rows).axes
    assert axis.get_yscale() == "symlog"
    assert axis.get_ylabel() == "loss (logarithmic beyond ±10)"
    apart = axis.transAxes.inverted().transform(axis.transData.transform([(0, -3), (0, 3)]))
    assert apart[1, 1] - apart[0, 1] > 0.05
    assert plots.losses(rows[:90]).axes[0].get_yscale() == "linear"


def test_a_dozen_curves_look_different():
    figure = plots.curves({f"{i}": ([0, 1], [i, i]) for i in range(12)}, "x", "y")
    looks = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(looks) == 12
    plots.pixels(figure)
    box = figure.axes[0].get_legend().get_tightbbox()
    assert box.y1 <= figure.bbox.y1
    assert box.x1 <= figure.bbox.x1


# -- Pixels and files -----------------------------------------------------------------------------


def test_pixels_have_the_figure_s_size():
    figure = plots.losses([])
    width, height = figure.get_size_inches()
    for dpi in (80, 40):
        picture = plots.pixels(figure, dpi)
        assert picture.dtype == np.uint8
        assert picture.shape == (int(height * dpi), int(width * dpi), 3)
        assert (picture[0, 0] == 255).all()


USERS = {"font.size": 30, "axes.facecolor": "red", "axes.edgecolor": "blue"}


@pytest.mark.parametrize("draw", [plots.waves, plots.spectrograms])
def test_same_call_same_bytes_whatever_the_user_s_style(draw, tmp_path):
    for form in plots.FORMATS:
        for name, settings in {"a": {}, "b": USERS}.items():
            with mpl.rc_context(settings) if settings else nullcontext():
                plots.save(draw(pair(), RATE), tmp_path / f"{name}.{form}")
                assert mpl.rcParams["font.size"] == settings.get("font.size", 10)
        first, second = ((tmp_path / f"{name}.{form}").read_bytes() for name in "ab")
        assert first == second
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg", "b.png", "b.svg"]


def test_files_have_the_right_size(tmp_path):
    figure = plots.spectrograms(pair(), RATE)
    width, height = figure.get_size_inches()
    plots.save(figure, tmp_path / "new" / "a.PNG")
    size = imread(tmp_path / "new" / "a.PNG", format="png").shape[:2]
    assert size == (int(height * plots.DPI), int(width * plots.DPI))
    plots.save(figure, str(tmp_path / "a.svg"))
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert root.tag.endswith("svg")
    assert float(root.get("width").removesuffix("pt")) == pytest.approx(72 * width, abs=0.01)
    assert "date" not in (tmp_path / "a.svg").read_text().lower()


def test_other_endings_are_refused(tmp_path):
    message = refusal(plots.save, plots.losses([]), tmp_path / "a.pdf")
    assert message.endswith("a.pdf: figures are .png or .svg; name the file so")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("matplotlib", lambda: plots.waves(pair(), RATE)),
        ("matplotlib", lambda: plots.losses([])),
        ("librosa", lambda: plots.spectrograms(pair(), RATE)),
        ("librosa", lambda: plots.decibels(sine(), RATE)),
    ],
)
def test_a_missing_package_is_named_with_its_remedy(package, call, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    message = refusal(call)
    assert message == f'figures: {package} is missing; run: pip install "kwavegan[plots]"'


# -- The command ----------------------------------------------------------------------------------


@pytest.fixture
def cli(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*args, code=0):
        from kwavegan import cli

        monkeypatch.setitem(cli.COMMANDS, "plot", "Draw.")
        made = CliRunner().invoke(cli.main, ["plot", *map(str, args)])
        assert made.exit_code == code, made.output
        if code == 2:
            assert made.stdout == ""
            assert made.stderr.count("\n") == 1
        return made

    return run


@pytest.fixture
def seen(monkeypatch):
    """What the command drew: (kind, columns, rate) of each figure of sounds."""
    monkeypatch.setattr(plots, "DPI", 40)  # soon written
    drawn = []

    def spy(kind):
        draw = getattr(plots, kind)
        return lambda columns, rate: drawn.append((kind, columns, rate)) or draw(columns, rate)

    for kind in ("waves", "spectrograms"):
        monkeypatch.setattr(plots, kind, spy(kind))
    return drawn


def names_of(columns):
    return {title: [name for name, _ in sounds] for title, sounds in columns.items()}


@pytest.fixture
def run(tmp_path):
    """A run of two labels with previews of two steps, the later twice as loud, and metrics."""
    run = Run.create("mine", Config(rate=RATE, length=256, labels=("high", "low"), steps=400))
    for label, hertz in {"high": 2000, "low": 500}.items():
        for i in range(3):
            sound = sine(hertz, 0.2, 256)
            write_wav(run.path / "previews" / "real" / f"{label}-{i}.wav", sound, RATE)
            for step in (200, 400):
                path = run.path / "previews" / f"step-{step:08}" / f"{label}-{i}.wav"
                write_wav(path, sound * step / 200, RATE)
    log = MetricsLog(run.path / "metrics.csv")
    for step in range(20, 401, 20):
        log.append({"step": step, "d_loss": 1.0, "g_loss": 2.0})
    return run


def test_files_are_drawn_with_their_names(cli, tmp_path, seen):
    write_wav("a.wav", sine(500), RATE)
    soundfile.write("b.flac", np.stack([sine(600), sine(700)], axis=1) / 2, RATE)
    made = cli("a.wav", "b.flac")
    assert made.stdout.split() == ["plots/waves.png", "plots/spectrograms.png"]
    assert made.stderr == ""
    assert imread("plots/waves.png").shape[1] > 200
    (kind, columns, rate), (other, *_) = seen
    assert (kind, other, rate) == ("waves", "spectrograms", RATE)
    assert names_of(columns) == {"": ["a.wav", "b.flac"]}
    assert [audio.shape for _, audio in columns[""]] == [(LENGTH, 1), (LENGTH, 2)]


def test_files_of_other_rates_are_drawn_at_the_highest(cli, tmp_path, seen):
    write_wav("x/a.wav", sine(500), RATE)
    write_wav("y/a.wav", sine(500, rate=2 * RATE), 2 * RATE)
    made = cli("x/a.wav", "y/a.wav", "--kind", "spectrograms", "--format", "svg", "--out", "new")
    assert made.stdout.split() == ["new/spectrograms.svg"]
    assert "different sample rates" in made.stderr
    ((_, columns, rate),) = seen
    assert rate == 2 * RATE
    assert names_of(columns) == {"": ["x/a.wav", "y/a.wav"]}
    assert [len(audio) for _, audio in columns[""]] == [2 * LENGTH, LENGTH]


def test_many_files_get_several_figures(cli, seen):
    for i in range(13):
        write_wav(f"{i:02}.wav", sine(length=64), RATE)
    made = cli(*(f"{i:02}.wav" for i in range(13)), "--kind", "waves")
    assert made.stdout.split() == ["plots/waves-1.png", "plots/waves-2.png"]
    assert [len(columns[""]) for _, columns, _ in seen] == [12, 1]


def test_a_run_gives_real_beside_generated_and_losses(cli, run, seen):
    made = cli()
    paths = [run.path / "plots" / f"{kind}.png" for kind in ("waves", "spectrograms", "losses")]
    assert made.stdout.split() == list(map(str, paths))
    for path in paths:
        assert imread(path).shape[1] > 200
    names = [f"{label}-{i}" for label in ("high", "low") for i in range(3)]
    for _, columns, rate in seen:
        assert names_of(columns) == {"real": names, "generated, step 400": names}
        assert rate == RATE
        assert np.abs(columns["generated, step 400"][0][1]).max() == pytest.approx(0.4, abs=0.01)


def test_a_run_s_preview_and_labels_can_be_chosen(cli, run, seen, tmp_path):
    made = cli("mine", "--step", 200, "--label", "low", "--kind", "waves", "--out", "here")
    assert made.stdout.split() == ["here/waves-step-00000200.png"]
    names = ["low-0", "low-1", "low-2"]
    ((_, columns, _),) = seen
    assert names_of(columns) == {"real": names, "generated, step 200": names}
    assert cli(run.path, "--kind", "losses").stdout.split() == [f"{run.path}/plots/losses.png"]


def test_rows_are_pairs_where_a_real_sound_is_missing(cli, run, seen):
    (run.path / "previews" / "real" / "high-1.wav").unlink()
    cli("--kind", "waves", "--label", "high")
    ((_, columns, _),) = seen
    assert names_of(columns) == {
        "real": ["high-0", "high-2"],
        "generated, step 400": ["high-0", "high-2", "high-1"],
    }


def test_a_file_wins_over_a_run_of_its_name(cli, run, tmp_path, seen):
    write_wav("mine", sine(), RATE)
    assert cli("mine", "--kind", "waves").stdout.split() == ["plots/waves.png"]
    assert names_of(seen[0][1]) == {"": ["mine"]}


def test_a_run_without_previews_makes_sounds_from_its_checkpoint(cli, tmp_path, seen, monkeypatch):
    dataset = sines(tmp_path)
    config = replace(settle(tiny_config(), dataset), data=str(dataset.path))
    made = Run.create("bare", config)
    MetricsLog(made.path / "metrics.csv").append({"step": 3, "d_loss": 1.0, "g_loss": 2.0})
    network = build_generator(architecture_of(config))
    generator = Generator(made, config, 2, ("an older one",), network)
    monkeypatch.setattr(generation, "load_run", lambda path, step: generator)
    result = cli("bare", "--kind", "waves", "--label", "low")
    assert "an older one" in result.stderr
    ((_, columns, _),) = seen
    names = ["low-0", "low-1", "low-2"]
    assert names_of(columns) == {"real": names, "generated, step 2": names}
    sounds = np.stack([audio for _, audio in columns["generated, step 2"]])
    want = generator.generate("low", 3)
    np.testing.assert_allclose(sounds, want, atol=1e-6)
    assert np.ptp(want, axis=0).max() > 0.01
    # Without its data there is nothing to stand beside: the losses alone, and why.
    dataset.path.rename(tmp_path / "moved")
    result = cli("bare")
    assert result.stdout.split() == [f"{made.path}/plots/losses.png"]
    assert "no sounds to draw" in result.stderr
    assert "no such folder" in cli("bare", "--kind", "waves", code=2).stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nothing"], "nothing: neither a file nor a run in"),
        (["nothing.wav", "sound.wav"], "nothing.wav: no such file"),
        (["mine", "mine"], "mine: no such file; name audio files, or one run"),
        (["text.wav"], "text.wav: is not audio that can be read; convert it"),
        (["sound.wav", "--kind", "losses"], "--kind losses: is for runs"),
        (["sound.wav", "--step", "200"], "--step: is for runs"),
        (["sound.wav", "--label", "low"], "--label: is for runs"),
        (["sound.wav", "--out", "sound.wav"], "a file stands where a folder is needed"),
        (["mine", "--step", "300"], "no preview of step 300; there are: 200, 400"),
        (["mine", "--label", "mid"], "--label: 'mid' is not heard"),
        (["plain", "--label", "mid"], "--label: plain has no labels"),
        (["plain", "--kind", "losses"], "no losses yet"),
        (["plain"], "no checkpoint yet"),
        (["folder"], "folder: not a run, or damaged"),
    ],
)
def test_bad_input_is_one_line(cli, run, tmp_path, args, words):
    Run.create("plain", Config(model="wgan", rate=RATE, length=256))
    write_wav("sound.wav", sine(length=64), RATE)
    (tmp_path / "text.wav").write_text("no sound at all")
    (tmp_path / "folder").mkdir()
    assert words in cli(*args, code=2).stderr


def test_the_command_without_matplotlib_says_what_to_install(cli, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert 'pip install "kwavegan[plots]"' in cli(code=2).stderr


def test_help_tells_that_a_file_wins():
    help = CliRunner().invoke(command, ["--help"]).output
    assert "taken for the file" in " ".join(help.split())
