"""Figures of sounds and of training."""

import sys
import xml.etree.ElementTree as ElementTree
from contextlib import nullcontext

import librosa
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from kwavegan.errors import InputError
from kwavegan.reporting import figures

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
    bands = len(figures.decibels(np.zeros(length), rate))
    band = (bands - 1) // 3
    hertz = band * rate / 2 / (bands - 1)
    levels = figures.decibels(sine(hertz, amplitude, length, rate), rate)
    middle = levels[:, levels.shape[1] // 2]
    assert middle.argmax() == band
    assert middle[band] == pytest.approx(20 * np.log10(amplitude), abs=0.01)


def test_levels_are_those_of_librosa():
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, LENGTH).astype("float32")
    theirs = np.abs(librosa.stft(sound, n_fft=256, hop_length=64)) / 64
    want = librosa.amplitude_to_db(theirs, ref=1.0, amin=1e-4, top_db=None)
    np.testing.assert_allclose(figures.decibels(sound, RATE), want, atol=0.01)


def test_silence_is_at_the_floor_and_channels_are_averaged():
    for length in (0, 1, 64, LENGTH):
        assert (figures.decibels(np.zeros((length, 2)), RATE) == figures.LOWEST_DB).all()
    left, right = sine(1000), sine(2000, 0.5)
    stereo = figures.decibels(np.stack([left, right], axis=1), RATE)
    np.testing.assert_allclose(stereo, figures.decibels((left + right) / 2, RATE), atol=0.01)
    opposed = figures.decibels(np.stack([left, -left], axis=1), RATE)
    assert (opposed == figures.LOWEST_DB).all()


def test_long_sounds_have_few_frames_and_lose_no_click():
    sound = np.zeros(RATE * 60, "float32")
    sound[360_192] = 1.0  # in the middle of the frames that are drawn as one
    levels = figures.decibels(sound, RATE)
    assert levels.shape[1] <= 1_000
    loud = np.flatnonzero(levels.max(axis=0) > figures.LOWEST_DB)
    assert len(loud)
    np.testing.assert_allclose(loud / levels.shape[1] * 60, 45, atol=0.1)


# -- Figures of sounds ----------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [figures.waves, figures.spectrograms])
def test_real_and_generated_share_every_scale(draw):
    axes = panels(draw(pair(), RATE))
    assert [axis.get_title(loc="left") for axis in axes] == ["kick-0", "kick-1"] * 2
    (scale,) = {axis.get_ylim() for axis in axes}
    assert scale == pytest.approx((-0.525, 0.525) if draw is figures.waves else (0, RATE / 2))
    assert {axis.get_xlim() for axis in axes} == {(0.0, LENGTH / RATE)}
    assert len({tuple(axis.bbox.size.round(6)) for axis in axes}) == 1
    lefts = [axis.get_position().x0 for axis in axes]
    assert lefts[0] == lefts[1] < lefts[2] == lefts[3]
    bottom = [axis.get_xlabel() for axis in axes]
    assert bottom == ["", "time (s)"] * 2
    side = "amplitude" if draw is figures.waves else "frequency (Hz)"
    assert [axis.get_ylabel() for axis in axes] == [side] * 2 + [""] * 2


def test_column_titles_are_written():
    figure = figures.waves(pair(), RATE)
    assert [text.get_text() for text in figure.texts] == ["real", "generated"]


def test_a_sine_is_drawn_at_its_frequency():
    (axis,) = panels(figures.spectrograms({"": [("a", sine(1000))]}, RATE))
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
    figure = figures.spectrograms(pair(), RATE)
    assert {image.get_clim() for axis in panels(figure) for image in axis.images} == {(-80.0, 0.0)}
    bar = figure.axes[-1]
    assert bar.get_ylim() == (-80.0, 0.0)
    assert bar.get_ylabel() == "level (dB re full-scale sine)"


def test_waves_keep_every_peak_of_a_long_sound():
    sound = np.zeros((50_000, 1), "float32")
    sound[12_345], sound[43_210] = 0.9, -0.8
    (axis,) = panels(figures.waves({"": [("a", sound)]}, RATE))
    x, y = axis.lines[-1].get_data()
    assert len(x) < 2_000
    assert (y.max(), y.min()) == pytest.approx((0.9, -0.8))
    assert x[y.argmax()] == pytest.approx(12_345 / RATE, abs=0.01)
    assert x[y.argmin()] == pytest.approx(43_210 / RATE, abs=0.01)


def test_both_channels_of_stereo_are_drawn_as_waves():
    stereo = np.stack([sine(100, 0.9), sine(100, 0.1)], axis=1)
    figure = figures.waves({"real": [("a", stereo)]}, RATE)
    assert [axis.get_ylabel() for axis in figure.axes] == ["amplitude\nleft", "amplitude\nright"]
    assert len({axis.get_ylim() for axis in figure.axes}) == 1
    peaks = [axis.lines[-1].get_ydata().max() for axis in figure.axes]
    assert peaks == pytest.approx([0.9, 0.1], abs=0.02)


def test_panels_of_a_row_are_as_high_with_one_channel_as_with_two():
    stereo = np.stack([sine(100), sine(200)], axis=1)
    figure = figures.waves({"real": [("a", stereo)], "generated": [("b", sine(100))]}, RATE)
    left, right, one = (axis.get_position() for axis in figure.axes)
    assert (one.y1, one.y0) == pytest.approx((left.y1, right.y0))


@pytest.mark.parametrize(
    ("peak", "limit"), [(0.0, 1.0), (0.4, 0.5), (0.5, 0.5), (0.51, 0.5), (0.6, 1.0), (1.5, 2.0)]
)
def test_wave_scales_are_round(peak, limit):
    (axis,) = panels(figures.waves({"": [("a", np.full(64, peak))]}, RATE))
    assert axis.get_ylim() == pytest.approx((-1.05 * limit, 1.05 * limit))


@pytest.mark.parametrize("draw", [figures.waves, figures.spectrograms])
@pytest.mark.parametrize(("columns", "sounds"), [(1, 1), (1, 12), (2, 6), (3, 3)])
def test_nothing_lies_outside_the_figure_or_upon_another(draw, sounds, columns):
    names = [f"a sound with a name far too long for its panel {i}" * 3 for i in range(sounds)]
    figure = draw(
        {f"{c}": [(name, sine(length=64)) for name in names] for c in range(columns)}, RATE
    )
    assert figures.pixels(figure).shape[2] == 3
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


@pytest.mark.parametrize("draw", [figures.waves, figures.spectrograms])
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
    lanes = min(8, 1 if sound.ndim == 1 else sound.shape[1])
    assert len(figure.axes) == (1 + lanes if draw is figures.waves else 3)  # with the colour bar
    assert len(np.unique(figures.pixels(figure, 40))) > 1


def test_columns_may_differ_in_length_and_names_may_be_in_any_script():
    columns = {
        "$x$": [("太鼓 $\\x$", sine()), ("a\nb\udcff", sine())],
        "one": [("c", sine(length=9))],
    }
    figure = figures.waves(columns, RATE)
    titles = [axis.get_title(loc="left") for axis in panels(figure)]
    assert titles == ["太鼓 $\\x$", "a?b?", "c"]
    assert [axis.get_xlabel() for axis in panels(figure)] == ["", "time (s)", "time (s)"]
    figures.pixels(figure)


@pytest.mark.parametrize("draw", [figures.waves, figures.spectrograms])
@pytest.mark.parametrize("columns", [{}, {"real": []}])
def test_no_sounds_are_refused(draw, columns):
    assert "no sound to draw" in refusal(draw, columns, RATE)


# -- Curves ---------------------------------------------------------------------------------------


def legend(figure):
    (axis,) = figure.axes
    return [text.get_text() for text in axis.get_legend().get_texts()]


def test_losses_are_drawn_over_steps():
    rows = [{"step": 20 * i, "d_loss": -i, "g_loss": 2.0 * i, "seconds": 1.0} for i in range(40)]
    figure = figures.losses([*rows, {"step": 800}, {"step": 820, "d_loss": 1.0}])
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
    (axis,) = figures.curves({"a": (np.arange(3_000), y)}, "step", "loss").axes
    pale, line = axis.lines
    assert pale.get_ydata().max() == 9
    assert pale.get_alpha() < 0.5
    assert set(line.get_ydata()) == {1.0}
    assert len(line.get_xdata()) < 200
    assert line.get_xdata()[-1] > 2_950


def test_what_is_not_finite_is_left_out():
    nan, inf = float("nan"), float("inf")
    figure = figures.curves({"a": ([0, 1, 2, 3], [1, nan, inf, 3e38]), "b": ([0], [nan])}, "x", "y")
    assert [line.get_ydata().tolist() for line in figure.axes[0].lines] == [[1.0], []]
    figures.pixels(figure)


@pytest.mark.parametrize(
    "figure", [lambda: figures.losses([]), lambda: figures.curves({}, "step", "distance")]
)
def test_a_figure_without_values_says_so(figure):
    (axis,) = figure().axes
    assert [text.get_text() for text in axis.texts] == ["no values yet"]


def test_a_loss_that_ran_away_leaves_the_others_readable():
    rows = [{"step": i, "d_loss": -3.0, "g_loss": 1e6 if i > 95 else 3.0} for i in range(100)]
    (axis,) = figures.losses(rows).axes
    assert axis.get_yscale() == "symlog"
    assert axis.get_ylabel() == "loss (logarithmic beyond ±10)"
    apart = axis.transAxes.inverted().transform(axis.transData.transform([(0, -3), (0, 3)]))
    assert apart[1, 1] - apart[0, 1] > 0.05
    assert figures.losses(rows[:90]).axes[0].get_yscale() == "linear"


def test_a_dozen_curves_look_different():
    figure = figures.curves({f"{i}": ([0, 1], [i, i]) for i in range(12)}, "x", "y")
    looks = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(looks) == 12
    figures.pixels(figure)
    box = figure.axes[0].get_legend().get_tightbbox()
    assert box.y1 <= figure.bbox.y1
    assert box.x1 <= figure.bbox.x1


# -- Pixels and files -----------------------------------------------------------------------------


def test_pixels_have_the_figure_s_size():
    figure = figures.losses([])
    width, height = figure.get_size_inches()
    for dpi in (80, 40):
        picture = figures.pixels(figure, dpi)
        assert picture.dtype == np.uint8
        assert picture.shape == (int(height * dpi), int(width * dpi), 3)
        assert (picture[0, 0] == 255).all()


USERS = {"font.size": 30, "axes.facecolor": "red", "axes.edgecolor": "blue"}


@pytest.mark.parametrize("draw", [figures.waves, figures.spectrograms])
def test_same_call_same_bytes_whatever_the_user_s_style(draw, tmp_path):
    for form in figures.FORMATS:
        for name, settings in {"a": {}, "b": USERS}.items():
            with mpl.rc_context(settings) if settings else nullcontext():
                figures.save(draw(pair(), RATE), tmp_path / f"{name}.{form}")
                assert mpl.rcParams["font.size"] == settings.get("font.size", 10)
        first, second = ((tmp_path / f"{name}.{form}").read_bytes() for name in "ab")
        assert first == second
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg", "b.png", "b.svg"]


def test_files_have_the_right_size(tmp_path):
    figure = figures.spectrograms(pair(), RATE)
    width, height = figure.get_size_inches()
    figures.save(figure, tmp_path / "new" / "a.PNG")
    size = imread(tmp_path / "new" / "a.PNG", format="png").shape[:2]
    assert size == (int(height * figures.DPI), int(width * figures.DPI))
    figures.save(figure, str(tmp_path / "a.svg"))
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert root.tag.endswith("svg")
    assert float(root.get("width").removesuffix("pt")) == pytest.approx(72 * width, abs=0.01)
    assert "date" not in (tmp_path / "a.svg").read_text().lower()


def test_other_endings_are_refused(tmp_path):
    message = refusal(figures.save, figures.losses([]), tmp_path / "a.pdf")
    assert message.endswith("a.pdf: figures are .png or .svg; name the file so")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("matplotlib", lambda: figures.waves(pair(), RATE)),
        ("matplotlib", lambda: figures.losses([])),
        ("librosa", lambda: figures.spectrograms(pair(), RATE)),
        ("librosa", lambda: figures.decibels(sine(), RATE)),
    ],
)
def test_a_missing_package_is_named_with_its_remedy(package, call, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    message = refusal(call)
    assert message == f'figures: {package} is missing; run: pip install "kwavegan[plots]"'
