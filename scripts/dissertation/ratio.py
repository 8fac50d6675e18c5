"""Run the dissertation's own update ratio: one of the discriminator to five of the generator.

    python scripts/dissertation/ratio.py set1024 --seeds 1

The base condition of tables 8–15 with five generator updates an iteration, with frozen and with
live shuffles. Rows go to `docs/dissertation/ratio.csv`, and are made as those of `tables.py` are:
see there.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import rows
from conditions import MODELS, SHUFFLES, Condition
from opening import opened
from tables import Cell, run_all

G_UPDATES = 5
"""Generator updates an iteration, as he had them."""


def plan(seeds: int) -> Iterator[Cell]:
    """Yield the cells of seeds 0, 1, …: frozen ones, which may end early, first."""
    for seed in range(seeds):
        for shuffle in SHUFFLES:
            for model in MODELS:
                yield Cell(Condition(model), shuffle, seed)


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False))
@click.option("--seeds", default=1, show_default=True, help="Seeds 0, 1, … of each.")
@click.option("--out", default=str(rows.RESULTS / "ratio.csv"), help="The table to add to.")
@click.option("--work-dir", default="dissertation-ratio", show_default=True, help="For saves.")
def main(data: str, seeds: int, out: str, work_dir: str) -> None:
    """Run every cell of the ratio on DATA that has no row yet."""
    run_all(plan(seeds), opened(data), Path(out), Path(work_dir), g_updates=G_UPDATES)


if __name__ == "__main__":
    main()
