"""Rows of CSV that read back as they were, whatever names they hold."""

import csv
import io
from collections.abc import Iterable


def csv_row(cells: Iterable[object]) -> str:
    r"""Return cells as a line of CSV.

    Python's writer with lines that end in `\n` leaves a lone `\r` of a name bare, which no reader
    takes.

    Example:
        >>> from kwavegan.storage.csv_rows import csv_row
        >>> csv_row(["kick, dry", "Icon\r", 0.5])
        '"kick, dry","Icon\r",0.5\n'
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()[:-2] + "\n"
