"""Strided 1-D convolutions with the same weights and numbers as Keras' own, in a faster form.

A strided convolution is a plain one on a *folded* signal. With stride s, put s neighbours into one
frame of s × channels values: a kernel of 25 taps at stride 4, padded to 28, becomes 7 taps at
stride 1 on frames (polyphase form). A transposed convolution mirrors it: 7 frames in, s × filters
values out, unfolded.

This matters on a CPU under XLA, where the gradient of a strided convolution is a dilated one that
runs on a slow path (jax-ml/jax#23783).

With a signal x, a shorter one y and a kernel k, the functions `_conv(x, k)`, `_spread(y, k)` and
`_weights(x, y)` are the derivatives of one trilinear form, so the gradients of each, of any order,
are the other two, all of them plain convolutions. They are attached as custom gradients.
"""

from dataclasses import dataclass

from keras import ops

from kwavegan.backend import autodiff
from kwavegan.types import Tensor

FORMS = ("auto", "folded", "columns", "stock")

_forced = "auto"


def set_form(form: str) -> None:
    """Force every strided convolution into one form.

    Args:
        form: `"auto"` (the fastest for backend and device), `"folded"`, `"columns"` (folded, as a
            product of matrices) or `"stock"`, Keras' own. The numbers agree to float rounding.
            Functions that are already traced or compiled keep their form.

    Raises:
        ValueError: for any other form.
    """
    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}; got {form!r}")
    global _forced
    _forced = form


def chosen_form() -> str:
    """Return the form in use: one of `FORMS`, but for `"auto"`."""
    if _forced != "auto":
        return _forced
    return autodiff.STRIDED_FORM_ON_CPU if autodiff.on_cpu() else "stock"


@dataclass(frozen=True)
class _Fold:
    """How a kernel falls on frames of `stride` samples, for "same" padding.

    The kernel's first tap is `lead` samples into the first of `frames` frames, `before` frames
    ahead of the output's own; `rest` samples of the last frame are left over.
    """

    stride: int
    taps: int

    @property
    def before(self) -> int:
        return -(-self._left // self.stride)

    @property
    def lead(self) -> int:
        return self.before * self.stride - self._left

    @property
    def frames(self) -> int:
        return -(-(self.lead + self.taps) // self.stride)

    @property
    def after(self) -> int:
        return self.frames - 1 - self.before

    @property
    def rest(self) -> int:
        return self.frames * self.stride - self.taps - self.lead

    @property
    def _left(self) -> int:
        # Padding of a signal that the stride divides.
        return (self.taps - self.stride) // 2

    def framed(self, x: Tensor) -> Tensor:
        """Return (batch, length, channels) as (batch, length / stride, stride × channels)."""
        return ops.reshape(x, (-1, x.shape[1] // self.stride, self.stride * x.shape[2]))

    def padded(self, kernel: Tensor) -> Tensor:
        """Return a kernel (taps, channels, filters) as (frames, stride × channels, filters)."""
        _, channels, filters = kernel.shape
        kernel = ops.pad(kernel, ((self.lead, self.rest), (0, 0), (0, 0)))
        return ops.reshape(kernel, (self.frames, self.stride * channels, filters))


def _plain(x: Tensor, kernel: Tensor, before: int, after: int) -> Tensor:
    """Convolve (batch, frames, c), padded with zero frames, at stride 1."""
    x = ops.pad(x, ((0, 0), (before, after), (0, 0)))
    if chosen_form() == "folded":
        return ops.conv(x, kernel, 1, "valid", data_format="channels_last")
    frames, channels, filters = kernel.shape
    columns = _columns(x, frames)
    y = ops.matmul(columns, ops.reshape(kernel, (frames * channels, filters)))
    return ops.reshape(y, (-1, x.shape[1] - frames + 1, filters))


def _columns(x: Tensor, frames: int) -> Tensor:
    """Return the `frames` neighbours of each frame in a row: (batch × frames left, values)."""
    left = x.shape[1] - frames + 1
    beside = ops.concatenate([x[:, first : first + left] for first in range(frames)], axis=-1)
    return ops.reshape(beside, (-1, frames * x.shape[2]))


def _conv(x: Tensor, kernel: Tensor, fold: _Fold) -> Tensor:
    return _plain(fold.framed(x), fold.padded(kernel), fold.before, fold.after)


def _spread(y: Tensor, kernel: Tensor, fold: _Fold) -> Tensor:
    mirrored = ops.transpose(ops.flip(fold.padded(kernel), axis=0), (0, 2, 1))
    x = _plain(y, mirrored, fold.after, fold.before)
    return ops.reshape(x, (-1, y.shape[1] * fold.stride, kernel.shape[1]))


def _weights(x: Tensor, y: Tensor, fold: _Fold) -> Tensor:
    x, filters = fold.framed(x), y.shape[2]
    if chosen_form() == "folded":
        # A convolution too: the batch is its channels, the signal's channels are its batch.
        x, y = ops.transpose(x, (2, 1, 0)), ops.transpose(y, (1, 0, 2))
        kernel = ops.transpose(_plain(x, y, fold.before, fold.after), (1, 0, 2))
    else:
        x = ops.pad(x, ((0, 0), (fold.before, fold.after), (0, 0)))
        columns = _columns(x, fold.frames)
        kernel = ops.matmul(ops.transpose(columns), ops.reshape(y, (-1, filters)))
    kernel = ops.reshape(kernel, (fold.frames * fold.stride, -1, filters))
    return kernel[fold.lead : fold.lead + fold.taps]


_conv = autodiff.with_gradients(
    _conv,
    lambda x, kernel, fold, g: _spread(g, kernel, fold),
    lambda x, kernel, fold, g: _weights(x, g, fold),
)

_spread = autodiff.with_gradients(
    _spread,
    lambda y, kernel, fold, g: _conv(g, kernel, fold),
    lambda y, kernel, fold, g: _weights(g, y, fold),
)

_weights = autodiff.with_gradients(
    _weights,
    lambda x, y, fold, g: _spread(y, g, fold),
    lambda x, y, fold, g: _conv(x, g, fold),
)


def folded_conv(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    """Return `conv(x, kernel, stride, "same")` of a signal whose length the stride divides.

    Args:
        x: (batch, length, channels).
        kernel: (taps, channels, filters).
        stride: samples per step, at most the number of taps.

    Returns:
        (batch, length / stride, filters).
    """
    return _conv(x, ops.convert_to_tensor(kernel), _Fold(stride, kernel.shape[0]))


def folded_conv_transpose(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    """Return `conv_transpose(x, kernel, stride, "same")`.

    Args:
        x: (batch, length, channels).
        kernel: (taps, filters, channels), Keras' order for transposed convolutions.
        stride: samples per step, at most the number of taps.

    Returns:
        (batch, length × stride, filters).
    """
    return _spread(x, ops.convert_to_tensor(kernel), _Fold(stride, kernel.shape[0]))
