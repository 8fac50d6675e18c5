"""Matrix products on PyTorch by oneDNN, where PyTorch's own choice is slower.

PyTorch multiplies 32-bit matrices on a CPU by MKL, which takes AVX-512 on processors of its maker
alone; on others with AVX-512 oneDNN, which PyTorch brings too, is twice as fast
(docs/performance.md).
"""

import os
import platform
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_INTEL = "GenuineIntel"


def fast_products(tensors: Iterable[Any]) -> AbstractContextManager[Any]:
    """Return a context in which 32-bit products take the faster way, backward passes included.

    Args:
        tensors: those that are computed with; where one is not on a CPU, nothing is changed.
    """
    on_cpu = all(t.device.type == "cpu" for t in tensors if isinstance(t, torch.Tensor))
    return ProductsByOneDNN() if on_cpu and _pays() else nullcontext()


class ProductsByOneDNN(TorchDispatchMode):
    """Replaces `aten.mm` below automatic differentiation, so that gradients are made so too."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is torch.ops.aten.mm.default and _suits(*args):
            return _product(*args)
        return func(*args, **(kwargs or {}))


def _suits(first: torch.Tensor, second: torch.Tensor) -> bool:
    return first.dtype == second.dtype == torch.float32 and 0 not in (*first.shape, *second.shape)


def _product(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    # oneDNN copies a first factor whose rows are not in a row, as in a gradient to weights; where
    # that is the larger one, the product the other way round copies less.
    if not first.is_contiguous() and second.numel() < first.numel():
        return _linear(second.t(), first).t().contiguous()
    return _linear(first, second.t())


def _linear(x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weights, None, "none", [], "")


@cache
def _pays() -> bool:
    return (
        torch.backends.cpu.get_cpu_capability() == "AVX512"
        and torch.backends.mkl.is_available()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and _INTEL not in _processor()
    )


def _processor() -> str:
    """Return what the system says of the processor's maker; it may be silent on it."""
    names = [platform.processor(), os.environ.get("PROCESSOR_IDENTIFIER", "")]
    information = Path("/proc/cpuinfo")
    if information.is_file():
        names.append(information.read_text("utf-8", "replace")[:4096])
    return " ".join(names)
