"""Text in Markdown: a label or a name says what it says, and is no mark-up."""

import html
import re

from kwavegan.errors import printable

_MARKS = re.compile(r"([\\`*_\[\]|~])")


def escaped(text: str) -> str:
    """Return a text as Markdown that shows it on one line, also in a cell of a table.

    Example:
        >>> from kwavegan.reporting.markdown import escaped
        >>> escaped("closed-hat"), escaped("<b>|[x](y)")
        ('closed-hat', '&lt;b&gt;\\\\|\\\\[x\\\\](y)')
    """
    return _MARKS.sub(r"\\\1", html.escape(_on_one_line(text), quote=False))


def code(text: str) -> str:
    """Return a text as a span of code, whatever backticks it holds.

    Example:
        >>> from kwavegan.reporting.markdown import code
        >>> code("drums.onnx"), code("a`b")
        ('`drums.onnx`', '`` a`b ``')
    """
    line = _on_one_line(text)
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence, room = "`" * (longest + 1), " " * bool(longest)
    return f"{fence}{room}{line}{room}{fence}"


def _on_one_line(text: str) -> str:
    return printable(" ".join(text.split()))
