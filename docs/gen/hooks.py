"""Fills the pages that are made from the code: a marker in a page, `<!-- fill: NAME … -->`.

`names WING` puts the reference of every public name of a wing, from the table in its
`__init__.pyi`; `index` the list of all public names; `settings` the table of settings; `presets`
the presets of settings. The page of commands imports `commands.py` beside this file.
"""

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "kwavegan"

GROUPS = {
    "data": "What a run is trained on",
    "model": "The networks",
    "loss": "The losses",
    "d_updates": "The training",
    "log_every": "The run folder, and when to stop",
}
"""First setting of each table → its heading."""

WINGS = tuple(sorted(path.parent.name for path in PACKAGE.glob("*/__init__.pyi")))

_MARKER = re.compile(r"^<!-- fill: (\w+) ?(\w*) -->$", re.MULTILINE)


def on_config(config: Any) -> None:
    """Let the build import the package, and `commands.py`."""
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]


def on_page_markdown(markdown: str, **kwargs: Any) -> str:
    """Replace the markers of a page."""
    fills: dict[str, Callable[..., str]] = {
        "names": names,
        "index": index,
        "settings": settings,
        "presets": presets,
    }
    return _MARKER.sub(lambda match: fills[match[1]](*filter(None, [match[2]])), markdown)


def public_names(stub: Path) -> dict[str, str]:
    """Return the names that an `__init__.pyi` hands on: name → module that defines it."""
    package = ".".join(stub.relative_to(ROOT).parent.parts)
    return {
        alias.name: f"{package}.{node.module}"
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def wing_names(wing: str) -> dict[str, str]:
    """Return the public names of a wing, those that only the package itself hands on included."""
    top = public_names(PACKAGE / "__init__.pyi")
    own = {name: home for name, home in top.items() if home.split(".")[1] == wing}
    return own | public_names(PACKAGE / wing / "__init__.pyi")


def names(wing: str) -> str:
    """Return the reference of a wing, in the order of the alphabet."""
    homes = wing_names(wing)
    return "\n\n".join(f"::: {homes[name]}.{name}" for name in sorted(homes, key=str.casefold))


def index() -> str:
    """Return a table of the names at the top, and a line of names for each wing."""
    top = public_names(PACKAGE / "__init__.pyi")
    pages = {name: home.split(".")[1] for name, home in top.items()}
    lines = ["| `import kwavegan` | |", "|---|---|"]
    for name in sorted(top, key=str.casefold):
        page = pages[name] if pages[name] in WINGS else "index"
        link = f"[`kwavegan.{name}`]({page}.md#{top[name]}.{name})"
        lines.append(f"| {link} | {_summary(top[name], name)} |")
    lines += ["", "| wing | what it hands on |", "|---|---|"]
    for wing in WINGS:
        homes = wing_names(wing)
        links = (
            f"[`{name}`]({wing}.md#{homes[name]}.{name})"
            for name in sorted(homes, key=str.casefold)
        )
        lines.append(f"| [`kwavegan.{wing}`]({wing}.md) | {', '.join(links)} |")
    return "\n".join(lines)


def _summary(module: str, name: str) -> str:
    """Return the first sentence of a docstring, read without importing anything."""
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
    return ""


def settings() -> str:
    """Return every setting, in a table for each group."""
    from kwavegan.config.settings import SETTINGS

    assert set(GROUPS) <= set(SETTINGS), "docs/gen/hooks.py names a setting that is gone"
    lines: list[str] = []
    for name, field in SETTINGS.items():
        if name in GROUPS:
            head = "| setting | option | default | values | what it means |"
            lines += ["", f"## {GROUPS[name]}", "", head, "|---|---|---|---|---|"]
        lines.append(_row(name, field))
    return "\n".join(lines)


def _row(name: str, field: Any) -> str:
    from kwavegan.config.fields import limits_of
    from kwavegan.errors import option_name

    choices = field.metadata["choices"]
    if choices:
        values = ", ".join(f"`{choice}`" for choice in choices)
    elif isinstance(field.default, tuple):
        values = "names with commas between them"
    else:
        values = limits_of(field) or ("text" if isinstance(field.default, str) else "")
    option = f"`{option_name(name)}`" if field.metadata["option"] else ""
    default = "" if field.default in ("", ()) else f"`{field.default}`"
    cells = (f"`{name}`", option, default, values, field.metadata["help"])
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def presets() -> str:
    """Return the presets, and what each changes."""
    from kwavegan.config.presets import PRESETS

    lines = ["| preset | what it is | settings |", "|---|---|---|"]
    for name, preset in PRESETS.items():
        values = ", ".join(f"`{key}={value!r}`" for key, value in preset.values.items())
        lines.append(f"| `{name}` | {preset.help} | {values or 'the defaults'} |")
    return "\n".join(lines)
