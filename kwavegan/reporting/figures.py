"""Figures of sounds and of training: waves, spectrograms, curves, bars.

Sounds in one figure share every scale: time, amplitude, frequency and level. Figures ignore the
user's Matplotlib style, so that the same call gives the same bytes, and need no screen.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kwavegan.backend.extras import need
from kwavegan.errors import InputError
from kwavegan.reporting.fonts import spell_out, use_fonts_for
from kwavegan.reporting.layout import COLOURS, LINE, colour_bar, lay_out, style
from kwavegan.storage import files

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Columns = Mapping[str, Sequence[tuple[str, np.ndarray]]]
"""Column title → (name, audio) of each sound; audio is (length, channels) or (length,), −1…1."""

LOWEST_DB = -80.0
"""Quietest level drawn, in dB below a sine of full scale; the loudest is 0 dB."""

DPI = 120
"""Pixels per inch of the PNG files that `save` writes."""

FORMATS = ("png", "svg")
"""Endings of the names that `save` accepts."""

_LANES = 8  # channels drawn at most

_LOUDEST = 1e6  # absolute value of a sample; larger ones are taken for broken

_POINTS = 600  # stretches of an envelope, each about a pixel in the widest panel

_FRAMES = 1_000  # pixels of a spectrogram from left to right, at most

_WINDOW_SECONDS = 0.03

_STEEP = 1_000.0  # largest value over median from which curves get a logarithmic axis

_DASHES = ("-", "--", ":", "-.")

# -- Sounds ---------------------------------------------------------------------------------------


@style()
def waves(columns: Columns, rate: int) -> "Figure":
    """Draw sounds as waves: a column for each key, a row for each sound, on one scale.

    Each of the first eight channels has its own lane. A long sound is drawn by the smallest and
    largest sample of each stretch, so that no peak is lost. A sound with NaN, infinity or a sample
    beyond ±1,000,000 is named broken, and drawn with zeros in place of those samples.

    Args:
        columns: at least one sound; see `Columns`.
        rate: sample rate of all of them in Hz.

    Raises:
        InputError: there is no sound, or Matplotlib is missing.
    """
    sounds = _cleaned(columns)
    lanes = [[min(audio.shape[1], _LANES) for _, audio in column] for column in sounds.values()]
    height = 0.8 if max(map(max, filter(None, lanes))) == 1 else 0.7
    figure, axes = lay_out(_names(sounds), lanes, height, "amplitude")
    limit = _round_up(max(float(np.abs(audio).max()) for audio in _audio(sounds)))
    seconds = max(map(len, _audio(sounds))) / rate
    for place, column in enumerate(sounds.values()):
        for panel, (_, audio) in zip(axes[place], column, strict=True):
            for lane, axis in enumerate(panel):
                where, values = _envelope(audio[:, lane])
                axis.axhline(0, color="0.85", linewidth=LINE, zorder=0)
                axis.plot(where / rate, values, color=COLOURS[place % 3], linewidth=LINE)
                axis.set(xlim=(0, seconds), ylim=(-1.05 * limit, 1.05 * limit))
                end = limit / min(len(panel), 2)  # labels of two lanes must not meet
                axis.set_yticks([-end, 0, end], [f"−{end:g}", "0", f"{end:g}"])
                axis.spines[["top", "right"]].set_visible(False)
    return figure


@style()
def spectrograms(columns: Columns, rate: int) -> "Figure":
    """Draw sounds as spectrograms: a column for each key, a row for each sound, on one scale.

    The scale of levels always goes from `LOWEST_DB` to 0 dB, a sine of full scale, so that figures
    can be compared. Channels are averaged. Broken sounds are drawn as by `waves`.

    Args:
        columns: at least one sound; see `Columns`.
        rate: sample rate of all of them in Hz.

    Raises:
        InputError: there is no sound, or Matplotlib or librosa is missing.
    """
    from matplotlib.ticker import MaxNLocator

    sounds = _cleaned(columns)
    lanes = [[1] * len(column) for column in sounds.values()]
    figure, axes = lay_out(_names(sounds), lanes, 1.1, "frequency (Hz)", bar=True)
    longest = max(map(len, _audio(sounds)))
    cut = _cut(rate, longest)
    for place, column in enumerate(sounds.values()):
        for (axis,), (_, audio) in zip(axes[place], column, strict=True):
            levels = _levels(audio, cut)
            image = axis.imshow(
                levels,
                origin="lower",
                aspect="auto",
                extent=_extent(levels, cut, rate),
                vmin=LOWEST_DB,
                vmax=0.0,
                cmap="magma",
            )
            axis.set_facecolor(image.cmap(0.0))  # after the end of a shorter sound
            axis.set(xlim=(0, longest / rate), ylim=(0, rate / 2))
            axis.yaxis.set_major_locator(MaxNLocator(4))
    colour_bar(figure, image, "level (dB re full-scale sine)")
    return figure


def decibels(audio: np.ndarray, rate: int) -> np.ndarray:
    """Return a sound's spectrogram in dB relative to a sine of full scale, at least `LOWEST_DB`.

    It is librosa's short-time Fourier transform of the mean of all channels, with a Hann window
    of about 30 ms (shorter for sounds under half a second) and a hop of a quarter of the window.
    A sine of full scale has 0 dB in its band, at any rate and length. A long sound has at most
    1,000 frames: each is the maximum, band by band, of several frames of the transform.

    Args:
        audio: (length, channels) or (length,), in −1…1.
        rate: in Hz.

    Returns:
        (frequencies, frames), float32; frequencies evenly from 0 to rate / 2.

    Raises:
        InputError: librosa is missing.
    """
    _, sound = _clean("", audio)
    return _levels(sound, _cut(rate, len(sound)))


class _Cut(NamedTuple):
    """Samples of a window and of a hop, and the number of frames that share a pixel."""

    window: int
    hop: int
    pool: int


def _cut(rate: int, length: int) -> _Cut:
    window = 2 ** round(math.log2(rate * _WINDOW_SECONDS))
    # At least sixteen windows fit into a short sound: it still has some sixty frames.
    window = max(32, min(window, 2 ** int(math.log2(max(length / 16, 1)))))
    hop = window // 4
    return _Cut(window, hop, math.ceil((1 + length // hop) / _FRAMES))


def _levels(sound: np.ndarray, cut: _Cut) -> np.ndarray:
    """Return levels (frequencies, pixels) in dB of a sound (length, channels), frames centred."""
    need("librosa")
    import librosa

    window, hop, pool = cut
    count = 1 + len(sound) // hop
    padded = np.pad(sound.mean(axis=1, dtype="float32"), window // 2)
    pixels = []
    for first in range(0, count, 128 * pool):  # block by block, to save memory on long sounds
        last = min(first + 128 * pool, count) - 1
        block = padded[first * hop : last * hop + window]
        spectrum = np.abs(librosa.stft(block, n_fft=window, hop_length=hop, center=False))
        starts = np.arange(0, spectrum.shape[1], pool)
        pixels.append(np.maximum.reduceat(spectrum, starts, axis=1))
    amplitude = np.concatenate(pixels, axis=1) * np.float32(4 / window)  # Hann sums to window / 2
    levels = librosa.amplitude_to_db(amplitude, ref=1.0, amin=10 ** (LOWEST_DB / 20), top_db=None)
    return np.maximum(levels, np.float32(LOWEST_DB))  # for rounding


def _extent(levels: np.ndarray, cut: _Cut, rate: int) -> tuple[float, float, float, float]:
    """Return (left, right, bottom, top) of an image whose pixels centre on frames and bands."""
    bands, pixels = levels.shape
    start, band = -cut.hop / 2 / rate, rate / cut.window
    seconds = pixels * cut.pool * cut.hop / rate
    return (start, start + seconds, -band / 2, (bands - 0.5) * band)


def _envelope(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and values (points,) of a line that shows every peak of the samples."""
    count = len(samples)
    if count <= 2 * _POINTS:
        return np.arange(count), samples
    starts = np.linspace(0, count, _POINTS, endpoint=False).astype(int)
    ends = [np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)]
    return np.repeat(starts + count / (2 * _POINTS), 2), np.stack(ends, axis=1).ravel()


def _round_up(peak: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten, so that few figures differ in scale."""
    if peak < 1e-4:
        return 1.0
    power = 10.0 ** math.floor(math.log10(peak))
    return float(f"{next(power * k for k in (1, 2, 5, 10) if peak <= 1.02 * power * k):.0e}")


def _cleaned(columns: Columns) -> dict[str, list[tuple[str, np.ndarray]]]:
    """Return all sounds as (length, channels), float32, finite and not empty."""
    sounds = {title: [_clean(*sound) for sound in column] for title, column in columns.items()}
    if not any(sounds.values()):
        raise InputError("figures: there is no sound to draw; give at least one")
    return sounds


def _clean(name: str, audio: np.ndarray) -> tuple[str, np.ndarray]:
    sound = np.asarray(audio, "float32")
    sound = sound[:, None] if sound.ndim == 1 else sound
    sound = sound if len(sound) else np.zeros((1, sound.shape[1]), "float32")
    good = np.abs(sound) <= _LOUDEST  # False for NaN
    return (name, sound) if good.all() else (f"{name} (broken)", np.where(good, sound, 0))


def _names(sounds: Columns) -> dict[str, list[str]]:
    return {title: [name for name, _ in column] for title, column in sounds.items()}


def _audio(sounds: Columns) -> list[np.ndarray]:
    return [audio for column in sounds.values() for _, audio in column]


# -- Curves ---------------------------------------------------------------------------------------


@style()
def curves(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]], x: str, y: str
) -> "Figure":
    """Draw named lines of numbers; values that are not finite are left out.

    A line of more than 1,200 points is drawn pale, by the smallest and largest value of each
    stretch, with the medians of longer stretches on top. Where the largest value is more than a
    thousand times the median, the vertical axis is logarithmic away from zero, and says so.

    Args:
        series: name → positions on the horizontal axis, and as many values.
        x, y: labels of the axes, with units.

    Raises:
        InputError: Matplotlib is missing.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    use_fonts_for(series)
    rows = math.ceil(len(series) / 4)
    height = 3.0 + 0.2 * rows
    figure = Figure(figsize=(6.5, height))
    axis = figure.add_axes((0.8 / 6.5, 0.45 / height, 5.5 / 6.5, 2.45 / height))
    axis.set(xlabel=x, ylabel=y)
    axis.grid(color="0.9", linewidth=LINE)
    axis.spines[["top", "right"]].set_visible(False)
    lines = {name: _finite(*line) for name, line in series.items()}
    for index, (name, line) in enumerate(lines.items()):
        _line(axis, index, name, *line)
    _scale(axis, [values for _, values in lines.values()], y)
    if all((places % 1 == 0).all() for places, _ in lines.values()):
        axis.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    if series:
        axis.legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=min(4, len(series)), frameon=False
        )
    if not any(len(values) for _, values in lines.values()):
        axis.text(0.5, 0.5, "no values yet", color="0.4", ha="center", transform=axis.transAxes)
    return figure


def losses(rows: Sequence[Mapping[str, float]]) -> "Figure":
    """Draw the losses of discriminator and generator over a training's steps.

    Args:
        rows: the rows of a run's `metrics.csv`; see `kwavegan.storage.csv_log.read_metrics`.

    Raises:
        InputError: Matplotlib is missing.
    """
    titles = {"d_loss": "discriminator", "g_loss": "generator"}
    series = {}
    for key, title in titles.items():
        known = [row for row in rows if key in row]
        series[title] = [row["step"] for row in known], [row[key] for row in known]
    return curves(series, "step", "loss")


@style()
def bars(shares: Mapping[str, float], x: str) -> "Figure":
    """Draw shares as horizontal bars with name and number, the first at the top.

    Args:
        shares: name → share, 0 to 1; at least one.
        x: label of the horizontal axis.

    Raises:
        InputError: Matplotlib is missing.
    """
    from matplotlib.figure import Figure

    use_fonts_for(shares)
    height = 0.65 + 0.25 * len(shares)
    figure = Figure(figsize=(6.5, height))
    axis = figure.add_axes((1.5 / 6.5, 0.45 / height, 4.75 / 6.5, 1 - 0.55 / height))
    values = list(shares.values())
    axis.barh(range(len(values)), values, height=0.65, color=COLOURS[0])
    axis.set_yticks(range(len(values)), list(shares))
    axis.set(xlabel=x, xlim=(0, 1.12 * max(values) or 1.0), ylim=(len(values) - 0.4, -0.6))
    for place, value in enumerate(values):
        axis.annotate(
            f"{value:.2f}", (value, place), (3, 0), textcoords="offset points", va="center",
            fontsize=7,
        )  # fmt: skip
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    return figure


def _finite(x: Sequence[float], y: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the finite points; past 1e30, Matplotlib cannot compute the ticks of an axis."""
    places, values = np.asarray(x, "float64"), np.asarray(y, "float64")
    kept = np.isfinite(places) & (np.abs(values) < 1e30)
    return places[kept], values[kept]


def _line(axis: "Axes", index: int, name: str, x: np.ndarray, y: np.ndarray) -> None:
    look: dict[str, Any] = {"color": COLOURS[index % len(COLOURS)]}
    if len(y) > 2 * _POINTS:
        where, values = _envelope(y)
        axis.plot(np.interp(where, np.arange(len(x)), x), values, lw=LINE, alpha=0.3, **look)
        parts = [np.array_split(numbers, _POINTS // 8) for numbers in (x, y)]
        x, y = (np.array([np.median(part) for part in each]) for each in parts)
    look |= {"linestyle": _DASHES[index // len(COLOURS) % len(_DASHES)], "linewidth": 1.3}
    look |= {"marker": "o", "markersize": 3} if len(y) <= 30 else {}
    axis.plot(x, y, label=name, **look)


def _scale(axis: "Axes", finite: Sequence[np.ndarray], label: str) -> None:
    """Make the vertical axis logarithmic if a few values would flatten all others."""
    sizes = np.abs(np.concatenate([*finite, np.zeros(0)]))
    typical = float(np.median(sizes)) if len(sizes) else 0.0
    if typical and sizes.max() > _STEEP * typical:
        linear = 10.0 ** math.ceil(math.log10(typical))
        axis.set_yscale("symlog", linthresh=linear)
        axis.set_ylabel(f"{label} (logarithmic beyond ±{linear:g})")


# -- Figures as pixels and files ------------------------------------------------------------------


@style()
def pixels(figure: "Figure", dpi: int = 80) -> np.ndarray:
    """Return a figure as pixels.

    Args:
        figure: a figure of this module.
        dpi: pixels per inch.

    Returns:
        (height, width, 3), uint8, red, green and blue.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    spell_out(figure)
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


@style()
def save(figure: "Figure", path: str | Path) -> None:
    """Write a figure as PNG, `DPI` pixels per inch, or as SVG, by the ending of its name.

    The file appears whole or not at all, and the same figure gives the same bytes.

    Raises:
        InputError: the ending is another one, the disk is full, or the folder is not writable.
    """
    form = Path(path).suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise InputError(f"{path}: figures are .png or .svg; name the file so")
    with files.atomic(path) as partial:
        spell_out(figure)
        metadata = {"Date": None} if form == "svg" else {}
        figure.savefig(partial, format=form, dpi=DPI, metadata=metadata)
