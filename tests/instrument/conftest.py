"""One browser, and the page of a tiny generator, for the tests of the instrument."""

import pytest
from support.browser import chromium
from support.instrument import WAIT, opened
from support.players import tiny_generator

from kwavegan.instrument.page import write_instrument


@pytest.fixture(scope="session")
def browser():
    with chromium("--autoplay-policy=no-user-gesture-required") as driver:
        driver.set_script_timeout(WAIT)
        yield driver


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return tiny_generator(tmp_path_factory.mktemp("runs") / "tiny")


@pytest.fixture(scope="session")
def file(tiny, tmp_path_factory):
    return write_instrument(tiny, tmp_path_factory.mktemp("pages") / "tiny.html")


@pytest.fixture
def page(browser, file, tmp_path):
    """The page as a newcomer finds it."""
    browser.get(file.as_uri())
    browser.execute_script("localStorage.clear()")
    browser.get_log("browser")
    return opened(browser, file, tmp_path)
