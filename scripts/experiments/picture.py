"""Draw spectrograms of real beside generated sounds of a run, a pair of rows for each label.

    python -m scripts.experiments.picture [RUN] [--out docs/drums.png] [--columns 4] [--seed 0]

Needs the extra `plots`. Real and generated share one scale; time in seconds, frequency in hertz.
"""

import click
import librosa
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from kwavegan.data.load import load_dataset
from kwavegan.generation.generator import load_generator

mpl.use("Agg")

RANGE_DB = 80
"""Decibels below the loudest point of the picture that are drawn as silence."""


def power(sound: np.ndarray) -> np.ndarray:
    """Return the spectrogram of a sound (length,) in decibels re full scale."""
    size = 256
    spectrum = np.abs(librosa.stft(sound, n_fft=size, hop_length=size // 4)) * 4 / size
    return librosa.amplitude_to_db(spectrum, ref=1.0, amin=1e-6)


def draw(rows: list[tuple[str, np.ndarray]], rate: int, out: str) -> None:
    """Draw rows of (title, sounds) and save the figure."""
    columns = len(rows[0][1])
    figure, axes = plt.subplots(
        len(rows),
        columns,
        figsize=(2.6 * columns, 1.5 * len(rows)),
        sharex=True,
        sharey=True,
        layout="constrained",
    )
    pictures = [[power(sound[:, 0]) for sound in sounds] for _, sounds in rows]
    top = max(picture.max() for row in pictures for picture in row)
    seconds = rows[0][1].shape[1] / rate
    for (title, _), row, line in zip(rows, pictures, axes, strict=True):
        for picture, axis in zip(row, line, strict=True):
            image = axis.imshow(
                picture,
                origin="lower",
                aspect="auto",
                extent=(0, seconds, 0, rate / 2000),
                vmin=top - RANGE_DB,
                vmax=top,
                cmap="magma",
            )
        line[0].set_ylabel(f"{title}\nkHz")
    for axis in axes[-1]:
        axis.set_xlabel("seconds")
        axis.xaxis.set_major_locator(MaxNLocator(4))
    figure.colorbar(image, ax=axes, label="dB re full scale", fraction=0.03, pad=0.01)
    figure.savefig(out, dpi=90)


@click.command()
@click.argument("run", required=False)
@click.option("--out", default="docs/drums.png", show_default=True)
@click.option("--columns", default=4, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(run: str | None, out: str, columns: int, seed: int) -> None:
    """Draw RUN, the latest if none is named."""
    generator = load_generator(run)
    dataset = load_dataset(generator.config.data, generator.config)
    rng = np.random.default_rng(seed)
    rows = []
    for index, label in enumerate(generator.labels or (None,)):
        of_label = np.flatnonzero(np.asarray(dataset.train.labels) == index)
        real = dataset.train.batch(rng.choice(of_label, columns, replace=False))
        rows.append((f"real {label or ''}", real))
        rows.append((f"generated {label or ''}", generator.generate(label, columns, seed)))
    draw(rows, generator.rate, out)


if __name__ == "__main__":
    main()
