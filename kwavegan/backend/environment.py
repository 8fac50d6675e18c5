"""Keep what other programs left in the environment away from our imports and our numbers."""

import atexit
import gc
import importlib.util
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path

LEFT_OUT = {
    "KERAS_MAX_EPOCHS": "ends a training early; not a number, it breaks the import of Keras",
    "KERAS_MAX_STEPS_PER_EPOCH": "likewise",
    "KERAS_NNX_ENABLED": "turns Keras' variables into those of Flax",
    "JAX_ENABLE_X64": "makes integers and constants 64 bits wide",
    "JAX_DEFAULT_DTYPE_BITS": "likewise",
    "JAX_NUMPY_DTYPE_PROMOTION": "strict: refuses arithmetic of mixed types, which Keras needs",
    "JAX_NUMPY_RANK_PROMOTION": "raise: refuses broadcasting",
    "JAX_DEFAULT_PRNG_IMPL": "draws other random numbers from the same seed",
    "JAX_THREEFRY_PARTITIONABLE": "likewise",
    "JAX_DEFAULT_MATMUL_PRECISION": "rounds the inputs of products",
    "NVIDIA_TF32_OVERRIDE": "likewise",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "likewise",
}
"""Variables that the command line does without, and what each would do to a training."""

_THREADS = {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"}
"""Variables by which a user chooses the threads of NumPy's matrix products."""

_BACKENDS = (
    *("agg", "cairo", "pdf", "pgf", "ps", "svg", "template", "macosx", "nbagg", "notebook"),
    *("gtk3agg", "gtk3cairo", "gtk4agg", "gtk4cairo", "qtagg", "qtcairo", "qt5agg", "qt5cairo"),
    *("tkagg", "tkcairo", "webagg", "wx", "wxagg", "wxcairo"),
)
"""Matplotlib's own backends, which it names at once; packages add more."""

_FOLDERS = ("NUMBA_CACHE_DIR", "MPLCONFIGDIR")
"""Variables that name a folder which a library writes to when it is imported."""

_OBJECTS = 10_000
"""How many new objects Python waits for before it looks for circles among them."""


def own_the_process() -> None:
    """Take the environment out of the hands of whoever wrote it; for processes that are ours alone.

    The user's own choices stay: backend, devices, threads, compiler flags and logging.
    """
    for name in LEFT_OUT:
        os.environ.pop(name, None)
    _rest_collector()
    from kwavegan.storage.cache import cache_folder

    # Keras' keras.json: its backend was read when kwavegan was imported, and a number format, an
    # axis order or an epsilon for other programs is none for ours. It need not be writable.
    os.environ["KERAS_HOME"] = str(cache_folder() / "keras")
    # NumPy's threads wait on each other, 12 times slower, where another program keeps a core busy,
    # and where there is much to compute a command has threads of its own.
    if not _THREADS & set(os.environ):
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # No command opens a window.
    os.environ["MPLBACKEND"] = "agg"
    # PYTHONWARNINGS=error would make an exception of each remark of a library.
    if any(option.startswith("error") for option in sys.warnoptions):
        warnings.resetwarnings()


def _rest_collector() -> None:
    """Let Python look for circles of objects more rarely, and not once more when all ends.

    The import of Keras and its backend makes half a million objects, which all stay: to look
    through them took a third of its time and more. A larger number set before is kept.
    """
    if gc.get_threshold()[0] < _OBJECTS:
        gc.set_threshold(_OBJECTS, 50, 100)
        atexit.register(gc.freeze)


def mend_imports() -> None:
    """Replace what would keep Keras, Matplotlib or Numba from being imported at all.

    Importing kwavegan calls this. What works stays as it is, in a notebook for instance.
    """
    _mend_matplotlib()
    _mend_home()


def _mend_matplotlib() -> None:
    """Drop a backend of Matplotlib that is not installed.

    A `!` cell of Jupyter or Colab hands on its own, which Matplotlib refuses elsewhere; then Keras,
    which imports Matplotlib where it is, could not be imported either.
    """
    name = os.environ.get("MPLBACKEND", "")
    module = name.removeprefix("module://")
    known = _has_module(module) if module != name else _has_backend(name.lower())
    if name and not known:
        del os.environ["MPLBACKEND"]


def _has_module(module: str) -> bool:
    """Return whether a module is installed, without importing the packages around it."""
    places: Sequence[str] | None = None
    name = ""
    for part in module.split("."):
        name = f"{name}.{part}".removeprefix(".")
        spec = PathFinder.find_spec(name, places)
        if spec is None:
            return False
        places = spec.submodule_search_locations
    return True


def _has_backend(name: str) -> bool:
    if name in _BACKENDS:
        return True
    from importlib.metadata import entry_points  # slow to import

    return name in {entry.name for entry in entry_points(group="matplotlib.backend")}


def _mend_home() -> None:
    """Name a user where the system knows none, as in a container with a foreign user id.

    PyTorch asks for the name when it is imported.
    """
    if os.name == "posix" and not {"LOGNAME", "USER", "LNAME", "USERNAME"} & set(os.environ):
        import pwd

        with suppress(OSError):
            try:
                pwd.getpwuid(os.getuid())
            except KeyError:
                os.environ["USER"] = f"user-{os.getuid()}"


def writable_folders() -> None:
    """Give Numba and Matplotlib a folder to write to, where theirs cannot be written.

    Numba refuses to compile what it is to keep on disk and cannot: then librosa could not be
    imported. Call this before that.
    """
    for name in _FOLDERS:
        if not any(map(is_writable, _usual_folders(name))):
            os.environ[name] = str(_own_folder(name))


def _usual_folders(name: str) -> list[Path]:
    """Return where a library would write: each of them will do."""
    if os.environ.get(name):
        return [Path(os.environ[name])]
    import platformdirs

    shared = _librosa() if name == "NUMBA_CACHE_DIR" else []
    with suppress(RuntimeError):  # a user without a home
        if name == "MPLCONFIGDIR":
            return [Path(platformdirs.user_config_dir("matplotlib"))]
        return [*shared, Path(platformdirs.user_cache_dir("numba"))]
    return shared


def _librosa() -> list[Path]:
    """Return the folder of librosa's compiled functions, which lie in its outermost modules."""
    with suppress(ImportError, ValueError):
        spec = importlib.util.find_spec("librosa")
        if spec is not None and spec.origin is not None:
            return [Path(spec.origin).parent / "__pycache__"]
    return []


def is_writable(folder: Path) -> bool:
    """Return whether files can be made in a folder, which is made where it is missing.

    Example:
        >>> from pathlib import Path
        >>> from kwavegan.backend.environment import is_writable
        >>> is_writable(Path("sounds")), is_writable(Path("/dev/null/sounds"))
        (True, False)
    """
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _own_folder(name: str) -> Path:
    """Return a folder in our cache, else one for this process alone.

    What Numba keeps is code: a folder with a name that is known could be another user's.
    """
    from kwavegan.storage.cache import cache_folder, process_folder

    folder = cache_folder() / name.split("_")[0].lower()
    return folder if is_writable(folder) else process_folder()
