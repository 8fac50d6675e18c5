"""Kits: the sounds of a generator on notes, in a folder that a sampler opens."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
