"""A font for every letter of the names in a figure, from those that are installed."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.ft2font import FT2Font

FAMILY = "DejaVu Sans"
"""The family of all figures: it comes with Matplotlib, and has Latin, Greek, Cyrillic letters."""


def use_fonts_for(texts: Iterable[str]) -> None:
    """Let texts that are drawn in this style from now on take the letters that `FAMILY` lacks.

    Chinese, Japanese and Korean letters, for instance, are in no font that comes with Matplotlib.

    Args:
        texts: what is to be drawn.
    """
    import matplotlib

    others = dict.fromkeys(filter(None, map(_family_with, sorted(set("".join(texts))))))
    matplotlib.rcParams["font.family"] = [FAMILY, *(name for name in others if name != FAMILY)]


def spell_out(figure: "Figure") -> None:
    """Write each letter that no installed font has as its code, in all texts of a figure.

    A box in its place would be the same for every name.

    Args:
        figure: about to be drawn.
    """
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        written = text.get_text()
        letters = (c if _family_with(c) else c.encode("unicode_escape").decode() for c in written)
        if (drawable := "".join(letters)) != written:
            text.set_text(drawable)


@cache
def _family_with(letter: str) -> str | None:
    """Return the family of a font that has a letter; None where no font has it."""
    from matplotlib.font_manager import findfont, fontManager

    if letter.isspace() or _font(findfont(FAMILY)).get_char_index(ord(letter)):
        return FAMILY
    # Matplotlib's font of last resort has a box for each letter.
    real = [font for font in fontManager.ttflist if "Last Resort" not in font.name]
    upright = [font for font in real if font.style == "normal"]
    # In an order that does not depend on that of the files on the disk; sans serif first.
    for font in sorted(upright, key=lambda f: ("Sans" not in f.name, f.name, f.fname)):
        if _has(font.fname, letter):
            return str(font.name)
    return None


def _has(path: str, letter: str) -> bool:
    try:
        return bool(_font(path).get_char_index(ord(letter)))
    except (OSError, RuntimeError):  # gone, or damaged
        return False


@cache
def _font(path: str) -> "FT2Font":
    from matplotlib.ft2font import FT2Font

    return FT2Font(path)
