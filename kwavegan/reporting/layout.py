"""The style of all figures, and the layout of their panels in inches.

With fixed sizes a panel looks the same among two or two dozen, and the layout takes no time, where
Matplotlib's own layout engines draw every text twice.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kwavegan.backend.extras import need
from kwavegan.reporting.fonts import FAMILY, use_fonts_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Colours that colour-blind readers can tell apart too (Okabe and Ito, 2008)."""

LINE = 0.6
"""Width of thin lines, in points."""

_STYLE = {
    "font.family": FAMILY,
    "font.size": 8.0,
    "axes.linewidth": LINE,
    "axes.labelsize": 8.0,
    "axes.formatter.useoffset": False,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.width": LINE,
    "ytick.major.width": LINE,
    "svg.hashsalt": "kwavegan",  # without it the ids in an SVG are random
}

_WIDTHS = {1: 6.0, 2: 3.0}

_NARROW = 2.2  # inches of a panel where there are three columns or more

_LEFT, _RIGHT, _TOP, _BOTTOM = 0.75, 0.25, 0.1, 0.45

_TITLE, _NAME, _APART = 0.15, 0.24, 0.35

_BAR, _BAR_APART, _BAR_WIDTH, _BAR_HEIGHT = 0.9, 0.22, 0.13, 3.0

_LANES = {2: ("left", "right")}


@contextmanager
def style() -> Iterator[None]:
    """Use Matplotlib's default style and ours within a block; restore the user's after it.

    Raises:
        InputError: Matplotlib is missing.
    """
    need("matplotlib")
    from matplotlib import style

    with style.context(["default", _STYLE]), warnings.catch_warnings():
        # Names may be in any script; `spell_out` replaces what no font has before it is drawn.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        with _without_remarks():
            yield


@contextmanager
def _without_remarks() -> Iterator[None]:
    """Keep from stderr that a font for other scripts has no bold letters."""
    log = logging.getLogger("matplotlib.font_manager")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def lay_out(
    names: Mapping[str, Sequence[str]],
    lanes: Sequence[Sequence[int]],
    height: float,
    label: str,
    bar: bool = False,
) -> "tuple[Figure, list[list[list[Axes]]]]":
    """Make a figure of panels: a column for each title, a row for each name, time along x.

    Args:
        names: column title → the name above each of its panels; columns may differ in length.
        lanes: for each column and row, the number of axes stacked in that panel.
        height: of an axis in inches.
        label: of the vertical axes.
        bar: whether to leave room for `colour_bar`.

    Returns:
        The figure, and its axes by column, row and lane. Only the leftmost and the lowest axes have
        tick labels, since all share their scales.
    """
    from matplotlib.figure import Figure

    use_fonts_for([*names, *(name for rows in names.values() for name in rows)])
    heights = [height * max(in_row) for in_row in _by_row(lanes)]
    width = _WIDTHS.get(len(names), _NARROW)
    title = _TITLE if any(names) else 0.0
    size = (
        _LEFT + len(names) * (width + _APART) - _APART + (_BAR if bar else _RIGHT),
        _TOP + title + sum(heights) + len(heights) * _NAME + _BOTTOM,
    )
    figure = Figure(figsize=size)
    axes: list[list[list[Axes]]] = []
    for column, (heading, rows) in enumerate(names.items()):
        left, top = _LEFT + column * (width + _APART), size[1] - _TOP - title
        figure.text(
            (left + width / 2) / size[0], 1 - _TOP / size[1], _printable(heading, width),
            fontsize=9.5, fontweight="bold", ha="center", va="top", parse_math=False,
        )  # fmt: skip
        axes.append([])
        for row, name in enumerate(rows):
            top -= _NAME
            count = lanes[column][row]
            tall = heights[row] / count
            boxes = [(left, top - (i + 1) * tall, width, tall) for i in range(count)]
            panel = [_axis(figure, size, box) for box in boxes]
            panel[0].set_title(
                _printable(name, width), fontsize=8, loc="left", pad=3, parse_math=False
            )
            outer = all(row >= len(others) for others in lanes[:column])
            _label(panel, label, outer, row == len(rows) - 1)
            axes[-1].append(panel)
            top -= heights[row]
    return figure, axes


def colour_bar(figure: "Figure", image: "AxesImage", label: str) -> None:
    """Draw the scale of an image's colours at the right of a figure from `lay_out`."""
    width, height = figure.get_size_inches()
    top = max(axis.get_position().y1 for axis in figure.axes)
    tall = min(_BAR_HEIGHT / height, top - _BOTTOM / height)
    left = (width - _BAR + _BAR_APART) / width
    axis = figure.add_axes((left, top - tall, _BAR_WIDTH / width, tall))
    figure.colorbar(image, cax=axis).set_label(label)


def _by_row(lanes: Sequence[Sequence[int]]) -> list[list[int]]:
    rows = max(map(len, lanes))
    return [[column[row] for column in lanes if row < len(column)] for row in range(rows)]


def _axis(figure: "Figure", size: tuple[float, float], box: tuple[float, ...]) -> "Axes":
    left, bottom, width, height = box
    return figure.add_axes((left / size[0], bottom / size[1], width / size[0], height / size[1]))


def _label(panel: "Sequence[Axes]", label: str, outer: bool, last: bool) -> None:
    """Label the axes of a panel: at the left if `outer`, and the lowest at the bottom if `last`."""
    from matplotlib.ticker import MaxNLocator

    numbers = _LANES.get(len(panel), range(1, len(panel) + 1))
    for axis, lane in zip(panel, numbers, strict=True):
        below = last and axis is panel[-1]
        axis.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis.tick_params(labelleft=outer, labelbottom=below, bottom=axis is panel[-1])
        axis.spines["bottom"].set_visible(axis is panel[-1])
        if below:
            axis.set_xlabel("time (s)")
        if outer:
            axis.set_ylabel(label if len(panel) == 1 else f"{label}\n{lane}")


def _printable(name: str, inches: float) -> str:
    """Return a name on one line of that width, without its middle if it is too long."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in name)
    most = int(inches * 14)
    half = (most - 1) // 2
    return plain if len(plain) <= most else f"{plain[:half]}…{plain[-half:]}"
