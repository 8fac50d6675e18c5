"""CSV for people: a spreadsheet that opens it runs none of the names in it.

A program such as Excel takes a cell that begins with = for a formula, which may send the others
away or start a program. Names of runs, labels and files come from anybody. What kwavegan reads
back itself (`manifest.csv`, `latents.csv`, the CSV files of a run) keeps every name as it is.
"""

import re
from collections.abc import Iterable, Sequence

from kwavegan.storage.csv_rows import csv_row

_FORMULA = re.compile("[ \xa0]*[=+\\-@\t\r\n＝＋－＠]")
"""How a cell begins that some spreadsheet takes for a formula, in full width too."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    r"""Return rows as CSV in which every cell is a number or a text, and none a formula.

    A text that a spreadsheet would take for a formula begins with an apostrophe.

    Args:
        rows: of cells; numbers stay numbers, also where they are spelled as text.

    Example:
        >>> from kwavegan.storage.spreadsheets import csv_text
        >>> csv_text([["label", "score"], ["=1+1", -1.5]])
        "label,score\n'=1+1,-1.5\n"
    """
    return "".join(csv_row(map(_plain, row)) for row in rows)


def _plain(cell: object) -> object:
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}" if _FORMULA.match(cell) else cell
