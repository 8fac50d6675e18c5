"""The page about a run, in headless Chromium."""

import os
import shutil

import pytest
from support.runs import LENGTH, RATE, written_run

from kwavegan.reporting.page import write_report
from kwavegan.storage.csv_log import read_metrics

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))

if not (CHROMIUM and DRIVER) and os.environ.get("KWAVEGAN_BROWSER") != "required":
    pytest.skip("needs chromium and chromedriver on the PATH", allow_module_level=True)


@pytest.fixture(scope="module")
def browser():
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """The page of a run, loaded; returns the run."""
    run = written_run(tmp_path_factory.mktemp("runs"))
    browser.get(write_report(run).as_uri())
    return run


def test_the_page_loads_without_an_error_and_every_picture_and_sound_is_there(browser, page):
    from selenium.webdriver.support.ui import WebDriverWait

    assert browser.get_log("browser") == []
    WebDriverWait(browser, 20).until(
        lambda b: b.execute_script(
            "return [...document.querySelectorAll('audio')].every(a => a.readyState > 0)"
        )
    )
    seconds = browser.execute_script(
        "return [...document.querySelectorAll('audio')].map(a => a.duration)"
    )
    assert len(seconds) == 18
    assert seconds == pytest.approx([LENGTH / RATE] * 18, abs=1e-3)
    widths = browser.execute_script("return [...document.images].map(i => i.naturalWidth)")
    assert widths == [240] * 18


def test_the_numbers_shown_are_the_runs(browser, page):
    for name in ("metrics", "validation"):
        cells = browser.execute_script(
            f"return [...document.querySelectorAll('#last-{name} td')]"
            ".map(c => [c.dataset.column, c.textContent])"
        )
        want = read_metrics(page.path / f"{name}.csv")[-1]
        assert {column: float(text) for column, text in cells} == want


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(browser, page, width):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_dark_is_dark_and_light_is_light(browser, page):
    luminances = {}
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        luminances[scheme] = [
            _luminance(browser.execute_script(f"return getComputedStyle(document.body).{name}"))
            for name in ("backgroundColor", "color")
        ]
    paper, ink = luminances["light"]
    night, chalk = luminances["dark"]
    assert _contrast(paper, ink) > 4.5
    assert _contrast(chalk, night) > 4.5
    assert paper > 0.8 > 0.1 > night


def _luminance(colour):
    """Relative luminance of `rgb(r, g, b)` (WCAG 2.2)."""
    parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _contrast(light, dark):
    return (light + 0.05) / (dark + 0.05)


def test_keys_reach_the_skip_link_then_the_first_player(browser, page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    reached = []
    for _ in range(2):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        reached.append(browser.execute_script("return document.activeElement.tagName"))
    assert reached == ["A", "AUDIO"]
