"""Generators in NumPy: sounds of trained weights, without Keras and without a backend."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
