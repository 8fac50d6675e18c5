"""A generator for the page: its weights as one row of numbers, and a description of where they are.

`player/network.js` plays it, as `kwavegan.player` does here. Every constant and every table that
cannot be computed in a line goes along, so that the page knows formulas and no numbers.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kwavegan.layers import tables
from kwavegan.layers.tables import OVERLAP
from kwavegan.networks.architecture import FRAMES
from kwavegan.networks.plan import (
    FRAME_RMS,
    OSCILLATORS,
    PARTS,
    VARIATIONS,
    FramePlan,
    Head,
    heads_of,
    linear_to,
    openings_of,
    upward_stages,
)
from kwavegan.player import Player

PANEL = 8
"""Columns of a matrix that lie beside each other: see `player/matmul.wat`."""

Description = dict[str, Any]


def describe(player: Player) -> tuple[Description, np.ndarray]:
    """Return a description of a generator, of values that JSON can represent, and its weights.

    Places in the description are indices of the weights, which are float32 in one row.
    """
    return _Writer(player).described()


class _Writer:
    """Collects weights as it describes the layers that have them."""

    def __init__(self, player: Player) -> None:
        self.a, self.weights, self._player = player.architecture, player.weights, player
        self._rows: list[np.ndarray] = []
        self._end = 0

    def described(self) -> tuple[Description, np.ndarray]:
        a = self.a
        frames = FramePlan.of(a) if a.generator == "istft" else None
        if frames:
            ups = [self._up(f"up_{stage}", 2) for stage in range(1, len(frames.filters))]
        else:
            strides = enumerate((stride for stride, _ in upward_stages(a)), start=1)
            ups = [self._up(f"up_{stage}", stride) for stage, stride in strides]
        one_hot = a.conditional and a.generator == "dissertation"
        about = {
            "length": a.length,
            "channels": a.channels,
            "linearTo": linear_to(a),
            "first": frames.first if frames else FRAMES,
            "dense": self._dense("dense"),
            "spread": self._from_one_frame("up_0") if one_hot else None,
            "embedding": self._embedding(),
            "ups": ups,
            "frames": self._frames(frames) if frames else None,
        }
        return about, np.concatenate(self._rows)

    def _put(self, values: np.ndarray) -> int:
        place = self._end
        self._rows.append(np.asarray(values, "float32").reshape(-1))
        self._end += values.size
        return place

    def _array(self, values: np.ndarray) -> Description:
        return {"at": self._put(values), "length": values.size}

    def _product(self, matrix: np.ndarray, bias: np.ndarray) -> Description:
        inner, columns = matrix.shape
        padded = np.pad(matrix, ((0, 0), (0, -columns % PANEL)))
        panels = padded.reshape(inner, -1, PANEL).swapaxes(0, 1)
        places = {"matrix": self._put(panels), "bias": self._put(bias)}
        return {"inner": inner, "columns": columns, **places}

    def _dense(self, name: str) -> Description:
        return self._product(self.weights[f"{name}/kernel"], self.weights[f"{name}/bias"])

    def _heads(self, heads: Mapping[str, Head]) -> Description:
        """Return the heads that are not shared, each as one product, with what is shared in it."""
        values: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for name, head in heads.items():
            kernel, bias = self.weights[f"{name}/kernel"], self.weights[f"{name}/bias"]
            kernel, bias = kernel * np.float32(head.scale), bias * np.float32(head.scale)
            shared = values[head.shared] if head.shared else (np.float32(0), np.float32(0))
            values[name] = kernel + shared[0], bias + np.float32(head.offset) + shared[1]
        shared_names = {head.shared for head in heads.values()}
        return {name: self._product(*values[name]) for name in heads if name not in shared_names}

    def _from_one_frame(self, name: str) -> Description:
        kernel, bias = self.weights[f"{name}/kernel"], self.weights[f"{name}/bias"]
        return self._product(kernel.reshape(-1, kernel.shape[-1]).T, np.tile(bias, len(kernel)))

    def _up(self, name: str, stride: int) -> Description:
        kernel, bias = self.weights[f"{name}/kernel"], self.weights[f"{name}/bias"]
        taps, filters, inputs = kernel.shape
        return {
            **self._product(kernel.reshape(-1, inputs).T, bias),
            "stride": stride,
            "filters": filters,
            "before": (taps - stride) // 2,
        }

    def _embedding(self) -> Description:
        if not self.a.conditional:
            return {"at": 0, "length": 0, "wide": 0}
        table = self._player.label_table
        return {**self._array(table), "wide": table.shape[1]}

    def _frames(self, plan: FramePlan) -> Description:
        a, hop = self.a, plan.hop
        bins = OVERLAP * hop // 2
        heads = heads_of(a, hop)
        bands = heads["noise_levels"].units // a.channels
        rows = min(tables.NOISE_FRAMES, plan.frames)
        lowest, span = tables.pitch_range(a.rate)
        low, share = _band_shares(bands, bins)
        return {
            "frames": plan.frames,
            "hop": hop,
            "openings": openings_of(a, hop),
            "bins": bins,
            "channels": a.channels,
            "latentDim": a.latent_dim,
            "rows": rows,
            "turns": -(-plan.frames // rows),
            "count": OSCILLATORS,
            "heads": self._heads(heads),
            "frameRms": FRAME_RMS,
            "taper": self._array(tables.taper_of(hop)),
            "noiseBands": bands,
            "bandLow": self._array(low),
            "bandShare": self._array(share),
            "noiseState": _state_of(tables.noise_random()),
            "tonesState": _state_of(tables.tones_random()),
            "variationsState": _state_of(tables.variations_random()),
            "variations": VARIATIONS,
            "levels": PARTS,
            "noiseLimits": tables.NOISE_LIMITS,
            "sweepLimits": tables.SWEEP_LIMITS,
            "farthest": tables.FARTHEST_BINS / OVERLAP,
            "farthestLogit": tables.FARTHEST_LOGIT,
            "closedLogit": tables.CLOSED_LOGIT,
            "firstPitches": tables.first_pitches(OSCILLATORS).tolist(),
            "pitch": {"lowest": lowest, "span": span},
            "shortest": tables.SHORTEST,
            "toneLimits": tables.TONE_LIMITS,
            "voice": self._voice(plan) if a.pitch else None,
        }

    def _voice(self, plan: FramePlan) -> Description:
        a = self.a
        lowest, highest = tables.pitch_limits(a.rate, a.pitch)
        cos, sin = tables.pulse_turns(1, plan.hop, a.rate)
        return {
            "cycles": a.pitch / a.rate,
            "limits": [lowest, highest],
            "sharpness": tables.pulse_sharpness(a.rate),
            "voicingLimit": tables.VOICING_LIMIT,
            "pitches": self._array(
                tables.pitch_table(a.latent_dim, plan.frames, plan.hop / a.rate)
            ),
            "cos": self._array(cos),
            "sin": self._array(sin),
        }


def _band_shares(bands: int, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower band of each bin, and the share of the next one; see `bands_to_bins`."""
    if bands == bins:
        return np.arange(bins), np.zeros(bins)
    matrix = tables.bands_to_bins(bands, bins)
    low = np.minimum((matrix > 0).argmax(axis=0), bands - 2)
    return low, matrix[low + 1, np.arange(bins)]


def _state_of(rng: np.random.Generator) -> list[str]:
    """Return state and increment of PCG64, the low and the high 64 bits of each, in hexadecimal."""
    state = rng.bit_generator.state["state"]
    words = (
        word for name in ("state", "inc") for word in (state[name] & 2**64 - 1, state[name] >> 64)
    )
    return [f"{word:016x}" for word in words]
