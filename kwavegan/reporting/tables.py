"""Evaluations as tables: one beside the numbers of real sounds, or several side by side."""

import math
from collections.abc import Sequence

from kwavegan.errors import printable
from kwavegan.evaluation.measures import INTERVAL, MEASURES
from kwavegan.evaluation.results import Evaluation, MeasureRow
from kwavegan.reporting.markdown import escaped
from kwavegan.storage.spreadsheets import csv_text

ARROWS = {"higher": "↑", "lower": "↓", "one": "→ 1", "real": "→ real"}
"""Direction in which a measure gets better."""

_EXTERNAL = {
    "frechet_distance": "lower",
    "label_accuracy": "higher",
    "signal": "higher",
    "background": "higher",
    "overall": "higher",
}

_BY_LABEL = (
    ("label_accuracy", "frechet_distance", "diversity", "precision", "coverage"),
    ("texture_distance", "periodicity", "shared_period", "tonality", "roughness", "attack"),
)
"""Measures of the tables by label: each group is a table of its own, which fits a terminal."""


def evaluation_table(evaluation: Evaluation) -> str:
    """Return an evaluation as text: every measure with its 95 % interval, then some by label.

    Args:
        evaluation: of one run.

    Example:
        >>> from kwavegan.evaluation import load_evaluation
        >>> from kwavegan.reporting import evaluation_table
        >>> from kwavegan.runs import pretrained_models
        >>> table = evaluation_table(load_evaluation(pretrained_models()[0].run))
        >>> table.splitlines()[0].split()
        ['measure', 'generated', 'real']
    """
    header = ("measure", "", "generated", "real")
    lines = [
        (_title(name), _arrow(name), _interval(row.value, row.error), _real(row))
        for name, row in _all_rows(evaluation).items()
    ]
    text = text_table([header, *lines])
    if evaluation.labels:
        tables = (_label_lines(evaluation, names) for names in _BY_LABEL)
        text += "".join("\n\n" + text_table(lines) for lines in tables if len(lines[0]) > 1)
    return text


def _label_lines(evaluation: Evaluation, names: Sequence[str]) -> list[tuple[str, ...]]:
    shown = [name for name in names if any(name in rows for rows in evaluation.labels.values())]
    header = ("label", *(f"{_title(name)} (real)" for name in shown))
    blank = MeasureRow(math.nan, math.nan, math.nan, math.nan)
    lines = [header]
    for label, rows in evaluation.labels.items():
        cells = (rows.get(name, blank) for name in shown)
        lines.append((label, *(f"{_number(r.value)} ({_number(r.real)})" for r in cells)))
    return lines


def comparison_table(evaluations: Sequence[Evaluation], form: str = "text") -> str:
    """Return evaluations side by side, the best in each row marked with `*` (`**` in Markdown).

    Args:
        evaluations: of runs that were trained on the same data.
        form: `"text"`, `"markdown"` or `"csv"`. CSV has plain numbers, and the name of the best run
            in its last column.

    Example:
        >>> from dataclasses import replace
        >>> from kwavegan.evaluation import load_evaluation
        >>> from kwavegan.reporting import comparison_table
        >>> from kwavegan.runs import pretrained_models
        >>> first = replace(load_evaluation(pretrained_models()[0].run), run="first", step=100)
        >>> table = comparison_table([first, replace(first, run="second")], "csv")
        >>> table.splitlines()[0]
        'measure,better,first @ 100,second @ 100,real,best'
    """
    tables = [_all_rows(evaluation) for evaluation in evaluations]
    names = list(dict.fromkeys(name for table in tables for name in table))
    runs = [f"{e.run} @ {e.step}" for e in evaluations]
    lines = []
    for name in names:
        rows = [table.get(name) for table in tables]
        real = next((row.real for row in rows if row), math.nan)
        values = [row.value if row else math.nan for row in rows]
        lines.append((name, values, real, _best(name, values, real)))
    if form == "csv":
        return _csv(runs, lines)
    mark = "**{}**" if form == "markdown" else "{} *"
    shown = list(map(escaped, runs)) if form == "markdown" else runs
    table = [("measure", "", *shown, "real")]
    for name, values, real, best in lines:
        cells = [_number(value) for value in values]
        cells = [mark.format(c) if i in best else c for i, c in enumerate(cells)]
        title = escaped(_title(name)) if form == "markdown" else _title(name)
        table.append((title, _arrow(name), *cells, _number(real)))
    return text_table(table) if form == "text" else _markdown(table)


def _all_rows(evaluation: Evaluation) -> dict[str, MeasureRow]:
    external = {
        f"{evaluator}: {name}": row
        for evaluator, rows in evaluation.external.items()
        for name, row in rows.items()
    }
    return {**evaluation.overall, **external}


def _best(name: str, values: list[float], real: float) -> set[int]:
    """Return the indices of the best value and its equals; none for fewer than two values."""
    better = _better(name)
    if better == "higher":
        costs = [-value for value in values]
    elif better == "lower":
        costs = values
    else:
        target = {"one": 1.0, "real": real}[better]
        costs = [abs(value - target) for value in values]
    known = [cost for cost in costs if math.isfinite(cost)]
    if len(known) < 2:
        return set()
    return {i for i, cost in enumerate(costs) if math.isclose(cost, min(known), abs_tol=1e-9)}


def _better(name: str) -> str:
    if name in MEASURES:
        return MEASURES[name].better
    return _EXTERNAL.get(name.rpartition(": ")[2], "real")


def _arrow(name: str) -> str:
    return ARROWS[_better(name)]


def _title(name: str) -> str:
    if name in MEASURES:
        return MEASURES[name].title
    evaluator, mark, measure = name.rpartition(": ")
    title = MEASURES[measure].title if measure in MEASURES else measure
    return f"{evaluator}{mark}{title}"


def _real(row: MeasureRow) -> str:
    return _interval(row.real, row.real_error)


def _interval(value: float, error: float) -> str:
    if not math.isfinite(error):
        return _number(value)
    return f"{_number(value)} ± {_number(INTERVAL * error)}"


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    if abs(value) < 9.9995:
        return f"{value:.3f}"
    return f"{value:.1f}" if abs(value) < 999.95 else f"{value:,.0f}"


def text_table(table: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as text, each column as wide as its widest cell.

    Names of runs and labels are shown as `kwavegan.errors.printable` shows them: none adds a line.
    """
    table = [list(map(printable, row)) for row in table]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)
    return "\n".join(lines)


def _markdown(table: Sequence[Sequence[str]]) -> str:
    rows = ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join([rows[0], "|" + "---|" * len(table[0]), *rows[1:]])


def _csv(runs: list[str], lines: list[tuple[str, list[float], float, set[int]]]) -> str:
    rows: list[list[object]] = [["measure", "better", *runs, "real", "best"]]
    for name, values, real, best in lines:
        cells = ["" if math.isnan(value) else value for value in [*values, real]]
        winners = "; ".join(runs[i] for i in sorted(best))
        rows.append([name, _better(name), *cells, winners])
    return csv_text(rows).rstrip("\n")
