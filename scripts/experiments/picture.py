"""Draw spectrograms of real and, right of them, generated sounds of a run, a row for each label.

    python -m scripts.experiments.picture [RUN] [--out docs/drums.png] [--columns 3] [--seed 0]

Needs the extra `plots`. Real and generated share one scale; time in seconds, frequency in hertz.
"""

import math

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


def power(sound: np.ndarray, rate: int) -> np.ndarray:
    """Return the spectrogram of a sound (length,) in decibels re full scale; windows of 1/64 s."""
    size = 2 ** round(math.log2(rate / 64))
    spectrum = np.abs(librosa.stft(sound, n_fft=size, hop_length=size // 4)) * 4 / size
    return librosa.amplitude_to_db(spectrum, ref=1.0, amin=1e-6)


def draw(rows: dict[str, tuple[np.ndarray, np.ndarray]], rate: int, out: str) -> None:
    """Draw by label real and generated sounds (columns, length, channels); save the figure."""
    sounds = {label: np.concatenate(pair) for label, pair in rows.items()}
    columns = max(map(len, sounds.values()))
    figure, axes = plt.subplots(
        len(rows),
        columns,
        figsize=(1.9 * columns, 1.3 * len(rows)),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    pictures = {label: [power(x[:, 0], rate) for x in each] for label, each in sounds.items()}
    top = max(picture.max() for row in pictures.values() for picture in row)
    seconds = max(x.shape[1] for x in sounds.values()) / rate
    for (label, row), line in zip(pictures.items(), axes, strict=True):
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
        line[0].set_ylabel(f"{label}\nkHz")
    for place, axis in enumerate(axes[0]):
        axis.set_title("real" if place < columns // 2 else "generated")
    for axis in axes[-1]:
        axis.set_xlabel("seconds")
        axis.xaxis.set_major_locator(MaxNLocator(4))
    figure.colorbar(image, ax=axes, label="dB re full scale", fraction=0.03, pad=0.01)
    figure.savefig(out, dpi=90)


@click.command()
@click.argument("run", required=False)
@click.option("--out", default="docs/drums.png", show_default=True)
@click.option("--columns", default=3, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(run: str | None, out: str, columns: int, seed: int) -> None:
    """Draw RUN, the latest if none is named."""
    generator = load_generator(run)
    dataset = load_dataset(generator.config.data, generator.config)
    rng = np.random.default_rng(seed)
    rows = {}
    for index, label in enumerate(generator.labels or (None,)):
        of_label = np.flatnonzero(np.asarray(dataset.train.labels) == index)
        real = dataset.train.batch(rng.choice(of_label, columns, replace=False))
        rows[label or ""] = (real, generator.generate(label, columns, seed))
    draw(rows, generator.rate, out)


if __name__ == "__main__":
    main()
