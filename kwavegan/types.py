"""Names for types that no single library owns."""

from typing import Any

Tensor = Any
"""A tensor of the backend in use, or what Keras turns into one."""

Shape = tuple[Any, ...]
"""The shape of a tensor: integers, and None for a size that is not known yet."""

Tensors = dict[str, Any]
"""Tensors by name; those of a kind may be in a dictionary of their own."""
