"""The layers of a generator in ONNX: each function is that of the same name in `kwavegan.player`.

Shapes are those of the player. Complex numbers are pairs of real values, (real, imaginary).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from kwavegan.exporting.onnx_graph import GraphBuilder, Value, f32, ints
from kwavegan.layers import tables
from kwavegan.layers.tables import OVERLAP
from kwavegan.networks.plan import VARIATIONS

Weights = Mapping[str, np.ndarray]

Pair = tuple[Value, Value]
"""Real and imaginary part."""


@dataclass(frozen=True)
class Sizes:
    """What a generator of frames has how many of.

    Attributes:
        latent_dim: values of a latent.
        frames: of a sound, before it is cropped.
        hop: samples in a frame.
        openings: values of a gate in a frame.
        channels: of the audio.
        bands: of the noise levels.
        count: oscillators.
        rate: sample rate in Hz.
        pitch: median in Hz of what has a voice; 0 for none.
    """

    latent_dim: int
    frames: int
    hop: int
    openings: int
    channels: int
    bands: int
    count: int
    rate: int
    pitch: float

    @property
    def bins(self) -> int:
        """Complex bins of a frame, that of 0 Hz left out."""
        return OVERLAP * self.hop // 2


# -- Layers with weights --------------------------------------------------------------------------


def dense(g: GraphBuilder, weights: Weights, name: str, x: Value) -> Value:
    return g.sum_of(g.add("MatMul", x, weights[f"{name}/kernel"]), weights[f"{name}/bias"])


def conv_transpose(g: GraphBuilder, weights: Weights, name: str, x: Value, stride: int) -> Value:
    kernel = weights[f"{name}/kernel"]
    before = (len(kernel) - stride) // 2
    pads = [before, len(kernel) - stride - before]
    return _conv_transpose(g, kernel, weights[f"{name}/bias"], x, strides=[stride], pads=pads)


def from_one_frame(g: GraphBuilder, weights: Weights, name: str, x: Value) -> Value:
    one = g.add("Unsqueeze", x, ints(1))
    return _conv_transpose(g, weights[f"{name}/kernel"], weights[f"{name}/bias"], one)


def _conv_transpose(
    g: GraphBuilder, kernel: np.ndarray, bias: np.ndarray, x: Value, **how: list[int]
) -> Value:
    """Return x through ONNX's operator, which has the channels before the frames."""
    x = g.add("Transpose", x, perm=[0, 2, 1])
    # Contiguous: the kernel is (taps, filters, inputs), and ONNX takes (inputs, filters, taps).
    y = g.add("ConvTranspose", x, np.ascontiguousarray(kernel.T), bias, **how)
    return g.add("Transpose", y, perm=[0, 2, 1])


# -- Layers without weights -----------------------------------------------------------------------


def rms_limited(g: GraphBuilder, x: Value, limit: float) -> Value:
    squares = g.add("ReduceMean", g.times(x, x), axes=[-1], keepdims=1)
    ratio = g.times(squares, f32(1 / limit**2))
    return g.add("Div", x, g.add("Sqrt", g.sum_of(ratio, f32(1))))


def direction_of(g: GraphBuilder, latent: Value) -> Value:
    squares = g.add("ReduceSum", g.times(latent, latent), ints(-1), keepdims=1)
    return g.add("Div", latent, g.add("Sqrt", g.sum_of(squares, f32(tables.SHORTEST))))


def varied(g: GraphBuilder, levels: Value, variations: Value, direction: Value, s: Sizes) -> Value:
    table = tables.variations_table(s.latent_dim, VARIATIONS)
    own = g.reshape(g.add("MatMul", direction, table), -1, 1, VARIATIONS)
    added = g.add("ReduceSum", g.times(variations, own), ints(-1), keepdims=1)
    return g.sum_of(levels, added)


def detuned(
    g: GraphBuilder, x: Value, levels: Value, spreads: Value, direction: Value, s: Sizes
) -> Pair:
    x = g.reshape(x, -1, s.frames, s.channels, 3, s.bins)
    table = tables.tones_table(s.latent_dim, s.channels * s.bins)
    own = g.reshape(g.add("MatMul", direction, table), -1, 1, 2, s.channels, s.bins)
    tuning, loudness = (g.pick(own, 2, part) for part in (0, 1))
    farthest = f32(tables.FARTHEST_BINS / OVERLAP)
    speed = g.times(g.add("Tanh", g.sum_of(g.pick(x, 3, 2), tuning)), farthest)
    turns = g.sum_of(_running_sum(g, speed), tuning)
    turns = g.minus(turns, g.add("Floor", turns))
    angle = g.times(turns, f32(2 * math.pi))
    levels = g.reshape(levels, -1, s.frames, s.channels, s.bins)
    added = g.times(loudness, g.reshape(spreads, -1, s.frames, s.channels, 1))
    sizes = g.add("Exp", g.clip(g.sum_of(levels, added), *tables.TONE_LIMITS))
    cos, sin = (g.times(g.add(wave, angle), sizes) for wave in ("Cos", "Sin"))
    return _turned(g, (g.sum_of(g.pick(x, 3, 0), f32(1)), g.pick(x, 3, 1)), cos, sin)


def latent_noise(g: GraphBuilder, levels: Value, direction: Value, s: Sizes) -> Pair:
    sizes = _sizes_of_bins(g, levels, s)
    rows = min(tables.NOISE_FRAMES, s.frames)
    turns = -(-s.frames // rows)
    table, signs = tables.noise_tables(s.latent_dim, rows * s.channels * 2 * s.bins, turns)
    rolled = np.stack([np.roll(np.arange(s.latent_dim), turn) for turn in range(turns)])
    exchanged = g.times(g.add("Gather", direction, rolled, axis=1), signs)
    noise = g.reshape(g.add("MatMul", exchanged, table), -1, turns * rows, s.channels, 2, s.bins)
    noise = g.cut(noise, 1, 0, s.frames)
    real, imaginary = (g.times(g.pick(noise, 3, part), sizes) for part in (0, 1))
    return real, imaginary


def voicing(g: GraphBuilder, levels: Value, logits: Value) -> tuple[Value, Value]:
    limit = f32(tables.VOICING_LIMIT)
    limited = g.times(g.add("Tanh", g.add("Div", logits, limit)), limit)
    breath = g.minus(levels, g.add("Softplus", limited))
    return breath, g.minus(levels, g.add("Softplus", g.add("Neg", limited)))


def latent_pulses(g: GraphBuilder, levels: Value, direction: Value, s: Sizes) -> Pair:
    late = OVERLAP // 2
    around = ints(0, late, 0, 0, late - 1, 0)
    padded = g.add("Pad", _pulses(g, direction, s), around)
    cut = [g.cut(padded, 1, start, start + s.frames) for start in range(OVERLAP)]
    both = g.add("MatMul", g.add("Concat", *cut, axis=-1), transform(s.bins, s.hop))
    both = g.reshape(both, -1, s.frames, 2, s.bins)
    cos, sin = tables.pulse_turns(s.frames, s.hop, s.rate)
    turned = _turned(g, (g.pick(both, 2, 0), g.pick(both, 2, 1)), cos, sin)
    sizes = _sizes_of_bins(g, levels, s)
    real, imaginary = (g.times(g.add("Unsqueeze", x, ints(2)), sizes) for x in turned)
    return real, imaginary


def transform(bins: int, hop: int) -> np.ndarray:
    """Return the transform of a window as a real matrix (4 × hop, 2 × bins), float32.

    Its columns give the real parts, then the imaginary parts, of bins 1 … `bins`.
    """
    spectra = np.fft.rfft(np.eye(OVERLAP * hop))[:, 1:]
    return np.concatenate([spectra.real, spectra.imag], axis=1).astype("float32")


def inverse_stft(g: GraphBuilder, x: Pair, s: Sizes) -> Value:
    cos, sin = (table[..., 1:] for table in tables.frame_turns(s.frames, 1 + s.bins))
    both = g.add("Concat", *_turned(g, x, cos, sin), axis=-1)
    windows = g.add("MatMul", both, inverse_transform(s.bins, s.hop))
    windows = g.reshape(windows, -1, s.frames, s.channels, OVERLAP, s.hop)
    parts = []
    for late in range(OVERLAP):
        around = ints(0, late, 0, 0, 0, OVERLAP - 1 - late, 0, 0)
        parts.append(g.add("Pad", g.pick(windows, 3, late), around))
    own = g.cut(g.sum_of(*parts), 1, OVERLAP // 2, OVERLAP // 2 + s.frames)
    return g.reshape(g.add("Transpose", own, perm=[0, 1, 3, 2]), -1, s.frames * s.hop, s.channels)


def inverse_transform(bins: int, hop: int) -> np.ndarray:
    """Return the windowed inverse transform as a real matrix (2 × bins, 4 × hop), float32.

    Its rows take the real parts, then the imaginary parts, of bins 1 … `bins`.
    """
    units = np.eye(1 + bins)[1:]
    rows = np.fft.irfft(np.concatenate([units, 1j * units]), OVERLAP * hop)
    return (rows * tables.taper_of(hop)).astype("float32")


def sweeps(g: GraphBuilder, pitches: Value, levels: Value, s: Sizes) -> Value:
    waves = g.add("Sin", _angles(g, pitches, s))
    levels = g.add("Exp", g.clip(levels, *tables.SWEEP_LIMITS))
    levels = interpolated(g, g.add("Max", levels, _next_frame(g, levels, s)), s)
    levels = g.reshape(levels, -1, s.frames, s.hop, s.channels, s.count)
    each = g.times(levels, g.add("Unsqueeze", waves, ints(3)))
    audio = g.add("ReduceSum", each, ints(-1), keepdims=0)
    return g.add("Tanh", g.reshape(audio, -1, s.frames * s.hop, s.channels))


def gated(g: GraphBuilder, audio: Value, logits: Value, s: Sizes) -> Value:
    logits = g.clip(logits, -tables.FARTHEST_LOGIT, tables.FARTHEST_LOGIT)
    finer = replace(s, frames=s.frames * s.openings, hop=s.hop // s.openings)
    line = interpolated(g, g.reshape(logits, -1, finer.frames, 1), finer)
    openness = g.add("Sigmoid", g.clip(line, -tables.CLOSED_LOGIT, tables.CLOSED_LOGIT))
    return g.times(audio, g.reshape(openness, -1, s.frames * s.hop, 1))


def within_one(g: GraphBuilder, x: Value, linear_to: float) -> Value:
    if not linear_to:
        return g.add("Tanh", x)
    straight, rest = g.clip(x, -linear_to, linear_to), f32(1 - linear_to)
    bent = g.add("Tanh", g.add("Div", g.minus(x, straight), rest))
    return g.sum_of(straight, g.times(bent, rest))


def interpolated(g: GraphBuilder, x: Value, s: Sizes) -> Value:
    step = g.times(g.add("Unsqueeze", _to_next_frame(g, x, s), ints(2)), tables.frame_shares(s.hop))
    return g.sum_of(g.add("Unsqueeze", x, ints(2)), step)


def _to_next_frame(g: GraphBuilder, x: Value, s: Sizes) -> Value:
    return g.minus(_next_frame(g, x, s), x)


def _next_frame(g: GraphBuilder, x: Value, s: Sizes) -> Value:
    """Return the values (batch, frames, n) of the frame after each; the last is its own."""
    last = g.cut(x, 1, s.frames - 1, s.frames)
    return g.add("Concat", g.cut(x, 1, 1, s.frames), last, axis=1)


def _running_sum(g: GraphBuilder, x: Value) -> Value:
    return g.add("CumSum", x, np.array(1, "int64"))


def _angles(g: GraphBuilder, logits: Value, s: Sizes) -> Value:
    lowest, span = tables.pitch_range(s.rate)
    places = g.add("Sigmoid", g.sum_of(logits, tables.first_pitches(s.count)))
    cycles = g.times(g.add("Exp", g.times(places, f32(span))), f32(lowest))
    return g.times(_turns_of(g, cycles, s), f32(2 * math.pi))


def _turns_of(g: GraphBuilder, cycles: Value, s: Sizes) -> Value:
    step = _to_next_frame(g, cycles, s)
    of_frame = g.times(g.sum_of(cycles, g.times(step, f32(0.5))), f32(s.hop))
    of_frame = g.minus(of_frame, g.add("Round", of_frame))
    before = g.minus(_running_sum(g, of_frame), of_frame)
    shares = tables.frame_shares(s.hop)
    cycles, step, before = (g.add("Unsqueeze", x, ints(2)) for x in (cycles, step, before))
    steady, bent = g.times(cycles, shares * s.hop), g.times(step, shares**2 * np.float32(s.hop / 2))
    return g.sum_of(before, steady, bent)


def _pulses(g: GraphBuilder, direction: Value, s: Sizes) -> Value:
    table = tables.pitch_table(s.latent_dim, s.frames, s.hop / s.rate)
    own = g.clip(g.add("MatMul", direction, table), *tables.pitch_limits(s.rate, s.pitch))
    cycles = g.times(g.add("Exp", g.reshape(own, -1, s.frames, 1)), f32(s.pitch / s.rate))
    turns = g.reshape(_turns_of(g, cycles, s), -1, s.frames, s.hop)
    sounding = g.reshape(interpolated(g, cycles, s), -1, s.frames, s.hop)
    period = g.add("Reciprocal", sounding)
    sharpness = g.times(g.times(period, period), f32(tables.pulse_sharpness(s.rate)))
    sine = g.add("Sin", g.times(turns, f32(math.pi)))
    peaks = g.add("Exp", g.times(g.times(g.times(sine, sine), sharpness), f32(-2)))
    loud = g.add("Sqrt", g.add("Sqrt", g.times(sharpness, f32(4 * math.pi))))
    return g.times(peaks, loud)


def _sizes_of_bins(g: GraphBuilder, levels: Value, s: Sizes) -> Value:
    sizes = g.add("Exp", g.clip(levels, *tables.NOISE_LIMITS))
    sizes = g.reshape(sizes, -1, s.frames, s.channels, s.bands)
    if s.bands == s.bins:
        return sizes
    return g.add("MatMul", sizes, tables.bands_to_bins(s.bands, s.bins))


def _turned(g: GraphBuilder, x: Pair, cos: Value | np.ndarray, sin: Value | np.ndarray) -> Pair:
    """Return complex numbers times cos + i sin."""
    real, imaginary = x
    return (
        g.minus(g.times(real, cos), g.times(imaginary, sin)),
        g.sum_of(g.times(real, sin), g.times(imaginary, cos)),
    )
