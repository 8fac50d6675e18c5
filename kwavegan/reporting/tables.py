"""Evaluations as tables: one beside what real sounds get, several side by side."""

import csv
import io
import math
from collections.abc import Sequence

from kwavegan.evaluation.results import INTERVAL, MEASURES, Evaluation, Row

ARROWS = {"higher": "↑", "lower": "↓", "one": "→ 1", "real": "→ real"}
"""Which way a measure gets better."""

_OUTSIDE = {
    "frechet_distance": "lower",
    "heard": "higher",
    "signal": "higher",
    "background": "higher",
    "overall": "higher",
}

_BY_LABEL = ("label_accuracy", "frechet_distance", "diversity", "precision", "coverage")


def one(evaluation: Evaluation) -> str:
    """Return an evaluation as text: every measure with its interval, then the labels."""
    header = ("measure", "", "generated", "real")
    lines = [
        (_title(name), _arrow(name), _interval(row.value, row.error), _real(row))
        for name, row in _all_rows(evaluation).items()
    ]
    text = columns([header, *lines])
    if evaluation.labels:
        text += "\n\n" + columns(_label_lines(evaluation))
    return text


def _label_lines(evaluation: Evaluation) -> list[tuple[str, ...]]:
    shown = [name for name in _BY_LABEL if any(name in rows for rows in evaluation.labels.values())]
    header = ("label", *(f"{_title(name)} (real)" for name in shown))
    blank = Row(math.nan, math.nan, math.nan, math.nan)
    lines = [header]
    for label, rows in evaluation.labels.items():
        cells = (rows.get(name, blank) for name in shown)
        lines.append((label, *(f"{_number(r.value)} ({_number(r.real)})" for r in cells)))
    return lines


def compared(evaluations: Sequence[Evaluation], form: str = "text") -> str:
    """Return evaluations side by side, the best in each row marked with `*` (`**` in Markdown).

    Args:
        evaluations: of runs on the same data.
        form: `"text"`, `"markdown"` or `"csv"`; CSV has plain numbers, and the best run's name as
            last column.
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
    table = [("measure", "", *runs, "real")]
    for name, values, real, best in lines:
        cells = [_number(value) for value in values]
        cells = [mark.format(c) if i in best else c for i, c in enumerate(cells)]
        table.append((_title(name), _arrow(name), *cells, _number(real)))
    return columns(table) if form == "text" else _markdown(table)


def _all_rows(evaluation: Evaluation) -> dict[str, Row]:
    outside = {
        f"{judge}: {name}": row
        for judge, rows in evaluation.outside.items()
        for name, row in rows.items()
    }
    return {**evaluation.overall, **outside}


def _best(name: str, values: list[float], real: float) -> set[int]:
    """Return the places of the best value, or of equal ones; none where they cannot be ranked."""
    better = _better(name)
    target = {"one": 1.0, "real": real}.get(better)
    if better == "higher":
        costs = [-value for value in values]
    elif better == "lower":
        costs = values
    else:
        costs = [abs(value - target) for value in values]
    known = [cost for cost in costs if math.isfinite(cost)]
    if len(known) < 2:
        return set()
    return {i for i, cost in enumerate(costs) if math.isclose(cost, min(known), abs_tol=1e-9)}


def _better(name: str) -> str:
    return MEASURES[name].better if name in MEASURES else _OUTSIDE[name.split(": ")[1]]


def _arrow(name: str) -> str:
    return ARROWS[_better(name)]


def _title(name: str) -> str:
    if name in MEASURES:
        return MEASURES[name].title
    judge, measure = name.split(": ")
    titles = {"heard": "label accuracy", "frechet_distance": "Fréchet distance"}
    return f"{judge}: {titles.get(measure, measure)}"


def _real(row: Row) -> str:
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


def columns(table: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as text, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)
    return "\n".join(lines)


def _markdown(table: Sequence[Sequence[str]]) -> str:
    rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table]
    return "\n".join([rows[0], "|" + "---|" * len(table[0]), *rows[1:]])


def _csv(runs: list[str], lines: list[tuple[str, list[float], float, set[int]]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["measure", "better", *runs, "real", "best"])
    for name, values, real, best in lines:
        cells = ["" if math.isnan(value) else repr(value) for value in [*values, real]]
        winners = "; ".join(runs[i] for i in sorted(best))
        writer.writerow([name, _better(name), *cells, winners])
    return text.getvalue().rstrip("\n")
