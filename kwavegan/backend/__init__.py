"""Which backend Keras runs on, and gradients on each behind one interface."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
