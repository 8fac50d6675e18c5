"""Evaluate sounds whose score is known beforehand: does each measure say what it should?

    python scripts/controls.py DATA > controls.md

DATA is a prepared folder, or one to prepare; without it, the built-in drums. The columns of the
table are, against the real test sounds: training sounds (the floor), one half of the test sounds
against the other, training sounds with their labels swapped, one training sound of each label
repeated, training sounds 6 dB quieter, training sounds whispered (their spectra smoothed, so that
no partials are left, and their phases drawn at random), training sounds with noise 20 dB below full
scale, and white noise.
"""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

import librosa
import numpy as np
from scipy.ndimage import uniform_filter1d

from kwavegan.backend.selection import select_backend

if TYPE_CHECKING:  # they import Keras, and the backend is not chosen yet
    from kwavegan.data.dataset import Dataset
    from kwavegan.evaluation.results import Evaluation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", default="")
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--length", type=int, default=0)
    parser.add_argument("--format", choices=("text", "markdown", "csv"), default="markdown")
    given = parser.parse_args()
    select_backend()
    from kwavegan.config.settings import Config
    from kwavegan.data.load import load
    from kwavegan.evaluation.evaluator import assemble, scores
    from kwavegan.evaluation.results import Evaluation
    from kwavegan.reporting.tables import compared

    dataset = load(given.data, Config(rate=given.rate, length=given.length))
    audience = assemble(dataset)
    found = []
    for name, (sounds, labels) in _controls(audience.audio["train"]).items():
        scored = scores(sounds, labels, audience)
        found.append(Evaluation(run=name, step=0, **scored, about={}))
    found.insert(1, _halves(dataset))
    for evaluation in found:
        print(f"<!-- {evaluation.run}: {evaluation.sounds} -->")
    print(f"<!-- judge right on {audience.accuracy:.1%} of the test sounds -->\n")
    print(compared(found, given.format).replace(" @ 0", ""))


def _controls(real: tuple[np.ndarray, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
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
    }


def _whispered(sounds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return sounds whose spectra are smoothed over an eighth of their width: without pitch."""
    channels = np.moveaxis(sounds, 2, 1)
    window = 256
    power = np.abs(librosa.stft(channels, n_fft=window)) ** 2
    smooth = np.sqrt(uniform_filter1d(power, window // 16, axis=-2))
    phases = np.exp(2j * np.pi * rng.random(smooth.shape))
    made = librosa.istft(smooth * phases, n_fft=window, length=channels.shape[-1])
    # Windows that overlap with phases of their own partly cancel.
    scale = np.sqrt((channels**2).mean() / (made**2).mean())
    return np.moveaxis(np.clip(scale * made, -1, 1), 1, 2).astype("float32")


def _halves(dataset: "Dataset") -> "Evaluation":
    """Return how one half of the test sounds does against the other."""
    from kwavegan.data.dataset import Sounds
    from kwavegan.evaluation.evaluator import assemble, scores
    from kwavegan.evaluation.results import Evaluation

    rows = np.random.default_rng(1).permutation(len(dataset.test))
    first, second = np.array_split(rows, 2)
    audio, labels = dataset.test.batch(np.sort(first)), dataset.test.labels[np.sort(first)]
    rest = Sounds(dataset.test.audio[np.sort(second)], dataset.test.labels[np.sort(second)])
    audience = assemble(replace(dataset, test=rest))
    return Evaluation(run="half of test", step=0, **scores(audio, labels, audience), about={})


if __name__ == "__main__":
    main()
