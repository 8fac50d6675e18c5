"""Public names that are imported when first used, from the table in a package's `__init__.pyi`.

`lazy_loader` does the work (SPEC 1 of Scientific Python); a type checker reads the same table.
"""

from collections.abc import Callable
from typing import Any

import lazy_loader


def attach(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package.

    Args:
        package, file: its `__name__` and `__file__`.
    """
    get, names, public = lazy_loader.attach_stub(package, file)

    def resolve(name: str) -> Any:
        try:
            return get(name)
        except ModuleNotFoundError as error:
            from kwavegan.backend.selection import BACKENDS, installed_backends

            if (error.name or "").split(".")[0] in BACKENDS and not installed_backends():
                raise ImportError(
                    "no backend is installed; run: pip install 'kwavegan[jax]' (or [torch], "
                    "[tensorflow])"
                ) from error
            raise

    return resolve, names, public
