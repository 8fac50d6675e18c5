"""A generator for other programs: as an ONNX file or a Keras file, with a model card."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
