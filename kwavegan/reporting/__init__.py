"""Tables, figures, the page about a run, and TensorBoard logs."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
