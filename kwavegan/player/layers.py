"""The layers with weights, in NumPy: dense and transposed convolutions."""

from collections.abc import Mapping

import numpy as np


def dense(weights: Mapping[str, np.ndarray], name: str, x: np.ndarray) -> np.ndarray:
    """Return x (…, inputs) through the dense layer `name`, (…, units)."""
    kernel = weights[f"{name}/kernel"]
    y = x.reshape(-1, len(kernel)) @ kernel
    y += weights[f"{name}/bias"]
    return y.reshape(*x.shape[:-1], -1)


def conv_transpose(
    weights: Mapping[str, np.ndarray], name: str, x: np.ndarray, stride: int
) -> np.ndarray:
    """Return x (batch, frames, inputs) through the "same" transposed convolution `name`.

    One matrix product gives what each frame adds to the samples around it; then a shifted sum of
    those for each stride that the kernel is long. See `kwavegan.layers.polyphase` for the form.

    Returns:
        (batch, frames × stride, filters).
    """
    kernel = weights[f"{name}/kernel"]
    taps, filters, inputs = kernel.shape
    batch, frames, _ = x.shape
    strides = -(-taps // stride)
    padded = np.zeros((strides * stride, filters, inputs), "float32")
    padded[:taps] = kernel
    product = x.reshape(-1, inputs) @ padded.reshape(-1, inputs).T
    parts = product.reshape(batch, frames, strides, stride * filters)
    y = np.zeros((batch, frames + strides - 1, stride * filters), "float32")
    for late in range(strides):
        y[:, late : late + frames] += parts[:, :, late]
    samples = y.reshape(batch, -1, filters)
    before = (taps - stride) // 2  # "same" padding, of a length that the stride divides
    return samples[:, before : before + frames * stride] + weights[f"{name}/bias"]


def from_one_frame(weights: Mapping[str, np.ndarray], name: str, x: np.ndarray) -> np.ndarray:
    """Return x (batch, inputs), a single frame, through the "valid" transposed convolution `name`.

    Returns:
        (batch, taps, filters).
    """
    kernel = weights[f"{name}/kernel"]
    taps, filters, inputs = kernel.shape
    y = x @ kernel.reshape(-1, inputs).T
    return y.reshape(-1, taps, filters) + weights[f"{name}/bias"]


def relu(x: np.ndarray) -> np.ndarray:
    """Set negative values to 0, in place, and return x."""
    return np.maximum(x, 0, out=x)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(−x)), by way of tanh, which overflows nowhere."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)
