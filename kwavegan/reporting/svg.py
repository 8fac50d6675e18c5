"""Charts, waveforms and spectrograms of a page, as small SVG and PNG for any browser."""

import base64
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kwavegan.audio.pcm import to_int16
from kwavegan.reporting import figures

WIDTH, HEIGHT = 640, 240

_LEFT, _BOTTOM, _TOP = 64, 28, 10

_POINTS = 400  # of a curve at most; a screen shows no more

_COLUMNS = 240  # of a waveform


@dataclass(frozen=True)
class Curve:
    """A line of a chart, in its pixels.

    Attributes:
        name: in the legend.
        points: of SVG polylines; a new one begins after values that are not finite.
        last: the last value, as text.
    """

    name: str
    points: tuple[str, ...]
    last: str


@dataclass(frozen=True)
class Chart:
    """Curves over the training's steps.

    Attributes:
        name: an identifier, unique on the page.
        title: what is drawn.
        curves: at most six.
        xs, ys: (position in pixels, text) of each tick.
        description: the chart in words, for those who cannot see it.
    """

    name: str
    title: str
    curves: tuple[Curve, ...]
    xs: tuple[tuple[float, str], ...]
    ys: tuple[tuple[float, str], ...]
    description: str


def chart(
    name: str, title: str, rows: Sequence[Mapping[str, float]], columns: Mapping[str, str]
) -> Chart | None:
    """Return a chart of columns of rows by step; None where no row has any of them.

    Args:
        name: an identifier.
        title: what is drawn.
        rows: each with "step".
        columns: column → its name in the legend.
    """
    rows = _thinned(rows)
    series = {
        shown: [(row["step"], row[column]) for row in rows if column in row]
        for column, shown in columns.items()
    }
    series = {shown: points for shown, points in series.items() if points}
    values = [y for points in series.values() for _, y in points if math.isfinite(y)]
    if not values:
        return None
    steps = [x for points in series.values() for x, _ in points]
    across = _Axis(min(0, *steps), max(steps), _LEFT, WIDTH - 12)
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or abs(high) or 1.0
    up = _Axis(low - room, high + room, HEIGHT - _BOTTOM, _TOP)
    curves = tuple(
        Curve(shown, _lines(points, across, up), f"{points[-1][1]:.4g}")
        for shown, points in series.items()
    )
    summary = "; ".join(
        f"{shown}: {points[0][1]:.4g} at step {points[0][0]:.0f}, {points[-1][1]:.4g} at step "
        f"{points[-1][0]:.0f}"
        for shown, points in series.items()
    )
    return Chart(name, title, curves, across.ticks(), up.ticks(), f"{title}. {summary}.")


def _thinned(rows: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """Return at most `_POINTS` rows, the first and the last among them."""
    indices = np.linspace(0, len(rows) - 1, min(len(rows), _POINTS)).round().astype(int)
    return [rows[index] for index in np.unique(indices)]


@dataclass(frozen=True)
class _Axis:
    """Maps numbers (low to high) to pixels (begin to end)."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.begin + share * (self.end - self.begin), 1)

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Return (position, text) of about four round numbers."""
        apart = (self.high - self.low) / 4 or 1.0
        size = 10 ** math.floor(math.log10(apart))
        apart = size * next(step for step in (1, 2, 5, 10) if step * size >= apart)
        first, last = math.ceil(self.low / apart), math.floor(self.high / apart)
        return tuple((self.at(i * apart), f"{i * apart:.10g}") for i in range(first, last + 1))


def _lines(points: Iterable[tuple[float, float]], across: _Axis, up: _Axis) -> tuple[str, ...]:
    lines: list[list[str]] = [[]]
    for x, y in points:
        if math.isfinite(y):
            lines[-1].append(f"{across.at(x)},{up.at(y)}")
        elif lines[-1]:
            lines.append([])
    return tuple(" ".join(line) for line in lines if line)


def waveform(audio: np.ndarray) -> str:
    """Return the outline of a sound (length, channels) as an SVG path.

    The path is 240 wide; y runs from 0, positive full scale, to 2, negative full scale. Of several
    channels it shows the mean.
    """
    mono = np.clip(np.nan_to_num(audio).mean(axis=1), -1, 1)
    edges = np.unique(np.linspace(0, len(mono), min(_COLUMNS, len(mono)) + 1).astype(int))[:-1]
    high, low = np.maximum.reduceat(mono, edges), np.minimum.reduceat(mono, edges)
    across = np.linspace(0, _COLUMNS, len(edges))
    upper = [f"{x:.1f} {1 - y:.3f}" for x, y in zip(across, high, strict=True)]
    lower = [f"{x:.1f} {1 - y:.3f}" for x, y in zip(across, low - 0.005, strict=True)]
    return f"M{' L'.join([*upper, *lower[::-1]])}Z"


def spectrogram(audio: np.ndarray, rate: int) -> str:
    """Return a spectrogram, −80 to 0 dB, low frequencies at the bottom, as data URI of a PNG."""
    from matplotlib import colormaps
    from PIL import Image

    levels = figures.decibels(audio, rate)[::-1]
    colours = (255 * colormaps["magma"](1 - levels / figures.LOWEST_DB)[..., :3]).astype("uint8")
    image = Image.fromarray(colours).resize((_COLUMNS, 96)).quantize(48)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def audio_player(audio: np.ndarray, rate: int) -> str:
    """Return a sound (length, channels) as data URI of a 16-bit WAV file."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, to_int16(np.nan_to_num(audio)), rate, format="WAV", subtype="PCM_16")
    return f"data:audio/wav;base64,{base64.b64encode(file.getvalue()).decode()}"
