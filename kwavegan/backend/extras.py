"""Optional packages, which the extras of kwavegan bring: import one, or say how to get it."""

import importlib
import sys

from kwavegan.backend.environment import writable_folders
from kwavegan.backend.selection import package_folder
from kwavegan.errors import InputError
from kwavegan.storage.failures import first_line

_USED = {
    "matplotlib": "rcParams",
    "librosa": "stft",
    "jinja2": "Template",
    "tensorboardX": "SummaryWriter",
}
"""A name of each optional package: librosa imports nothing before it is asked for one."""


def need(package: str, title: str = "figures", extra: str = "plots") -> None:
    """Import an optional package.

    Args:
        package: its name.
        title: what the message begins with.
        extra: of kwavegan, which brings the package.

    Raises:
        InputError: it is missing or damaged, or does not go with another one.
    """
    if package_folder(package) is None:
        raise InputError(f'{title}: {package} is missing; run: pip install "kwavegan[{extra}]"')
    if package not in sys.modules:
        writable_folders()
    try:
        getattr(importlib.import_module(package), _USED[package])
    except Exception as error:
        raise InputError(
            f"{title}: {package} cannot be imported: {first_line(error)}; install it again: "
            f'pip install --upgrade --force-reinstall {package} "kwavegan[{extra}]"'
        ) from error
