"""Look for drums that the pretrained model never saw, and write how near it came.

    python -m scripts.experiments.finding [--each 2]

The drums are of another seed of the built-in set. The table goes to `docs/how-to/control.md`,
between `<!-- finding -->` and `<!-- /finding -->`.
"""

import click
import numpy as np

from kwavegan.control.finding import Finder
from kwavegan.control.nearness import real_nearness
from kwavegan.data.drum_sounds import synthesize
from kwavegan.generation.generator import load_pretrained
from scripts.common.pages import fill
from scripts.common.runner import DOCS

PAGE = DOCS / "how-to" / "control.md"

SEED = 1
"""Of the drums that are looked for; the model was trained on those of seed 0."""


def table(each: int) -> str:
    """Return the table: mean distances in dB, of `each` drums of a label."""
    drums = load_pretrained("drums")
    finder = Finder(drums)
    lines = [
        "| | its own label | found | any sound of the label | real to nearest real |",
        "|---|---|---|---|---|",
    ]
    for label in drums.labels:
        found = [finder.find(synthesize(label, SEED, index)[:, None]) for index in range(each)]
        right = sum(drums.labels[one.label] == label for one in found)
        distances = [
            np.mean([one.distance for one in found]),
            np.mean([one.usual for one in found]),
        ]
        real = real_nearness(drums, label)
        numbers = " | ".join(f"{x:.1f}" for x in (*distances, real))
        lines.append(f"| {label.replace('-', ' ')} | {right} of {each} | {numbers} |")
    return "\n".join(lines)


@click.command()
@click.option("--each", default=2, show_default=True, help="Drums of each label.")
def main(each: int) -> None:
    """Fill the table of the page."""
    text = table(each)
    fill(PAGE, {"finding": text})
    click.echo(text)


if __name__ == "__main__":
    main()
