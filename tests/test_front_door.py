"""What a newcomer types first, each in a fresh process: imports, backends, names."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import kwavegan
from kwavegan.backend.selection import installed_backends

PACKAGE = Path(kwavegan.__file__).parent


def python(code, **env):
    """Run code in a fresh process, without a choice of backend, and return its words."""
    clean = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    made = subprocess.run(
        [sys.executable, "-c", code],
        env={**clean, "PYTHONPATH": str(PACKAGE.parent), **env},
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.split()


BACKEND = "import kwavegan, keras; print(kwavegan.WaveGAN.__name__, keras.backend.backend())"
NAMES = (
    "import kwavegan\n"
    "from kwavegan import prepare, layers\n"
    "import kwavegan.data.preparation\n"
    "assert kwavegan.prepare is prepare and callable(prepare), prepare\n"
    "assert kwavegan.layers is layers and layers.PhaseShuffle is kwavegan.PhaseShuffle\n"
    "print(*[type(getattr(kwavegan, n)).__name__ for n in ('prepare', 'train', 'evaluate')])"
)


@pytest.fixture(scope="module")
def keras_home(tmp_path_factory):
    """A folder for `keras.json`, empty before the first start."""
    return tmp_path_factory.mktemp("keras")


@pytest.fixture(scope="module")
def first_start(keras_home):
    """What `NAMES` and `BACKEND` print in one process, the first that finds this `keras.json`."""
    return python(f"{NAMES}\n{BACKEND}", KERAS_HOME=str(keras_home))


def test_python_has_the_first_installed_backend_at_every_start(first_start, keras_home):
    """Keras writes keras.json at its first import: that is no choice of the user's."""
    assert (keras_home / "keras.json").exists()
    second = python(BACKEND, KERAS_HOME=str(keras_home))
    assert first_start[3:] == second == ["WaveGAN", installed_backends()[0]]


def test_python_has_the_backend_that_is_asked_for(tmp_path):
    last = installed_backends()[-1]
    (tmp_path / "keras.json").write_text(f'{{"backend": "{last}"}}')
    assert python(BACKEND, KERAS_HOME=str(tmp_path))[1] == last
    # Keras itself reads the environment first: kwavegan has only to leave it as it is.
    first = installed_backends()[0]
    code = "import kwavegan, os; print(os.environ['KERAS_BACKEND'])"
    assert python(code, KERAS_HOME=str(tmp_path), KERAS_BACKEND=first) == [first]


def test_a_name_is_the_same_thing_whatever_was_imported_before(first_start):
    assert first_start[:3] == ["function"] * 3


def test_importing_kwavegan_imports_nothing_heavy():
    code = (
        "import sys, kwavegan; "
        "print(*{'keras', 'numpy', 'jax', 'torch', 'tensorflow', 'click'} & set(sys.modules))"
    )
    assert python(code) == []


def test_without_a_backend_it_says_how_to_install_one(tmp_path):
    code = (
        "import importlib.util, sys\n"
        "real = importlib.util.find_spec\n"
        "gone = ('jax', 'torch', 'tensorflow')\n"
        "importlib.util.find_spec = lambda n, *a: None if n in gone else real(n, *a)\n"
        "sys.modules.update(dict.fromkeys(gone))\n"
        "import kwavegan\n"
        "try: kwavegan.WaveGAN\n"
        "except ImportError as error: print(error)"
    )
    words = " ".join(python(code, KERAS_HOME=str(tmp_path)))
    assert words.startswith("no backend is installed; run: pip install 'kwavegan[jax]'")


STUBS = sorted(PACKAGE.rglob("__init__.pyi"))


@pytest.mark.parametrize("stub", STUBS, ids=lambda path: path.parent.name)
def test_every_public_name_is_there_and_is_no_module_s(stub):
    package = ".".join(stub.parent.relative_to(PACKAGE.parent).parts)
    module = importlib.import_module(package)
    modules = {path.stem for path in stub.parent.iterdir()}
    nodes = [n for n in ast.parse(stub.read_text()).body if isinstance(n, ast.ImportFrom)]
    names = [alias.name for node in nodes if node.module for alias in node.names]
    assert names
    for name in names:
        assert getattr(module, name) is not None
        assert name in dir(module)
        assert name not in modules, f"{package}.{name} is a module too"


def test_versions_are_known_in_a_fresh_process():
    code = "from kwavegan.backend import selection; print(*selection.versions())"
    assert python(code)[:3] == ["kwavegan", "python", "keras"]
