"""Classify generated sounds by where their energy lies, without a trained classifier.

    python -m scripts.experiments.tell_apart [RUN] [-n 200] [--above 1000]

Each sound becomes the square roots of its shares of energy in time and frequency, a unit vector;
its label is that of the real training sounds whose mean vector is most like it. Prints, for each
label, the share of generated sounds (and of real test sounds) that get their own label, and the
share of energy above a frequency, in decibels.
"""

import click
import librosa
import numpy as np

from kwavegan.data.dataset import Split
from kwavegan.data.load import load_dataset
from kwavegan.generation.generator import load_generator


def energy_shares(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Return unit vectors (n, bands × frames) of sounds (n, length) at a rate in Hz."""
    energy = librosa.feature.melspectrogram(y=sounds, sr=rate, n_fft=512, hop_length=256, n_mels=24)
    return np.sqrt(energy / energy.sum((1, 2), keepdims=True)).reshape(len(sounds), -1)


def level_above(sounds: np.ndarray, rate: int, hertz: float) -> float:
    """Return the median share of energy above `hertz`, in decibels."""
    energy = np.abs(np.fft.rfft(sounds)) ** 2
    above = np.fft.rfftfreq(sounds.shape[1], 1 / rate) >= hertz
    return float(10 * np.log10(np.median(energy[:, above].sum(1) / energy.sum(1)) + 1e-12))


def first_channel(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Return all sounds (n, length) of a split and their labels (n,)."""
    return split.batch(np.arange(len(split)))[:, :, 0], np.asarray(split.labels)


@click.command()
@click.argument("run", required=False)
@click.option("-n", "count", default=200, show_default=True, help="Sounds of each label.")
@click.option("--above", default=1000.0, show_default=True, help="Hz.")
@click.option("--seed", default=1, show_default=True)
def main(run: str | None, count: int, above: float, seed: int) -> None:
    """Measure RUN, the latest if none is named."""
    generator = load_generator(run)
    dataset = load_dataset(generator.config.data, generator.config)
    (train, train_labels), (test, test_labels) = map(first_channel, (dataset.train, dataset.test))
    rate = dataset.rate
    means = np.stack(
        [
            energy_shares(train[train_labels == index], rate).mean(0)
            for index in range(len(dataset.labels))
        ]
    )
    for index, label in enumerate(generator.labels):
        generated = np.asarray(generator.generate(label, count, seed))[:, :, 0]
        own, own_real = (
            (np.argmax(energy_shares(sounds, rate) @ means.T, axis=1) == index).mean()
            for sounds in (generated, test[test_labels == index])
        )
        level, level_real = (
            level_above(sounds, rate, above) for sounds in (generated, train[train_labels == index])
        )
        click.echo(
            f"{label}: own label {own:.1%} (real {own_real:.1%}); above {above:g} Hz "
            f"{level:.1f} dB (real {level_real:.1f} dB)"
        )


if __name__ == "__main__":
    main()
