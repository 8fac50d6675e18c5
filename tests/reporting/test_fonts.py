"""Names in any script: a font is found for them, or their letters stay apart."""

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.font_manager import fontManager
from matplotlib.text import Text

from kwavegan.reporting import figures, fonts

DRUM, SKIN = "鼓", "皮"


@pytest.fixture(autouse=True)
def _fonts_of_matplotlib_alone(monkeypatch):
    """As on a machine without a font for Chinese."""
    own = [font for font in fontManager.ttflist if "matplotlib" in font.fname]
    monkeypatch.setattr(fontManager, "ttflist", own)
    forget()
    yield
    forget()


@pytest.fixture
def drum_font(tmp_path):
    """A font installed with Matplotlib that has `DRUM`, a square, alone."""
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for point in ((100, 700), (900, 700), (900, 0)):
        pen.lineTo(point)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "drum"])
    builder.setupCharacterMap({ord(DRUM): "drum"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "drum": square})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "drum": (1000, 100)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Drum Sans", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    path = tmp_path / "drum.ttf"
    builder.save(path)
    fontManager.addfont(path)
    forget()
    return "Drum Sans"


def forget():
    """Find the fonts anew: a program does not install any while it runs."""
    for name in vars(fonts).values():
        getattr(name, "cache_clear", lambda: None)()


def named(name):
    sound = np.sin(np.linspace(0, 300, 1000))[:, None]
    return figures.waves({f"{name[0]}, real": [(name, sound)]}, 4096)


def name_in(figure):
    return next(text for text in figure.findobj(Text) if text.get_text().endswith("-0"))


def test_a_letter_that_matplotlib_lacks_is_taken_from_an_installed_font(drum_font, caplog):
    figure = named(f"{DRUM}-0")
    assert name_in(figure).get_fontfamily() == [fonts.FAMILY, drum_font]
    figures.pixels(figure)  # a missing letter would warn
    assert name_in(figure).get_text() == f"{DRUM}-0"
    assert not caplog.records


def test_names_that_no_font_has_do_not_look_alike():
    first, second = (figures.pixels(named(f"{letter}-0")) for letter in (DRUM, SKIN))
    assert not np.array_equal(first, second)


def test_latin_names_take_no_other_font(drum_font):
    assert name_in(named("kick-é-ж-0")).get_fontfamily() == [fonts.FAMILY]
