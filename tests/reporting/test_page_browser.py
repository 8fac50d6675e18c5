"""The page about a run, in headless Chromium."""

import pytest
from support.browser import (
    chromium,
    contrast,
    paper_and_ink,
    set_scheme,
    set_width,
    skip_without_browser,
)
from support.runs import LENGTH, RATE, written_run

from kwavegan.reporting.page import write_report
from kwavegan.storage.csv_log import read_metrics

skip_without_browser()


@pytest.fixture(scope="module")
def browser():
    with chromium() as driver:
        yield driver


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
    set_width(browser, width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_dark_is_dark_and_light_is_light(browser, page):
    luminances = {}
    for scheme in ("light", "dark"):
        set_scheme(browser, scheme)
        luminances[scheme] = paper_and_ink(browser)
    paper, ink = luminances["light"]
    night, chalk = luminances["dark"]
    assert contrast(paper, ink) > 4.5
    assert contrast(chalk, night) > 4.5
    assert paper > 0.8 > 0.1 > night


def test_keys_reach_the_skip_link_then_the_first_player(browser, page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    reached = []
    for _ in range(2):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        reached.append(browser.execute_script("return document.activeElement.tagName"))
    assert reached == ["A", "AUDIO"]
