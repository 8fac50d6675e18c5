"""Compare trainings on several simulated devices, and in parts, with those on one.

    python -m scripts.experiments.devices [--backend jax]

Fills the table of `docs/scale.md` between `<!-- agreement -->` and `<!-- /agreement -->`, from
`docs/scale/agreement.csv`, which holds what was measured. Each training is a process of its own.
Bound to one core (`taskset -c 0`), they say what splitting costs, not what more cores gain.
"""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from kwavegan.backend.selection import BACKENDS
from scripts.common.pages import fill
from scripts.common.runner import DOCS, ResultTable
from scripts.experiments.spread_worker import CASES

PAGE = DOCS / "scale.md"

NUDGED = (1, 1)
"""Stands for a training on one device, undivided, from weights that are an ulp away."""

SPLITS = ((2, 1), (4, 1), (1, 2), (1, 4), (2, 2), NUDGED)
"""(devices, parts that each works through)."""

HOSTS = "jax, processes"
"""Stands for JAX with a process for each device, as on several hosts."""

ENGINES = (*BACKENDS[:1], HOSTS, *BACKENDS[1:])

TABLE = ResultTable(
    DOCS / "scale" / "agreement.csv",
    ("backend", "devices", "accumulate", "case", "difference", "seconds_ratio"),
    ("backend", "devices", "accumulate"),
)


def launcher(backend: str, processes: int) -> list[str]:
    """Return how Python is called to run a module on several devices, before `-m MODULE`."""
    several = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    return [sys.executable, *(several if backend == "torch" and processes > 1 else [])]


def environments(processes: int) -> list[dict[str, str]]:
    """Return what JAX's processes on this host find in their environments, one for each.

    Args:
        processes: that train together.
    """
    with socket.socket() as probe:
        probe.bind(("", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    common = {
        "KERAS_BACKEND": "jax",
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": address,
        "KERAS_DISTRIBUTION_NUM_PROCESSES": str(processes),
    }
    return [{**common, "KERAS_DISTRIBUTION_PROCESS_ID": str(n)} for n in range(processes)]


def train(
    backend: str,
    devices: int,
    accumulate: int,
    steps: int,
    out: Path,
    cases: Sequence[str],
    nudged: bool = False,
) -> dict[str, np.ndarray]:
    """Return the arrays of a training in a process of its own."""
    launch = [*launcher(backend, devices), "-m", "scripts.experiments.spread_worker"]
    each = 1 if backend == HOSTS else devices
    options = [str(out), "--devices", each, "--accumulate", accumulate, "--steps", steps]
    options += [word for case in cases for word in ("--case", case)]
    options += ["--nudged"] * nudged
    alone = [{"KERAS_BACKEND": "jax" if backend == HOSTS else backend}]
    processes = [
        subprocess.Popen(
            [*launch, *map(str, options)],
            env={**os.environ, **environment, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
        )
        for environment in (environments(devices) if each < devices else alone)
    ]
    codes = [process.wait() for process in processes]
    if any(codes):
        raise click.ClickException(f"{backend} on {devices} devices: a process has failed")
    with np.load(out, allow_pickle=False) as stored:
        return dict(stored)


def rows_of(
    backend: str, steps: int, folder: Path, cases: Sequence[str]
) -> list[dict[str, object]]:
    """Return a row for each split and case that the table lacks."""
    splits = [s for s in SPLITS if (backend, *map(str, s)) not in TABLE.finished()]
    if backend == HOSTS:  # a single process is in JAX's own rows
        splits = [(devices, accumulate) for devices, accumulate in splits if devices > 1]
    if not splits:
        return []
    one = train(backend, 1, 1, steps, folder / "one.npz", cases)
    rows: list[dict[str, object]] = []
    for devices, accumulate in splits:
        nudged = (devices, accumulate) == NUDGED
        many = train(backend, devices, accumulate, steps, folder / "many.npz", cases, nudged)
        for case in cases:
            own = [k for k in one if k.startswith(f"{case}/") and not k.endswith("/seconds")]
            apart = max(np.abs(one[k].astype("float64") - many[k]).max() for k in own)
            ratio = many[f"{case}/seconds"] / one[f"{case}/seconds"]
            numbers = {"difference": f"{apart:.1e}", "seconds_ratio": f"{ratio:.2f}"}
            named = {"backend": backend, "devices": devices, "accumulate": accumulate}
            rows.append({**named, "case": case, **numbers})
    return rows


def table() -> str:
    """Return the page's table: the largest difference of any weight, and the time, of each."""
    rows = TABLE.rows()
    lines = [
        f"| | devices × parts | {' | '.join(CASES)} | time of the default recipe |",
        "|---|---|" + "---|" * (len(CASES) + 1),
    ]
    for backend in ENGINES:
        for devices, accumulate in SPLITS:
            split = (backend, str(devices), str(accumulate))
            own = {r["case"]: r for r in rows if tuple(r[k] for k in TABLE.key) == split}
            if own:
                numbers = [own[case]["difference"] if case in own else "—" for case in CASES]
                recipe = own.get("default recipe")
                time = f"{recipe['seconds_ratio']} ×" if recipe else "—"
                nudged = (devices, accumulate) == NUDGED
                name = "one device, one ulp" if nudged else f"{devices} × {accumulate}"
                cells = [backend, name, *numbers, time]
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


@click.command()
@click.option("--backend", "backends", type=click.Choice(ENGINES), multiple=True)
@click.option("--steps", default=20, show_default=True)
@click.option("--case", "cases", type=click.Choice(list(CASES)), multiple=True)
def main(backends: tuple[str, ...], steps: int, cases: tuple[str, ...]) -> None:
    """Measure what the table lacks, and fill the page."""
    TABLE.path.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for backend in backends or ENGINES:
            TABLE.append(rows_of(backend, steps, Path(folder), cases or tuple(CASES)))
            fill(PAGE, {"agreement": table()})
    click.echo(table())


if __name__ == "__main__":
    main()
