"""Make the page on which the pretrained drums are played, and its picture in the README.

    python -m scripts.release.make_instrument [NAME] [--out FILE] [--picture docs/instrument.png]

The picture needs Chromium and its driver, and `pip install kwavegan[test]`.
"""

import shutil
import time
from pathlib import Path

import click

from kwavegan.control.kept import directions_of
from kwavegan.generation.generator import load_pretrained
from kwavegan.instrument.page import write_instrument

SIZE = {"width": 1280, "height": 1180, "deviceScaleFactor": 1, "mobile": False}

SEEDED = """
let state = 5;
Math.random = () => (state = (state * 48271) % 2147483647) / 2147483647;
"""
"""The page rolls its dice by `Math.random`: the picture is the same each time."""

PLAYED = """
const {kit} = instrument;
for (const pad of kit.pads) { kit.dice(pad.index); kit.toggleFavourite(pad.index); }
kit.select(2);
kit.cycleStep(0, 14); kit.cycleStep(1, 10);
"""


@click.command()
@click.argument("name", default="drums")
@click.option("--out", default="exports/drums.html", show_default=True)
@click.option("--picture", default="", help="PNG to write too.")
def main(name: str, out: str, picture: str) -> None:
    """Write the page of the pretrained model NAME."""
    generator = load_pretrained(name)
    page = write_instrument(generator, out, directions_of(generator))
    click.echo(f"written: {page}")
    if picture:
        photograph(page, Path(picture))
        click.echo(f"written: {picture}")


def photograph(page: Path, picture: Path) -> None:
    """Write a PNG of the page, in dark colours, once its map is painted."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    plain = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")
    for argument in ("--headless=new", *plain):
        options.add_argument(argument)
    browser = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": SEEDED})
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SIZE)
        dark = {"name": "prefers-color-scheme", "value": "dark"}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [dark]})
        browser.get(page.resolve().as_uri())
        browser.execute_script(PLAYED)
        time.sleep(8)
        picture.parent.mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(picture))
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
