"""Chromium without a window, for tests of pages."""

import os
import shutil
from contextlib import contextmanager

import pytest

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))


def skip_without_browser():
    """Skip the module that calls it where there is no browser, unless one is required."""
    if not (CHROMIUM and DRIVER) and os.environ.get("KWAVEGAN_BROWSER") != "required":
        pytest.skip("needs chromium and chromedriver on the PATH", allow_module_level=True)


@contextmanager
def chromium(*arguments):
    """Yield a browser that logs what its console says."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    quiet = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
    for argument in (*quiet, *arguments):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def set_width(browser, width):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def set_scheme(browser, scheme):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def luminance(colour):
    """Relative luminance of `rgb(r, g, b)` (WCAG 2.2)."""
    parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(light, dark):
    return (light + 0.05) / (dark + 0.05)


def paper_and_ink(browser):
    """Return the luminances of the page's background and text."""
    style = "return getComputedStyle(document.body)"
    names = ("backgroundColor", "color")
    return [luminance(browser.execute_script(f"{style}.{name}")) for name in names]
