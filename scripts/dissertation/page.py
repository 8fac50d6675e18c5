"""Write the tables of `docs/dissertation.md` from the CSV files beside it.

    python -m scripts.dissertation.page

Between the lines `<!-- NAME -->` and `<!-- /NAME -->` of the page goes the table of that name; the
rest is prose, and is left. A cell without a run says so. Imports no Keras.
"""

from collections.abc import Iterable
from pathlib import Path
from statistics import mean, median

import click

from scripts.common.pages import fill
from scripts.common.runner import read_rows
from scripts.dissertation.conditions import (
    AGREEING,
    ALL_SHUFFLES,
    AVERAGES,
    CONDITION_FIELDS,
    ITERATIONS,
    MODELS,
    RESULTS,
    SHUFFLES,
    TABLES,
    VARIANTS,
    Condition,
    Table,
    conditions,
)

PAGE = RESULTS.parent / "dissertation.md"
MISSING = "not run yet"

Rows = list[dict[str, str]]


def grid(header: list[str], body: list[list[str]]) -> str:
    """Return a table as markdown."""
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


# -- Tables 8–15 ----------------------------------------------------------------------------------


def runs_of(rows: Rows, condition: Condition, shuffle: str) -> list[int]:
    """Return the iterations that the runs of a condition survived, by seed."""
    wanted = [str(getattr(condition, name)) for name in CONDITION_FIELDS]
    mine = [
        row
        for row in rows
        if row["shuffle"] == shuffle and [row[name] for name in CONDITION_FIELDS] == wanted
    ]
    return [int(row["survived"]) for row in sorted(mine, key=lambda row: int(row["seed"]))]


def cells(survived: list[int]) -> list[str]:
    """Return a cell's mean as the dissertation rounds, the exact one with its range, the seeds."""
    if not survived:
        return [MISSING, MISSING, "0"]
    rounded = f"{mean(n // 1000 for n in survived):.1f}k"
    exact = f"{mean(survived):,.0f}"
    if len(survived) > 1:
        exact += f" ({min(survived):,}–{max(survived):,})"
    return [rounded, exact, str(len(survived))]


def table_of(table: Table, rows: Rows) -> str:
    """Return one of tables 8–15, the dissertation's beside ours."""
    header = [table.title, "Hill, ten runs"]
    for shuffle in SHUFFLES:
        header += [f"{shuffle}, rounded down", f"{shuffle}, exact", "seeds"]
    body = []
    for value, printed in zip(table.printed, AVERAGES[table.number], strict=True):
        line = [f"{value:g}".replace("1e-05", "0.00001"), f"{printed:g}k"]
        for shuffle in SHUFFLES:
            line += cells(runs_of(rows, table.condition(value), shuffle))
        body.append(line)
    name = {"wgan": "WaveGAN", "cwgan": "concatenated conditional WaveGAN"}[table.model]
    return f"**Table {table.number}**: {name}, {table.title}\n\n{grid(header, body)}"


def by_run(rows: Rows) -> dict[tuple[str, ...], dict[str, int]]:
    """Return the iterations survived with each shuffle, by condition and seed."""
    runs: dict[tuple[str, ...], dict[str, int]] = {}
    for row in rows:
        key = tuple(row[name] for name in (*CONDITION_FIELDS, "seed"))
        runs.setdefault(key, {})[row["shuffle"]] = int(row["survived"])
    return runs


def lasting(survived: Iterable[int]) -> int:
    """Return how many runs lasted all iterations."""
    return sum(n == ITERATIONS for n in survived)


def pairs(rows: Rows) -> str:
    """Return how many runs lasted, of those made with both shuffles from the same seed."""
    body = []
    for model in MODELS:
        runs = [v for key, v in by_run(rows).items() if key[0] == model]
        both = [v for v in runs if all(shuffle in v for shuffle in SHUFFLES)]
        lasted = [lasting(v[shuffle] for v in both) for shuffle in SHUFFLES]
        longer = sum(v["live"] > v["frozen"] for v in both)
        shorter = sum(v["live"] < v["frozen"] for v in both)
        body.append([model, str(len(both)), *map(str, lasted), str(longer), str(shorter)])
    header = ["model", "pairs", "frozen lasted", "live lasted", "live longer", "frozen longer"]
    return grid(header, body)


def agreeing(rows: Rows) -> str:
    """Return what runs survived whose frozen shifts are alike on all branches."""
    body = [
        [*key, *(f"{v[kind]:,}" if kind in v else MISSING for kind in ALL_SHUFFLES)]
        for key, v in by_run(rows).items()
        if AGREEING in v
    ]
    header = ["model", "learning rate", "batch", "λ", "D updates", "seed", *ALL_SHUFFLES]
    return grid(header, body)


def ratio(rows: Rows) -> str:
    """Return what runs of one discriminator update to five of the generator survived."""
    body = []
    for model in MODELS:
        runs = [runs_of(rows, Condition(model), shuffle) for shuffle in SHUFFLES]
        body.append([model, *(", ".join(f"{n:,}" for n in mine) or MISSING for mine in runs)])
    return grid(["model", *SHUFFLES], body)


def ends(rows: Rows) -> str:
    """Return how far apart the scores were in the last iteration of runs that diverged."""
    lost: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in rows:
        if row["diverged"] == "1" and row.get("real_score"):
            scores = float(row["real_score"]), float(row["fake_score"])
            lost.setdefault((row["model"], row["shuffle"]), []).append(scores)
    body = []
    for key, scores in sorted(lost.items()):
        gaps = [real - fake for real, fake in scores]
        middles = [(real + fake) / 2 for real, fake in scores]
        shown = [f"{median(v):.0f} ({min(v):.0f} to {max(v):.0f})" for v in (gaps, middles)]
        body.append([*key, str(len(scores)), *shown])
    header = ["model", "shuffle", "runs", "real score less generated", "mean of the two"]
    return grid(header, body)


def progress(rows: Rows) -> str:
    """Return how many of the cells have how many seeds, and how many of all runs lasted."""
    counts = [
        len(runs_of(rows, condition, shuffle))
        for model in MODELS
        for condition in conditions(model)
        for shuffle in SHUFFLES
    ]
    said = [f"{sum(n >= least for n in counts)} at least {least}" for least in (3, 10)]
    once = sum(n > 0 for n in counts)
    cells = f"Of {len(counts)} cells {once} have been run; {', '.join(said)} times."
    return " ".join([cells, *(_lasted(rows, shuffle) for shuffle in SHUFFLES)])


def _lasted(rows: Rows, shuffle: str) -> str:
    runs = [int(row["survived"]) for row in rows if row["shuffle"] == shuffle]
    return f"With the {shuffle} shuffle {lasting(runs)} of {len(runs)} runs lasted."


# -- The control and the ablation -----------------------------------------------------------------


def control(rows: Rows) -> str:
    """Return how well each discriminator of the control told the branches at its end."""
    runs: dict[tuple, dict[str, str]] = {}
    for row in rows:
        runs[(int(row["length"]), row["shuffle"], int(row["seed"]))] = row
    header = ["samples", "shuffle", "seed", "shifts: real", "generated", "iterations",
              "same sound higher", "other sound higher", "score gap"]  # fmt: skip
    body = []
    for (length, shuffle, seed), row in sorted(runs.items()):
        shifts = [row["shifts_real"] or "drawn anew", row["shifts_fake"] or "drawn anew"]
        numbers = [row["iteration"], row["same_higher"], row["other_higher"], row["gap"]]
        body.append([str(length), shuffle, str(seed), *shifts, *numbers])
    return grid(header, body)


def ablation(rows: Rows) -> str:
    """Return the table of the ablation."""
    header = ["variant", "iterations", "diverged at", "D loss", "D loss < 0.1 by", "G loss",
              "advantage", "label accuracy", "Fréchet", "× floor", "diversity"]  # fmt: skip
    body = []
    for row in sorted(rows, key=lambda row: (list(VARIANTS).index(row["variant"]), row["seed"])):
        times = float(row["frechet_distance"]) / float(row["floor"])
        line = [row["variant"], row["iterations"], row["diverged"] or "–", row["d_loss"]]
        line += [row["d_below"] or "–", row["g_loss"], row["advantage"]]
        line += [row["label_accuracy"] or "–", row["frechet_distance"], f"{times:.0f}"]
        body.append([*line, row["diversity"]])
    return grid(header, body)


def sections(folder: Path) -> dict[str, str]:
    """Return the tables by the name of their place in the page."""
    rows = read_rows(folder / "tables.csv")
    made = {f"table-{table.number}": table_of(table, rows) for table in TABLES}
    made["agreeing"], made["ends"] = agreeing(rows), ends(rows)
    made["pairs"], made["progress"] = pairs(rows), progress(rows)
    made["ratio"] = ratio(read_rows(folder / "ratio.csv"))
    made["control"] = control(read_rows(folder / "control.csv"))
    made["ablation"] = ablation(read_rows(folder / "ablation.csv"))
    return made


@click.command()
def main() -> None:
    """Fill the page."""
    fill(PAGE, sections(RESULTS))
    click.echo(PAGE)


if __name__ == "__main__":
    main()
