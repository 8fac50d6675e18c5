"""Fill the tables of a page of the documentation: each between two marks of its name."""

import re
from collections.abc import Mapping
from pathlib import Path

import click

from kwavegan.storage.files import write_text


def fill(path: Path, made: Mapping[str, str]) -> None:
    """Put texts into their places of a page: see `filled`.

    Raises:
        ClickException: the page lacks one of the places; then it stays as it was.
    """
    write_text(path, filled(path.read_text(encoding="utf-8"), made))


def filled(page: str, made: Mapping[str, str]) -> str:
    """Return a page with each text between the lines `<!-- NAME -->` and `<!-- /NAME -->`.

    Raises:
        ClickException: the page lacks one of the places.
    """
    for name, text in made.items():
        place = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not place.search(page):
            raise click.ClickException(f"the page has no place <!-- {name} --> … <!-- /{name} -->")
        page = place.sub(lambda match, text=text: f"{match[1]}\n{text}\n\n{match[2]}", page)
    return page
