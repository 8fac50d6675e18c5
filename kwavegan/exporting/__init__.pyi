from .files import FORMATS as FORMATS
from .files import export_generator as export_generator
from .onnx_network import onnx_model as onnx_model
