"""Docstrings and settings as this package writes them, in the form that mkdocstrings reads."""

import re
from typing import Any

import griffe


class Docstrings(griffe.Extension):
    """Render `Example:` as examples, so that `>>>` is code and no quotation.

    A setting of `Config` shows its default instead of the call that makes it.
    """

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.docstring:
            text = obj.docstring.value
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", text, flags=re.MULTILINE)

    def on_attribute_instance(self, *, attr: griffe.Attribute, **kwargs: Any) -> None:
        value = attr.value
        if isinstance(value, griffe.ExprCall) and str(value.function) == "_setting":
            attr.value = value.arguments[0]
