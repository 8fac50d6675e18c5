"""Evaluate sounds whose score is known beforehand: does each measure say what it should?

    python -m scripts.experiments.controls DATA > controls.md

DATA is a prepared folder, or one to prepare; without it, the built-in drums. The columns of the
table are, against the real test sounds: training sounds (the floor), one half of the test sounds
against the other, training sounds with their labels swapped, one training sound of each label
repeated, training sounds 6 dB quieter, training sounds whispered (their spectra smoothed, so that
no partials are left, and their phases drawn at random), training sounds with noise 20 dB below full
scale, white noise; and training sounds with a fault of texture: buzzing (a pulse every 16 ms at the
levels of the sound), vocoded (noise at the levels of the sound), smeared (phases of windows of
64 ms drawn at random, so that partials and attacks dissolve), on one pitch (played at the speed
that gives each the median period) and soft (50 ms to begin).
"""

from dataclasses import replace

import click
import librosa
import numpy as np
from scipy.ndimage import uniform_filter1d

from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset, Split
from kwavegan.data.load import load_dataset
from kwavegan.evaluation.evaluator import Audio, build_reference, scores
from kwavegan.evaluation.results import Evaluation
from kwavegan.evaluation.texture import measure_texture
from kwavegan.reporting.tables import comparison_table


@click.command()
@click.argument("data", required=False, default="")
@click.option("--rate", default=0, help="Hz; 0 for the default.")
@click.option("--length", default=0, help="Samples; 0 for the default.")
@click.option("--format", "form", type=click.Choice(("text", "markdown", "csv")),
              default="markdown", show_default=True)  # fmt: skip
def main(data: str, rate: int, length: int, form: str) -> None:
    """Evaluate the control sounds of DATA; of the built-in drums without it."""
    dataset = load_dataset(data, Config(rate=rate, length=length))
    reference = build_reference(dataset)
    evaluations = [
        Evaluation(run=name, step=0, **scores(sounds, labels, reference), about={})
        for name, (sounds, labels) in _controls(reference.audio["train"], dataset.rate).items()
    ]
    evaluations.insert(1, _halves(dataset))
    for evaluation in evaluations:
        click.echo(f"<!-- {evaluation.run}: {evaluation.sounds} -->")
    click.echo(f"<!-- classifier right on {reference.accuracy:.1%} of the test sounds -->\n")
    click.echo(comparison_table(evaluations, form).replace(" @ 0", ""))


def _controls(real: Audio, rate: int) -> dict[str, Audio]:
    """Return the control sounds by name, made of real ones."""
    sounds, labels = real
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(sounds.shape).astype("float32")
    first = {label: np.flatnonzero(labels == label)[0] for label in np.unique(labels)}
    repeated = np.array([first[label] for label in labels])
    swapped = (labels + 1) % (labels.max() + 1)
    return {
        "training": real,
        "labels swapped": (sounds, swapped),
        "one repeated": (sounds[repeated], labels),
        "6 dB quieter": (sounds / 2, labels),
        "whispered": (_whispered(sounds, rng), labels),
        "noisy": (np.clip(sounds + 0.1 * noise, -1, 1), labels),
        "white noise": (np.clip(0.3 * noise, -1, 1), labels),
        "buzzing": (_with_carrier(sounds, _pulses(sounds.shape[1], rate), rate), labels),
        "vocoded": (_with_carrier(sounds, rng.standard_normal(sounds.shape[:2]), rate), labels),
        "smeared": (_smeared(sounds, rate, rng), labels),
        "one pitch": (_on_one_pitch(sounds, rate), labels),
        "soft": (_softened(sounds, rate), labels),
    }


def _pulses(length: int, rate: int) -> np.ndarray:
    """Return a pulse every 16 ms, (1, length)."""
    pulses = np.zeros((1, length))
    pulses[:, :: round(0.016 * rate)] = 1.0
    return pulses


def _with_carrier(sounds: np.ndarray, carrier: np.ndarray, rate: int) -> np.ndarray:
    """Return sounds whose levels in bands and frames are kept, and whose waveform is a carrier's.

    A channel vocoder (Dudley 1939): each frame's spectrum is smoothed over some 250 Hz, and the
    carrier is filtered by the ratio to its own.

    Args:
        sounds: (n, length, channels).
        carrier: (n, length), or (1, length) for all; its levels do not matter.
        rate: samples a second.
    """
    window = 1 << round(np.log2(0.016 * rate))
    channels = np.moveaxis(sounds, 2, 1)
    bins = max(3, round(250 * window / rate))
    spectra = librosa.stft(channels, n_fft=window)
    own = librosa.stft(carrier[:, None].astype("float32"), n_fft=window)
    smooth = (uniform_filter1d(np.abs(s) ** 2, bins, axis=-2) for s in (spectra, own))
    level, present = (np.sqrt(power + 1e-12) for power in smooth)
    made = librosa.istft(own * level / present, n_fft=window, length=channels.shape[-1])
    return np.moveaxis(np.clip(made, -1, 1), 1, 2).astype("float32")


def _smeared(sounds: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Return sounds with the levels of windows of 64 ms, and phases at random."""
    return _with_random_phases(sounds, 1 << round(np.log2(0.064 * rate)), rng)


def _on_one_pitch(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Return sounds played at the speed, an octave away at most, that gives the median period."""
    period = measure_texture(sounds, rate).period
    speeds = np.clip(period / np.median(period[period > 0]), 0.5, 2.0)
    times = np.arange(sounds.shape[1])
    played = [
        [np.interp(times * speed, times, channel, right=0.0) for channel in sound.T]
        for sound, speed in zip(sounds, speeds, strict=True)
    ]
    return np.moveaxis(np.array(played, "float32"), 1, 2)


def _softened(sounds: np.ndarray, rate: int, seconds: float = 0.05) -> np.ndarray:
    """Return sounds that fade in over their first 50 ms."""
    rise = np.minimum(np.arange(sounds.shape[1]) / (seconds * rate), 1)
    return (sounds * rise[:, None]).astype("float32")


def _whispered(sounds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return sounds (n, length, channels) with spectra smoothed over an eighth of their width."""
    return _with_random_phases(sounds, 256, rng, smoothed_bins=256 // 16)


def _with_random_phases(
    sounds: np.ndarray, window: int, rng: np.random.Generator, smoothed_bins: int = 1
) -> np.ndarray:
    """Return sounds with the levels of their windows, and phases at random.

    Args:
        sounds: (n, length, channels).
        window: in samples.
        rng: draws the phases.
        smoothed_bins: bins that the power is averaged over.
    """
    channels = np.moveaxis(sounds, 2, 1)
    power = np.abs(librosa.stft(channels, n_fft=window)) ** 2
    levels = np.sqrt(uniform_filter1d(power, smoothed_bins, axis=-2))
    phases = np.exp(2j * np.pi * rng.random(levels.shape))
    made = librosa.istft(levels * phases, n_fft=window, length=channels.shape[-1])
    # Windows that overlap with phases of their own partly cancel.
    scale = np.sqrt((channels**2).mean() / (made**2).mean())
    return np.moveaxis(np.clip(scale * made, -1, 1), 1, 2).astype("float32")


def _halves(dataset: Dataset) -> Evaluation:
    """Return the evaluation of one half of the test sounds against the other."""
    rows = np.random.default_rng(1).permutation(len(dataset.test))
    first, second = np.array_split(rows, 2)
    audio, labels = dataset.test.batch(np.sort(first)), dataset.test.labels[np.sort(first)]
    rest = Split(dataset.test.audio[np.sort(second)], dataset.test.labels[np.sort(second)])
    reference = build_reference(replace(dataset, test=rest))
    return Evaluation(run="half of test", step=0, **scores(audio, labels, reference), about={})


if __name__ == "__main__":
    main()
