"""What the README and the pages show runs as it stands, on this backend."""

import json
import re
from pathlib import Path

import pytest
from docs.run_pages import BLOCK

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
WITH_CODE = [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))]
pytestmark = pytest.mark.timeout(400)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")


def _name(page):
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def outcomes(fresh, desk):
    """A traceback for each page, or nothing; the README comes first in a fresh process."""
    assert WITH_CODE[0].name == "README.md"
    return json.loads(fresh(HERE / "run_pages.py", desk, *WITH_CODE).splitlines()[-1])


@pytest.mark.parametrize("page", WITH_CODE, ids=_name)
def test_python_blocks_run(page, outcomes):
    assert outcomes[str(page)] == ""


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=_name)
def test_links_lead_to_files(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), f"{page}: {link}"
