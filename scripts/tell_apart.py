"""Tell the labels of generated sounds by ear of numbers: where their energy lies.

    python scripts/tell_apart.py [RUN] [-n 200] [--above 1000]

Each sound becomes the square roots of its shares of energy in time and frequency; its label is that
of the real training sounds whose mean is most like it. Prints, per label, how many generated sounds
(and real test sounds) fall to their own, and the share of energy above a frequency, in decibels.
"""

import click
import librosa
import numpy as np

from kwavegan.backend.selection import select_backend


def shares(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Return unit vectors (n, bands × frames) of sounds (n, length)."""
    energy = librosa.feature.melspectrogram(y=sounds, sr=rate, n_fft=512, hop_length=256, n_mels=24)
    return np.sqrt(energy / energy.sum((1, 2), keepdims=True)).reshape(len(sounds), -1)


def level_above(sounds: np.ndarray, rate: int, hertz: float) -> float:
    """Return the median share of energy above `hertz`, in decibels."""
    energy = np.abs(np.fft.rfft(sounds)) ** 2
    above = np.fft.rfftfreq(sounds.shape[1], 1 / rate) >= hertz
    return float(10 * np.log10(np.median(energy[:, above].sum(1) / energy.sum(1)) + 1e-12))


@click.command()
@click.argument("run", required=False)
@click.option("-n", "count", default=200, show_default=True, help="Sounds of each label.")
@click.option("--above", default=1000.0, show_default=True, help="Hz.")
@click.option("--seed", default=1, show_default=True)
def main(run: str | None, count: int, above: float, seed: int) -> None:
    """Measure RUN, the latest if none is named."""
    select_backend()
    from kwavegan.data.load import load
    from kwavegan.generation.generator import load_run

    generator = load_run(run)
    dataset = load(generator.config.data, generator.config)
    train, test = (
        (split.batch(np.arange(len(split)))[:, :, 0], np.asarray(split.labels))
        for split in (dataset.train, dataset.test)
    )
    rate = dataset.rate
    means = np.stack(
        [shares(train[0][train[1] == k], rate).mean(0) for k in range(len(dataset.labels))]
    )
    for index, label in enumerate(generator.labels):
        made = generator.generate(label, count, seed)[:, :, 0]
        real = test[0][test[1] == index]
        own, own_real = (
            (np.argmax(shares(sounds, rate) @ means.T, axis=1) == index).mean()
            for sounds in (made, real)
        )
        levels = [level_above(s, rate, above) for s in (made, train[0][train[1] == index])]
        click.echo(
            f"{label}: own label {own:.1%} (real {own_real:.1%}); above {above:g} Hz "
            f"{levels[0]:.1f} dB (real {levels[1]:.1f} dB)"
        )


if __name__ == "__main__":
    main()
