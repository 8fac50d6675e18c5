"""Run folders: settings, status, checkpoints; and the pretrained models."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
