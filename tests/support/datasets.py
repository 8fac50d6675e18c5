"""A toy set that is learned in seconds: a low and a high sine, by label."""

import numpy as np

from kwavegan.audio.soundfiles import write_wav
from kwavegan.config.settings import Config
from kwavegan.data import PrepareSettings, prepare
from kwavegan.data.dataset import open_dataset

RATE, LENGTH = 2048, 256
PITCHES = {"high": 512.0, "low": 128.0}


def write_sines(folder, count=60):
    """Write `count` WAVs of each label; phase and loudness vary."""
    rng = np.random.default_rng(0)
    time = np.arange(LENGTH) / RATE
    for label, pitch in PITCHES.items():
        for index in range(count):
            phase, loudness = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 0.9)
            sine = loudness * np.sin(2 * np.pi * pitch * time + phase)
            write_wav(folder / label / f"{label}_{index:03}.wav", sine[:, None], RATE)
    return folder


def sines(tmp_path):
    """Return the toy set, prepared."""
    out = tmp_path / "prepared"
    prepare(write_sines(tmp_path / "sines"), out, PrepareSettings(rate=RATE, length=LENGTH), jobs=1)
    return open_dataset(out)


def pitch_labels(sounds):
    """Return the label (index of `PITCHES`) that each sound's strongest frequency is nearest to."""
    spectrum = np.abs(np.fft.rfft(sounds[:, :, 0] * np.hanning(LENGTH), axis=1))
    strongest = np.fft.rfftfreq(LENGTH, 1 / RATE)[spectrum.argmax(axis=1)]
    pitches = np.array(list(PITCHES.values()))
    return np.abs(np.log2((strongest[:, None] + 1) / pitches)).argmin(axis=1)


def tiny_config(**changes):
    """Return settings of a tiny training of a dozen steps: one critic, no previews.

    A waveform generator is traced and compiled in half the time of the default.
    """
    tiny = {
        "generator": "waveform",
        "critic": "waveform",
        "width": 4,
        "latent_dim": 8,
        "label_embedding": 4,
        "batch_size": 8,
        "steps": 12,
    }
    every = {"log_every": 3, "checkpoint_every": 4}
    quiet = {"preview_every": 0, "tensorboard": "off"}
    return Config(**{**tiny, **every, **quiet, **changes})
