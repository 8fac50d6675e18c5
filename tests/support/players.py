"""Tiny generators of every kind, played by NumPy."""

from dataclasses import replace

import numpy as np

from kwavegan.config.settings import Config
from kwavegan.generation import SoundGenerator
from kwavegan.networks.architecture import Architecture
from kwavegan.player import Player
from kwavegan.player.weights import shapes_of
from kwavegan.runs.run import Run

GENERATORS = {
    "istft": {},
    "istft-stereo": {"channels": 2},
    "istft-slow": {"length": 2048, "rate": 2048, "width": 1},
    "istft-voice": {"pitch": 125.0},
    "istft-voice-stereo": {"pitch": 60.0, "channels": 2},
    "waveform": {"generator": "waveform"},
    "waveform-stereo": {"generator": "waveform", "channels": 2},
    "waveform-half-stage": {"generator": "waveform", "length": 400},
    "dissertation": {"generator": "dissertation"},
}
"""Every kind of generator, as changes of `tiny_architecture`."""

CODES = ((0, 2), (1, 3), (0, 4), (1, 2))
"""Labels of two attributes, of two and of three values; two combinations are not among them."""

LABELS = {
    "labelled": {"num_labels": 3},
    "attributes": {"num_labels": 4, "codes": CODES},
    "plain": {"model": "wgan"},
}


def tiny_architecture(**changes):
    """Return an architecture of which a sound is made in no time."""
    tiny = {"length": 200, "rate": 1024, "width": 2, "latent_dim": 8, "label_embedding": 4}
    return Architecture(**{**tiny, **changes})


def tiny_player(**changes):
    """Return a player with weights from a seed, none of which is zero."""
    return player_of(tiny_architecture(**changes))


def player_of(architecture, seed=0):
    rng = np.random.default_rng(seed)
    shapes = shapes_of(architecture)
    weights = {name: rng.normal(0, 0.1, shape).astype("float32") for name, shape in shapes.items()}
    return Player(architecture, weights)


def tiny_generator(path, **changes):
    """Return a generator of kicks and snares that nobody trained; no run is at `path`."""
    settings = {"rate": 4096, "length": 1024, "channels": 1, "labels": ("kick", "snare")}
    config = Config(**{**settings, "width": 2, "latent_dim": 8, **changes})
    return SoundGenerator(Run(path), config, 600, (), player_of(config.architecture))


def tiny_run(base, name="tiny", **changes):
    """Write a run with one checkpoint and return its generator.

    Its weights are larger than those of `tiny_generator`, so that its sounds, and its labels above
    all, differ; their seed is one whose kicks differ in loudness and brightness.
    """
    generator = tiny_generator(base / name, **changes)
    run, config = Run.create(name, generator.config, base), generator.config
    weights = {
        path: weight * (10 if "embedding" in path else 2)
        for path, weight in player_of(config.architecture, seed=1).weights.items()
    }
    part = config.inference_part
    run.save_checkpoint(600, {f"{part}/{path}": weight for path, weight in weights.items()}, {})
    return replace(generator, player=Player(config.architecture, weights))
