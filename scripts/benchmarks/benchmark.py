"""Measure what kwavegan promises about speed and memory, as ratios within one run.

    python -m scripts.benchmarks.benchmark --backend jax [--rows step,fit] [--out FILE]
    python -m scripts.benchmarks.benchmark --backend all
    python -m scripts.benchmarks.benchmark --table

Every time is the median of interleaved repetitions (A B A B …), warm. `--backend all` takes one
backend after the other, each in a process of its own, then writes the table of `--table`,
`docs/performance.md`, from their JSON files. On a busy machine the ratios still mean little.
`--quick` runs everything tiny, to see that it runs. Row `prepare` needs the extra `plots`.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from kwavegan.backend.selection import BACKENDS, installed_backends, select_backend
from kwavegan.errors import InputError
from kwavegan.storage.files import write_json, write_text
from scripts.benchmarks import machine, table
from scripts.benchmarks.rows import DATA, ROWS, SPREADS, Bench
from scripts.common.runner import DOCS

MEASURED = tuple(name for name in ROWS if name not in (*SPREADS, "prepare-memory"))
"""Rows that can be asked for; `prepare` gives its memory as well."""

COMMAND = (sys.executable, "-m", "scripts.benchmarks.benchmark")
MAX_WAIT = 300
"""Seconds to wait, at most, until the load of the previous backend has died away."""


def functions() -> dict[str, Callable]:
    """Return what measures each row; imports Keras, so the backend must be chosen before."""
    from scripts.benchmarks import data, generation, recipe, steps

    return {
        "recipe": recipe.recipe,
        "recipe-full-rate": recipe.recipe_full_rate,
        "step": steps.step,
        "bfloat16": steps.bfloat16,
        "roofline": steps.roofline,
        "fit": steps.fit,
        "relativistic": steps.relativistic,
        "generate": generation.generate,
        "generate-one": generation.generate_one,
        "memory": data.memory,
        "prepare": data.prepare,
        "help": data.help_time,
    }


def measure(bench: Bench, rows: tuple[str, ...], out: Path | None) -> None:
    """Measure rows on one backend; write after each, so that nothing measured is lost.

    Raises:
        InputError: a row failed, after the others were measured.
    """
    result = {**machine.header(bench), "rows": []}
    _warn_of_disturbances(result)
    known, failed = functions(), []
    for name in rows:
        click.echo(f"{bench.backend}: {ROWS[name]} …")
        try:
            rows = known[name](bench)
        except RuntimeError as error:  # out of memory, or a child process failed
            click.echo(f"{bench.backend}: {name} failed: {error}", err=True)
            failed.append(name)
            continue
        for row in rows if isinstance(rows, list) else [rows]:
            result["rows"].append(row)
            click.echo(f"{bench.backend}: {row['title']}: {_in_words(row)}")
        if out is not None:
            write_json(out, result)
    if failed:
        raise InputError(f"{', '.join(failed)}: not measured")


def _in_words(row: dict) -> str:
    value, bar = (
        None if number is None else table.amount(number, row["unit"])
        for number in (row["value"], row["bar"])
    )
    if bar is None:
        return f"{value} ({row['note']})"
    return f"{value} (bar {bar}, {'met' if row['met'] else 'NOT met'})"


def _warn_of_disturbances(result: dict) -> None:
    if (result["load"] or 0) > machine.QUIET:
        click.echo(f"warning: the load average is {result['load']}: other programs disturb this")
    if result["quick"]:
        click.echo("quick: everything is tiny, and the numbers mean nothing")


def measure_all(rows: tuple[str, ...], options: list[str], folder: Path, quick: bool) -> None:
    """Measure on every installed backend; rows that need no backend, once.

    Raises:
        InputError: a backend failed, after the others were measured.
    """
    failed = []
    for place, backend in enumerate(installed_backends()):
        mine = rows if place == 0 else tuple(name for name in rows if name not in DATA)
        if not mine:
            continue
        if place and not quick:
            _wait_for_quiet()
        command = [*COMMAND, "--backend", backend, "--rows", ",".join(mine), *options]
        command += ["--out", str(folder / f"{backend}.json")]
        if subprocess.run(command, check=False).returncode:
            failed.append(backend)
    if failed:
        raise InputError(f"{', '.join(failed)}: not measured to the end; no table is written")


def _wait_for_quiet() -> None:
    end = time.monotonic() + MAX_WAIT
    while (machine.load() or 0) > machine.QUIET / 2 and time.monotonic() < end:
        time.sleep(5)


def write_table(folder: Path) -> None:
    """Write the table of the JSON files in `folder` to the page beside it, and print it.

    Raises:
        InputError: there are no JSON files.
    """
    results = table.read(folder, BACKENDS)
    if not results:
        raise InputError(f"{folder}: no results; measure with --backend all first")
    page = folder.with_suffix(".md")
    text = table.render(results)
    write_text(page, table.placed(text, page.read_text("utf-8") if page.is_file() else None))
    click.echo(text)
    click.echo(f"written: {page}")


def _rows_of(text: str) -> tuple[str, ...]:
    rows = tuple(filter(None, text.split(",")))
    unknown = [name for name in rows if name not in MEASURED]
    if unknown:
        raise InputError(f"--rows: {unknown[0]!r} is unknown; choose from {','.join(MEASURED)}")
    return rows


@click.command()
@click.option("--backend", type=click.Choice((*BACKENDS, "all")), help="What to measure on.")
@click.option("--device", type=click.Choice(("cpu", "gpu")), default="cpu", show_default=True)
@click.option("--rows", default=",".join(MEASURED), help="What to measure, with commas.")
@click.option("--repeat", type=click.IntRange(1), default=5, show_default=True)
@click.option("--quick", is_flag=True, help="Tiny sizes: only to see that everything runs.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="JSON to write, a folder with --backend all and --table; docs/performance by default, or"
    " nothing with --quick.",
)
@click.option("--table", "only_table", is_flag=True, help="Only write the table.")
def main(
    backend: str | None,
    device: str,
    rows: str,
    repeat: int,
    quick: bool,
    out: Path | None,
    only_table: bool,
) -> None:
    """Measure kwavegan on one backend, or on all."""
    try:
        if only_table or backend == "all":
            folder = out or DOCS / "performance"
            if quick and out is None:
                raise InputError(
                    "--quick: its numbers do not belong into docs; name a --out folder"
                )
            if not only_table:
                options = ["--device", device, "--repeat", str(repeat), *["--quick"] * quick]
                measure_all(_rows_of(rows), options, folder, quick)
            write_table(folder)
            return
        machine.choose_device(device)
        chosen = select_backend(backend)
        if device == "gpu" and not machine.has_gpu(chosen):
            raise InputError(
                f"--device gpu: there is no GPU that {chosen} can use; nothing measured"
            )
        default = None if quick else DOCS / "performance" / f"{chosen}.json"
        measure(Bench(chosen, device, quick, repeat), _rows_of(rows), out or default)
    except InputError as error:
        click.echo(f"benchmark: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
