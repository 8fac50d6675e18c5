"""A generator as a function of its architecture and its weights."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from kwavegan.backend.cores import on_all_cores
from kwavegan.errors import InputError
from kwavegan.layers.tables import OVERLAP
from kwavegan.networks.architecture import FRAMES, Architecture
from kwavegan.networks.plan import (
    FRAME_RMS,
    PARTS,
    FramePlan,
    heads_of,
    linear_to,
    upward_stages,
)
from kwavegan.player import parts
from kwavegan.player.layers import conv_transpose, dense, from_one_frame, relu
from kwavegan.player.weights import Weights, label_table, misfit
from kwavegan.types import Shape

SAMPLES = 2**17
"""Samples that a core computes at once, or a single sound: what lies between stays in the cache."""


class Player:
    """A trained generator in NumPy: the network of `build_generator`, to rounding.

    It has what generating needs of a Keras model, so that functions which take a network take it
    too.

    Args:
        architecture: what the network is made of.
        weights: float32 arrays by path, such as `dense/kernel`: those of a checkpoint, without the
            name of the network before them.

    Attributes:
        architecture: as given.
        weights: by path.
        input: the names of the inputs.
        output_shape: (None, length, channels).

    Raises:
        InputError: the weights are not those of such a network.

    Example:
        >>> import numpy as np
        >>> import kwavegan
        >>> player = kwavegan.load_pretrained("drums").player
        >>> latents, labels = np.ones((3, 100), "float32"), np.array([0, 1, 2])
        >>> player.predict_on_batch({"latent": latents, "label": labels}).shape
        (3, 16384, 1)
    """

    def __init__(self, architecture: Architecture, weights: Weights):
        if wrong := misfit(architecture, weights):
            raise InputError(
                f"checkpoint: {wrong} does not fit the model that config.toml describes; restore "
                "the run's own config.toml, or train anew"
            )
        self.architecture = architecture
        self.weights = {
            path: np.ascontiguousarray(weights[path], "float32") for path in sorted(weights)
        }
        self.input = ("latent", "label") if architecture.conditional else ("latent",)
        self.output_shape: Shape = (None, architecture.length, architecture.channels)

    def predict_on_batch(self, x: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return sounds (batch, length, channels), float32 in −1…1.

        Args:
            x: `"latent"`, (batch, latent_dim), and `"label"`, (batch,) integers in 0 … num_labels
                − 1, for a network that takes it.
        """
        a, latent = self.architecture, np.asarray(x["latent"], "float32")
        label = np.asarray(x["label"], "int32") if a.conditional else None
        sounds = np.empty((len(latent), a.length, a.channels), "float32")
        size = max(1, SAMPLES // a.stages.length)

        def make(start: int) -> None:
            some = slice(start, start + size)
            # What weights that are far too large make is not finite, which the caller sees.
            with np.errstate(over="ignore", invalid="ignore"):
                audio = self._audio(latent[some], label if label is None else label[some])
                sounds[some] = parts.within_one(audio[:, : a.length], linear_to(a))

        on_all_cores(make, range(0, len(latent), size))
        return sounds

    def _audio(self, latent: np.ndarray, label: np.ndarray | None) -> np.ndarray:
        """Return audio that may be beyond 1, not yet cropped."""
        if self.architecture.generator == "istft":
            return self._synthesized(latent, self._frames(latent, label))
        return self._upsampled(latent, label)

    def _frames(self, latent: np.ndarray, label: np.ndarray | None) -> np.ndarray:
        x = relu(self._label_and_dense(latent, label))
        for stage in range(1, len(FramePlan.of(self.architecture).filters)):
            x = relu(conv_transpose(self.weights, f"up_{stage}", x, 2))
        return x

    def _synthesized(self, latent: np.ndarray, frames: np.ndarray) -> np.ndarray:
        """Return what `synthesize` makes of the last frames."""
        a, direction = self.architecture, parts.direction_of(latent)
        hop = FramePlan.of(a).hop
        heads = self._heads(frames, hop)
        levels = {
            part: parts.varied(heads[name], heads[f"{part}_variation"], direction)
            for part, name in PARTS.items()
        }
        tones = parts.detuned(
            heads["bins"], levels["tones"], heads["tone_spreads"], direction, a.channels
        )
        noise = self._noise(levels["noise"], heads, direction, hop)
        sounding = {
            "tones": parts.inverse_stft(tones, hop),
            "noise": parts.inverse_stft(noise, hop),
            "sweeps": parts.sweeps(heads["pitches"], levels["sweeps"], a.channels, hop, a.rate),
        }
        audio = sum(parts.gated(sounding[p], heads[f"{p}_openness"], hop) for p in PARTS)
        assert isinstance(audio, np.ndarray)
        return audio if a.channels == 1 else _left_and_right(audio)

    def _noise(
        self, levels: np.ndarray, heads: Mapping[str, np.ndarray], direction: np.ndarray, hop: int
    ) -> np.ndarray:
        """Return the complex bins of the noise, with pulses among them where there is a voice."""
        a, bins = self.architecture, OVERLAP * hop // 2
        if not a.pitch:
            return parts.latent_noise(levels, direction, a.channels, bins)
        breath, voice = parts.voicing(levels, heads["voicing_in_bands"])
        noise = parts.latent_noise(breath, direction, a.channels, bins)
        noise += parts.latent_pulses(voice, direction, a.channels, hop, a.rate, a.pitch)
        return noise

    def _heads(self, frames: np.ndarray, hop: int) -> dict[str, np.ndarray]:
        """Return the values (batch, frames, units) of each head."""
        frames = parts.rms_limited(frames, FRAME_RMS)
        values: dict[str, np.ndarray] = {}
        for name, head in heads_of(self.architecture, hop).items():
            own = dense(self.weights, name, frames) * np.float32(head.scale)
            shared = values[head.shared] if head.shared else np.float32(0)
            values[name] = own + np.float32(head.offset) + shared
        return values

    def _upsampled(self, latent: np.ndarray, label: np.ndarray | None) -> np.ndarray:
        """Return what the transposed convolutions of tables 2, 5 and 7 make."""
        a = self.architecture
        if label is not None and a.generator == "dissertation":
            own = self.label_table[label]
            units = np.concatenate([dense(self.weights, "dense", latent), own], axis=1)
            x = from_one_frame(self.weights, "up_0", relu(units))
        else:
            x = self._label_and_dense(latent, label)
        for stage, (stride, _) in enumerate(upward_stages(a), start=1):
            x = conv_transpose(self.weights, f"up_{stage}", relu(x), stride)
        return x

    @cached_property
    def label_table(self) -> np.ndarray:
        """What each label adds, (num_labels, …); see `kwavegan.player.weights.label_table`."""
        return label_table(self.architecture, self.weights)

    @property
    def _first_frames(self) -> int:
        a = self.architecture
        return FramePlan.of(a).first if a.generator == "istft" else FRAMES

    def _label_and_dense(self, latent: np.ndarray, label: np.ndarray | None) -> np.ndarray:
        """Return the latent with the embedding of its label, as frames."""
        if label is not None:
            latent = np.concatenate([latent, self.label_table[label]], axis=1)
        return dense(self.weights, "dense", latent).reshape(len(latent), self._first_frames, -1)


def _left_and_right(audio: np.ndarray) -> np.ndarray:
    middle, side = audio[:, :, :1], audio[:, :, 1:]
    return np.concatenate([middle + side, middle - side], axis=-1)
