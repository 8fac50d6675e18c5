"""Keras layers for audio GANs, usable in any model on any backend."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
