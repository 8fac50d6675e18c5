"""Steer a generator: directions that change a sound, and the sound nearest to one's own."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
