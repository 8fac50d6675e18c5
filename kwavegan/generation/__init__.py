"""Sounds of a run or a pretrained model, by label, seed or latent."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
