"""Which of jax, torch and tensorflow Keras runs on: chosen before Keras is imported."""

import importlib.util
import json
import os
import platform
import sys
from pathlib import Path

from kwavegan.errors import InputError

BACKENDS = ("jax", "torch", "tensorflow")
"""In the order they are looked for."""

# The names that a backend is installed under, first found first.
_PACKAGES = {
    "jax": ("jax",),
    "torch": ("torch",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tensorflow-intel"),
}

_ENV = "KERAS_BACKEND"


def installed_backends() -> tuple[str, ...]:
    """The backends that can be imported, found without importing them."""
    return tuple(name for name in BACKENDS if _is_installed(name))


def _is_installed(name: str) -> bool:
    return package_folder(name) is not None


def package_folder(name: str) -> Path | None:
    """Return where a package is installed, found without importing it; None if it is not."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # ValueError: a module without a spec took its place
        return None
    # A mere folder of that name, such as ./jax, has a spec without an origin.
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def select_backend(name: str | None = None) -> str:
    """Choose Keras' backend, before Keras is imported, and set KERAS_BACKEND to it.

    Args:
        name: one of `BACKENDS`; None for the environment's KERAS_BACKEND, else the one in
            Keras' `keras.json` if it is installed, else the first installed of `BACKENDS`.

    Raises:
        InputError: it is unknown or not installed, none is installed, or Keras was already
            imported with another.
    """
    # TensorFlow reads this when it is imported: 2 leaves out its notes and warnings.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    loaded = _loaded()
    if name is not None:
        chosen, where = name, "--backend"
    elif loaded is not None:
        chosen, where = loaded, "Keras"
    elif os.environ.get(_ENV):
        chosen, where = os.environ[_ENV], _ENV
    else:
        chosen, where = _by_default(), "keras.json"
    if chosen not in BACKENDS:
        raise InputError(
            f"{where}: {chosen!r} is no backend to train on; choose from {', '.join(BACKENDS)}"
        )
    if loaded not in (None, chosen):
        raise InputError(
            f"{where}: Keras is already running on {loaded}; "
            f"set {_ENV}={chosen} before Keras is imported"
        )
    if not _is_installed(chosen):
        raise InputError(
            f"{where}: {chosen} is not installed; run: pip install 'kwavegan[{chosen}]'"
        )
    os.environ[_ENV] = chosen
    return chosen


def _loaded() -> str | None:
    """The backend of a Keras that is already imported."""
    return sys.modules["keras"].config.backend() if "keras" in sys.modules else None


def _by_default() -> str:
    installed = installed_backends()
    if not installed:
        raise InputError(
            "no backend is installed; run: pip install 'kwavegan[jax]' (or [torch], [tensorflow])"
        )
    configured = _configured()
    return configured if configured in installed else installed[0]


def _configured() -> str | None:
    """The backend in Keras' own settings, `~/.keras/keras.json` or that of KERAS_HOME."""
    home = os.environ.get("KERAS_HOME")
    try:
        path = (Path(home) if home else Path.home() / ".keras") / "keras.json"
        return json.loads(path.read_text(encoding="utf-8"))["backend"]
    except (OSError, RuntimeError, ValueError, KeyError, TypeError):
        return None  # absent or damaged: Keras passes over it as well


def versions() -> dict[str, str]:
    """Versions of kwavegan, python, keras, numpy and the installed backends, by name."""
    found = {"kwavegan": _version("kwavegan"), "python": platform.python_version()}
    found |= {name: _version(name) for name in ("keras", "numpy")}
    found |= {name: _version(*_PACKAGES[name]) for name in installed_backends()}
    return found


def _version(*packages: str) -> str:
    for package in packages:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "unknown"


def devices(name: str) -> list[str]:
    """The devices that a backend computes on, such as "cpu:0" or "gpu:0"; imports it and Keras.

    Args:
        name: what `select_backend` returned.
    """
    if name != "torch":
        import keras

        return keras.distribution.list_devices()
    # Keras 3.15 lists devices for jax and tensorflow only.
    import torch

    found = [
        f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())
    ]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found or ["cpu"]
