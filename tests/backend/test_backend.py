"""Choosing the backend; Keras and what is installed are stand-ins, so nothing heavy is imported."""

import importlib.metadata
import json
import os
import sys
from types import SimpleNamespace

import pytest

from kwavegan.backend import selection
from kwavegan.errors import InputError


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """A machine with the given backends and keras.json, and without an imported Keras."""
    monkeypatch.setenv("KERAS_BACKEND", "")  # so that what a test sets is undone
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delitem(sys.modules, "keras", raising=False)

    def set_up(*installed, configured=None, running=None):
        monkeypatch.setattr(
            selection, "package_folder", lambda name: tmp_path if name in installed else None
        )
        if configured is not None:
            (tmp_path / "keras.json").write_text(configured)
        if running is not None:
            keras = SimpleNamespace(config=SimpleNamespace(backend=lambda: running))
            monkeypatch.setitem(sys.modules, "keras", keras)

    return set_up


def test_option_wins_over_the_environment(machine, monkeypatch):
    machine("jax", "torch")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert selection.select_backend("torch") == "torch"
    assert os.environ["KERAS_BACKEND"] == "torch"


def test_environment_wins_over_keras_json(machine, monkeypatch):
    machine("jax", "torch", configured='{"backend": "torch"}')
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert selection.select_backend() == "jax"


def test_keras_json_if_installed_else_the_first_installed(machine):
    machine("jax", "tensorflow", configured='{"backend": "tensorflow", "floatx": "float32"}')
    assert selection.select_backend() == "tensorflow"
    os.environ["KERAS_BACKEND"] = ""
    machine("torch", "tensorflow", configured='{"backend": "jax"}')
    assert selection.select_backend() == "torch"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", json.dumps({"backend": "numpy"})])
def test_passes_over_a_keras_json_of_no_use(machine, text):
    machine("jax", configured=text)
    assert selection.select_backend() == "jax"


def test_says_how_to_install(machine, monkeypatch):
    machine("jax")
    with pytest.raises(InputError, match=r"^backend: torch .* pip install 'kwavegan\[torch\]'"):
        selection.select_backend("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(InputError, match=r"^KERAS_BACKEND: torch is not installed"):
        selection.select_backend()
    monkeypatch.setenv("KERAS_BACKEND", "")
    machine()
    with pytest.raises(InputError, match=r"no backend is installed; run: pip install"):
        selection.select_backend()


def test_refuses_backends_that_cannot_train(machine, monkeypatch):
    machine("jax")
    monkeypatch.setenv("KERAS_BACKEND", "numpy")
    with pytest.raises(InputError, match="KERAS_BACKEND: 'numpy' is no backend to train on"):
        selection.select_backend()


def test_a_running_keras_is_kept(machine, monkeypatch):
    machine("jax", "torch", running="torch")
    assert selection.select_backend() == "torch"
    with pytest.raises(InputError, match="already running on torch; set KERAS_BACKEND=jax"):
        selection.select_backend("jax")


def test_quiets_tensorflow_unless_told_otherwise(machine, monkeypatch):
    machine("jax")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    selection.select_backend()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    selection.select_backend()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "2"


def test_a_folder_of_that_name_is_no_backend(monkeypatch, tmp_path):
    (tmp_path / "jaxish").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert selection.package_folder("jaxish") is None
    assert selection.package_folder("no_such_module_at_all") is None
    assert selection.package_folder("click").name == "click"


def test_versions_name_what_is_installed(machine):
    machine("jax")
    found = selection.versions()
    assert list(found) == ["kwavegan", "python", "keras", "numpy", "jax"]
    assert found["kwavegan"] == "0.1.0"


def test_a_package_whose_version_is_nowhere_is_unknown(machine, monkeypatch):
    def version(package):
        raise importlib.metadata.PackageNotFoundError(package)

    machine("jax")
    monkeypatch.setattr(importlib.metadata, "version", version)
    found = selection.versions()
    assert {found[name] for name in ("kwavegan", "keras", "numpy", "jax")} == {"unknown"}
