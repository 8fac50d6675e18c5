"""Train a run: model, callbacks and run folder together; resume; fine-tune."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
