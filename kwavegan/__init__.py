"""kwavegan: a conditional WaveGAN for your own folder of audio, on any Keras backend.

    import kwavegan
    sounds = kwavegan.load_run("runs/drums").generate("snare", n=8, seed=0)

Names are imported when first used, so that `import kwavegan` is instant and the backend can still
be chosen by KERAS_BACKEND.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Architecture": "networks.architecture",
    "Config": "config.settings",
    "Dataset": "data.dataset",
    "InputError": "errors",
    "InverseFourier": "layers.inverse_stft",
    "LabelConcat": "layers.label_conditioning",
    "LabelGate": "layers.label_conditioning",
    "PhaseShuffle": "layers.phase_shuffle",
    "PrepareSettings": "data.preparation",
    "WaveGAN": "gan.model",
    "build": "networks.build",
    "load_run": "generation.generator",
    "open_dataset": "data.dataset",
    "prepare": "data.preparation",
    "resolve": "config.settings",
    "settle": "training.session",
    "train": "training.session",
}
"""Public name → module."""

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kwavegan' has no attribute {name!r}")
    return getattr(importlib.import_module(f"kwavegan.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
