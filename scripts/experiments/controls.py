"""Evaluate sounds whose score is known beforehand: does each measure say what it should?

    python -m scripts.experiments.controls DATA > controls.md

DATA is a prepared folder, or one to prepare; without it, the built-in drums. The columns of the
table are, against the real test sounds: training sounds (the floor), one half of the test sounds
against the other, training sounds with their labels swapped, one training sound of each label
repeated, training sounds 6 dB quieter, training sounds with noise 20 dB below full scale, white
noise; and training sounds with a fault of texture: buzzing (16 ms of noise again and again, at the
levels of the sound), vocoded (noise at the levels of the sound: no partials), smeared (phases of
windows of 64 ms drawn at random: no attacks), on one pitch (those with a pitch played at the speed
that gives them the median period) and soft (50 ms to begin).
"""

from dataclasses import replace

import click
import librosa
import numpy as np
from scipy.ndimage import uniform_filter1d

from kwavegan.config.settings import Config
from kwavegan.data.dataset import subset
from kwavegan.data.load import load_dataset
from kwavegan.evaluation.evaluator import Audio, Reference, build_reference, scores
from kwavegan.evaluation.measures import PER_SOUND_TEXTURE
from kwavegan.evaluation.results import Evaluation, MeasureRow
from kwavegan.evaluation.texture import measure_period
from kwavegan.reporting.tables import comparison_table


@click.command()
@click.argument("data", required=False, default="")
@click.option("--rate", default=0, help="Hz; 0 for the default.")
@click.option("--length", default=0, help="Samples; 0 for the default.")
@click.option("--sounds", default=300, show_default=True, help="Most sounds of a control.")
@click.option("--label", "shown", multiple=True, help="Show the texture of a label too.")
def main(data: str, rate: int, length: int, sounds: int, shown: tuple[str, ...]) -> None:
    """Evaluate the control sounds of DATA; of the built-in drums without it."""
    dataset = load_dataset(data, Config(rate=rate, length=length))
    reference = build_reference(dataset)
    evaluations = [
        _evaluation(name, audio, reference)
        for name, audio in _controls(subset(dataset.train, sounds), dataset.rate).items()
    ]
    evaluations.insert(1, _halves(reference))
    for evaluation in evaluations:
        click.echo(f"<!-- {evaluation.run}: {evaluation.sounds} -->")
    click.echo(f"<!-- classifier right on {reference.accuracy:.1%} of the test sounds -->\n")
    click.echo(_table(evaluations))
    for label in shown:
        own = [replace(e, overall=_texture_rows(e.labels[label])) for e in evaluations]
        click.echo(f"\n{label}:\n\n{_table(own)}")


def _table(evaluations: list[Evaluation]) -> str:
    """Return the evaluations side by side; they have no step, and none is best."""
    return comparison_table(evaluations, "markdown").replace(" @ 0", "").replace("**", "")


def _texture_rows(rows: dict[str, MeasureRow]) -> dict[str, MeasureRow]:
    names = ("texture_distance", "shared_period", "pitch_spread", *PER_SOUND_TEXTURE)
    return {name: row for name, row in rows.items() if name in names}


def _evaluation(name: str, audio: Audio, reference: Reference) -> Evaluation:
    """Return the evaluation of a control; a table of several shows no intervals."""
    return Evaluation(run=name, step=0, **scores(*audio, reference, errors=False), about={})


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
        "noisy": (np.clip(sounds + 0.1 * noise, -1, 1), labels),
        "white noise": (np.clip(0.3 * noise, -1, 1), labels),
        "buzzing": (_with_carrier(sounds, _repeated(noise, rate), rate), labels),
        "vocoded": (_with_carrier(sounds, noise[:, :, 0], rate), labels),
        "smeared": (_smeared(sounds, rate, rng), labels),
        "one pitch": (_on_one_pitch(sounds, rate), labels),
        "soft": (_softened(sounds, rate), labels),
    }


def _repeated(noise: np.ndarray, rate: int) -> np.ndarray:
    """Return the first 16 ms of noise (n, length, channels) again and again, (n, length).

    Pulses would have the same period, but also a crest and an attack of their own.
    """
    return np.take(noise[:, :, 0], np.arange(noise.shape[1]) % round(0.016 * rate), axis=1)


def _with_carrier(sounds: np.ndarray, carrier: np.ndarray, rate: int) -> np.ndarray:
    """Return sounds whose levels in bands and frames are kept, and whose waveform is a carrier's.

    A channel vocoder (Dudley 1939): each frame's spectrum is smoothed over some 250 Hz, and the
    carrier is filtered by the ratio to its own.

    Args:
        sounds: (n, length, channels).
        carrier: (n, length); its levels do not matter.
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
    return _within(np.moveaxis(made, 1, 2))


def _within(sounds: np.ndarray) -> np.ndarray:
    """Return sounds (n, length, channels), those beyond full scale quieter, so that none clips."""
    peaks = np.abs(sounds).max(axis=(1, 2), keepdims=True)
    return (0.99 * sounds / np.maximum(peaks, 0.99)).astype("float32")


def _smeared(sounds: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Return sounds with the levels of windows of 64 ms, and phases at random."""
    window = 1 << round(np.log2(0.064 * rate))
    channels = np.moveaxis(sounds, 2, 1)
    levels = np.abs(librosa.stft(channels, n_fft=window))
    phases = np.exp(2j * np.pi * rng.random(levels.shape))
    made = librosa.istft(levels * phases, n_fft=window, length=channels.shape[-1])
    # Windows that overlap with phases of their own partly cancel.
    return _within(np.moveaxis(np.sqrt((channels**2).mean() / (made**2).mean()) * made, 1, 2))


def _on_one_pitch(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Return sounds, those with a pitch played at the speed that gives them the median period.

    The speed is an octave from their own at most.
    """
    periodicity, period = measure_period(sounds, rate)
    pitched = (periodicity >= 0.5) & (period > 0)
    speeds = np.ones(len(sounds))
    speeds[pitched] = np.clip(period[pitched] / np.median(period[pitched]), 0.5, 2.0)
    times = np.arange(sounds.shape[1])
    played = [
        [np.interp(times * speed, times, channel, right=0.0) for channel in sound.T]
        for sound, speed in zip(sounds, speeds, strict=True)
    ]
    return np.moveaxis(np.array(played, "float32"), 1, 2)


def _softened(sounds: np.ndarray, rate: int, seconds: float = 0.05) -> np.ndarray:
    """Return sounds that fade in over 50 ms from where they are first heard, at -20 dB."""
    loud = np.abs(sounds).max(axis=2)
    first = (loud >= 0.1 * loud.max(axis=1, keepdims=True)).argmax(axis=1)
    rise = np.clip((np.arange(sounds.shape[1]) - first[:, None]) / (seconds * rate), 0, 1)
    return (sounds * rise[:, :, None]).astype("float32")


def _halves(reference: Reference) -> Evaluation:
    """Return the evaluation of one half of the test sounds against the other."""
    sounds, labels = reference.audio["test"]
    first, second = np.array_split(np.random.default_rng(1).permutation(len(labels)), 2)
    rest = replace(reference, test=reference.test.take(np.sort(second)))
    return _evaluation("half of test", (sounds[np.sort(first)], labels[np.sort(first)]), rest)


if __name__ == "__main__":
    main()
