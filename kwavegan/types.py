"""Names for types that no single library owns."""

from typing import Any

Tensor = Any
"""A tensor of the backend in use, or what Keras turns into one."""
