"""The sliders of the instrument that make a sound louder, brighter and so on, in Chromium."""

import numpy as np
import pytest
from support.browser import set_width, skip_without_browser
from support.instrument import opened
from support.players import tiny_run

from kwavegan.control import directions_of, steered
from kwavegan.generation import Recipe
from kwavegan.instrument.page import write_instrument

skip_without_browser()


@pytest.fixture(scope="module")
def steerable(tmp_path_factory):
    """A generator with its directions, and its page."""
    folder = tmp_path_factory.mktemp("runs")
    generator = tiny_run(folder, latent_distribution="uniform")
    directions = directions_of(generator, ["kick"])
    return generator, directions, write_instrument(generator, folder / "page.html", directions)


@pytest.fixture
def page(browser, steerable, tmp_path):
    browser.get(steerable[2].as_uri())
    browser.execute_script("localStorage.clear()")
    browser.get_log("browser")
    return opened(browser, steerable[2], tmp_path)


def test_sliders_move_a_sound_as_generate_does(page, steerable):
    generator, directions, _ = steerable
    before = page.latent()
    page.slide("#move-loudness", 1.5)
    page.slide("#move-pc1", -2)
    amounts = {"loudness": 1.5, "pc1": -2.0}
    (want,) = steered(generator, [Recipe(before, 0, "kick")], directions, amounts)
    np.testing.assert_allclose(page.latent(), want.latent, atol=1e-3)
    assert np.abs(page.latent() - before).max() > 0.1
    assert page.hits() == [[0, 1], [0, 1]]
    assert page.js("return document.querySelector('#move-loudness').ariaValueText") == "+1.5"
    page.slide("#move-loudness", 0)
    page.slide("#move-pc1", 0)
    np.testing.assert_array_equal(page.latent(), before)


def test_a_slider_has_one_undo_and_a_new_sound_begins_at_zero(page):
    before = page.latent()
    page.slide("#move-loudness", 1)
    page.slide("#move-loudness", 2)
    page.click(".pad [title^='Undo']")
    page.click(".pad [title^='Undo']")
    np.testing.assert_array_equal(page.latent(), before)
    assert page.js("return document.querySelector('#move-loudness').value") == "0"
    page.slide("#move-loudness", 1)
    moved = page.latent()
    page.click("#character-reset")
    np.testing.assert_array_equal(page.latent(), before)
    page.click(".pad [title^='Undo']")
    np.testing.assert_array_equal(page.latent(), moved)


def test_each_pad_has_the_sliders_of_its_label(page, steerable):
    useful = [name for name, one in steerable[1]["kick"].items() if one.useful]
    shown = "return [...document.querySelectorAll('#character input')].map(i => i.id)"
    assert page.js(shown) == [f"move-{name}" for name in useful]
    page.slide("#move-loudness", 1.2)
    page.press("s")
    assert page.js("return document.querySelector('#character').hidden"), "none were measured"
    page.press("a")
    assert page.js("return document.querySelector('#move-loudness').value") == "1.2"
    set_width(page.browser, 360)
    assert page.js("return document.documentElement.scrollWidth") <= 360
    set_width(page.browser, 1280)
    assert page.browser.get_log("browser") == []
