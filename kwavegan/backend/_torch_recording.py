"""Functions of tensors recorded on PyTorch: the same operations again, without what led to them.

A step of small networks is some thousand operations of a few microseconds each. Keras' checks, the
dispatch of layers and the bookkeeping of automatic differentiation take as long as the arithmetic;
a recording holds the arithmetic alone, the backward passes' included, and needs no compiler. Its
numbers are those of the function, bit by bit.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import fx
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

from kwavegan.backend._torch_products import fast_products

FIRST_CALLS = 8
"""Calls before a function is recorded, which takes as long as ten calls or more."""

MOST_RECORDINGS = 4
"""Shapes of arguments for which a function is recorded; others are called as they are."""

_COPIES = tuple(
    getattr(torch.ops.aten, name).default for name in ("lift_fresh_copy", "detach", "alias")
)
"""Operations that return their argument, where nothing is written to."""


class Recorded:
    """A pure function that is recorded once it has been called a few times.

    Arguments and results may be nested in dictionaries, lists and tuples; what is no tensor counts
    as part of the function. Where a function cannot be recorded, since it branches on the value of
    a tensor, it is called as it is.

    Args:
        function: from tensors to tensors, without other effects.
    """

    def __init__(self, function: Callable[..., Any]):
        self.function = _with_fast_products(function)
        self.calls: dict[Any, int] = {}
        self.recordings: dict[Any, _Recording | None] = {}

    def __call__(self, *args: Any) -> Any:
        leaves, structure = pytree.tree_flatten(args)
        key = (structure, *map(_kind, leaves))
        if key not in self.recordings and self._due(key):
            self.recordings[key] = _record(self.function, leaves, structure)
        recording = self.recordings.get(key)
        return self.function(*args) if recording is None else recording(leaves)

    def _due(self, key: Any) -> bool:
        if torch.compiler.is_compiling() or len(self.recordings) >= MOST_RECORDINGS:
            return False
        self.calls[key] = self.calls.get(key, 0) + 1
        return self.calls[key] > FIRST_CALLS


def _with_fast_products(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any) -> Any:
        if torch.compiler.is_compiling():
            return function(*args)
        with fast_products(pytree.tree_leaves(args)):
            return function(*args)

    return called


class _Recording:
    """What was recorded: a graph from tensors to tensors, and the structure of the result."""

    def __init__(self, graph: fx.GraphModule, tensors: list[int], structure: Any):
        self.graph, self.tensors, self.structure = graph, tensors, structure

    def __call__(self, leaves: list[Any]) -> Any:
        with torch.no_grad():
            results = self.graph(*(leaves[place] for place in self.tensors))
        return pytree.tree_unflatten(results, self.structure)


def _kind(leaf: Any) -> Any:
    if isinstance(leaf, torch.Tensor):
        return leaf.shape, leaf.dtype, leaf.device
    return leaf


def _record(function: Callable[..., Any], leaves: list[Any], structure: Any) -> _Recording | None:
    tensors = [place for place, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]
    structures = []

    def flat(*values: Any) -> list[Any]:
        given = list(leaves)
        for place, value in zip(tensors, values, strict=True):
            given[place] = value
        results, of_results = pytree.tree_flatten(
            function(*pytree.tree_unflatten(given, structure))
        )
        structures.append(of_results)
        return results

    try:
        graph = make_fx(flat)(*(leaves[place].detach() for place in tensors))
    except RuntimeError:
        return None  # it reads a tensor's value
    _simplify(graph)
    return _Recording(graph, tensors, structures[-1])


def _simplify(module: fx.GraphModule) -> None:
    """Drop copies, what nothing uses, and what is computed twice, in place."""
    if any(_writes_or_draws(node) for node in module.graph.nodes):
        return
    known: dict[Any, fx.Node] = {}
    for node in list(module.graph.nodes):
        if node.op != "call_function":
            continue
        same = node.args[0] if node.target in _COPIES else known.setdefault(_meaning(node), node)
        if same is not node:
            node.replace_all_uses_with(same)
            module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    module.recompile()


def _writes_or_draws(node: fx.Node) -> bool:
    target = node.target
    if not isinstance(target, torch._ops.OpOverload):
        return False
    return target._schema.is_mutable or torch.Tag.nondeterministic_seeded in target.tags


def _meaning(node: fx.Node) -> Any:
    """Return what two nodes share that compute the same."""
    arguments, structure = pytree.tree_flatten((node.args, node.kwargs))
    return node.target, structure, tuple((type(value), value) for value in arguments)
