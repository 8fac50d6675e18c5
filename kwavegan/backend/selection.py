"""Which of jax, torch and tensorflow Keras runs on: chosen before Keras is imported."""

import importlib.util
import os
import platform
import sys
from pathlib import Path

from kwavegan.backend.environment import mend_imports, writable_folders
from kwavegan.errors import InputError, setting
from kwavegan.storage.failures import first_line
from kwavegan.storage.reading import read_json

BACKENDS = ("jax", "torch", "tensorflow")
"""In the order they are looked for."""

# The names that a backend is installed under, first found first.
_PACKAGES = {
    "jax": ("jax",),
    "torch": ("torch",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tensorflow-intel"),
}

_ENV = "KERAS_BACKEND"

_WRITTEN_BY_KERAS = {
    "floatx": "float32",
    "epsilon": 1e-07,
    "backend": "tensorflow",
    "image_data_format": "channels_last",
}


def installed_backends() -> tuple[str, ...]:
    """Return the backends that can be imported, without importing them.

    Example:
        >>> from kwavegan.backend import installed_backends
        >>> set(installed_backends()) <= {"jax", "torch", "tensorflow"}
        True
    """
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
        name: one of `BACKENDS`; None for the environment's KERAS_BACKEND, else the user's choice
            in Keras' `keras.json` if it is installed, else the first installed of `BACKENDS`.

    Raises:
        InputError: it is unknown or not installed, none is installed, or Keras was already
            imported with another.

    Example:
        >>> from kwavegan.backend import select_backend
        >>> select_backend() in ("jax", "torch", "tensorflow")
        True
    """
    # TensorFlow reads this when it is imported: 2 leaves out its notes and warnings.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    loaded = _loaded()
    if name is not None:
        chosen, where = name, setting("backend")
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


def set_default_backend() -> None:
    """Set KERAS_BACKEND to the default, where neither it is set nor Keras imported.

    Importing kwavegan calls this, so that Python users get the same backend as the command line.
    Without any backend installed nothing is set.
    """
    mend_imports()
    if not os.environ.get(_ENV) and _loaded() is None and installed_backends():
        os.environ[_ENV] = _by_default()


def start_backend() -> None:
    """Import Keras and have the backend compute something; before anything that takes long.

    Raises:
        InputError: one of them is damaged, or the environment keeps it from starting: a device that
            is not there, a library that does not fit.
    """
    mend_imports()
    writable_folders()
    try:
        import keras

        keras.ops.convert_to_numpy(keras.ops.zeros(()) + 1.0)
    except Exception as error:
        name = os.environ.get(_ENV, "Keras")
        chosen = [f"{v}={os.environ[v]}" for v in _DEVICES if os.environ.get(v)]
        advice = f"choose another device than {', '.join(chosen)}" if chosen else "install it again"
        raise InputError(f"{name}: does not start: {first_line(error)}; {advice}") from error


_DEVICES = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME", "KERAS_TORCH_DEVICE", "CUDA_VISIBLE_DEVICES")
"""Variables by which a user chooses a device, which may not be there."""


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
    """The backend that the user chose in Keras' own `~/.keras/keras.json`, or that of KERAS_HOME.

    Keras writes that file at its first import, whatever KERAS_BACKEND says: such a file is no
    choice of the user's.
    """
    home = os.environ.get("KERAS_HOME")
    try:
        path = (Path(home) if home else Path.home() / ".keras") / "keras.json"
        settings = read_json(path)
        return None if settings == _WRITTEN_BY_KERAS else settings["backend"]
    except (OSError, RuntimeError, ValueError, KeyError, TypeError):
        return None  # absent or damaged: Keras ignores it as well


def versions() -> dict[str, str]:
    """Versions of kwavegan, python, keras, numpy and the installed backends, by name."""
    return {
        "kwavegan": package_version("kwavegan"),
        "python": platform.python_version(),
        **{name: package_version(name) for name in ("keras", "numpy")},
        **{name: package_version(*_PACKAGES[name]) for name in installed_backends()},
    }


def package_version(*packages: str) -> str:
    """Return the version of the first of these packages that is installed, or "unknown"."""
    from importlib import metadata  # costs as much as all the rest of `import kwavegan`

    for package in packages:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
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
