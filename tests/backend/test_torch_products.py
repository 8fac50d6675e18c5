"""Products by oneDNN on PyTorch: the same matrices, laid out as PyTorch's own, and gradients."""

import keras
import pytest

if keras.backend.backend() != "torch":
    pytest.skip("these are products on PyTorch", allow_module_level=True)

import torch

from kwavegan.backend._torch_products import ProductsByOneDNN


def matrix(rows, columns, seed, transposed):
    draw = torch.Generator().manual_seed(seed)
    if transposed:
        return torch.randn(columns, rows, generator=draw).t()
    return torch.randn(rows, columns, generator=draw)


@pytest.mark.parametrize(
    ("first", "second"), [(False, False), (True, False), (False, True), (True, True)]
)
@pytest.mark.parametrize("shape", [(40, 30, 8), (8, 30, 40), (1, 5, 1), (3, 1, 4)])
def test_a_product_is_the_same_whatever_the_layout(shape, first, second):
    rows, inner, columns = shape
    a, b = matrix(rows, inner, 0, first), matrix(inner, columns, 1, second)
    with ProductsByOneDNN():
        found = a @ b
    torch.testing.assert_close(found, a @ b, rtol=1e-5, atol=1e-5)
    assert found.is_contiguous()


@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 0, 4)])
def test_an_empty_product_is_pytorchs_own(shape):
    rows, inner, columns = shape
    with ProductsByOneDNN():
        found = torch.ones(rows, inner) @ torch.ones(inner, columns)
    torch.testing.assert_close(found, torch.zeros(rows, columns))


def test_other_precisions_are_left_alone():
    a = torch.ones(4, 5, dtype=torch.float64)
    with ProductsByOneDNN():
        assert (a @ a.t()).dtype == torch.float64


def test_gradients_are_products_too():
    called = []

    class Watched(ProductsByOneDNN):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            called.append(func)
            return super().__torch_dispatch__(func, types, args, kwargs)

    a, b = (matrix(6, 6, seed, False).requires_grad_() for seed in (0, 1))
    want = torch.autograd.grad((a @ b).square().sum(), [a, b])
    with Watched():
        found = torch.autograd.grad((a @ b).square().sum(), [a, b])
    for one, other in zip(found, want, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
    assert called.count(torch.ops.aten.mm.default) == 3
