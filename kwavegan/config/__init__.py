"""A run's settings: one table of fields, checks, presets and losses."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
