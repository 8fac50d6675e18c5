"""The architecture: imports run downwards, light wings import no Keras, names are unambiguous."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import kwavegan

PACKAGE = Path(kwavegan.__file__).parent
REPOSITORY = PACKAGE.parent

WINGS = (
    "storage",
    "backend",
    "audio",
    "layers",
    "networks",
    "player",
    "config",
    "gan",
    "runs",
    "data",
    "generation",
    "kits",
    "evaluation",
    "monitoring",
    "reporting",
    "exporting",
    "control",
    "instrument",
    "training",
    "search",
    "cli",
)
"""From the ground up: a wing imports from itself and from the wings before it."""

GROUND = ("_lazy", "errors", "types")
"""Modules that every wing may import."""

HEAVY = ("keras", "jax", "torch", "tensorflow")

MOST_LINES = 400


def name_of(path):
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
"""Module → its file."""


def executed(node):
    """Yield what runs in a module: all but `if TYPE_CHECKING:`, which only type checkers read."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from executed(child)


def imports_of(module):
    """Return the modules of the package that a module imports, in functions too."""
    found = set()
    for node in executed(ast.parse(FILES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            names = [(node.module, alias.name) for alias in node.names]
        else:
            continue
        for source, name in names:
            if source.split(".")[0] == "kwavegan":
                inner = f"{source}.{name}"
                found.add(inner if inner in FILES else source)
    return found


def wing_of(module):
    return module.split(".")[1] if "." in module else ""


def height(module):
    """Return how high up a module stands; the package's own door and `__main__` are on top."""
    wing = wing_of(module)
    return -1 if wing in GROUND else WINGS.index(wing) if wing in WINGS else len(WINGS)


def test_every_folder_is_a_wing():
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(WINGS)


@pytest.mark.parametrize("wing", WINGS)
def test_imports_run_downwards(wing):
    upwards = {
        f"{module} imports {imported}"
        for module in FILES
        if wing_of(module) == wing
        for imported in imports_of(module) - {"kwavegan"}
        if height(imported) > height(module)
    }
    assert not upwards


def test_no_circle_of_modules():
    """A package whose names are lazy imports none of its modules by itself."""
    graph = {module: imports_of(module) - {module, "kwavegan"} for module in FILES}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


NEEDS_KERAS = {
    "kwavegan.data.batches",
    "kwavegan.monitoring.signals",
    "kwavegan.reporting.tensorboard",
    "kwavegan.search.trial",
}
"""Modules of light wings that compute with Keras: the other modules import these when used."""

LIGHT = (
    "storage",
    "audio",
    "player",
    "config",
    "runs",
    "data",
    "generation",
    "kits",
    "evaluation",
    "monitoring",
    "reporting",
    "exporting",
    "control",
    "instrument",
    "search",
    "cli",
)

ALSO_LIGHT = {
    "kwavegan.layers.tables",
    "kwavegan.networks.architecture",
    "kwavegan.networks.plan",
    "kwavegan.gan.sampling",
}
"""Modules of other wings that the light ones take names from."""


IMPORT_EACH = """
import importlib, sys

heavy = set(sys.argv[1].split())
for name in sys.argv[2:]:
    importlib.import_module(name)
    imported = heavy & set(sys.modules)
    if imported:
        print(name, "imports", *sorted(imported))
        heavy -= imported
"""
"""Names the module that is the first to import each heavy package: one process serves all."""


def test_light_wings_import_no_backend():
    modules = [name for name in FILES if wing_of(name) in LIGHT and name not in NEEDS_KERAS]
    assert {wing_of(name) for name in modules} == set(LIGHT)
    modules += sorted(ALSO_LIGHT)
    command = [sys.executable, "-c", IMPORT_EACH, " ".join(HEAVY), *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == []


@pytest.mark.parametrize("folder", ["kwavegan", "scripts", "tests"])
def test_no_module_is_long(folder):
    lengths = {
        str(path.relative_to(REPOSITORY)): len(path.read_text("utf-8").splitlines())
        for path in (REPOSITORY / folder).rglob("*.py")
    }
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def public_functions(module):
    tree = ast.parse(FILES[module].read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = [node.name for node in tree.body if isinstance(node, kinds)]
    return {name for name in names if not name.startswith("_")}


def test_no_public_function_is_called_as_its_module_or_a_wing():
    """Importing `kwavegan.x` binds the module `x` over a function `x` that the package exports."""
    clashes = {
        f"{module}.{name}"
        for module in FILES
        for name in public_functions(module)
        if name == module.split(".")[-1] or name in WINGS
    }
    assert not clashes - {"kwavegan.cli.main.main"}  # the entry point: no package exports it


@pytest.mark.parametrize("table", sorted(PACKAGE.rglob("__init__.pyi")), ids=name_of)
def test_no_package_exports_a_name_that_one_of_its_modules_has(table):
    package = name_of(table)
    nodes = [n for n in ast.parse(table.read_text("utf-8")).body if isinstance(n, ast.ImportFrom)]
    exported = {alias.asname for node in nodes if node.module for alias in node.names}
    modules = {name.split(".")[-1] for name in FILES if name.rpartition(".")[0] == package}
    assert nodes
    assert not exported & modules


def test_commands_print_by_way_of_output():
    """`cli.output` shows control characters in names; JSON escapes them itself."""
    printed = [
        f"{module}: {ast.unparse(call)}"
        for module, path in FILES.items()
        if wing_of(module) == "cli" and module != "kwavegan.cli.output"
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("print", "click.echo")
    ]
    assert [line for line in printed if "click.echo(json.dumps(" not in line] == []
