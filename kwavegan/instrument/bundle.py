"""Modules of JavaScript as one script: a page that opens from a disk may not import any."""

import re
from pathlib import Path

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./([\w-]+)\.js";$\n?', re.MULTILINE)

_EXPORT = re.compile(
    r"^export (const|class|function|async function) (\w+|\[[^\]]*\])", re.MULTILINE
)


def one_script(entry: str, folders: tuple[Path, ...]) -> str:
    """Return a script that runs the module `entry` and all that it imports, each in its own scope.

    Args:
        entry: name of the module, without `.js`.
        folders: where modules are; no two have the same name.
    """
    done: dict[str, str] = {}
    _add(entry, folders, done)
    return "\n".join(done.values())


def _add(name: str, folders: tuple[Path, ...], done: dict[str, str]) -> None:
    """Put a module behind those that it imports."""
    (path,) = (folder / f"{name}.js" for folder in folders if (folder / f"{name}.js").exists())
    text = path.read_text(encoding="utf-8")
    for _, other in _IMPORT.findall(text):
        if other not in done:
            _add(other, folders, done)
    names = [
        part.strip() for match in _EXPORT.findall(text) for part in match[1].strip("[]").split(",")
    ]
    text = _IMPORT.sub(lambda match: f"const {match[1]} = {_scope(match[2])};\n", text)
    text = _EXPORT.sub(r"\1 \2", text)
    done[name] = (
        f"const {_scope(name)} = (() => {{\n{text}return {{ {', '.join(names)} }};\n}})();\n"
    )


def _scope(name: str) -> str:
    return f"module_{name.replace('-', '_')}"
