"""What JAX compiles is kept on disk, so that the next training does not wait for it again."""

import hashlib
import importlib.util
import os
import platform
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from kwavegan.storage.cache import cache_folder

LARGEST = 2**28
"""Bytes kept at most; beyond them what was used least recently goes."""

SHORTEST = 0.1
"""Seconds: what compiles faster is not kept."""


def keep_compilations() -> Path | None:
    """Let JAX keep what it compiles in the folder `jax` of kwavegan's cache, for later processes.

    Does nothing on other backends, where the user has chosen a folder (JAX_COMPILATION_CACHE_DIR)
    or wants none (JAX_ENABLE_COMPILATION_CACHE=0), and where the folder cannot be written.

    Returns:
        The folder in use; None where this function chose none.

    Example:
        >>> from kwavegan.backend import keep_compilations
        >>> folder = keep_compilations()
        >>> folder is None or folder.is_dir()
        True
    """
    import keras

    # JAX bounds the size of its cache under a lock of this package, which jax does not require.
    if keras.backend.backend() != "jax" or importlib.util.find_spec("filelock") is None:
        return None
    import jax

    settings: Any = jax.config  # its types do not name the settings
    chosen, folder = settings.jax_compilation_cache_dir, _folder()
    if chosen or not settings.jax_enable_compilation_cache:
        return folder if chosen == str(folder) else None
    if not _prepared(folder):
        return None
    # An entry that cannot be read or written is compiled anew: nothing for the user to mend.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")
    settings.update("jax_compilation_cache_dir", str(folder))
    settings.update("jax_compilation_cache_max_size", LARGEST)
    settings.update("jax_persistent_cache_min_compile_time_secs", SHORTEST)
    return folder


def _folder() -> Path:
    """Return a folder of this kind of processor: machine code for another may not run."""
    return cache_folder() / "jax" / hashlib.sha256(_processor().encode()).hexdigest()[:8]


def _processor() -> str:
    """Return what tells processors apart: on Linux the instructions they know."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        known = {line for line in lines if line.startswith(("flags", "Features", "model name"))}
        return "\n".join(sorted(known))
    return f"{platform.machine()} {platform.processor()}"


def _prepared(folder: Path) -> bool:
    """Make the folder and mend it; return whether it can be written.

    JAX writes the time of an entry after the entry: one without it was cut short, when its process
    was killed, and would keep JAX from writing another.
    """
    import filelock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            return False
        with filelock.FileLock(folder / ".lockfile", timeout=10):
            for entry in folder.glob("*-cache"):
                time = entry.with_name(f"{entry.name.removesuffix('-cache')}-atime")
                if not time.is_file() or time.stat().st_size != 8:
                    entry.unlink()
    except (OSError, NotImplementedError, filelock.Timeout):
        return False
    return True
