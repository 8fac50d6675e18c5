"""The instrument in headless Chromium: its sounds are Python's, and its pads play them."""

import base64

import numpy as np
import pytest
from support.browser import skip_without_browser
from support.instrument import opened
from support.players import GENERATORS, LABELS, tiny_player

import kwavegan
from kwavegan.instrument.description import describe
from kwavegan.instrument.page import write_instrument

skip_without_browser()

# -- The network ----------------------------------------------------------------------------------

PLAY = """
const [about, text, latents, labels, fast] = arguments;
const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
const {constructor} = network;
const given = fast ? modules : {pcg64: modules.pcg64};
const own = new constructor(about, new Float32Array(bytes.buffer), given);
return latents.map((latent, i) => own.sound(latent, labels[i]).map(audio => Array.from(audio)));
"""


def test_every_kind_of_generator_sounds_as_in_python(browser, file, tmp_path):
    page = opened(browser, file, tmp_path)
    latents = np.random.default_rng(0).standard_normal((3, 8)).astype("float32")
    latents[2] = 0
    for kind, changes in GENERATORS.items():
        for which, labels in LABELS.items():
            player = tiny_player(**changes, **labels)
            about, weights = describe(player)
            text = base64.b64encode(weights.tobytes()).decode()
            want = player.predict_on_batch({"latent": latents, "label": np.array([0, 1, 2])})
            for fast in (True, False):
                got = page.js(PLAY, about, text, latents.tolist(), [0, 1, 2], fast)
                np.testing.assert_allclose(
                    np.array(got).swapaxes(1, 2), want, atol=1e-4, err_msg=f"{kind} {which} {fast}"
                )


def test_the_drums_open_without_an_error_and_sound_as_in_python(browser, tmp_path):
    drums = kwavegan.load_pretrained("drums")
    file = write_instrument(drums, tmp_path / "drums.html")
    assert file.stat().st_size < 20_000_000
    page = opened(browser, file, tmp_path)
    latents = drums.latents(4, seed=1)
    for index, label in enumerate(drums.labels):
        got = page.js(
            "return arguments[0].map(z => Array.from(network.sound(z, arguments[1])[0]))",
            latents.tolist(), index,
        )  # fmt: skip
        want = drums.generate(label, latents=latents)[..., 0]
        np.testing.assert_allclose(got, want, atol=1e-3)
    page.until("document.querySelectorAll('.pad path[d]').length === kit.pads.length")
    assert browser.get_log("browser") == []


def test_nothing_is_asked_of_a_network_and_nothing_can_be(page):
    page.click("#dice-all")
    assert page.js("return performance.getEntriesByType('resource').map(r => r.name)") == []
    refused = page.later("try { await fetch('https://example.org'); return 'sent' }"
                         " catch (error) { return error.name }")  # fmt: skip
    assert refused == "TypeError"
    assert "Content Security Policy" in page.browser.get_log("browser")[0]["message"]


# -- Pads -----------------------------------------------------------------------------------------


LISTEN = """
const ear = new AnalyserNode(player.context), heard = new Float32Array(2048);
player.out.connect(ear);
kit.setShape(1, "pitch", -24);
setInterval(() => {
  ear.getFloatTimeDomainData(heard);
  window.sounded ||= heard.some(x => Math.abs(x) > 1e-4);
}, 10);
"""
"""Notes whether anything is heard; the second pad sounds for a second, long enough for any load."""


def test_a_pad_is_heard(page):
    page.js(LISTEN)
    page.click(".pad:nth-child(2) .hit")
    assert page.hits() == [[1, 1]]
    assert page.js("return kit.selected") == 1
    page.until("window.sounded || player.hit(1)")


def test_keys_of_the_keyboard_play(page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    page.press("s")
    ActionChains(page.browser).key_down(Keys.SHIFT).send_keys("a").key_up(Keys.SHIFT).perform()
    assert page.hits() == [[1, 1], [0, 0.6]]
    page.js("document.querySelector('.pad:nth-child(2) .hit').focus()")
    page.press(Keys.ENTER)
    assert page.hits() == [[1, 1]]
    page.click("#recipe-details summary")
    page.click("#recipe")
    page.press("s")
    assert page.hits() == [], "letters in a text are no notes"


def test_a_touch_plays(page):
    place = page.js("const r = document.querySelector('.pad .hit').getBoundingClientRect();"
                    " return {x: r.x + 30, y: r.y + 30}")  # fmt: skip
    for kind, points in (("touchStart", [place]), ("touchEnd", [])):
        touch = {"type": kind, "touchPoints": points}
        page.browser.execute_cdp_cmd("Input.dispatchTouchEvent", touch)
    assert page.hits() == [[0, 1]]


MIDI = """
window.device = {name: "Keys"};
navigator.requestMIDIAccess = async () => ({inputs: new Map([["1", device]])});
"""


def test_midi_plays_with_its_velocity(page):
    page.js(MIDI)
    page.click("#midi")
    page.until("document.querySelector('#midi-said').textContent === 'MIDI: Keys'")
    page.js("for (const data of [[0x90, 38, 127], [0x90, 36, 64], [0x80, 38, 0], [0x90, 36, 0],"
            " [0x90, 37, 127], [0x90, 40, 127]]) device.onmidimessage({data})")  # fmt: skip
    (first, loud), (second, soft), *others = page.hits()
    assert (first, loud, second) == (1, 1, 0)  # snare and kick on their notes of General MIDI
    assert soft == pytest.approx((64 / 127) ** 1.5)
    assert others == [[1, 1], [0, 1]]  # other notes play the pads in turn


def test_a_browser_without_midi_says_so(page):
    page.js("Object.defineProperty(navigator, 'requestMIDIAccess', {value: undefined})")
    page.click("#midi")
    page.until("document.querySelector('#midi-said').textContent.includes('no MIDI')")


def test_dice_undo_and_the_star(page):
    first = page.latent()
    page.click(".pad [title^='New sound']")
    second = page.latent()
    assert np.abs(second - first).max() > 0.1
    assert np.abs(second).max() <= 1
    page.click(".pad [title^='Keep']")
    page.click(".pad [title^='Undo']")
    np.testing.assert_array_equal(page.latent(), first)
    assert page.hits() == [[0, 1], [0, 1]]
    assert page.js("return document.querySelector('[title^=Undo]').disabled")
    page.click("#favourites .take")
    np.testing.assert_array_equal(page.latent(), second)
    assert page.js("return document.querySelector('[title^=Keep]').ariaPressed") == "true"
    page.click("#favourites [title^='Let go']")
    assert page.js("return [kit.favourites.length, kit.isFavourite(0)]") == [0, False]
    page.click("#dice-all")
    assert all(np.abs(page.latent(pad) - second).max() > 0.1 for pad in (0, 1))
