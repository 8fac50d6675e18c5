"""Draw the dissertation's figures 2–11 from our runs, the generated beside the real.

    python -m scripts.dissertation.figures set4096 --work-dir dissertation-work

`set4096` and `--work-dir` are those of `ablation.py`, whose runs are drawn. Needs the extra
`plots`. Writes `docs/dissertation/figure-*.png`, and `control.png` from `control.csv`.
"""

from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

import click
import numpy as np

from kwavegan.data.dataset import Dataset
from kwavegan.errors import InputError
from kwavegan.reporting import figures
from kwavegan.storage import files
from scripts.common.data import dataset_argument
from scripts.common.runner import read_rows
from scripts.dissertation.conditions import LOGGED, RESULTS

SOUNDS = {"waves": 4, "spectrograms": 2}
"""Sounds in a column of each kind of figure."""

DPI = 72

LOSSES = {"d_loss": "discriminator's loss", "g_loss": "generator's loss"}
RUNS = {
    "wgan": {"shuffle frozen": "wgan-as-printed", "shuffle live": "wgan-live-shuffle"},
    "acgan": {"as printed": "acgan-as-printed", "all mended": "acgan-all-mended"},
}
"""The runs drawn: what each is called in a figure, and its file."""

CURVES = {4: ("wgan", "d_loss"), 7: ("wgan", "g_loss"), 8: ("acgan", "g_loss"),
          9: ("acgan", "d_loss")}  # fmt: skip
PICTURES = {5: ("wgan", "waves"), 6: ("wgan", "spectrograms"), 10: ("acgan", "waves"),
            11: ("acgan", "spectrograms")}  # fmt: skip


def load(work: Path, seed: int) -> dict[str, dict[str, dict[str, np.ndarray]]]:
    """Return what the ablation kept of each run, by model and name.

    Raises:
        InputError: a run is missing.
    """
    kept: dict[str, dict] = defaultdict(dict)
    for model, runs in RUNS.items():
        for name, file in runs.items():
            path = work / f"{file}-s{seed}.npz"
            if not path.exists():
                raise InputError(f"{path}: missing; run scripts.dissertation.ablation first")
            with np.load(path) as stored:
                kept[model][name] = dict(stored)
    return kept


def columns(
    dataset: Dataset, runs: dict[str, dict[str, np.ndarray]], count: int, labelled: bool
) -> dict[str, list]:
    """Return `count` real sounds and as many of each run, labels taking turns if it has any."""
    labels = np.asarray(dataset.test.labels)
    wanted = np.resize(np.arange(len(dataset.labels)), count)
    chosen = _of_labels(labels, wanted)
    beside = {"real": [(_name(dataset, k), a) for k, a in
                       zip(wanted, dataset.test.batch(chosen), strict=True)]}  # fmt: skip
    for name, kept in runs.items():
        if not labelled:
            beside[f"generated, {name}"] = [(f"sound {i + 1}", kept["sounds"][i])
                                            for i in range(count)]  # fmt: skip
            continue
        sounds = kept["sounds"][_of_labels(kept["labels"], wanted)]
        titles = [_name(dataset, k) for k in wanted]
        beside[f"generated, {name}"] = list(zip(titles, sounds, strict=True))
    return beside


def _of_labels(labels: np.ndarray, wanted: np.ndarray) -> list[int]:
    """Return a row for each label wanted, none twice."""
    left = {label: iter(np.flatnonzero(labels == label)) for label in set(wanted)}
    return [int(next(left[label])) for label in wanted]


def _name(dataset: Dataset, label: int) -> str:
    return dataset.labels[label]


def curve(runs: dict[str, dict[str, np.ndarray]], loss: str) -> Any:
    """Draw a loss of several runs over iterations."""
    place = LOGGED.index(loss)
    series = {n: (np.arange(1, len(k["logs"]) + 1), k["logs"][:, place]) for n, k in runs.items()}
    return figures.curves(series, "iteration", LOSSES[loss])


def control(rows: list[dict[str, str]]) -> Any:
    """Draw how well the control's discriminators told the branches, each shuffle's mean.

    Of the shortest sounds alone, which were trained on for the most iterations.
    """
    shortest = min(int(row["length"]) for row in rows)
    shares: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if int(row["length"]) == shortest:
            by_iteration = shares[f"{row['shuffle']} shifts"]
            by_iteration[int(row["iteration"])].append(float(row["same_higher"]))
    series = {name: (list(at), [mean(v) for v in at.values()]) for name, at in shares.items()}
    return figures.curves(series, "iteration", "same sound higher (chance: 0.5)")


def save(figure: Any, name: str) -> None:
    """Save a figure small: a spectrogram of noise hardly compresses."""
    with files.atomic(RESULTS / name) as partial:
        figure.savefig(partial, format="png", dpi=DPI)


@click.command()
@dataset_argument
@click.option("--work-dir", type=click.Path(path_type=Path), default=Path("dissertation-work"),
              show_default=True)  # fmt: skip
@click.option("--seed", default=0, show_default=True)
def main(dataset: Dataset, work_dir: Path, seed: int) -> None:
    """Draw all figures, from DATA and the runs in --work-dir."""
    try:
        kept = load(work_dir, seed)
    except InputError as error:
        raise click.ClickException(str(error)) from error
    one = {"real": columns(dataset, {}, 1, False)["real"]}
    drawn = {2: figures.waves(one, dataset.rate), 3: figures.spectrograms(one, dataset.rate)}
    for number, (model, loss) in CURVES.items():
        drawn[number] = curve(kept[model], loss)
    for number, (model, kind) in PICTURES.items():
        drawn[number] = getattr(figures, kind)(
            columns(dataset, kept[model], SOUNDS[kind], model != "wgan"), dataset.rate
        )
    for number, figure in sorted(drawn.items()):
        save(figure, f"figure-{number}.png")
    save(control(read_rows(RESULTS / "control.csv")), "control.png")
    click.echo(RESULTS)


if __name__ == "__main__":
    main()
