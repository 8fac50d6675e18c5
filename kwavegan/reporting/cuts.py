"""A picture of recordings and of where `prepare` cut them."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kwavegan.audio.cutting import Piece, find_pieces
from kwavegan.audio.problems import AudioError
from kwavegan.audio.soundfiles import load_audio
from kwavegan.data.dataset import open_dataset, read_settings
from kwavegan.data.manifest import read_manifest
from kwavegan.data.preparation_checks import CUTS
from kwavegan.data.scanner import spelled
from kwavegan.errors import InputError
from kwavegan.reporting.figures import save
from kwavegan.reporting.layout import COLOURS, LINE, lay_out, style
from kwavegan.storage.values import text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROWS, SECONDS = 12, 15.0
"""Most stretches of recordings that the picture shows, and the length of each."""

_POINTS = 1_200  # stretches of an envelope

_Row = tuple[str, float, np.ndarray, list[Piece]]
"""Title, where it starts in seconds, samples (time,), and the pieces that begin in it."""


def write_cuts(prepared: str | Path) -> Path:
    """Draw stretches of a prepared folder's recordings, and their pieces, into the folder.

    Args:
        prepared: a folder that was prepared with `cut`.

    Returns:
        The picture, `cuts.png`: pieces in two colours by turns, grey where they are no sounds.

    Raises:
        InputError: the folder is not prepared, its recordings have moved, or Matplotlib is missing.

    Example:
        >>> from kwavegan import PrepareSettings, prepare
        >>> from kwavegan.reporting import write_cuts
        >>> _ = prepare("recordings", "cut", PrepareSettings(cut=True, rate=8192))
        >>> write_cuts("cut").name
        'cuts.png'
    """
    prepared = Path(prepared)
    src, rate, channels, names = _recordings(prepared)
    places = np.linspace(0, len(names) - 1, min(ROWS, len(names))).astype(int)
    rows: list[_Row] = []
    each = max(1, ROWS // len(places))
    for name in (names[place] for place in places):
        try:
            audio = load_audio(src / name, rate, channels)
        except AudioError:
            continue
        rows += _stretches(spelled(name), audio, rate)[:each]
    if not rows:
        raise InputError(f"{src}: none of its recordings can be read; prepare {prepared} again")
    path = prepared / CUTS
    save(_drawn(rows, rate), path)
    return path


def _recordings(prepared: Path) -> tuple[Path, int, int, list[str]]:
    """Return the folder of a set's recordings, rate and channels, and the recordings' names."""
    data = open_dataset(prepared)
    try:
        src = Path(text(read_settings(prepared).get("source")))
        rows = read_manifest(prepared / "manifest.csv")
        names = list(dict.fromkeys(row.source for row in rows))
    except ValueError as error:
        raise InputError(f"{prepared}: damaged ({error}); prepare it again") from error
    if not names:
        raise InputError(f"{prepared}: holds no recordings; prepare it again")
    return src, data.rate, data.channels, names


def _stretches(name: str, audio: np.ndarray, rate: int) -> list[_Row]:
    pieces = find_pieces(audio, rate)
    kept = [piece for piece in pieces if not piece.scrap]
    size = round(SECONDS * rate)
    return [
        (
            f"{name}, {len(kept)} pieces" + (f", from {start / rate:.0f} s" if start else ""),
            start / rate,
            audio[start : start + size].mean(axis=1),
            [piece for piece in pieces if start <= piece.start < start + size],
        )
        for start in range(0, len(audio), size)
    ]


@style()
def _drawn(rows: list[_Row], rate: int) -> "Figure":
    figure, [column] = lay_out({"": [row[0] for row in rows]}, [[1] * len(rows)], 0.7, "")
    for (_, start, sound, pieces), [axis] in zip(rows, column, strict=True):
        _draw(axis, start, sound, pieces, rate)
    column[-1][0].set_xlabel("seconds")
    return figure


def _draw(axis: "Axes", start: float, sound: np.ndarray, pieces: list[Piece], rate: int) -> None:
    edges = np.linspace(0, len(sound), min(_POINTS, len(sound)) + 1).astype(int)[:-1]
    time = edges / rate
    low, high = np.minimum.reduceat(sound, edges), np.maximum.reduceat(sound, edges)
    axis.fill_between(time, low, high, color="black", linewidth=LINE)
    for number, piece in enumerate(pieces):
        colour = "0.6" if piece.scrap else COLOURS[number % 2]
        begin, end = piece.start / rate - start, piece.end / rate - start
        axis.axvspan(begin, end, color=colour, alpha=0.3, linewidth=0)
        axis.axvline(begin, color=colour, linewidth=LINE)
    axis.set_xlim(0, SECONDS)
    axis.set_yticks([])
