"""Strided 1-D convolutions with the same weights and numbers as Keras' own, in a faster form.

A strided convolution is a plain one on a *folded* signal. With stride s, put s neighbouring samples
into one frame of s × channels values: a kernel of 25 taps at stride 4, padded to 28, becomes 7 taps
at stride 1 on frames (polyphase form). Joining the 7 shifted frames makes the layer one matrix
product. A transposed convolution mirrors it: 7 frames in, s × filters values out, unfolded.

This matters on a CPU under XLA, where the gradient of a strided convolution is a dilated one that
runs on a slow path (jax-ml/jax#23783).
"""

from keras import ops

from kwavegan import autodiff
from kwavegan.types import Tensor

FORMS = ("auto", "folded", "stock")

_forced = "auto"


def set_form(form: str) -> None:
    """Force every strided convolution into one form.

    Args:
        form: `"auto"` (the faster one for backend and device), `"folded"` or `"stock"`. The numbers
            agree to float rounding. Functions that are already traced or compiled keep their form.

    Raises:
        ValueError: for any other form.
    """
    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}; got {form!r}")
    global _forced
    _forced = form


def chosen_form() -> str:
    """Return the form in use, `"folded"` or `"stock"`."""
    if _forced != "auto":
        return _forced
    return autodiff.STRIDED_FORM_ON_CPU if autodiff.on_cpu() else "stock"


def _windows(x: Tensor, taps: int, before: int):
    """Join each frame with its neighbours: (batch, frames, c) → (batch, frames, taps × c)."""
    frames = x.shape[1]
    x = ops.pad(x, ((0, 0), (before, taps - 1 - before), (0, 0)))
    return ops.concatenate([x[:, tap : tap + frames] for tap in range(taps)], axis=-1)


def folded_conv(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    """Return `conv(x, kernel, stride, "same")` of a signal whose length the stride divides.

    Args:
        x: (batch, length, channels).
        kernel: (taps, channels, filters).
        stride: samples per step, at most the number of taps.

    Returns:
        (batch, length / stride, filters).
    """
    taps, channels, filters = kernel.shape
    left = (taps - stride) // 2  # "same" padding of a signal that the stride divides
    before = -(-left // stride)
    lead = before * stride - left
    frame_taps = -(-(lead + taps) // stride)
    kernel = ops.pad(kernel, ((lead, frame_taps * stride - taps - lead), (0, 0), (0, 0)))
    frames = ops.reshape(x, (-1, x.shape[1] // stride, stride * channels))
    kernel = ops.reshape(kernel, (frame_taps * stride * channels, filters))
    return ops.matmul(_windows(frames, frame_taps, before), kernel)


def folded_conv_transpose(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    """Return `conv_transpose(x, kernel, stride, "same")`.

    Args:
        x: (batch, length, channels).
        kernel: (taps, filters, channels), Keras' order for transposed convolutions.
        stride: samples per step, at most the number of taps.

    Returns:
        (batch, length × stride, filters).
    """
    taps, filters, channels = kernel.shape
    left = (taps - stride) // 2
    # Output sample s·t + p sums x[t - j] · kernel[s·j + p + left] over j: phase p of the kernel.
    last = (left + stride - 1) // stride  # the furthest frame ahead, t + last, that t hears
    first = -((taps - 1 - left) // stride)  # and the furthest one behind
    frame_taps = last - first + 1
    lead = last * stride - left
    kernel = ops.pad(kernel, ((lead, frame_taps * stride - taps - lead), (0, 0), (0, 0)))
    kernel = ops.reshape(kernel, (frame_taps, stride * filters, channels))
    kernel = ops.transpose(ops.flip(kernel, axis=0), (0, 2, 1))
    kernel = ops.reshape(kernel, (frame_taps * channels, stride * filters))
    y = ops.matmul(_windows(x, frame_taps, frame_taps - 1 - last), kernel)
    return ops.reshape(y, (-1, x.shape[1] * stride, filters))
