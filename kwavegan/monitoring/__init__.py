"""A run's health while it trains: signals, checks, advice, previews."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
