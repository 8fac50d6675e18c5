"""How far generated sounds are from real ones: features, a classifier, distances."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
