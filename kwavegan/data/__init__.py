"""A folder of audio → batches: scan, decode, prepare, open."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
