"""The network of the label classifier in NumPy: forwards, and backwards to train it.

It is small enough that importing and compiling with a backend takes longer than its arithmetic, and
so an evaluation needs none, and finds the same classifier beside every backend.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

EMBEDDING = 64
"""Size of the embedding."""

_STAGES = 3

_TAPS = 5

_CONVOLUTIONS = 2 * _STAGES  # places of their kernels and biases

Weights = Sequence[np.ndarray]
"""Kernel and bias of each layer in turn: convolutions (taps, inputs, 64), dense (inputs, units)."""


class _Stage(NamedTuple):
    """What the way back needs of a stage.

    Attributes:
        rows: (n × frames, taps × inputs), what each frame's product is taken of.
        frames: before the pooling.
        first: (n, frames / 2, 64), whether the first frame of a pair is the larger one.
        output: (n, frames / 2, 64), not negative.
    """

    rows: np.ndarray
    frames: int
    first: np.ndarray
    output: np.ndarray


def initial_weights(inputs: int, labels: int) -> list[np.ndarray]:
    """Return weights to begin a training with: always the same, after Glorot and Bengio (2010).

    Args:
        inputs: bands × channels.
        labels: how many.
    """
    rng = np.random.default_rng(0)
    widths = [inputs, *[EMBEDDING] * (_STAGES - 1)]
    shapes: list[tuple[int, ...]] = [(_TAPS, width, EMBEDDING) for width in widths]
    shapes += [(2 * EMBEDDING, EMBEDDING), (EMBEDDING, labels)]
    weights = []
    for shape in shapes:
        reach = _TAPS if len(shape) == 3 else 1
        limit = np.sqrt(6 / (reach * (shape[-2] + shape[-1])))
        weights += [rng.uniform(-limit, limit, shape), np.zeros(shape[-1])]
    return [array.astype("float32") for array in weights]


def forward(weights: Weights, spectrograms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return raw embeddings (n, 64) and logits (n, labels).

    Args:
        weights: of `initial_weights`, or trained.
        spectrograms: (n, frames, bands, channels), float32, scaled.
    """
    _, _, embedding, logits = _forward(weights, spectrograms)
    return embedding, logits


def gradients(weights: Weights, spectrograms: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """Return the gradients to the weights of the mean cross-entropy with labels (n,)."""
    stages, pooled, embedding, logits = _forward(weights, spectrograms)
    upper, last = weights[_CONVOLUTIONS], weights[_CONVOLUTIONS + 2]
    g = softmax(logits)
    g[np.arange(len(g)), labels] -= 1
    g /= len(g)
    found = [g.sum(axis=0), embedding.T @ g]
    g = (g @ last.T) * (embedding > 0)
    found += [g.sum(axis=0), pooled.T @ g]
    g = _unpooled_over_time(g @ upper.T, stages[-1].output)
    for place in reversed(range(_STAGES)):
        stage = stages[place]
        g = _unpooled(g * (stage.output > 0), stage)
        flat = g.reshape(-1, g.shape[-1])
        kernel = weights[2 * place]
        found += [flat.sum(axis=0), (stage.rows.T @ flat).reshape(kernel.shape)]
        if place:  # nobody asks for the gradient to the spectrograms
            rows = _rows(g) @ kernel[::-1].transpose(0, 2, 1).reshape(-1, kernel.shape[1])
            g = rows.reshape(*g.shape[:2], -1)
    return found[::-1]


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities (n, labels) of logits."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def _forward(
    weights: Weights, spectrograms: np.ndarray
) -> tuple[list[_Stage], np.ndarray, np.ndarray, np.ndarray]:
    """Return the stages, what is pooled of the last one, the embedding and the logits."""
    x = spectrograms.reshape(*spectrograms.shape[:2], -1)
    stages: list[_Stage] = []
    for place in range(0, _CONVOLUTIONS, 2):
        stages.append(_stage(weights[place], weights[place + 1], x))
        x = stages[-1].output
    pooled = np.concatenate([x.mean(axis=1), x.max(axis=1)], axis=1)
    kernel, bias, last, last_bias = weights[_CONVOLUTIONS:]
    embedding = np.maximum(pooled @ kernel + bias, 0)
    return stages, pooled, embedding, embedding @ last + last_bias


def _stage(kernel: np.ndarray, bias: np.ndarray, x: np.ndarray) -> _Stage:
    """Return a convolution over time, the larger of each two frames, without what is negative."""
    count, frames, _ = x.shape
    rows = _rows(x)
    y = (rows @ kernel.reshape(-1, kernel.shape[-1])).reshape(count, frames, -1)
    pairs = frames // 2
    output = y[:, ::2] + bias  # without its pair, an odd last frame is the larger one
    first = np.ones(output.shape, bool)
    np.greater_equal(y[:, : 2 * pairs : 2], y[:, 1::2], out=first[:, :pairs])
    np.maximum(output[:, :pairs], y[:, 1::2] + bias, out=output[:, :pairs])
    return _Stage(rows, frames, first, np.maximum(output, 0, out=output))


def _rows(x: np.ndarray) -> np.ndarray:
    """Return each frame of x (n, frames, inputs) with its neighbours, (n × frames, taps × inputs).

    Beyond both ends are zeros.
    """
    count, frames, inputs = x.shape
    rows = np.zeros((count, frames, _TAPS, inputs), x.dtype)
    for tap in range(_TAPS):
        late = tap - _TAPS // 2
        own = slice(max(-late, 0), max(frames - max(late, 0), 0))
        rows[:, own, tap] = x[:, own.start + late : own.stop + late]
    return rows.reshape(count * frames, -1)


def _unpooled(g: np.ndarray, stage: _Stage) -> np.ndarray:
    """Return the gradient to the frames of a stage, of that to its output."""
    count, pairs, width = g.shape
    both = np.empty((count, pairs, 2, width), g.dtype)
    both[:, :, 0] = g * stage.first
    both[:, :, 1] = g - both[:, :, 0]
    return both.reshape(count, 2 * pairs, width)[:, : stage.frames]


def _unpooled_over_time(g: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the gradient to x (n, frames, 64), of that to its mean and its maximum over time."""
    of_mean, of_maximum = np.split(g[:, None], 2, axis=2)
    spread = np.repeat(of_mean / x.shape[1], x.shape[1], axis=1)
    rows, columns = np.indices((len(x), x.shape[2]), sparse=True)
    spread[rows, x.argmax(axis=1), columns] += of_maximum[:, 0]
    return spread


class Adam:
    """Adam (Kingma and Ba 2015) with Keras' settings, and a rate that falls along a cosine.

    Args:
        weights: changed in place.
        rate: of the first step.
        steps: after them the rate is `_LAST` of that.
    """

    _LAST, _FIRST_DECAY, _SECOND_DECAY, _EPSILON = 0.02, 0.9, 0.999, 1e-7

    def __init__(self, weights: Weights, rate: float, steps: int):
        self.weights, self.rate, self.steps = weights, rate, steps
        self.step = 0
        self.first = [np.zeros_like(array) for array in weights]
        self.second = [np.zeros_like(array) for array in weights]

    def apply(self, gradients: Sequence[np.ndarray]) -> None:
        """Take one step against gradients in the order of the weights."""
        cosine = 0.5 * (1 + np.cos(np.pi * self.step / self.steps))
        rate = self.rate * (self._LAST + (1 - self._LAST) * cosine)
        self.step += 1
        one, two = (1 - decay**self.step for decay in (self._FIRST_DECAY, self._SECOND_DECAY))
        size = np.float32(rate * np.sqrt(two) / one)
        for w, g, m, v in zip(self.weights, gradients, self.first, self.second, strict=True):
            m += (g - m) * np.float32(1 - self._FIRST_DECAY)
            v += (g * g - v) * np.float32(1 - self._SECOND_DECAY)
            w -= size * m / (np.sqrt(v) + np.float32(self._EPSILON))
