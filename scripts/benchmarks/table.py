"""The results of all backends as one Markdown table."""

import json
from pathlib import Path

from scripts.benchmarks.machine import QUIET
from scripts.benchmarks.rows import DATA, ROWS, SPREADS, row, side

BEGIN, END = "<!-- benchmark: begin -->", "<!-- benchmark: end -->"
SPREAD = 1.5
"""How much longer than the fastest backend's the step of the slowest may take."""

_INTRO = """# Performance

Measured by `python -m scripts.benchmarks.benchmark --backend all`; every ratio within one run,
warm, from the medians of interleaved repetitions. All seconds are in `docs/performance/*.json`.

"""


def read(folder: Path, backends: tuple[str, ...]) -> dict[str, dict]:
    """Return the JSON of each backend that has one in `folder`."""
    paths = {name: folder / f"{name}.json" for name in backends}
    return {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name, path in paths.items()
        if path.is_file()
    }


def between_backends(results: dict[str, dict], name: str) -> dict | None:
    """Return row `name` of `SPREADS`: slowest against fastest backend; None for fewer than two."""
    measured = SPREADS[name]
    steps = {
        backend: rows[measured]["ours"]["median"]
        for backend, rows in _by_name(results).items()
        if measured in rows
    }
    if len(steps) < 2:
        return None
    slow, fast = (choose(steps, key=steps.get) for choose in (max, min))
    ours, reference = (side(f"the step on {name}", [steps[name]]) for name in (slow, fast))
    value = steps[slow] / steps[fast]
    return row(name, value, "×", SPREAD, False, ours, reference, f"{slow} ÷ {fast}")


def render(results: dict[str, dict]) -> str:
    """Return the table of the results by backend, and below it what they were measured on."""
    by_name, names = _by_name(results), list(results)
    lines = [
        f"| | bar | {' | '.join(names)} |",
        f"|---|---|{'---|' * len(names)}",
    ]
    spreads = {name: between_backends(results, name) for name in SPREADS}
    for name, title in ROWS.items():
        if name in SPREADS:
            cells = {"": spreads[name]} if spreads[name] else {}
        elif name in DATA:
            cells = dict([("", rows[name]) for rows in by_name.values() if name in rows][:1])
        else:
            cells = {backend: rows.get(name) for backend, rows in by_name.items()}
        if any(cells.values()):
            shown = [_cell(cell) for cell in cells.values()]
            shown += [""] * (len(names) - len(shown))
            lines.append(f"| {title} | {_bars(cells)} | {' | '.join(shown)} |")
    return "\n".join([*lines, "", *_footer(results, by_name, spreads)]) + "\n"


def _by_name(results: dict[str, dict]) -> dict[str, dict[str, dict]]:
    return {
        backend: {each["name"]: each for each in result["rows"]}
        for backend, result in results.items()
    }


def _bars(cells: dict[str, dict | None]) -> str:
    """Return the bar, or the bars with whose they are."""
    bars: dict[str, list[str]] = {}
    for backend, cell in cells.items():
        if cell and cell["bar"] is not None:
            bars.setdefault(_bar(cell), []).append(backend)
    if len(bars) < 2:
        return next(iter(bars), "none")
    return ", ".join(f"{bar} ({', '.join(backends)})" for bar, backends in bars.items())


def _bar(cell: dict) -> str:
    return f"{'≥' if cell['at_least'] else '≤'} {amount(cell['bar'], cell['unit'])}"


def _cell(cell: dict | None) -> str:
    if cell is None:
        return "–"
    mark = {True: " ✓", False: " ✗", None: ""}[cell["met"]]
    return amount(cell["value"], cell["unit"]) + mark


def amount(value: float, unit: str) -> str:
    """Return a value as text: 4.31×, 61 %, 3.2 ms, 0.12 s."""
    return {
        "×": f"{value:.2f}×",
        "%": f"{100 * value:.0f} %",
        "ms": f"{value:.1f} ms",
        "s": f"{value:.2f} s",
    }[unit]


def _footer(results: dict[str, dict], by_name: dict, spreads: dict) -> list[str]:
    lines = ["✓ meets its bar, ✗ does not.", ""]
    for name, spread in spreads.items():
        if spread:
            lines.append(f"- {ROWS[name]}: {spread['note']}.")
    lines.append("")
    for backend, result in results.items():
        versions = ", ".join(
            f"{name} {result['versions'][name]}"
            for name in ("kwavegan", "python", "keras", backend)
            if name in result["versions"]
        )
        step = by_name[backend].get("step")
        took = f"; a step takes {step['ours']['median']:.3f} s" if step else ""
        lines.append(
            f"- {backend}: {result['device']}, {result['cpu']}, {result['cores']} cores;"
            f" {versions}; {result['date'][:10]}{took}.{_doubts(result)}"
        )
    notes = {
        each["note"]: each for rows in by_name.values() for each in rows.values() if each["note"]
    }
    return [*lines, "", *(f"- {each['title']}: {note}." for note, each in notes.items())]


def _doubts(result: dict) -> str:
    doubts = ""
    if result["quick"]:
        doubts += " **Quick run: the numbers mean nothing.**"
    if (result["load"] or 0) > QUIET:
        doubts += f" **Load average {result['load']} at the start: not idle.**"
    return doubts


def placed(table: str, page: str | None) -> str:
    """Return `page` with the table between its marks; a new page where there is none."""
    block = f"{BEGIN}\n{table}{END}\n"
    if page is None or BEGIN not in page or END not in page:
        return (_INTRO if page is None else page.rstrip() + "\n\n") + block
    before, rest = page.split(BEGIN, 1)
    after = rest.split(END, 1)[1].lstrip("\n")
    return before + block + (f"\n{after}" if after else "")
