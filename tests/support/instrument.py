"""The instrument's page in a browser, as one who plays it has it."""

import io
import wave

import numpy as np

WAIT = 40  # seconds at most

NAMES = "const {kit, player, sounds, sequencer, network, modules} = instrument;"


class Page:
    """The page, as one who plays it has it."""

    def __init__(self, browser, downloads):
        self.browser, self.downloads = browser, downloads

    def js(self, code, *arguments):
        return self.browser.execute_script(NAMES + code, *arguments)

    def later(self, code, *arguments):
        """Return what a promise gives."""
        return self.browser.execute_async_script(
            f"(async () => {{ {NAMES} {code} }})().then(arguments[arguments.length - 1])",
            *arguments,
        )

    def click(self, selector):
        from selenium.webdriver.common.by import By

        self.browser.find_element(By.CSS_SELECTOR, selector).click()

    def press(self, *keys):
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.browser).send_keys(*keys).perform()

    def slide(self, selector, value):
        self.js(
            "const s = document.querySelector(arguments[0]); s.value = arguments[1];"
            "for (const name of ['input', 'change'])"
            " s.dispatchEvent(new Event(name, {bubbles: true}));",
            selector, value,
        )  # fmt: skip

    def until(self, code):
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.browser, WAIT).until(lambda _: self.js(f"return {code}"))

    def latent(self, pad=0):
        return np.array(self.js("return Array.from(kit.pads[arguments[0]].latent)", pad), "float32")

    def hits(self):
        """Return pad and velocity of each sound since the last call."""
        return self.js("return heard.splice(0).map(h => [h.index, h.velocity])")

    def downloaded(self, name):
        path = self.downloads / name
        from selenium.webdriver.support.ui import WebDriverWait

        # Chromium holds the name by an empty file until the whole one takes its place.
        return WebDriverWait(self.browser, WAIT).until(
            lambda _: path.exists() and path.read_bytes()
        )


def opened(browser, file, downloads):
    browser.get(file.as_uri())
    where = {"behavior": "allow", "downloadPath": str(downloads)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    browser.execute_script(
        "window.heard = []; instrument.kit.addEventListener('hit', e => heard.push(e.detail))"
    )
    return Page(browser, downloads)


def samples(data):
    with wave.open(io.BytesIO(data)) as file:
        values = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
        return values.reshape(-1, file.getnchannels()), file.getframerate()
