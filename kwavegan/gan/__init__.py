"""The GAN: losses, gradient penalties and the training step."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
