"""The notebook runs from its first cell to its last, on this backend; its training is shorter."""

import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "first_sounds.ipynb"

EXECUTE = """
import sys

import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
(training,) = (cell for cell in notebook.cells if "steps=20" in cell.source)
training.source = training.source.replace("steps=20", "steps=2")
NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
nbformat.validate(notebook)
nbformat.write(notebook, "executed.ipynb")
print(open("executed.ipynb", encoding="utf-8").read())
"""


@pytest.mark.timeout(400)
def test_notebook_goes_from_import_to_sounds(fresh):
    executed = json.loads(fresh("-c", EXECUTE, NOTEBOOK))
    outputs = [output for cell in executed["cells"] for output in cell.get("outputs", ())]
    players = [o for o in outputs if "<audio" in str(o.get("data", {}).get("text/html"))]
    assert len(players) == 3


def test_notebook_is_kept_without_outputs():
    kept = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell in kept["cells"]:
        assert not cell.get("outputs")
