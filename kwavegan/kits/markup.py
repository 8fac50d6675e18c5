"""Elements of XML and their text."""

import re
from typing import Any
from xml.etree import ElementTree as ET

from kwavegan.errors import printable


def element(parent: ET.Element, name: str, content: Any = None, /, **attributes: Any) -> ET.Element:
    """Add an element to a parent, with a text and attributes, and return it."""
    child = ET.SubElement(parent, name, {key: _text(each) for key, each in attributes.items()})
    if content is not None:
        child.text = _text(content)
    return child


def add_comment(parent: ET.Element, text: str) -> None:
    """Add a comment to a parent, whose text cannot end it: XML has no `--` in one."""
    parent.append(ET.Comment(f" {re.sub('-(?=-)', '- ', _text(text))} "))


def xml_text(root: ET.Element) -> str:
    """Return a document with an element on each line."""
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _text(value: Any) -> str:
    # XML has no control characters, whatever they are escaped as, and not all letters of Unicode.
    if isinstance(value, bool):
        return str(value).lower()
    return re.sub("[\ufffe\uffff]", "\ufffd", printable(str(value)))
