"""A generator for other programs: in ONNX, Keras, TensorFlow or PyTorch, with a model card."""

from kwavegan._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
