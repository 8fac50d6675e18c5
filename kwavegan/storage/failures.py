"""What the system refuses, in words: full disks, used-up memory, packages that do not start."""

import errno
import os
import re
from collections.abc import Mapping

from kwavegan.errors import setting

AGAIN = "run the command again"
"""What to do once there is space again; a training is continued instead."""

_ADVICE: Mapping[int | None, str] = {
    errno.ENOSPC: f"the disk is full; free some space and {AGAIN}",
    errno.EDQUOT: f"the disk quota is used up; free some space and {AGAIN}",
    errno.EFBIG: "the file system takes no file of that size; choose another disk",
    errno.EACCES: "permission denied; change its permissions, or choose another place",
    errno.EPERM: "permission denied; change its permissions, or choose another place",
    errno.EROFS: "the disk is read-only; choose a place you may write to",
    errno.ENOTDIR: "a file stands where a folder is needed; choose another place",
    errno.EEXIST: "a file stands where a folder is needed; choose another place",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.EIO: "the disk reports an input/output error; check it, or choose another",
    errno.ESTALE: f"the network drive has lost it; connect it again and {AGAIN}",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n)",
    errno.ENFILE: "the system has too many files open; close some programs",
    errno.ENOMEM: "memory ran out; close other programs",
    errno.EAGAIN: "the system starts no more processes; close some, or raise the limit (ulimit -u)",
}

_MEMORY = re.compile(
    "out of memory|can.t allocate memory|cannot allocate memory|unable to allocate|bad_alloc"
    "|failed to allocate|not enough memory|OOM when allocating|RESOURCE_EXHAUSTED",
    re.IGNORECASE,
)
"""What NumPy, PyTorch, XLA, TensorFlow and CUDA say where memory runs out."""

_COMPILERS = ("torch._inductor", "torch._dynamo", "torch._functorch", "triton")
"""Modules whose own errors mean that PyTorch could not compile."""

_COLOURS = re.compile("\x1b\\[[0-9;]*m")


def reason(error: OSError) -> str:
    """Return what the system says of a file, and what to do about it.

    Example:
        >>> import errno
        >>> from kwavegan.storage.failures import reason
        >>> reason(OSError(errno.ENOSPC, "No space left on device"))
        'the disk is full; free some space and run the command again'
    """
    return _ADVICE.get(error.errno) or error.strerror or first_line(error)


def explain(error: BaseException) -> str | None:
    """Return a line on an error of the system; None for any other error.

    Settings in it are marked as in the message of an `InputError`.

    Args:
        error: of Python, of a library or of a backend.

    Example:
        >>> from kwavegan.storage.failures import explain
        >>> explain(MemoryError())[:14]
        'memory ran out'
        >>> explain(ValueError("a bug"))
    """
    if isinstance(error, BrokenPipeError):  # whoever read our output has gone: nothing to explain
        return None
    if isinstance(error, OSError):
        where = error.filename
        where = os.fsdecode(where) if isinstance(where, bytes) else where
        return f"{where}: {reason(error)}" if isinstance(where, str) else reason(error)
    if _is_of_memory(error):
        return (
            f"memory ran out; lower {setting('batch_size')} or {setting('width')}, take shorter "
            "sounds, or close other programs"
        )
    if type(error).__module__.startswith(_COMPILERS):
        return (
            f"{setting('jit', 'on')}: PyTorch cannot compile the training step: "
            f"{first_line(error)}; choose {setting('jit', 'off')}"
        )
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return "the system starts no more threads; close programs, or raise the limit (ulimit -u)"
    if isinstance(error, ImportError) and not _is_ours(error):
        name = (error.name or "a package").split(".")[0]
        return f"{name}: cannot be imported: {first_line(error)}; install it again"
    return None


def first_line(error: BaseException) -> str:
    """Return an error as one line of 200 characters at most, without colours.

    Example:
        >>> from kwavegan.storage.failures import first_line
        >>> first_line(ValueError("\\033[1mno such axis\\033[0m\\nArguments: x"))
        'no such axis'
    """
    plain = _COLOURS.sub("", str(error))
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    # Keras says only where it was on the first line of what it wraps.
    wrapped = len(lines) > 1 and lines[0].startswith("Exception encountered when calling")
    line = lines[wrapped] if lines else type(error).__name__
    return line if len(line) <= 200 else f"{line[:199]}…"


def _is_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    foreign = type(error).__module__ != "kwavegan.errors"
    return foreign and isinstance(error, Exception) and bool(_MEMORY.search(str(error)))


def _is_ours(error: ImportError) -> bool:
    return (error.name or "").split(".")[0] == "kwavegan"
