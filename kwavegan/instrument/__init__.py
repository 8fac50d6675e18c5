"""A run as an instrument: one page that holds the network and plays it."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
