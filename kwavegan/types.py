"""Names for types that no single library owns."""

from typing import Any

Tensor = Any
"""A tensor of the backend in use, or what Keras turns into one."""

Codes = tuple[tuple[int, ...], ...]
"""For each label the number of each of its values, among the values of all attributes in a row."""

Shape = tuple[Any, ...]
"""The shape of a tensor: integers, and None for a size that is not known yet."""

Tensors = dict[str, Any]
"""Tensors by name; those of a kind may be in a dictionary of their own."""
