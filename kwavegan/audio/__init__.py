"""Audio files and audio in memory: decode, resample, trim, normalise, mel spectrograms."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
