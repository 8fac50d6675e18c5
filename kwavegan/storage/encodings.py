"""Print any text to any stream, whatever its encoding: on Windows, files and pipes lack letters."""

import codecs
import sys

from kwavegan.errors import printable

REPLACE = "kwavegan"
"""Name of the handler of what an encoding lacks, for `str.encode` and streams."""

_PLAIN = {
    "→": "->",
    "↑": "^",
    "↓": "v",
    "…": "...",
    "–": "-",
    "−": "-",
    "±": "+-",
    "×": "x",
    "÷": "/",
    "é": "e",
}
"""Characters that our own words hold, and what stands for them where they cannot be printed."""


def _replace(error: UnicodeError) -> tuple[str, int]:
    """Replace what an encoding lacks: our own characters by plain ones, others by an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter) or _escaped(letter) for letter in letters), error.end


def _escaped(letter: str) -> str:
    shown = printable(letter)  # of a byte that is no text
    return shown if shown != letter else letter.encode("unicode_escape").decode()


codecs.register_error(REPLACE, _replace)


def tell(line: str) -> None:
    """Print a line to stdout, as `print` does; what its encoding lacks is replaced.

    Example:
        >>> from kwavegan.storage.encodings import tell
        >>> tell("60 files → 60 clips")
        60 files → 60 clips
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(line.encode(encoding, REPLACE).decode(encoding))
