"""Every public name has a docstring, and its example runs, on this backend."""

import ast
import importlib.util
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

WITHOUT_EXAMPLE = {
    "kwavegan.backend.trainer.StatefulModel": "abstract: the example is that of WaveGAN",
}
"""Public class or function → why its docstring has no example."""


def _hooks():
    spec = importlib.util.spec_from_file_location("hooks", ROOT / "docs" / "gen" / "hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOKS = _hooks()


def _public():
    """Return home → name of all that the stubs hand on: "kwavegan.gan.model.WaveGAN"."""
    stubs = [HOOKS.PACKAGE / "__init__.pyi", *HOOKS.PACKAGE.glob("*/__init__.pyi")]
    tables = [HOOKS.public_names(stub) for stub in stubs]
    return sorted({f"{home}.{name}" for table in tables for name, home in table.items()})


def _docstring(home):
    """Return the docstring of a name, read without importing, and whether it is a constant."""
    module, name = home.rsplit(".", 1)
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if getattr(node, "name", None) == name:
            return ast.get_docstring(node) or "", False
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if name in (getattr(target, "id", None) for target in targets):
            text = getattr(getattr(after, "value", None), "value", None)
            return text if isinstance(text, str) else "", True
    raise AssertionError(f"{home} is in a stub, and not in its module")


@pytest.mark.parametrize("home", _public())
def test_public_names_are_documented(home):
    text, constant = _docstring(home)
    assert text, f"{home} has no docstring"
    if not constant:
        assert (">>> " in text) != (home in WITHOUT_EXAMPLE), f"{home}: example"


@pytest.mark.timeout(400)
def test_examples_of_all_modules_run(fresh, desk):
    fresh(HERE / "run_doctests.py", desk)


def test_reference_has_a_page_for_every_wing():
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for wing in HOOKS.WINGS:
        assert f"reference/{wing}.md" in site
        page = ROOT / "docs" / "reference" / f"{wing}.md"
        assert f"<!-- fill: names {wing} -->" in page.read_text(encoding="utf-8")


def test_settings_are_all_listed():
    from kwavegan.config.settings import SETTINGS

    table = HOOKS.settings()
    for name, field in SETTINGS.items():
        (row,) = [line for line in table.splitlines() if line.startswith(f"| `{name}` |")]
        assert field.metadata["help"].replace("|", "\\|") in row
    assert "| `batch_size` | `--batch-size` | `16` | 1 to 65536 | Sounds in a batch. |" in table
