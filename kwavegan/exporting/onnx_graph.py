"""An ONNX graph in the making: nodes and constants, written as one writes NumPy."""

from typing import TYPE_CHECKING, Any

import numpy as np

from kwavegan.backend.selection import package_folder
from kwavegan.errors import InputError

if TYPE_CHECKING:
    import onnx

OPSET = 17
"""Version of ONNX's operators, of 2022: onnxruntime 1.12 and all browsers' runtimes know it."""

IR_VERSION = 8
"""Version of ONNX's file format that came with them."""

Value = str
"""Name of an array in the graph."""

Given = Value | np.ndarray
"""An array of the graph, or one that becomes a constant of it."""


def require_onnx() -> None:
    """Check that the package that writes ONNX files is installed.

    Raises:
        InputError: it is missing.
    """
    if package_folder("onnx") is None:
        raise InputError('onnx: is missing; run: pip install "kwavegan[onnx]"')


def f32(value: float) -> np.ndarray:
    """Return a number as a float32 array without axes."""
    return np.array(value, "float32")


def ints(*values: int) -> np.ndarray:
    """Return whole numbers as an int64 array, which ONNX takes as shapes, axes and indices."""
    return np.array(values, "int64")


class GraphBuilder:
    """Collects the nodes and constants of a graph; each method returns the name of its result."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], tuple[str, np.ndarray]] = {}

    def add(self, operator: str, *inputs: Given, **attributes: Any) -> Value:
        """Add a node of an operator of ONNX."""
        from onnx import helper

        name = f"{operator.lower()}_{len(self._nodes)}"
        given = [self._named(value) for value in inputs]
        self._nodes.append(helper.make_node(operator, given, [name], name=name, **attributes))
        return name

    def sum_of(self, *values: Given) -> Value:
        """Add up values."""
        return self.add("Sum", *values)

    def times(self, a: Given, b: Given) -> Value:
        """Multiply two values, element by element."""
        return self.add("Mul", a, b)

    def minus(self, a: Given, b: Given) -> Value:
        """Subtract b from a."""
        return self.add("Sub", a, b)

    def reshape(self, x: Given, *shape: int) -> Value:
        """Give x another shape; one axis may be -1."""
        return self.add("Reshape", x, ints(*shape))

    def cut(self, x: Given, axis: int, start: int, end: int) -> Value:
        """Return x[start:end] along an axis."""
        return self.add("Slice", x, ints(start), ints(end), ints(axis))

    def pick(self, x: Given, axis: int, index: int) -> Value:
        """Return x[index] along an axis, which is gone then."""
        return self.add("Gather", x, np.array(index, "int64"), axis=axis)

    def clip(self, x: Given, low: float, high: float) -> Value:
        """Limit x to low … high."""
        return self.add("Clip", x, f32(low), f32(high))

    def model(
        self,
        inputs: "list[onnx.ValueInfoProto]",
        output: "onnx.ValueInfoProto",
        result: Value,
        about: str,
    ) -> "onnx.ModelProto":
        """Return the model that computes `output` as `result`, checked.

        Args:
            inputs, output: names, types and shapes.
            result: name of the value that is the output.
            about: one sentence.
        """
        import onnx
        from onnx import helper, numpy_helper

        self._nodes.append(helper.make_node("Identity", [result], [output.name], name=output.name))
        constants = [numpy_helper.from_array(array, n) for n, array in self._constants.values()]
        graph = helper.make_graph(self._nodes, "generator", inputs, [output], constants)
        model = helper.make_model(
            graph,
            producer_name="kwavegan",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            doc_string=about,
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def _named(self, value: Given) -> Value:
        if isinstance(value, str):
            return value
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self._constants:
            self._constants[key] = (f"constant_{len(self._constants)}", value)
        return self._constants[key][0]
