"""Every other control of the instrument in headless Chromium, for whoever plays it."""

import io
import zipfile

import numpy as np
import pytest
from support.browser import (
    contrast,
    paper_and_ink,
    set_scheme,
    set_width,
    skip_without_browser,
)
from support.instrument import opened, samples
from support.players import tiny_generator

from kwavegan.generation.latents_table import read_latents
from kwavegan.instrument.page import write_instrument

skip_without_browser()

# -- The panel ------------------------------------------------------------------------------------


def test_the_map_leads_away_from_a_sound_and_back(page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    first = page.latent()
    page.js("document.querySelector('#map').focus()")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_UP)
    near = np.abs(page.latent() - first).mean()
    assert 0 < near < 0.2
    assert page.js("return document.querySelector('#map').ariaValueText") == "8 across, 8 up"
    page.press(Keys.HOME)
    np.testing.assert_array_equal(page.latent(), first)
    page.hits()
    canvas = page.browser.find_element(By.ID, "map")
    ActionChains(page.browser).drag_and_drop_by_offset(canvas, 60, -80).perform()
    far = page.latent()
    assert np.abs(far - first).mean() > 2 * near
    assert np.abs(far).max() <= 1
    assert page.hits()
    page.click("#map-centre")
    assert page.js("return document.querySelector('#map').ariaValueText") == "centre"
    np.testing.assert_array_equal(page.latent(), far)
    page.until("document.querySelector('#map canvas').getContext('2d')"
               ".getImageData(160, 160, 1, 1).data[3] > 0")  # fmt: skip


def test_a_walk_goes_from_one_sound_to_another(page):
    start = page.latent()
    page.click("#walk-from")
    page.click(".pad [title^='New sound']")
    end = page.latent()
    page.click("#walk-to")
    for share, want in ((0, start), (50, (start + end) / 2), (100, end)):
        page.slide("#walk", share)
        np.testing.assert_allclose(page.latent(), want, atol=1e-6)
    assert len(page.hits()) == 4


def test_the_shape_is_heard_and_reset(page, tiny):
    page.slide("#shape-pitch", 12)
    page.slide("#shape-filter", 40)
    page.slide("#shape-decay", 30)
    page.slide("#shape-level", -6)
    assert page.js("return kit.pads[0].shape") == {
        "pitch": 12, "decay": 30, "filter": 40, "level": -6,
    }  # fmt: skip
    page.click(".pad [title^='Download']")
    shaped, rate = samples(page.downloaded("kick.wav"))
    plain = tiny.generate("kick", 1)[0]
    assert len(shaped) / rate == pytest.approx(len(plain) / tiny.rate / 2, rel=0.01)
    assert 0 < np.abs(shaped).max() < np.abs(plain).max() / 2
    page.click("#shape-reset")
    assert page.js("return Object.values(kit.pads[0].shape)") == [0, 100, 100, 0]


CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', {get: () => window.clip})"


def test_a_recipe_makes_the_same_sound_in_python(page, tiny, tmp_path):
    page.click(".pad [title^='New sound']")
    page.js("window.clip = {writeText: async text => (window.copied = text)}; " + CLIPBOARD)
    page.click("#recipe-copy")
    page.until("document.querySelector('#said').textContent.endsWith('copied')")
    (tmp_path / "latents.csv").write_text(page.js("return copied"), encoding="utf-8")
    (recipe,) = read_latents(tmp_path / "latents.csv", 8, tiny.labels)
    np.testing.assert_array_equal(recipe.latent, page.latent())
    heard = page.js("return Array.from(sounds.channels(0, kit.pads[0].latent)[0])")
    want = tiny.generate(recipe.label, latents=recipe.latent[None])[0, :, 0]
    np.testing.assert_allclose(heard, want, atol=1e-3)
    page.js("window.clip = undefined")
    page.click("#recipe-all")
    page.until("document.activeElement.id === 'recipe'")
    marked = page.js("return document.activeElement.value")
    (tmp_path / "latents.csv").write_text(marked, encoding="utf-8")
    recipes = read_latents(tmp_path / "latents.csv", 8, tiny.labels)
    assert [recipe.label for recipe in recipes] == [0, 1]


# -- The pattern ----------------------------------------------------------------------------------


def test_steps_go_from_note_to_accent_to_silence(page):
    cell = ".row:nth-child(2) .step:nth-child(3)"
    seen = []
    for _ in range(4):
        seen.append(page.js(f"return document.querySelector('{cell}').dataset.mark"))
        page.click(cell)
    assert seen == ["off", "on", "accent", "off"]
    assert page.hits() == [[1, 1], [1, 1]]
    page.click("#clear")
    assert page.js("return kit.pads.flatMap(p => p.steps).some(Boolean)") is False


IN_TIME = """
heard.some((first, i) => {
  const [second, third] = heard.slice(i + 1, i + 3);
  const near = (a, b, seconds) => Math.abs(b.time - a.time - seconds) < 1e-3;
  return third && near(first, second, 0.12) && near(second, third, 0.08)
    && [first, second, third].map(hit => hit.velocity).join() === "0.72,0.72,1";
})
"""
"""A pair of steps is an eighth note, 0.2 s at 150 BPM; the second is late by 60 % of it."""


def test_the_pattern_plays_in_time_with_swing(page):
    from selenium.webdriver.common.keys import Keys

    page.click("#clear")
    for step in (1, 2, 3, 3):
        page.click(f".row:nth-child(1) .step:nth-child({step})")
    page.slide("#tempo", 150)
    page.slide("#swing", 60)
    page.js("heard.length = 0; document.activeElement.blur()")
    page.press(Keys.SPACE)
    page.until(IN_TIME.strip())  # a busy machine may leave a step out, but not each time
    assert page.js("return document.querySelector('#play').ariaLabel") == "Stop"
    page.until("document.querySelector('.step.now')")
    page.click("#play")
    assert page.js("return [sequencer.playing, document.querySelector('.step.now')]") == [
        False, None,
    ]  # fmt: skip


def test_the_page_remembers(page, browser, file, tmp_path):
    page.click("#dice-all")
    page.click(".pad [title^='Keep']")
    page.click(".row:nth-child(2) .step:nth-child(16)")
    page.slide("#tempo", 77)
    page.slide("#shape-pitch", -5)
    state = (
        "return [kit.tempo, kit.pads.map(p => [[...p.latent], p.steps, p.shape]),"
        " kit.favourites.length]"
    )
    before = page.js(state)
    page = opened(browser, file, tmp_path)
    assert page.js(state) == before
    assert page.js("return document.querySelector('#tempo').value") == "77"
    page.js("localStorage.setItem(kit.key, '{\"pads\": 3}')")
    page = opened(browser, file, tmp_path)
    assert page.js("return kit.tempo") == 112
    assert browser.get_log("browser") == []


# -- Downloads ------------------------------------------------------------------------------------


def test_a_downloaded_sound_is_that_of_generate(page, tiny):
    page.click(".pad:nth-child(2) [title^='Download']")
    got, rate = samples(page.downloaded("snare.wav"))
    assert rate == tiny.rate
    np.testing.assert_allclose(got, tiny.generate("snare", 1)[0], atol=1e-3)


def test_the_kit_holds_all_pads_and_their_recipes(page, tiny, tmp_path):
    page.click("#save-kit")
    with zipfile.ZipFile(io.BytesIO(page.downloaded("tiny-kit.zip"))) as kit:
        assert kit.testzip() is None
        assert kit.namelist() == ["01-kick.wav", "02-snare.wav", "latents.csv"]
        got, _ = samples(kit.read("02-snare.wav"))
        (tmp_path / "latents.csv").write_bytes(kit.read("latents.csv"))
    np.testing.assert_allclose(got, tiny.generate("snare", 1)[0], atol=1e-3)
    recipes = read_latents(tmp_path / "latents.csv", 8, tiny.labels)
    assert [recipe.name for recipe in recipes] == ["01-kick", "02-snare"]


def test_the_loop_is_as_long_as_its_steps(page):
    page.slide("#tempo", 120)
    page.click("#save-loop")
    got, rate = samples(page.downloaded("tiny-120-bpm.wav"))
    # No browser plays 4,096 Hz: it gets two samples for each.
    assert (len(got), rate) == (2 * 8192, 8192)
    assert np.abs(got).max() > 0.01


# -- For everyone ---------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(page, width):
    set_width(page.browser, width)
    page.click("#dice-all")
    page.click(".pad [title^='Keep']")
    assert page.js("return document.documentElement.scrollWidth") <= width
    small = page.js(
        "const shown = [...document.querySelectorAll('button')].filter(b => b.offsetParent);"
        "return shown.filter(b => b.offsetHeight < 24 || b.offsetWidth < 14).map(b => b.outerHTML)"
    )
    assert small == []
    set_width(page.browser, 1280)


def test_dark_is_dark_and_light_is_light(page):
    set_scheme(page.browser, "light")
    paper, ink = paper_and_ink(page.browser)
    set_scheme(page.browser, "dark")
    night, chalk = paper_and_ink(page.browser)
    assert contrast(paper, ink) > 4.5
    assert contrast(chalk, night) > 4.5
    assert paper > 0.8 > 0.1 > night


def test_every_control_has_a_name_and_a_key_reaches_it(page):
    tree = page.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = ("button", "slider", "textbox")
    controls = [n for n in tree if not n["ignored"] and n["role"]["value"] in roles]
    assert len(controls) > 50
    unnamed = [n for n in controls if not n["name"]["value"].strip()]
    assert unnamed == []
    unreached = page.js("return [...document.querySelectorAll('button, input, textarea, #map')]"
                        ".filter(e => e.tabIndex < 0).length")  # fmt: skip
    assert unreached == 0


def test_labels_are_text_whatever_they_hold(browser, tmp_path):
    name = '</script><img src=x onerror="window.broken=1">'
    generator = tiny_generator(tmp_path / "a<b", labels=(name, "two, three"))
    page = opened(browser, write_instrument(generator, tmp_path / "page.html"), tmp_path)
    assert page.js("return [kit.labels[0], document.querySelector('.pad .name').textContent]") == [
        name, name,
    ]  # fmt: skip
    assert page.js("return [document.images.length, window.broken]") == [0, None]
    assert page.js("return document.querySelector('h1').textContent") == "a<b"
    assert browser.get_log("browser") == []


def test_a_run_without_labels_has_one_pad(browser, tmp_path):
    generator = tiny_generator(tmp_path / "plain", model="wgan", latent_distribution="normal")
    page = opened(browser, write_instrument(generator, tmp_path / "page.html"), tmp_path)
    page.click(".pad [title^='New sound']")
    page.press("a")
    assert page.hits() == [[0, 1], [0, 1]]
    table = page.js("return document.querySelector('#recipe').value")
    (tmp_path / "latents.csv").write_text(table, encoding="utf-8")
    (recipe,) = read_latents(tmp_path / "latents.csv", 8, ())
    np.testing.assert_array_equal(recipe.latent, page.latent())
